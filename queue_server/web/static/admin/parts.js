/** Parts of the pages of staff and accounts. */
import { html, useLayoutEffect, useRef, useState } from "../vendor/preact-htm.js";
import { t } from "./texts.js";

/** "09:41 29/11/2026" of seconds since the epoch. */
export function moment(seconds) {
  const at = new Date(seconds * 1000).toISOString();
  return `${LaySo.time(at)} ${LaySo.date(at)}`;
}

/** "2026-11-29" the Vietnamese way. */
export const dayOf = (iso) => iso.split("-").reverse().join("/");

export const daysOf = (posting) => `${dayOf(posting.first_day)} – ${dayOf(posting.last_day)}`;

/** A field with its label; `hint` says what it takes. */
export function Field({ id, label, hint, children }) {
  return html`<div>
    <label class="label" for=${id}>${label}</label>
    ${children}
    ${hint && html`<p class="quiet small" id=${`${id}-hint`}>${hint}</p>`}
  </div>`;
}

export function Choice({ id, label, hint, value, options, onChange, isOff }) {
  return html`<${Field} id=${id} label=${label} hint=${hint}>
    <select class="input" id=${id} value=${value} disabled=${isOff} aria-describedby=${hint ? `${id}-hint` : null} onChange=${(event) => onChange(event.target.value)}>
      ${options.map(([key, words]) => html`<option value=${key} selected=${key === value}>${words}</option>`)}
    </select>
  <//>`;
}

export function Text({ id, label, hint, value, onChange, ...more }) {
  return html`<${Field} id=${id} label=${label} hint=${hint}>
    <input class="input" id=${id} value=${value} aria-describedby=${hint ? `${id}-hint` : null} onInput=${(event) => onChange(event.target.value)} ...${more} />
  <//>`;
}

/** A day the Vietnamese way, dd/mm/yyyy, whatever the browser's own habit; ISO outside, "" while it is none. */
export function Day({ value, onChange, ...more }) {
  const [text, setText] = useState(value && dayOf(value));
  const type = (typed) => {
    setText(typed);
    onChange(isoOf(typed));
  };
  return html`<${Text} ...${more} value=${text} onChange=${type} placeholder=${t("dayForm")} maxlength="10" inputmode="numeric" autocomplete="off" aria-invalid=${text !== "" && isoOf(text) === ""} />`;
}

/** "1/12/2026" → "2026-12-01"; "" for what is no day. */
export function isoOf(text) {
  const found = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/.exec(text.trim());
  const iso = found ? `${found[3]}-${found[2].padStart(2, "0")}-${found[1].padStart(2, "0")}` : "";
  const at = new Date(`${iso}T00:00:00Z`);
  return iso && !Number.isNaN(at.getTime()) && at.toISOString().startsWith(iso) ? iso : "";
}

/** Something that is shown once: large, to be copied by hand or marked whole by a press. */
export function Secret({ label, hint, value }) {
  const mark = (event) => event.currentTarget.select();
  return html`<div class="secret">
    <label class="label" for="secret">${label}</label>
    <input class="input secret__value" id="secret" readonly value=${value} onFocus=${mark} data-first />
    <p class="notice notice--warn">${hint}</p>
  </div>`;
}

/** A modal dialog: what it says, what it does (`confirm`), and the way out. */
export function Dialog({ title, children, model, close, confirm, words, isDanger, isOff, isWide }) {
  const element = useRef(null);
  useLayoutEffect(() => {
    element.current.showModal();
    const first = element.current.querySelector("[data-first]") || element.current.querySelector("#dialog-title");
    first.focus();
  }, []);
  const leave = () => !model.isBusy && close();
  const submit = (event) => {
    event.preventDefault();
    if (confirm && !isOff && !model.isBusy) {
      confirm();
    }
  };
  const cancel = (event) => {
    event.preventDefault();
    leave();
  };
  return html`<dialog class=${`dialog${isWide ? " dialog--wide" : ""}`} aria-labelledby="dialog-title" ref=${element} onCancel=${cancel}>
    <form onSubmit=${submit} novalidate>
      <h2 class="dialog__title" id="dialog-title" tabindex="-1">${title}</h2>
      ${children}
      <p class="notice notice--bad" role="alert" hidden=${!model.problem}>${model.problem}</p>
      <div class="dialog__foot">
        <button class="button" type="button" onClick=${leave} disabled=${model.isBusy}>${t(confirm ? "cancel" : "close")}</button>
        ${confirm && html`<button class=${`button ${isDanger ? "button--danger" : "button--primary"}`} type="submit" data-confirm disabled=${isOff} aria-busy=${model.isBusy}>${words}</button>`}
      </div>
    </form>
  </dialog>`;
}

export function Sessions({ sessions, children }) {
  if (sessions.length === 0) {
    return html`<p class="quiet">${t("noSessions")}</p>`;
  }
  return html`<ul class="sessions">
    ${sessions.map((session) => html`<li class="session" key=${session.id} data-session=${session.id}>
      <div><strong>${session.browser || t("unknownBrowser")}</strong>
        <p class="quiet small">${t("since", { time: moment(session.created_at) })} · ${t("usedAt", { time: moment(session.used_at) })}</p></div>
      ${children && children(session)}
    </li>`)}
  </ul>`;
}
