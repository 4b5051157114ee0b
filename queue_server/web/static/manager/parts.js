/** Small parts that several views use. */
import { html, useLayoutEffect, useRef } from "../vendor/preact-htm.js";
import { t } from "./texts.js";

/** "12 phút", "1 giờ 05"; calm, without seconds. */
export function minutes(seconds) {
  const whole = Math.floor(seconds / 60);
  if (whole < 1) {
    return t("underMinute");
  }
  return whole < 60 ? t("minutes", { n: whole }) : t("hours", { h: Math.floor(whole / 60), m: String(whole % 60).padStart(2, "0") });
}

/** "A 012" */
export const spaced = (number) => LaySo.numberParts(number).filter(Boolean).join(" ");

/** "07:30–11:30, 13:00–17:00"; "cả ngày" for 24 hours, which would read as none. */
export function spans(list) {
  const words = ({ start, end }) => (LaySo.time(start) === LaySo.time(end) ? t("allDay") : `${LaySo.time(start)}–${LaySo.time(end)}`);
  return list.map(words).join(", ");
}

/** "09:41", with the date when it is not today's. */
export function moment(at, now) {
  const day = LaySo.date(at);
  return day === LaySo.date(now) ? LaySo.time(at) : `${LaySo.time(at)} ${day}`;
}

/**
 * A modal <dialog>: title, content, the button that confirms it and the one that does not. `confirm` null: it only
 * closes. Escape closes; nothing closes while its work is under way.
 */
export function Dialog({ title, children, model, isLive, close, confirm, words, isDanger, isOff, isWide }) {
  const element = useRef(null);
  useLayoutEffect(() => {
    element.current.showModal();
    const first = element.current.querySelector("[data-first]") || element.current.querySelector("#dialog-title");
    first.focus();
  }, []);
  const leave = () => !model.isBusy && close();
  const submit = (event) => {
    event.preventDefault();
    if (confirm && isLive && !isOff && !model.isBusy) {
      confirm();
    }
  };
  return html`<dialog class=${`dialog${isWide ? " dialog--wide" : ""}`} aria-labelledby="dialog-title" ref=${element}
    onCancel=${(event) => {
      event.preventDefault();
      leave();
    }}>
    <form onSubmit=${submit} novalidate>
      <h2 class="dialog__title" id="dialog-title" tabindex="-1">${title}</h2>
      ${children}
      <p class="notice notice--bad problem" role="alert" hidden=${!model.problem}>${model.problem}</p>
      <div class="dialog__foot">
        <button class="button" type="button" onClick=${leave} disabled=${model.isBusy} data-first=${isDanger || !confirm || null}>${t(confirm ? "cancel" : "close")}</button>
        ${confirm && html`<button class=${`button ${isDanger ? "button--danger" : "button--primary"}`} type="submit" data-confirm
          disabled=${!isLive || isOff} aria-busy=${model.isBusy}>${words}</button>`}
      </div>
    </form>
  </dialog>`;
}

/** A reason that citizens read: ready ones to press, or one's own words, in both languages. */
export function Reason({ ready, value, onChange }) {
  const isReady = (each) => each.vi === value.vi && each.en === value.en;
  return html`<fieldset class="reason">
    <legend class="label">${t("reason")}</legend>
    <div class="chips">
      ${ready.map((each) => html`<button class="chip" type="button" aria-pressed=${isReady(each)} onClick=${() => onChange(each)}>${LaySo.name(each)}</button>`)}
    </div>
    <input class="input" name="reason" maxlength="200" aria-label=${t("reason")} value=${value.vi} data-first
      onInput=${(event) => onChange({ ...value, vi: event.target.value })} />
    <label class="label small" for="reason-en">${t("reasonEn")}</label>
    <input class="input" id="reason-en" name="reason_en" maxlength="200" lang="en" value=${value.en}
      onInput=${(event) => onChange({ ...value, en: event.target.value })} />
  </fieldset>`;
}
