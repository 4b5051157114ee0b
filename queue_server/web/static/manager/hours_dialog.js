/** Today's hours, of the whole centre or of one field. */
import { html, useState } from "../vendor/preact-htm.js";
import { clock, minutesOf, typedOf, until, windowsOf } from "./hours.js";
import { Dialog, Reason } from "./parts.js";
import { REASONS, t } from "./texts.js";

const KINDS = ["working", "issuing"];
const MOST_SPANS = 4;

/** What is in force now, as typed; of the branch for the field "". */
function typedHours(board, field) {
  const row = field ? board.fields[field] : board.day.today;
  return { working: typedOf(row.working, LaySo.time), issuing: typedOf(row.issuing, LaySo.time) };
}

export function HoursDialog(props) {
  const { model, about, command, now } = props;
  const [field, setField] = useState(about.field);
  const [hours, setHours] = useState(() => typedHours(model.board, about.field));
  const [reason, setReason] = useState({ vi: "", en: "" });
  const windows = Object.fromEntries(KINDS.map((kind) => [kind, windowsOf(hours[kind], model.boundary)]));
  const isWrong = KINDS.some((kind) => windows[kind] === null);
  const choose = (code) => {
    setField(code);
    setHours(typedHours(model.board, code));
  };
  const stop = () => {
    const minute = minutesOf(LaySo.time(now));
    const left = until(windows.issuing || [], minute < model.boundary ? minute + 24 * 60 : minute);
    setHours({ ...hours, issuing: left.map(([start, end]) => ({ from: clock(start), to: clock(end) })) });
  };
  const confirm = () =>
    command("change-hours", { branch: model.branch, hours: windows, reason, ...(field ? { field } : {}) }, t("hoursSaved"));
  return html`<${Dialog} ...${props} isWide title=${t("hoursTitle")} words=${t("saveHours")} confirm=${confirm} isOff=${isWrong || !reason.vi.trim()}>
    <p class="dialog__text">${t("hoursHint")}</p>
    <label class="label" for="scope">${t("scope")}</label>
    <select class="input" id="scope" value=${field} onChange=${(event) => choose(event.target.value)}>
      <option value="">${t("whole")}</option>
      ${Object.values(model.board.fields).filter((row) => !row.is_retired).sort((a, b) => a.order - b.order)
        .map((row) => html`<option value=${row.code}>${LaySo.name(row.name)}</option>`)}
    </select>
    <div class="hours">
      ${KINDS.map((kind) => html`<${Spans} kind=${kind} spans=${hours[kind]} isWrong=${windows[kind] === null} key=${kind}
        onChange=${(spans) => setHours({ ...hours, [kind]: spans })} stop=${kind === "issuing" ? stop : null} />`)}
    </div>
    ${isWrong && html`<p class="notice notice--bad" role="alert">${t("hoursWrong")}</p>`}
    <${Reason} ready=${REASONS.hours} value=${reason} onChange=${setReason} />
  <//>`;
}

function Spans({ kind, spans, isWrong, onChange, stop }) {
  const put = (i, change) => onChange(spans.map((span, at) => (at === i ? { ...span, ...change } : span)));
  const box = (span, i, side, label) => html`<input class="input hours__time" inputmode="numeric" maxlength="5" autocomplete="off" aria-label=${`${t(`${kind}Hours`)} ${i + 1}: ${label}`}
    name=${`${kind}-${i}-${side}`} value=${span[side]} aria-invalid=${isWrong} onInput=${(event) => put(i, { [side]: event.target.value })} />`;
  return html`<fieldset class="hours__kind">
    <legend class="label">${t(`${kind}Hours`)}</legend>
    ${spans.length === 0 && html`<p class="quiet">${t("noSpan")}</p>`}
    ${spans.map((span, i) => html`<div class="hours__span" key=${i}>
      ${box(span, i, "from", t("from"))} <span>${t("to")}</span> ${box(span, i, "to", t("to"))}
      <button class="button button--quiet hours__remove" type="button" aria-label=${t("removeSpan", { n: i + 1 })} onClick=${() => onChange(spans.filter((_, at) => at !== i))}>✕</button>
    </div>`)}
    <div class="hours__more">
      ${spans.length < MOST_SPANS && html`<button class="button button--quiet" type="button" onClick=${() => onChange([...spans, { from: "", to: "" }])}>+ ${t("addSpan")}</button>`}
      ${stop && spans.length > 0 && html`<button class="button button--quiet" type="button" onClick=${stop}>${t("stopIssuing")}</button>`}
    </div>
  </fieldset>`;
}
