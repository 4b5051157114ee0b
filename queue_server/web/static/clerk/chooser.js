/** Where does this clerk sit today? By a press, or by typing the counter's number. */
import { html } from "../vendor/preact-htm.js";
import { Connection, LanguageSwitch } from "../parts.js";
import { LeftOpen } from "./parts.js";
import { SheetDialog } from "./sheet.js";
import { clerkName, dayHint, fieldName } from "./sheets.js";
import { t } from "./texts.js";
import { hasDay } from "./view.js";

const PILL = { open: "ok", paused: "warn", closed: "plain" };

export function Chooser(props) {
  const { model, now, counters, signOut } = props;
  return html`<div class="desk desk--choosing">
    <header class="page-head">
      <img class="page-head__mark" src="/static/mark.svg" alt="" />
      <div class="page-head__names">
        <p class="page-head__branch">${document.documentElement.dataset.branchName}</p>
        <p class="page-head__organisation">${model.meName}</p>
      </div>
      <div class="page-head__tools">
        <${Connection} model=${model} /><span class="clock">${LaySo.time(now)}</span>
        <${LanguageSwitch} /><button class="button button--quiet" type="button" onClick=${signOut}>${t("signOut")}</button>
      </div>
    </header>
    <main class="chooser">
      <h1>${t("chooseTitle")}</h1>
      <p class="quiet">${hintOf(model, counters)}</p>
      <${LeftOpen} model=${model} />
      <ul class="counters">${counters.map((row) => html`<${CounterCard} ...${props} row=${row} key=${row.no} />`)}</ul>
    </main>
    ${model.sheet && html`<${SheetDialog} ...${props} />`}
  </div>`;
}

function hintOf(model, counters) {
  if (!hasDay(model.board)) {
    return dayHint(model.board);
  }
  if (model.typed && !counters.some((row) => String(row.no).startsWith(model.typed))) {
    return t("chooseNone", { no: model.typed });
  }
  return model.board.fields && counters.length === 0 ? t("chooseEmpty") : t(model.board.fields ? "chooseHint" : "loading");
}

function CounterCard({ model, row, isLive, choose }) {
  const canOpen = row.state !== "closed" || hasDay(model.board);
  const isTyped = model.typed === String(row.no);
  const who = row.isMine ? t("mine") : row.clerk ? clerkName(model, row.clerk) : "";
  const other = row.isMine ? null : model.people.others[row.no];
  const fields = row.fields.map((code) => fieldName(model, code)).join(", ");
  return html`<li>
    <button class=${`counter${row.isMine ? " counter--mine" : ""}${isTyped ? " counter--typed" : ""}${other ? " counter--other" : ""}`} type="button" data-no=${row.no}
      disabled=${!isLive || !canOpen} aria-busy=${model.busy !== null && isTyped} onClick=${() => choose(row.no)}>
      <span class="counter__no number">${row.no}</span>
      <span class="counter__about">
        <span class="counter__fields">${fields}</span>
        ${other && html`<span class="counter__agency">${t("ofAgency", { agency: LaySo.name(other) })}</span>`}
        <span class="counter__state"><span class=${`pill pill--${PILL[row.state]}`}>${t(`state.${row.state}`)}</span> ${who}</span>
      </span>
    </button>
  </li>`;
}
