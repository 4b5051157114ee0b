/** The screens after the first: confirm, the number, another branch, refused, a field that is shut, help, the line is down. */

import { html } from "../vendor/preact-htm.js";
import { AddErrand, Errands, thenText } from "./errands.js";
import { ended, Facts, Icon, LaySo, name, say, TicketNumber, when, whyShut } from "./parts.js";
import { countersOf, countersText, isForElsewhere, isOffered, refusalKey, UNSURE } from "./rules.js";
import { slipNote } from "./slip.js";
import { stepsOf } from "./visit.js";
import { isClaim, isProven } from "./visitor.js";

/** One step between a field and its number, with the priority classes of this branch. */
export function Confirm({ state, view, on }) {
  const row = view.board.fields[state.field];
  const live = view.live[state.field];
  const offer = view.offer(row);
  if (!isOffered(offer) && !state.isBusy) {
    return html`<${Shut} row=${row} offer=${offer} state=${state} view=${view} on=${on} />`;
  }
  const isOnlyPriority = offer.kind === "priority";
  const isUncounted = isClaim(state, view);
  const note = slipNote(state);
  const [ahead, wait] = state.priority && !isUncounted ? [live?.ahead_priority, live?.wait_priority] : [live?.ahead, note?.wait ?? live?.wait];
  const isLate = !isOnlyPriority && LaySo.wait(wait ?? null, row.working).isLate;
  const next = isLate ? "isLate" : isUncounted ? "claimed" : isProven(state, view) ? "proven" : isOnlyPriority ? "onlyPriority" : state.further.length ? "nextOfSeveral" : "next";
  const isWarned = !["next", "nextOfSeveral", "proven"].includes(next);
  const [key, other] = isLate || isOnlyPriority ? ["other-day", "otherDay"] : ["back", "back"];
  const isCrowded = isOnlyPriority || LaySo.wait(live?.wait ?? null, row.working).isLate; // whatever is chosen, so that nothing moves
  return html`<section class="confirm ${view.classes.length ? "" : "confirm--plain"}">
    <div class="confirm__what">
      <h1>${name(row.name)}</h1>
      ${note ? html`<p class="confirm__procedure" data-slip="found">${note.words}</p>` : state.procedure ? html`<p class="confirm__procedure" lang="vi">${state.procedure.name}</p>` : html`<p class="confirm__examples">${name(row.examples)}</p>`}
      <${Facts} ahead=${ahead ?? 0} wait=${wait ?? null} working=${row.working} />
      <${Errands} state=${state} view=${view} on=${on} />
    </div>
    ${view.classes.length > 0 && html`<${Classes} state=${state} classes=${view.classes} on=${on} />`}
    <p class="confirm__said ${isWarned ? "notice notice--warn" : ""}" role=${isWarned ? "alert" : null}>${say(next, { n: state.further.length + 1 })}</p>
    ${row.is_anywhere && html`<${Sooner} found=${state.priority ? null : view.sooner} state=${state} on=${on} />`}
    <div class="confirm__buttons">
      <button class="button button--big" type="button" data-key=${key} disabled=${state.isBusy} onClick=${on[other]}>${say(other)}</button>
      ${!isCrowded && html`<${AddErrand} state=${state} view=${view} on=${on} />`}
      <button class="button button--big button--primary" type="button" data-key="take" disabled=${isOnlyPriority && !state.priority && !state.isBusy} aria-busy=${state.isBusy ? "true" : null} onClick=${on.take}>${say(isLate ? "takeAnyway" : "take")}</button>
    </div>
  </section>`;
}

/** Where one would be called sooner without priority, or at all. Its place is kept from the start: what comes later moves nothing. */
export function Sooner({ found, state, on }) {
  return html`<div class="sooner" role="status">
    ${found && html`<div class="notice sooner__found" data-sooner=${found.branch}>
      <p class="sooner__what">${LaySo.sooner(found, found.saves_s)}</p>
      <button class="button sooner__go" type="button" data-key="there" disabled=${state.isBusy} onClick=${on.there}>${say("there")}</button>
    </div>`}
  </div>`;
}

