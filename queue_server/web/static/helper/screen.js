/** The page: fields to press and what the next number is for; beside them who needs a helper, and the last numbers. */
import { isContrast, toggleContrast } from "../contrast.js";
import { isFiling, offerOf } from "../dispenser/rules.js";
import { Connection, LanguageSwitch, Menu } from "../parts.js";
import { html } from "../vendor/preact-htm.js";
import { Keys, TicketDialog } from "./dialog.js";
import { TicketNumber, className, fieldName, furtherWords, languageName } from "./parts.js";
import { SlipDialog } from "./slip.js";
import { NEEDS, t } from "./texts.js";
import { PLAIN, claims, dossiers, helpCalls, needs, recent } from "./view.js";

const OTHER_LANGUAGE = "en";

export function Screen(props) {
  const { model } = props;
  return html`<div class="helper">
    <${Head} ...${props} />
    <main class="helper__main">
      <div class="helper__give">
        <${Wish} ...${props} />
        <${Fields} ...${props} />
      </div>
      <div class="helper__care">
        <${Calls} ...${props} />
        <${Needs} ...${props} />
        <${Claims} ...${props} />
        <${Recent} ...${props} />
      </div>
    </main>
    ${model.isHelping && html`<${Keys} ...${props} />`}
    ${model.slip && html`<${SlipDialog} ...${props} />`}
    ${model.dialog && html`<${TicketDialog} ...${props} key=${model.dialog.ticket.id} />`}
  </div>`;
}

function Head({ model, now, on }) {
  const query = `?branch=${encodeURIComponent(model.branch)}${LaySo.language() === "en" ? "&lang=en" : ""}`;
  return html`<header class="page-head">
    <img class="page-head__mark" src="/static/mark.svg" alt="" />
    <div class="page-head__names"><p class="page-head__organisation">${model.branchName}</p><h1 class="page-head__branch">${t("title")}</h1></div>
    <div class="page-head__tools">
      <${Connection} model=${model} />
      <span class="clock">${LaySo.time(now)}</span>
      ${model.facts.has_slips && html`<button class="button" type="button" data-do="slip" onClick=${() => on.typeSlip("")}>${t("slip")}</button>`}
      <${Menu} who=${model.me}>
        ${model.hasOthers && html`<a class="menu__item" href=${`/helper?branch=${LaySo.language() === "en" ? "&lang=en" : ""}`}>${t("others")}</a>`}
        <button class="menu__item" type="button" onClick=${() => on.set({ isHelping: true })}>${t("keys")} <kbd class="key">?</kbd></button>
        <a class="menu__item" href=${`/helper/list${query}`}>${t("list.enter")}</a>
        <a class="menu__item" href=${`/helper/numbers${query}`}>${t("list.print")}</a>
        <a class="menu__item" href=${`/account${LaySo.language() === "en" ? "?lang=en" : ""}`}>${t("account")}</a>
        <button class="menu__item" type="button" aria-pressed=${isContrast()} onClick=${toggleContrast}>${t("contrast")}</button>
        <${LanguageSwitch} />
        <button class="menu__item" type="button" onClick=${on.signOut}>${t("signOut")}</button>
      <//>
    </div>
  </header>`;
}

// -- what the next number is for --------------------------------------------------------------------------------------------

function Wish({ model, on }) {
  const { wish, facts } = model;
  const chip = (key, value, words) =>
    html`<button class="chip" type="button" data-wish=${value} aria-pressed=${String(wish[key] === value)} onClick=${() => on.wish({ [key]: wish[key] === value ? PLAIN[key] : value })}>${words}</button>`;
  const isPlain = !model.errands && Object.keys(PLAIN).every((key) => wish[key] === PLAIN[key]);
  return html`<section class="wish card" aria-label=${t("wish")} data-plain=${isPlain}>
    <div class="wish__group" role="group" aria-label=${t("priority")}><span class="wish__label">${t("priority")} <kbd class="key" aria-hidden="true">∗</kbd></span>
      ${facts.classes.map((each) => chip("priority", each.code, LaySo.name(each.name)))}</div>
    <div class="wish__group" role="group" aria-label=${t("assistance")}><span class="wish__label">${t("assistance")}</span>
      ${NEEDS.map((need) => chip("assistance", need, t(`need.${need}`)))}</div>
    <label class="wish__group"><span class="wish__label wish__label--printer">${t("printer")}</span>
      <select class="input wish__printer" value=${model.printer ?? ""} onChange=${(event) => on.printer(event.target.value)}>
        <option value="">${t("noPrinter")}</option>
        ${facts.printers.map((each) => html`<option value=${each.id}>${each.name}</option>`)}
      </select></label>
    <div class="wish__group" role="group" aria-label=${t("dossiers")}><span class="wish__label">${t("dossiers")}</span>
      <button class="button wish__step" type="button" aria-label=${t("fewer")} disabled=${wish.dossiers === 1} onClick=${() => on.set({ wish: dossiers(wish, -1) })}>−</button>
      <output class="wish__count figures" aria-live="polite">${wish.dossiers}</output>
      <button class="button wish__step" type="button" aria-label=${t("more")} onClick=${() => on.set({ wish: dossiers(wish, 1) })}>+</button></div>
    <div class="wish__group" role="group" aria-label=${t("language")}><span class="wish__label">${t("language")}</span>
      ${chip("language", OTHER_LANGUAGE, languageName(OTHER_LANGUAGE))}
      ${wish.identity && html`<button class="chip" type="button" data-wish="card" aria-pressed="true" title=${t("cardDrop")} onClick=${() => on.set({ wish: PLAIN })}>${t("cardHeld")}</button>`}</div>
    <div class="wish__group" role="group" aria-label=${t("errands")}>
      <button class="chip" type="button" data-wish="errands" aria-pressed=${String(model.errands !== null)} onClick=${() => on.set({ errands: model.errands ? null : [] })}>${t("errands")}</button>
      ${model.errands && html`<span class="wish__errands" role="status">${model.errands.map((code) => fieldName(model, code)).join(" → ") || t("errandsHow")}</span>
        <button class="button button--primary" type="button" data-do="take" disabled=${model.errands.length === 0} onClick=${() => on.take(model.errands)}>${t("errandsTake")}</button>`}
    </div>
  </section>`;
}

