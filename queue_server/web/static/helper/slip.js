/** An appointment slip: its dossier's code, typed or scanned, and the number that it leads to. */
import { MOST_LETTERS, leadsTo } from "../dispenser/slips.js";
import { html, useEffect, useRef } from "../vendor/preact-htm.js";
import { Modal } from "./dialog.js";
import { fieldName } from "./parts.js";
import { t } from "./texts.js";

export function SlipDialog({ model, now, isLive, on }) {
  const { typed, said, found } = model.slip;
  const close = () => on.set({ slip: null });
  const find = (event) => {
    event.preventDefault();
    on.findSlip(typed);
  };
  return html`<${Modal} close=${close}>
    <h2 class="dialog__title" id="dialog-title">${t("slip")}</h2>
    <form class="slip" onSubmit=${find}>
      <label class="slip__code"><span class="label">${t("slip.code")}</span>
        <input class="input" id="slip" autocomplete="off" autofocus spellcheck=${false} maxlength=${MOST_LETTERS} placeholder=${t("slip.example")}
          value=${typed} onInput=${(event) => on.typeSlip(event.target.value)} /></label>
      <button class="button" type="submit" data-do="find" disabled=${!isLive || !typed || said === "asking"}>${t("slip.find")}</button>
    </form>
    <div role="status" data-slip=${found?.state ?? said ?? "typing"}>
      ${said && html`<p class=${said === "asking" ? "quiet" : "notice notice--warn"}>${t(`slip.${said}`, { code: typed })}</p>`}
      ${found && html`<${Found} model=${model} now=${now} />`}
    </div>
    <div class="dialog__foot">
      <button class="button" type="button" onClick=${close}>${t("close")}</button>
      ${found && html`<${Take} model=${model} isLive=${isLive} on=${on} key=${found.code} />`}
    </div>
  <//>`;
}

function Found({ model, now }) {
  const { state, counter, due_at: due, agency, wait, field } = model.slip.found;
  const isReady = state !== "not-ready";
  const told = LaySo.wait(wait, model.board.fields[field].working, now);
  return html`<div class=${`notice notice--${state === "ready" ? "ok" : "warn"}`}>
    <p><b>${t(`slip.${state}`)}</b> ${isReady && counter !== null && t("slip.counter", { no: counter })}</p>
    ${isReady ? html`<p>${told.label}: ${told.value}</p>` : html`<p>${[model.facts.agencies[agency] && LaySo.name(model.facts.agencies[agency]), dueWords(due, now)].filter(Boolean).join(" · ")}</p>`}
  </div>`;
}

function dueWords(due, now) {
  const key = due === null ? "slip.dueAsPrinted" : new Date(due) < now ? "slip.overdue" : "slip.due";
  return t(key, due && { time: LaySo.time(due), date: LaySo.date(due) });
}

/** One press, or Enter: the number that the dossier leads to. */
function Take({ model, isLive, on }) {
  const button = useRef(null);
  useEffect(() => button.current.focus(), []);
  const field = leadsTo(model.slip.found, model.board);
  const isToAsk = model.slip.found.state === "not-ready";
  return html`<button class=${`button${isToAsk ? "" : " button--primary"}`} type="button" data-do="take-slip" data-to=${field} ref=${button} disabled=${!isLive} onClick=${on.takeSlip}>
    ${t(isToAsk ? "slip.ask" : "slip.take", { field: fieldName(model, field) })}</button>`;
}
