/** The first screen: fields as cards; agencies and pages when there are many; or the whole branch at rest. */

import { html } from "../vendor/preact-htm.js";
import { dayAndTime, hoursSentences, Icon, LaySo, name, say, sentence, whyShut } from "./parts.js";
import { cardsOf, isFiling, isOffered, SERVICES } from "./rules.js";

export const titleOf = (state, isAgencies) =>
  isAgencies ? "chooseAgency" : state.isAdding ? "chooseFurther" : state.agency === SERVICES ? "chooseService" : "choose";

/** @param state the page's state; @param view `{fields, live, offer, agencies, size}`; @param on what presses do */
export function Home({ state, view, on }) {
  const { own, isAgencies, items: shown, page, pages } = cardsOf(state, view);
  const title = titleOf(state, isAgencies);
  const isFirst = !own && !state.isAdding;
  return html`<section class="home">
    <div class="home__title">
      ${!isFirst && html`<button class="button home__back" type="button" data-key="back" onClick=${on.up}><${Icon} of="back" />${say("back")}</button>`}
      <div>${own && state.agency !== SERVICES && html`<p class="home__agency">${agencyName(view, state.agency)}</p>`}<h1>${say(title)}</h1></div>
    </div>
    ${isFirst && html`<div class="home__keys">
      <button class="button home__search" type="button" data-key="search" onClick=${on.search}><${Icon} of="search" />${say("search")}</button>
      ${view.hasSlips && html`<button class="button home__slip" type="button" data-key="slip" onClick=${on.slip}><${Icon} of="collect" />${say("slip")}</button>`}
    </div>`}
    ${name(view.day.notice) && html`<p class="notice home__notice">${name(view.day.notice)}</p>`}
    <ul class="cards cards--${shown.length}">
      ${shown.map((item) => html`<li key=${item.agency ?? item.field.code}>${item.agency ? html`<${AgencyCard} item=${item} view=${view} on=${on} />` : html`<${FieldCard} row=${item.field} view=${view} on=${on} />`}</li>`)}
    </ul>
    ${pages > 1 && html`<${Pager} page=${page} pages=${pages} on=${on} />`}
  </section>`;
}

export function agencyName(view, code) {
  return code === SERVICES ? say("services") : name(view.agencies[code]);
}

function Pager({ page, pages, on }) {
  return html`<div class="pager">
    <button class="button" type="button" aria-label=${say("earlier")} data-key="earlier" disabled=${page === 0} onClick=${() => on.page(page - 1)}><${Icon} of="back" /></button>
    <span>${say("pageOf", { page: page + 1, pages })}</span>
    <button class="button" type="button" aria-label=${say("later")} data-key="later" disabled=${page === pages - 1} onClick=${() => on.page(page + 1)}><${Icon} of="next" /></button>
  </div>`;
}

function AgencyCard({ item, view, on }) {
  const waiting = item.fields.reduce((sum, row) => sum + (view.live[row.code]?.waiting ?? 0), 0);
  return html`<button class="field-card" type="button" data-agency=${item.agency} onClick=${() => on.agency(item.agency)}>
    <span class="field-card__name">${agencyName(view, item.agency)}</span>
    <${More}>${item.fields.map((row) => name(row.name)).join(" · ")}</${More}>
    <span class="field-card__foot"><span class="fact-line"><${Icon} of="people" />${waiting ? say("waiting", { n: waiting }) : say("waitingNone")}</span><span class="field-card__go"><${Icon} of="next" /></span></span>
  </button>`;
}

function FieldCard({ row, view, on }) {
  const live = view.live[row.code];
  const offer = view.offer(row);
  return isOffered(offer) ? html`<${OpenCard} row=${row} live=${live} offer=${offer} on=${on} />` : html`<${ShutCard} row=${row} offer=${offer} on=${on} />`;
}

function OpenCard({ row, live, offer, on }) {
  const told = LaySo.wait(live?.wait ?? null, row.working);
  const nobody = live?.wait?.low_s > 0 ? "waitingBusy" : "waitingNone"; // nobody waits, and yet there is a wait: why
  return html`<button class="field-card" type="button" data-field=${row.code} onClick=${() => on.field(row.code)}>
    <${CardName} row=${row} />
    ${offer.kind === "priority" ? html`<${More} of="why">${say("onlyPriority")}</${More}>` : html`<${More}>${name(row.examples) || (isFiling(row) ? "" : say(`service.${row.service}`))}</${More}>`}
    <span class="field-card__foot">
      <span class="fact-line"><${Icon} of="people" />${!live ? "" : live.waiting ? say("waiting", { n: live.waiting }) : say(nobody)}</span>
      <span class="fact-line"><${Icon} of="clock" />${told.kind === "clock" ? say("turn", { range: told.value }) : told.value}</span>
      <span class="field-card__go"><${Icon} of="next" /></span>
    </span>
  </button>`;
}

/** A service beside filing is known by its sign, too. */
function CardName({ row }) {
  return html`<span class="field-card__name">${!isFiling(row) && html`<${Icon} of=${row.service} />`}${name(row.name)}</span>`;
}

/** As many lines of it as the card has room for. */
function More({ of = "examples", children }) {
  return html`<span class="field-card__more"><span class="field-card__${of}">${children}</span></span>`;
}

/** Still to be pressed: then the whole sentence is shown large, instead of nothing happening. */
function ShutCard({ row, offer, on }) {
  return html`<button class="field-card field-card--off" type="button" data-field=${row.code} data-state=${offer.kind} onClick=${() => on.field(row.code)}>
    <${CardName} row=${row} />
    <${More} of="why">${whyShut(row, offer).join(" ")}</${More}>
  </button>`;
}

/** On a day on which not every field works, which ones do. */
function onlySome(offer, offers) {
  const then = offers.filter((each) => each.returnsAt === offer.returnsAt);
  return then.length < offers.length ? say("onlyFields", { fields: then.map((each) => name(each.row.name)).join(", ") }) : null;
}

/** No field is within its hours: when to come back, large. */
export function Resting({ offer, day, offers }) {
  const [title, ...rest] = hoursSentences(offer);
  const at = offer.at ? { label: say(offer.kind === "early" ? "takeFrom" : "againFrom"), time: LaySo.time(offer.at) } : null;
  const back = !at && offer.returnsAt ? { label: say("backFrom"), ...dayAndTime(offer.returnsAt) } : null;
  const shown = at ?? back;
  const others = [...(shown ? rest.slice(1) : rest), back && onlySome(offer, offers)].filter(Boolean);
  const reason = day?.reason ? sentence(day.reason) : null;
  return html`<section class="calm resting" data-state=${offer.kind}>
    <h1>${title.replace(/[.。]$/, "")}</h1>
    ${reason && html`<p class="calm__lead">${reason}</p>`}
    ${shown && html`<p class="resting__label">${shown.label}</p><p class="resting__time">${shown.time}</p>`}
    ${back && html`<p class="resting__date">${say("dayLong", back)}</p>`}
    ${others.map((line) => html`<p class="calm__lead">${line}</p>`)}
  </section>`;
}
