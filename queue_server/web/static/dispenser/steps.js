/** The screens after the first: confirm, the number, another branch, refused, a field that is shut, help, the line is down. */

import { html } from "../vendor/preact-htm.js";
import { AddErrand, Errands } from "./errands.js";
import { Facts, Icon, LaySo, name, say, TicketNumber } from "./parts.js";
import { isForElsewhere } from "./rules.js";
import { confirm, down, elsewhere, helper, HELP_STEPS, issued, owned, refused } from "./standing.js";

/** One step between a field and its number, with the priority classes of this branch. */
export function Confirm({ state, view, on }) {
  const now = confirm(state, view);
  const { row, isLate, isOnlyPriority, next } = now;
  if (now.shut) {
    return html`<${Shut} now=${now} state=${state} view=${view} on=${on} />`;
  }
  const isWarned = !["next", "nextOfSeveral", "proven"].includes(next);
  const [key, other] = isLate || isOnlyPriority ? ["other-day", "otherDay"] : ["back", "back"];
  return html`<section class="confirm ${view.classes.length ? "" : "confirm--plain"} ${view.confirms ? "confirm--claims" : ""}">
    <div class="confirm__what">
      <h1>${name(row.name)}</h1>
      ${now.note ? html`<p class="confirm__procedure" data-slip="found">${now.note}</p>` : state.procedure ? html`<p class="confirm__procedure" lang="vi">${state.procedure.name}</p>` : html`<p class="confirm__examples">${name(row.examples)}</p>`}
      <${Facts} ahead=${now.ahead} wait=${now.wait} working=${row.working} />
      <${Errands} state=${state} view=${view} on=${on} />
    </div>
    ${view.classes.length > 0 && html`<${Classes} state=${state} classes=${view.classes} on=${on} />`}
    <p class="confirm__said ${isWarned ? "notice notice--warn" : ""}" role=${isWarned ? "alert" : null}>${say(next, { n: state.further.length + 1 })}</p>
    ${row.is_anywhere && html`<${Sooner} found=${state.priority ? null : view.sooner} state=${state} on=${on} />`}
    <div class="confirm__buttons">
      <button class="button button--big" type="button" data-key=${key} disabled=${state.isBusy} onClick=${on[other]}>${say(other)}</button>
      ${!now.isCrowded && html`<${AddErrand} state=${state} view=${view} on=${on} />`}
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
  const words = issued(state, view);
  return html`<section class="issued ${state.needsTime ? "issued--slow" : ""}" onClick=${on.done}>
    <article class="ticket">
      <p class="ticket__label">${say("yourNumber")}</p>
      <p class="ticket__number" data-number=${ticket.number}><${TicketNumber} number=${ticket.number} /></p>
      <p class="ticket__field">${name(row?.name)}</p>
      ${words.then && html`<p class="ticket__then">${words.then}</p>`}
      ${words.where && html`<p class="ticket__where">${words.where}</p>`}
      <div class="ticket__cut"></div>
      <${Facts} ahead=${ticket.people_ahead} wait=${ticket.wait} working=${row?.working} />
    </article>
    <div class="issued__next">
      <p class="issued__paper">${state.hasPrinter && html`<${Icon} of="down" />`}${words.paper}</p>
      ${words.claimed && html`<p data-claimed>${words.claimed}</p>`}
      <p>${words.listen}</p>
      ${state.hasPrinter && !state.isClaimed && html`<p class="issued__missing">${say("paperMissing")}</p>`}
    </div>
    <button class="button button--big issued__done" type="button" data-key="done" onClick=${on.done}>${say("done")}<span class="issued__time"></span></button>
  </section>`;
}

/** The branch that calls sooner: where it is and how long that takes. */
export function OtherBranch({ state, on }) {
  const words = elsewhere(state);
  return html`<section class="calm" data-there=${state.there.branch}>
    <span class="calm__sign"><${Icon} of="next" /></span>
    <h1>${words.heading}</h1>
    ${words.address && html`<p class="calm__lead"><strong>${words.address}</strong></p>`}
    <p class="calm__lead">${words.way}</p>
    <p class="calm__lead">${words.noNumber}</p>
    <div class="calm__buttons"><button class="button button--big button--primary" type="button" data-key="home" onClick=${on.home}>${say("toStart")}</button></div>
  </section>`;
}

/** They have a number in this field: large, with where it is, and its paper once more. */
export function Owned({ state, view, on }) {
  const { number, isAsked } = state.owned;
  const words = owned(state, view);
  return html`<section class="calm owned" data-owned=${number}>
    <h1>${words.heading}</h1>
    <p class="ticket__number"><${TicketNumber} number=${number} /></p>
    <p class="calm__lead"><strong>${words.field}</strong></p>
    <p class="calm__lead" role="status">${words.where}</p>
    <div class="calm__buttons">
      ${state.hasPrinter && !isAsked && html`<button class="button button--big" type="button" data-key="again" aria-busy=${state.isBusy ? "true" : null} onClick=${on.again}><${Icon} of="down" />${say("paperAgain")}</button>`}
      <button class="button button--big button--primary" type="button" data-key="home" onClick=${on.home}>${say("toStart")}</button>
    </div>
  </section>`;
}

/** No number, and why, kindly. */
export function Refused({ state, view, on }) {
  const now = refused(state, view);
  if (now.shut) {
    return html`<${Shut} now=${now} state=${state} view=${view} on=${on} />`;
  }
  return html`<section class="calm" role="alert" data-refusal=${state.problem.code}>
    <span class="calm__sign"><${Icon} of="helper" /></span>
    <h1>${now.heading}</h1>
    <p class="calm__lead">${now.why}</p>
    <div class="calm__buttons"><button class="button button--big button--primary" type="button" onClick=${on.home}>${say(now.isUnsure ? "toStart" : "chooseOther")}</button></div>
  </section>`;
}

/** A field that gives no numbers now; where today is used up, with the branch that still takes somebody. */
function Shut({ now: { row, offer, shut }, state, view, on }) {
  return html`<section class="calm" data-shut=${row.code}>
    <span class="calm__sign"><${Icon} of="pause" /></span>
    <h1>${shut.heading}</h1>
    ${shut.why.map((line) => html`<p class="calm__lead">${line}</p>`)}
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
  const words = down();
  return html`<section class="calm" role="alert" data-state="down">
    <span class="calm__sign"><${Icon} of="helper" /></span>
    <h1>${words.heading}</h1>
    <p class="calm__lead">${words.lineDown}</p>
    <p class="calm__lead">${words.kept}</p>
  </section>`;
}

export function Waiting() {
  return html`<section class="calm" role="status"><p class="calm__lead">${say("connecting")}</p></section>`;
}

/** How a number is taken, and a helper who comes: called from here, and seen to have answered. */
export function Help({ state, view, on }) {
  const { state: now } = view.helper;
  const canCall = now === "none" || now === "failed";
  const { first, then } = helper(view.helper);
  return html`<section class="calm help">
    <h1>${say("helpTitle")}</h1>
    <ol class="help__steps">${HELP_STEPS.map((key, i) => html`<li><span class="help__no figures">${i + 1}</span>${say(key)}</li>`)}</ol>
    <p class="${now === "called" || now === "failed" ? "notice notice--warn" : "calm__lead"}" role="status" data-helper=${now}><strong>${first}</strong> ${then}</p>
    <div class="calm__buttons">
      <button class="button button--big ${canCall ? "" : "button--primary"}" type="button" data-key="close" onClick=${on.help}>${say("close")}</button>
      ${canCall && html`<button class="button button--big button--primary" type="button" data-key="call-helper" aria-busy=${state.isCallingHelper ? "true" : null} onClick=${on.callHelper}>${say("callHelper")}</button>`}
    </div>
  </section>`;
}