function Classes({ state, classes, on }) {
  const chosen = classes.find((each) => each.code === state.priority);
  const about = chosen && name(chosen.explanation);
  return html`<div class="classes" role="group" aria-labelledby="classes-title">
    <div class="classes__head"><h2 id="classes-title">${say("priority")}</h2> <p class="classes__how ${about ? "classes__how--known" : ""}">${say("priorityHow")}</p>${about && html` <p class="classes__chosen">${say("priorityOf", { about })}</p>`}</div>
    <ul class="classes__list">
      ${classes.map((each) => html`<li key=${each.code}><button class="class" type="button" data-class=${each.code} aria-pressed=${String(state.priority === each.code)} disabled=${state.isBusy} onClick=${() => on.priority(each.code)}>
        <span class="class__box"><${Icon} of="check" /></span>
        <span><span class="class__name">${name(each.name)}</span>${name(each.explanation) && html` <span class="class__about">${name(each.explanation)}</span>`}</span>
      </button></li>`)}
    </ul>
  </div>`;
}

/** The number: the paper is on its way, and here it is large for who finds no paper. */
export function Issued({ state, view, on }) {
  const { ticket, field } = state;
  const row = view.board.fields[field];
  const counters = ticket.only_counter ? null : countersText(countersOf(view.board, field));
  const then = row ? thenText(view.board.fields, stepsOf(view.board.fields, [field, ...state.further])) : null;
  return html`<section class="issued ${state.needsTime ? "issued--slow" : ""}" onClick=${on.done}>
    <article class="ticket">
      <p class="ticket__label">${say("yourNumber")}</p>
      <p class="ticket__number" data-number=${ticket.number}><${TicketNumber} number=${ticket.number} /></p>
      <p class="ticket__field">${name(row?.name)}</p>
      ${then && html`<p class="ticket__then">${then}</p>`}
      ${ticket.only_counter && html`<p class="ticket__where">${say("atCounter", { no: ticket.only_counter })}</p>`}
      ${(counters || row?.zone) && html`<p class="ticket__where">${[counters && say("counters", { list: counters }), row?.zone && say("zone", { zone: row.zone })].filter(Boolean).join(" · ")}</p>`}
      <div class="ticket__cut"></div>
      <${Facts} ahead=${ticket.people_ahead} wait=${ticket.wait} working=${row?.working} />
    </article>
    <div class="issued__next">
      <p class="issued__paper">${state.hasPrinter && html`<${Icon} of="down" />`}${say(state.hasPrinter ? "paper" : "noPaper")}</p>
      ${state.isClaimed && html`<p data-claimed>${say("claimedNumber")}</p>`}
      <p>${say("listen")}</p>
      ${state.hasPrinter && !state.isClaimed && html`<p class="issued__missing">${say("paperMissing")}</p>`}
    </div>
    <button class="button button--big issued__done" type="button" data-key="done" onClick=${on.done}>${say("done")}<span class="issued__time"></span></button>
  </section>`;
}

/** The branch that calls sooner: where it is and how long that takes. */
export function OtherBranch({ state, on }) {
  const { there } = state;
  return html`<section class="calm" data-there=${there.branch}>
    <span class="calm__sign"><${Icon} of="next" /></span>
    <h1>${say("goThere", { name: name(there.name) })}</h1>
    ${name(there.address) && html`<p class="calm__lead"><strong>${name(there.address)}</strong></p>`}
    <p class="calm__lead">${say("fromHere", { way: LaySo.wayThere(there) })}</p>
    <p class="calm__lead">${say("noNumberHere")}</p>
    <div class="calm__buttons"><button class="button button--big button--primary" type="button" data-key="home" onClick=${on.home}>${say("toStart")}</button></div>
  </section>`;
}