// -- fields -------------------------------------------------------------------------------------------------------------------

/** Services beside filing begin a line of their own. */
function Fields(props) {
  const { fields, model } = props;
  if (!model.live || fields.length === 0) {
    return html`<p class="empty" role="status">${t(model.board.day && !model.board.day.today ? "noDay" : "loading")}</p>`;
  }
  const firstOther = fields.filter((field) => !isFiling(field.row)).length > 1 ? fields.findIndex((field) => !isFiling(field.row)) : -1;
  return html`<ul class="fields">${fields.map((field, i) => html`<li class=${i === firstOther ? "fields__others" : null} key=${field.row.code}><${Field} ...${props} ...${field} /></li>`)}</ul>`;
}

/** Also where no numbers are given now: the server says why, in a sentence. */
function Field({ model, row, code, now, on }) {
  const live = model.live.fields[row.code];
  const offer = offerOf(row, live, now.getTime(), model.live.ends_by_forecast, model.facts.classes.length > 0, "helper");
  const told = LaySo.wait(live?.wait ?? null, row.working, now);
  const wait = told.kind === "clock" ? t("turn", { range: told.value }) : told.value;
  const isTyped = model.typed !== "" && code.startsWith(model.typed);
  return html`<button class=${`field${isTyped ? " field--typed" : ""}${offer.kind === "open" ? "" : " field--off"}`} type="button" data-field=${row.code} aria-pressed=${model.errands ? String(model.errands.includes(row.code)) : null} onClick=${() => on.press(row.code)}>
    <span class="field__name"><kbd class="key" aria-hidden="true">${code}</kbd>${LaySo.name(row.name)}</span>
    <span class="field__now">${offer.kind === "open"
      ? html`<b class="field__waiting"><span class="figures">${live?.waiting ?? 0}</span> ${t("waiting")}</b><span>${wait}</span>`
      : html`<b>${t(`offer.${offer.kind}`)}</b>`}</span>
  </button>`;
}

// -- who needs a helper ---------------------------------------------------------------------------------------------------------

/** Who waits at a dispenser for somebody to come. */
function Calls({ model, isLive, on }) {
  const calls = helpCalls(model.live, model.facts.dispensers);
  const alarms = Object.values(model.alarms);
  return html`<div role="alert">${alarms.map(({ no, since }) => html`<div class="notice notice--bad need need--here" key=${no} data-alarm=${no}>
    <p><b>${t("alarm", { no })}</b> <span class="figures">${t("since", { time: LaySo.time(since) })}</span></p>
    <button class="button button--primary" type="button" data-do="go" disabled=${!isLive || model.busy.includes(`counter-${no}`)} onClick=${() => on.go(no)}>${t("answer")}</button>
  </div>`)}${calls.map(({ id, name, since }) => html`<div class="notice notice--warn need need--here" key=${id} data-help=${id}>
    <p><b>${t("helpCalled", { name: name ?? t("aDispenser") })}</b> <span class="figures">${t("since", { time: LaySo.time(since) })}</span></p>
    <button class="button button--primary" type="button" data-do="answer" disabled=${!isLive || model.busy.includes(id)} onClick=${() => on.answer(id)}>${t("answer")}</button>
  </div>`)}</div>`;
}

function Needs({ model }) {
  const called = needs(model.tickets);
  return html`<div role="alert">${called.map((ticket) => html`<p class="notice notice--warn need" key=${ticket.id} data-need=${ticket.number}>
    <b><${TicketNumber} number=${ticket.number} /></b> ${t("calledTo", { no: ticket.counter })}: <b>${t(`need.${ticket.assistance}`)}</b></p>`)}</div>`;
}

