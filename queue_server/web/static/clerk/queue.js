/** Who waits in this counter's fields: the next one first, each wait against what that citizen was told. */
import { html } from "../vendor/preact-htm.js";
import { Key, TicketNumber, minutesSince } from "./parts.js";
import { clerkName, fieldName, pastWords, spaced } from "./sheets.js";
import { t } from "./texts.js";
import { bandOf, isHeldLong, secondsSince } from "./view.js";

const SHOWN_MAX = 100;

export function Queue(props) {
  const { model, desk, isLive, now } = props;
  const { queue, later } = desk;
  const stale = !isLive && model.status ? t("asOf", { time: LaySo.time(now) }) : "";
  return html`<aside class=${`queue card${stale ? " queue--stale" : ""}`} aria-label=${t("queue")}>
    <p class="queue__paper">${t("counter", { no: model.no })} · ${document.documentElement.dataset.branchName} · ${LaySo.date(now)} ${LaySo.time(now)}</p>
    <div class="queue__head">
      <h2>${t("queue")}</h2>
      <span class="queue__count figures">${queue.length + later.length}</span>
    </div>
    ${stale && html`<p class="queue__stale" role="status">${stale}</p>`}
    <div class="queue__list" tabindex="0">
      <${Rows} ...${props} />
    </div>
    <${Held} ...${props} />
    <div class="queue__foot">
      <${Foot} ...${props} action="resume" /><${Foot} ...${props} action="issue" />
      ${model.people.may_call_chosen && html`<${Foot} ...${props} action="pick" />`}<${Foot} ...${props} action="reinstate" />
    </div>
  </aside>`;
}

function Rows(props) {
  const { queue, later, mode } = props.desk;
  if (queue.length + later.length === 0) {
    return html`<p class="empty">${t(mode === "loading" ? "loading" : "queueEmpty")}</p>`;
  }
  const hidden = queue.length - SHOWN_MAX;
  return html`<ul>
    ${queue.slice(0, SHOWN_MAX).map((ticket, i) => html`<${Row} ...${props} ticket=${ticket} isNext=${i === 0} key=${ticket.id} />`)}
    ${hidden > 0 && html`<li class="queue__more quiet" key="more">${t("more", { n: hidden })}</li>`}
    ${later.length > 0 && html`<li class="queue__part quiet" key="later">${t("later")}</li>`}
    ${later.slice(0, SHOWN_MAX).map((ticket) => html`<${Row} ...${props} ticket=${ticket} key=${ticket.id} />`)}
  </ul>`;
}

function Row({ model, desk, isLive, now, showSheet, ticket, isNext }) {
  const past = pastWords(ticket, model.no);
  const isOff = !isLive || !desk.can.pick || model.busy !== null;
  const why = model.next && model.next.ticket === ticket.id && model.next.why ? LaySo.name(model.next.why) : "";
  return html`<li class=${`row${isNext ? " row--next" : ""}`} data-number=${ticket.number}>
    <span class="row__number"><${TicketNumber} number=${ticket.number} />${isNext && html`<b class="row__next">${t("next")}</b>`}</span>
    <span class="row__about">
      <span class="row__field">${fieldName(model, ticket.field)}</span>
      <span class=${`row__tags${ticket.priority ? " row__tags--priority" : ""}`}>${tagsOf(model, ticket, now).map(({ kind, words }, i) =>
        html`<span class=${`row__tag row__tag--${kind}`} key=${kind}>${i > 0 ? " · " : ""}${words}</span>`)}</span>
      ${past && html`<span class="row__past">${past}</span>`}
    </span>
    <${Age} model=${model} ticket=${ticket} now=${now} />
    ${model.people.may_call_chosen && html`<button class="button row__call" type="button" disabled=${isOff} aria-label=${t("pickThis", { n: spaced(ticket.number) })}
      onClick=${() => showSheet("pick", { fixed: ticket.id })}>${t("callThis")}</button>`}
    ${isNext && why && html`<p class="row__why">${why}</p>`}
  </li>`;
}

