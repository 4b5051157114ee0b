/** What a supervisor may change, each in a dialog that says what it does to people. */
import { countersText } from "../dispenser/rules.js";
import { html, useState } from "../vendor/preact-htm.js";
import { AdviceDialog } from "./advice.js";
import { CounterDialog, EndServiceDialog, PickDialog } from "./counter.js";
import { RevokeDialog } from "./devices.js";
import { HandDialog, MoveDialog } from "./hand.js";
import { HoursDialog } from "./hours_dialog.js";
import { NoticeDialog, NoticeRemoveDialog, NoticeUrgentDialog } from "./notice_dialogs.js";
import { Dialog, Reason } from "./parts.js";
import { PictureDialog } from "./picture.js";
import { REASONS, t } from "./texts.js";
import { countersOf, tally } from "./view.js";

const fieldName = (model, code) => LaySo.name(model.board.fields[code].name);

/** A field: stop or go on giving numbers, other hours, and who takes it. */
function FieldDialog(props) {
  const { model, about, open, command, isLive } = props;
  const row = model.board.fields[about.code];
  const name = LaySo.name(row.name);
  const counters = Object.values(model.board.counters);
  const takes = counters.filter((counter) => counter.fields.includes(row.code));
  const helps = counters.filter((counter) => (model.people.helps[counter.no] || []).includes(row.code));
  const list = (some) => countersText(some.map((counter) => counter.no));
  const resume = () => command("unsuspend", { branch: model.branch, field: row.code }, t("unsuspended", { field: name }));
  return html`<${Dialog} ...${props} title=${name}>
    ${row.suspended && html`<p class="notice notice--warn">${t("unsuspendHint", { time: LaySo.time(row.suspended_at), reason: LaySo.name(row.suspended) })}</p>`}
    <div class="choices">
      ${row.suspended
        ? html`<button class="button button--primary" type="button" disabled=${!isLive} aria-busy=${model.isBusy} onClick=${resume}>${t("unsuspend")}</button>`
        : html`<button class="button" type="button" onClick=${() => open("suspend", about)}>${t("suspend")}</button>`}
      <button class="button" type="button" onClick=${() => open("hours", { field: row.code })}>${t("changeHours")}</button>
      <button class="button" type="button" onClick=${() => open("pick", about)}>${t("assignCounter")}</button>
    </div>
    <p class="quiet">${t("fieldCounters")}: ${[list(takes) || t("none"), helps.length > 0 && t("helping", { list: list(helps) })].filter(Boolean).join(" · ")}</p>
  <//>`;
}

function SuspendDialog(props) {
  const { model, about, command } = props;
  const [reason, setReason] = useState({ vi: "", en: "" });
  const field = fieldName(model, about.code);
  const confirm = () => command("suspend", { branch: model.branch, field: about.code, reason }, t("suspended", { field }));
  return html`<${Dialog} ...${props} title=${t("suspendTitle", { field })} words=${t("suspend")} confirm=${confirm} isOff=${!reason.vi.trim()}>
    <p class="dialog__text">${t("suspendHint")}</p>
    <${Reason} ready=${REASONS.suspend} value=${reason} onChange=${setReason} />
  <//>`;
}

/** The end of the day: who is left, and what becomes of them. */
function EndDayDialog(props) {
  const { model, command } = props;
  const { live, board } = model;
  const [leftovers, setLeftovers] = useState(null);
  const [reason, setReason] = useState("");
  const left = live.waiting + live.called + live.held;
  const { open, paused } = tally(countersOf(board));
  const date = board.day.today.date.split("-").reverse().join("/");
  const confirm = () => command("end-day", { branch: model.branch, leftovers: left ? leftovers : "expire", reason }, t("dayEnded"));
  const option = (value, hint) => html`<label class="option">
    <input type="radio" name="leftovers" value=${value} checked=${leftovers === value} onChange=${() => setLeftovers(value)} />
    <span><strong>${t(value)}</strong><span class="option__hint">${hint}</span></span>
  </label>`;
  return html`<${Dialog} ...${props} title=${t("endDayTitle", { date })} words=${t("endDay")} confirm=${confirm} isDanger isOff=${left > 0 && leftovers === null}>
    <p class="notice notice--warn">${t("endDayWarn")}</p>
    <ul class="facts" data-preview>
      <li>${left ? t("endLive", { n: left, waiting: live.waiting, called: live.called, held: live.held }) : t("endNobody")}</li>
      ${live.serving > 0 && html`<li>${t("endServing", { n: live.serving })}</li>`}
      ${open + paused > 0 && html`<li>${t("endCounters", { n: open + paused })}</li>`}
    </ul>
    ${left > 0 && html`<fieldset class="options">
      <legend class="label">${t("leftovers")}</legend>
      ${option("rebook", t("rebookHint", { n: left, from: rebookFrom(model) }))}
      ${option("expire", t("expireHint", { n: left }))}
    </fieldset>`}
    <label class="label" for="end-reason">${t("endReason")}</label>
    <input class="input" id="end-reason" maxlength="200" value=${reason} onInput=${(event) => setReason(event.target.value)} />
  <//>`;
}

/** The first day on which a field with people left works again, in brackets. */
function rebookFrom(model) {
  const days = Object.values(model.board.fields)
    .filter((row) => row.returns_at && model.live.fields[row.code] && model.live.fields[row.code].waiting > 0)
    .map((row) => row.returns_at)
    .sort();
  return days.length > 0 ? t("rebookFrom", { date: LaySo.date(days[0]) }) : "";
}

export const DIALOGS = {
  advice: AdviceDialog,
  field: FieldDialog,
  suspend: SuspendDialog,
  hours: HoursDialog,
  counter: CounterDialog,
  endService: EndServiceDialog,
  hand: HandDialog,
  move: MoveDialog,
  pick: PickDialog,
  endDay: EndDayDialog,
  revoke: RevokeDialog,
  picture: PictureDialog,
  notice: NoticeDialog,
  noticeUrgent: NoticeUrgentDialog,
  noticeRemove: NoticeRemoveDialog,
};