/** No number, and why, kindly. */
export function Refused({ state, view, on }) {
  const row = view.board.fields?.[state.problem.data?.field ?? state.field];
  const isUnsure = UNSURE.includes(state.problem.code);
  const offer = row && view.offer(row);
  if (offer && !isOffered(offer) && !isUnsure) {
    return html`<${Shut} row=${row} offer=${offer} state=${state} view=${view} on=${on} />`;
  }
  const why = isUnsure ? say("unsureHow") : say(refusalKey(state.problem.code), { field: row ? name(row.name) : "", when: againAt(state.problem) });
  return html`<section class="calm" role="alert" data-refusal=${state.problem.code}>
    <span class="calm__sign"><${Icon} of="helper" /></span>
    <h1>${say(isUnsure ? "unsure" : "notIssued")}</h1>
    <p class="calm__lead">${why}</p>
    <div class="calm__buttons"><button class="button button--big button--primary" type="button" onClick=${on.home}>${say(isUnsure ? "toStart" : "chooseOther")}</button></div>
  </section>`;
}

export const againAt = ({ data }) => (data?.opens_at ? when(data.opens_at) : say("nextDay"));

/** A field that gives no numbers now; where today is used up, with the branch that still takes somebody. */
function Shut({ row, offer, state, view, on }) {
  return html`<section class="calm" data-shut=${row.code}>
    <span class="calm__sign"><${Icon} of="pause" /></span>
    <h1>${name(row.name)}</h1>
    ${whyShut(row, offer).map((line) => html`<p class="calm__lead">${line}</p>`)}
    ${row.is_anywhere && isForElsewhere(offer) && html`<${Sooner} found=${view.sooner} state=${state} on=${on} />`}
    <div class="calm__buttons"><button class="button button--big button--primary" type="button" onClick=${on.home}>${say("chooseOther")}</button></div>
  </section>`;
}

/** Somebody may still be reading: a press anywhere says so. */
export function MoreTime({ on }) {
  const open = (dialog) => dialog && !dialog.open && dialog.showModal();
  const onCancel = (event) => {
    event.preventDefault();
    on.stay();
  };
  return html`<dialog class="dialog more-time" aria-labelledby="more-time" ref=${open} onClick=${on.stay} onCancel=${onCancel}>
    <h1 id="more-time">${say("moreTime")}</h1>
    <p>${say("moreTimeHow")}</p>
    <button class="button button--big button--primary" type="button" data-key="stay">${say("stay")}</button>
  </dialog>`;
}

/** The line is down: nothing can be pressed here, a person helps. */
export function LineDown() {
  return html`<section class="calm" role="alert" data-state="down">
    <span class="calm__sign"><${Icon} of="helper" /></span>
    <h1>${say("seeHelper")}</h1>
    <p class="calm__lead">${say("lineDown")}</p>
    <p class="calm__lead">${say("numbersKept")}</p>
  </section>`;
}

export function Waiting() {
  return html`<section class="calm" role="status"><p class="calm__lead">${say("connecting")}</p></section>`;
}

/** How a number is taken, and a helper who comes: called from here, and seen to have answered. */
export function Help({ state, view, on }) {
  const { helper } = view;
  const canCall = helper.state === "none" || helper.state === "failed";
  return html`<section class="calm help">
    <h1>${say("helpTitle")}</h1>
    <ol class="help__steps">${["helpStep1", "helpStep2", "helpStep3"].map((key, i) => html`<li><span class="help__no figures">${i + 1}</span>${say(key)}</li>`)}</ol>
    <p class="${helper.state === "called" || helper.state === "failed" ? "notice notice--warn" : "calm__lead"}" role="status" data-helper=${helper.state}>${HELPER[helper.state](helper)}</p>
    <div class="calm__buttons">
      <button class="button button--big ${canCall ? "" : "button--primary"}" type="button" data-key="close" onClick=${on.help}>${say("close")}</button>
      ${canCall && html`<button class="button button--big button--primary" type="button" data-key="call-helper" aria-busy=${state.isCallingHelper ? "true" : null} onClick=${on.callHelper}>${say("callHelper")}</button>`}
    </div>
  </section>`;
}

const SEE_HELPER = () => html`<strong>${ended(say("seeHelper"))}</strong> ${say("helpPeople")}`;
const HELPER = {
  none: SEE_HELPER,
  unknown: SEE_HELPER,
  called: ({ since }) => html`<strong>${say("helperCalled", { time: LaySo.time(since) })}</strong> ${say("helperWait")}`,
  coming: () => html`<strong>${say("helperComing")}</strong>`,
  failed: () => html`<strong>${say("helperFailed")}</strong> ${ended(say("seeHelper"))}`
};