function Age({ model, ticket, now }) {
  const seconds = secondsSince(ticket.arrival_at, now);
  const band = bandOf(ticket.told, now);
  const words = seconds < 60 ? t("underMinuteShort") : t("minutesShort", { n: Math.floor(seconds / 60) });
  return html`<span class="row__age" title=${t(`band.${band}`)}>
    <span class=${`age age--${band}`}><span class="figures">${words}</span><span class="visually-hidden">, ${t(`band.${band}`)}</span></span>
    ${ticket.told && html`<span class="row__told">${toldWords(model, ticket)}</span>`}
  </span>`;
}

/** What is special about a ticket, in few words: its class, why this counter may not call it ("bound"), the rest. */
function tagsOf(model, ticket, now) {
  const known = ticket.priority !== null && model.people.classes.find((each) => each.code === ticket.priority);
  return [
    { kind: "class", words: known ? LaySo.name(known.name) : ticket.priority === null ? "" : t("priority") },
    { kind: "bound", words: boundTags(model, ticket, now).join(" · ") },
    { kind: "rest", words: restTags(ticket).join(" · ") },
  ].filter(({ words }) => words);
}

function boundTags(model, ticket, now) {
  const tags = [];
  if (ticket.not_before !== null && new Date(ticket.not_before) > now) {
    tags.push(t("notBefore", { time: LaySo.time(ticket.not_before) }));
  }
  if (ticket.only_counter !== null) {
    tags.push(t("onlyCounter", { no: ticket.only_counter }));
  }
  if (ticket.only_clerk !== null) {
    tags.push(t("onlyClerk", { name: clerkName(model, ticket.only_clerk) }));
  }
  return tags;
}

function restTags(ticket) {
  const tags = [];
  if (ticket.step > 0) {
    tags.push(t("stepNo", { n: ticket.step + 1 }));
  }
  if (ticket.dossiers > 1) {
    tags.push(t("dossiersMany", { n: ticket.dossiers }));
  }
  if (ticket.assistance) {
    tags.push(t(`assistance.${ticket.assistance}`));
  }
  return tags;
}

function toldWords(model, { told, field }) {
  const row = model.board.fields ? model.board.fields[field] : null;
  const wait = LaySo.wait(told, row ? row.working : []);
  const minutes = LaySo.toldMinutes(told);
  if (wait.kind !== "range") {
    return t("toldClock", { time: wait.value });
  }
  return t(minutes.low < 1 ? "toldUnder" : minutes.low === minutes.high ? "toldAbout" : "told", minutes);
}

// -- on hold, and what is done with numbers that are not in hand --------------------------------------------------------------

/** "35 phút · chỉ quầy này", or at which other counter it was put on hold. */
function heldWords(model, ticket, now) {
  const where = ticket.only_counter === model.no ? t("onlyHere") : ticket.counter === model.no ? t("anyCounter") : t("heldAt", { no: ticket.counter });
  return `${minutesSince(ticket.since, now)} · ${where}`;
}

function Held({ model, desk, isLive, now, showSheet }) {
  if (desk.held.length === 0) {
    return null;
  }
  return html`<div class="held">
    <h3 class="held__title">${t("held")} <span class="figures">${desk.held.length}</span></h3>
    <ul class="held__list">
      ${desk.held.map((ticket) => html`<li key=${ticket.id}>
        <button class=${`held__ticket${isHeldLong(ticket, now) ? " held__ticket--long" : ""}`} type="button" disabled=${!isLive || !desk.can.ready || model.busy !== null}
          title=${fieldName(model, ticket.field)} onClick=${() => showSheet("resume", { ticket: ticket.id })}>
          <${TicketNumber} number=${ticket.number} /><span class="held__since">${heldWords(model, ticket, now)}</span></button>
      </li>`)}
    </ul>
  </div>`;
}

function Foot({ model, desk, isLive, press, action }) {
  const isOff = !isLive || !desk.can[action] || model.busy !== null;
  return html`<button class="button queue__tool" type="button" data-action=${action} disabled=${isOff} onClick=${() => press(action)}>
    ${t(action)} <${Key} name=${model.keys[action]} />
  </button>`;
}