function Claims({ model, isLive, on }) {
  const found = claims(model.tickets);
  if (found.length === 0) {
    return null;
  }
  return html`<section class="card list" aria-labelledby="claims">
    <div class="list__head"><h2 id="claims">${t("claims")}</h2><span class="list__count figures">${found.length}</span></div>
    <ul>${found.map((ticket) => html`<li class="claim" key=${ticket.id} data-claim=${ticket.number}>
      <span class="claim__number"><${TicketNumber} number=${ticket.number} /></span>
      <span class="claim__about"><b>${className(model, ticket.priority)}</b><span class="quiet">${fieldName(model, ticket.field)}</span></span>
      <button class="button claim__deny" type="button" data-do="deny" aria-label=${t("denyThis", { n: ticket.number })} title=${t("deny")} disabled=${!isLive || model.busy.includes(ticket.id)} onClick=${() => on.deny(ticket)}>✕</button>
      <button class="button button--primary" type="button" data-do="confirm" disabled=${!isLive || model.busy.includes(ticket.id)} onClick=${() => on.confirm(ticket)}>${t("confirm")}</button>
    </li>`)}</ul>
  </section>`;
}

// -- the last numbers -------------------------------------------------------------------------------------------------------------

function Recent(props) {
  const { model, on } = props;
  const last = model.presses[0];
  const others = model.presses.slice(1).filter((press) => press.state !== "done");
  const found = recent(model.tickets, model.find);
  return html`<section class="card list" aria-labelledby="recent">
    <div class="list__head"><h2 id="recent">${t("recent")}</h2>
      <label class="find"><span class="visually-hidden">${t("find")}</span>
        <input class="input" id="find" autocomplete="off" placeholder=${t("find")} value=${model.find}
          onInput=${(event) => on.set({ find: event.target.value })}
          onKeyDown=${(event) => event.key === "Escape" && (on.set({ find: "" }), event.target.blur())} /></label></div>
    <div role="status">${last && !model.find && html`<${Press} ...${props} press=${last} isLast=${true} />`}</div>
    <ul>
      ${!model.find && others.map((press) => html`<li key=${press.key}><${Press} ...${props} press=${press} /></li>`)}
      ${found.map((ticket) => html`<li key=${ticket.id}><${Row} ...${props} ticket=${ticket} /></li>`)}
    </ul>
    ${found.length === 0 && !last && html`<p class="empty">${t(model.find ? "notFound" : "nobodyYet")}</p>`}
  </section>`;
}

/** A press of this page: under way, refused, or (the last one) its number, large, to be told. */
function Press({ model, press, isLast, on }) {
  const field = fieldName(model, press.field);
  if (press.state === "done") {
    return html`<div class="press press--done" data-press="done"><span class="press__number"><${TicketNumber} number=${press.ticket.number} /></span>
      <span class="press__about"><b>${field}</b><span>${t(press.ticket.people_ahead ? "ahead" : "aheadNone", { n: press.ticket.people_ahead })}</span></span></div>`;
  }
  const isPending = press.state === "pending";
  return html`<div class=${`press press--${press.state}`} data-press=${press.state}>
    ${isPending && html`<span class="press__turning" aria-hidden="true"></span>`}
    <span class="press__about"><b>${t(isPending ? "pending" : "refused", { field })}</b><span>${isPending ? (isLast ? t("pendingHow") : "") : press.words}</span></span>
    ${!isPending && html`<button class="button" type="button" onClick=${() => on.forget(press.key)}>${t("seen")}</button>`}
  </div>`;
}

function Row({ model, ticket, isLive, on }) {
  return html`<button class="row" type="button" data-ticket=${ticket.number} data-state=${ticket.state} disabled=${!isLive} onClick=${() => on.open(ticket)}>
    <span class="row__number"><${TicketNumber} number=${ticket.number} /></span>
    <span class="row__about"><span class="row__field">${fieldName(model, ticket.field)}</span><span class="row__tags">${tagsOf(model, ticket).join(" · ")}</span></span>
    <span class="row__state"><span>${t(`state.${ticket.state}`)}</span><span class="quiet figures">${LaySo.time(ticket.issued_at)}</span></span>
  </button>`;
}

function tagsOf(model, ticket) {
  const claimed = ticket.priority && !ticket.is_priority_confirmed ? t("claimed", { name: className(model, ticket.priority) }) : null;
  return [
    ticket.priority ? claimed ?? className(model, ticket.priority) : null,
    ticket.dossiers > 1 ? t("dossiersMany", { n: ticket.dossiers }) : null,
    ticket.assistance ? t(`need.${ticket.assistance}`) : null,
    ticket.language === "vi" ? null : languageName(ticket.language),
    furtherWords(model, ticket),
  ].filter(Boolean);
}
