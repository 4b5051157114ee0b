/** A quiet call for somebody: nobody before the counter reads what it means, and nothing sounds. */
import { html } from "../vendor/preact-htm.js";
import { Key } from "./parts.js";
import { clerkName } from "./sheets.js";
import { t } from "./texts.js";
import { alarmOf } from "./view.js";

export function Alarm({ model, desk, now, isLive, press }) {
  const state = alarmOf(desk.row, now);
  const words = state === "coming" ? t("alarm.coming", { name: clerkName(model, desk.row.alarm.answered_by) }) : t(state ? `alarm.${state}` : "alarm");
  const isOff = !isLive || !desk.can.alarm || model.busy !== null;
  return html`<button class=${`button alarm${state ? ` alarm--${state}` : ""}`} type="button" data-action="alarm" disabled=${isOff}
    title=${t("alarm.hint")} onClick=${() => press("alarm")}><span role="status">${words}</span> <${Key} name=${model.keys.alarm} /></button>`;
}
