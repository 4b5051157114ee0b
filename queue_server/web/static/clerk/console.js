/** The console itself: head, the number in hand, what may be done with it, and the queue beside it. */
import { isContrast, toggleContrast } from "../contrast.js";
import { Connection, LanguageSwitch } from "../parts.js";
import { html } from "../vendor/preact-htm.js";
import { Alarm } from "./alarm.js";
import { isQuiet, setQuiet } from "./arrivals.js";
import { Hand } from "./hand.js";
import { Help } from "./help.js";
import { Key } from "./parts.js";
import { Paperwork } from "./paperwork.js";
import { Queue } from "./queue.js";
import { Issued, SheetDialog } from "./sheet.js";
import { fieldName, spaced } from "./sheets.js";
import { t } from "./texts.js";
import { secondsLeft } from "./undo.js";

const OTHERS = ["recall", "noshow", "return", "cancel", "amend", "hold", "transfer", "step", "finish", "undo"];
const STATE_PILL = { open: "ok", paused: "warn", closed: "plain" };

export function Console(props) {
  const { model, desk } = props;
  return html`<div class="desk" data-mode=${desk.mode}>
    <${Head} ...${props} />
    <main class="desk__main">
      <div class="desk__work">
        <${Hand} ...${props} />
        <${Primary} ...${props} />
        <${Others} ...${props} />
      </div>
      <${Queue} ...${props} />
    </main>
    ${model.sheet && html`<${SheetDialog} ...${props} key=${model.sheet.name} />`}
    ${model.issued && html`<${Issued} ...${props} />`}
    ${model.paperwork && html`<${Paperwork} ...${props} />`}
    ${model.isHelping && html`<${Help} ...${props} />`}
  </div>`;
}

function Head(props) {
  const { model, desk, now } = props;
  const { row } = desk;
  const fields = row ? row.fields.map((code) => fieldName(model, code)).join(", ") : "";
  const helps = row && row.helps.length > 0 ? t("helps", { fields: row.helps.map((code) => fieldName(model, code)).join(", ") }) : "";
  return html`<header class="page-head desk__head">
    <div class="desk__no" aria-hidden="true"><span class="number">${model.no}</span></div>
    <div class="page-head__names">
      <h1 class="desk__name">${t("counter", { no: model.no })} ${row && html`<span class=${`pill pill--${STATE_PILL[row.state]}`}>${t(`state.${row.state}`)}</span>`}</h1>
      <p class="desk__fields" title=${helps}>${fields}${helps && html` <span class="quiet">· ${helps}</span>`}</p>
    </div>
    <div class="page-head__tools">
      <${Connection} model=${model} />
      <span class="clock">${LaySo.time(now)}</span>
      <${Alarm} ...${props} />
      <${CounterButtons} ...${props} />
      <${Menu} ...${props} />
    </div>
  </header>`;
}

function CounterButtons({ model, desk, isLive, press }) {
  const isPaused = desk.mode === "paused";
  const isOff = !isLive || model.busy !== null || !(desk.can.pause || isPaused);
  return html`<button class="button" type="button" disabled=${isOff} onClick=${() => press("pause")}>
    ${t(isPaused ? "primary.reopen" : "pause")} <${Key} name=${model.keys.pause} />
  </button>`;
}

function Menu({ model, desk, isLive, press, signOut, set }) {
  const sound = () => {
    setQuiet(!isQuiet());
    set({});
  };
  const item = (action) => html`<button class="menu__item" type="button" disabled=${!isLive || !desk.can[action]} onClick=${() => press(action)}>${t(action)}</button>`;
  return html`<details class="menu" onFocusOut=${closeWhenLeft} onKeyDown=${closeOnEscape} onClick=${closeOnItem}>
    <summary class="button button--quiet menu__who">${model.meName}</summary>
    <div class="menu__items">
      ${item("change")} ${item("close")}
      <button class="menu__item" type="button" onClick=${() => press("help")}>${t("help")} <${Key} name=${model.keys.help} /></button>
      <a class="menu__item" href=${`/account${LaySo.language() === "en" ? "?lang=en" : ""}`}>${t("account")}</a>
      <button class="menu__item" type="button" onClick=${() => print()}>${t("print")}</button>
      <button class="menu__item" type="button" aria-pressed=${!isQuiet()} onClick=${sound}>${t("sound")}</button>
      <button class="menu__item" type="button" aria-pressed=${isContrast()} onClick=${toggleContrast}>${t("contrast")}</button>
      <${LanguageSwitch} />
      <button class="menu__item" type="button" onClick=${signOut}>${t("signOut")}</button>
    </div>
  </details>`;
}

function closeWhenLeft(event) {
  if (event.relatedTarget && !event.currentTarget.contains(event.relatedTarget)) {
    event.currentTarget.open = false;
  }
}

function closeOnEscape(event) {
  if (event.key === "Escape") {
    event.currentTarget.open = false;
  }
}

function closeOnItem(event) {
  if (event.target.closest(".menu__item")) {
    event.currentTarget.open = false;
  }
}

// -- the primary action -------------------------------------------------------------------------------------------------------

function Primary({ model, desk, isLive, isReady, press }) {
  const label = desk.primary ? t(`primary.${desk.primary}`, { no: model.no }) : t(desk.mode === "over" ? "primary.none" : "loading");
  const isBusy = model.busy === "primary";
  const isOff = !isLive || !desk.primary || (model.busy !== null && !isBusy);
  return html`<button class="button button--primary button--big primary" type="button" aria-busy=${isBusy} disabled=${isOff}
    data-primary=${desk.primary} data-ready=${isReady} onClick=${() => press("primary")}>
    ${isLive ? label : t("offline")} ${isLive && !isBusy && html`<${Key} name=${model.keys.primary} />`}
  </button>`;
}

// -- the others: always in the same place, whatever may be done now -----------------------------------------------------------

function Others(props) {
  return html`<div class="others">${OTHERS.map((action) => html`<${Other} ...${props} action=${action} key=${action} />`)}</div>`;
}

function Other({ model, desk, deed, isLive, now, press, action }) {
  const isBusy = model.busy === action;
  const canNow = action === "undo" ? deed !== null && desk.can.undo : desk.can[action];
  const isOff = !isLive || !canNow || (model.busy !== null && !isBusy);
  const isUndo = action === "undo" && canNow;
  const what = isUndo ? t(`did.${deed.did}`, { n: spaced(deed.number) }) : null;
  const tone = what ? " other--undo" : "";
  return html`<button class=${`button other${tone}`} type="button" data-action=${action} aria-busy=${isBusy} disabled=${isOff}
    onClick=${() => press(action)}>
    <span class="other__label">${t(action)}${what && html`<span class="other__what">${what}</span>`}</span>
    <span class="other__key"><${Key} name=${model.keys[action]} />
      ${isUndo && html`<span class="other__left figures">${t("seconds", { s: secondsLeft(deed, now, desk.row.undo_s) })}</span>`}</span>
  </button>`;
}

