/** A dialog out of a sheet's data. By mouse, by Tab and arrows, or by numeric keypad alone. */
import { html, useLayoutEffect, useRef } from "../vendor/preact-htm.js";
import { keyOf } from "./keys.js";
import { Key, TicketNumber } from "./parts.js";
import { SHEETS } from "./sheets.js";
import { t } from "./texts.js";
import { typedOn } from "./view.js";

const COUNT_MAX = 500;

/** A modal <dialog> that focuses what has `data-first` "true", and closes on Escape by `onClose`. */
export function Modal({ label, children, onClose, onKeyDown, className = "" }) {
  const element = useRef(null);
  useLayoutEffect(() => {
    element.current.showModal();
    element.current.querySelector("[data-first=true]")?.focus();
  }, []);
  return html`<dialog class=${`dialog ${className}`} aria-label=${label} ref=${element} onKeyDown=${onKeyDown}
    onCancel=${(event) => {
      event.preventDefault();
      onClose();
    }}>${children}</dialog>`;
}

export function SheetDialog({ model, desk, set, closeSheet, confirm, isLive }) {
  const { name, values, problem } = model.sheet;
  const sheet = SHEETS[name]({ model, desk, values });
  const typed = useRef("");
  const choose = (group, value) => set({ sheet: { ...model.sheet, values: { ...values, [group.key]: value }, problem: null } });
  const isBusy = model.busy === "sheet";
  const canConfirm = isLive && sheet.command !== null;
  const onKeyDown = (event) => onSheetKey(event, { sheet, choose, closeSheet, confirm: () => canConfirm && confirm(), typed });
  return html`<${Modal} label=${sheet.title} onClose=${closeSheet} onKeyDown=${onKeyDown} className=${sheet.groups.length > 0 ? "sheet" : "sheet confirm"}>
    <div class="dialog__body">
    <h2 class="dialog__title">${sheet.title}</h2>
    ${sheet.text && html`<p class="sheet__text">${sheet.text}</p>`}
    ${sheet.groups.map((group, i) => html`<${Group} group=${group} choose=${choose} isFirst=${i === 0} key=${group.key} />`)}
    ${sheet.warning && html`<p class="sheet__warning notice notice--warn" role="status">${sheet.warning}</p>`}
    <p class="sheet__problem notice notice--bad" role="alert" hidden=${!problem}>${problem}</p>
    </div>
    <div class="dialog__foot">
      <button class="button" type="button" onClick=${closeSheet} disabled=${isBusy}>${t("cancelSheet")} <${Key} name="." /></button>
      <button class=${`button ${sheet.tone === "danger" ? "button--danger" : "button--primary"}`} type="button" data-confirm
        data-first=${sheet.groups.length === 0} disabled=${!canConfirm} aria-busy=${isBusy} onClick=${confirm}>
        ${isLive ? sheet.confirm : t("offline")} ${isLive && !isBusy && html`<${Key} name="Enter" />`}
      </button>
    </div>
  <//>`;
}

// -- groups -------------------------------------------------------------------------------------------------------------------

function Group({ group, choose, isFirst }) {
  return html`<div class="group" role=${group.kind === "choice" ? "radiogroup" : "group"} aria-label=${group.label} data-group=${group.key}>
    <p class="label">${group.label}</p>
    ${group.kind === "count"
      ? html`<${Count} group=${group} choose=${choose} isFirst=${isFirst} />`
      : html`<${Options} group=${group} choose=${choose} isFirst=${isFirst} />`}
  </div>`;
}

function Options({ group, choose, isFirst }) {
  if (group.options.length === 0) {
    return html`<p class="quiet">${group.empty}</p>`;
  }
  const chosen = group.options.findIndex((option) => option.value === group.value);
  const stop = Math.max(chosen, 0); // the one that Tab comes to
  return html`<div class="options">
    ${group.options.map((option, i) => html`<button class="option" type="button" role="radio" key=${option.value}
      aria-checked=${i === chosen} tabindex=${i === stop ? 0 : -1} disabled=${option.isOff} data-first=${isFirst && i === stop}
      data-value=${option.value} onClick=${() => choose(group, option.value)}>
      <${Key} name=${option.code} />
      <span class="option__words">
        ${option.number ? html`<${TicketNumber} number=${option.number} />` : html`<span>${option.label}</span>`}
        ${option.note && html`<span class="option__note">${option.note}</span>`}
      </span>
    </button>`)}
  </div>`;
}

function Count({ group, choose, isFirst }) {
  const to = (value) => choose(group, Math.min(COUNT_MAX, Math.max(1, value)));
  return html`<div class="count">
    <button class="button" type="button" tabindex="-1" aria-label="−1" disabled=${group.value <= 1} onClick=${() => to(group.value - 1)}>−</button>
    <output class="count__value figures" tabindex="0" role="spinbutton" aria-label=${group.label} aria-valuenow=${group.value}
      aria-valuemin="1" aria-valuemax=${COUNT_MAX} data-first=${isFirst}>${group.value}</output>
    <button class="button" type="button" tabindex="-1" aria-label="+1" onClick=${() => to(group.value + 1)}>+</button>
  </div>`;
}

// -- keys -----------------------------------------------------------------------------------------------------------------------

const NEXT = { "+": 1, ArrowDown: 1, ArrowRight: 1, "-": -1, ArrowUp: -1, ArrowLeft: -1 };

/** Digits choose, + and − step, * goes to the next group, Enter confirms, "." goes back. */
function onSheetKey(event, { sheet, choose, closeSheet, confirm, typed }) {
  if (event.ctrlKey || event.altKey || event.metaKey) {
    return;
  }
  const key = keyOf(event);
  const group = groupInFocus(event.currentTarget, sheet);
  const isOnFoot = event.target.closest(".dialog__foot") !== null;
  if (key === "Enter" && isOnFoot && event.code !== "NumpadEnter") {
    return;
  }
  const act = {
    Enter: () => !event.repeat && confirm(),
    ".": () => closeSheet(),
    "*": () => focusNext(event.currentTarget, sheet, group),
  }[key];
  if (act) {
    act();
  } else if (group && key in NEXT) {
    stepIn(group, NEXT[key], choose);
    focusChosen(event.currentTarget, group);
  } else if (group && /^[0-9]$/.test(key)) {
    typeIn(group, key, choose, typed);
    focusChosen(event.currentTarget, group);
  } else {
    return;
  }
  event.preventDefault();
}

function groupInFocus(dialog, sheet) {
  const inFocus = dialog.querySelector(":focus")?.closest("[data-group]");
  return sheet.groups.find((group) => inFocus && group.key === inFocus.dataset.group) || sheet.groups[0];
}

function focusNext(dialog, sheet, group) {
  const following = sheet.groups[(sheet.groups.indexOf(group) + 1) % sheet.groups.length];
  if (following) {
    focusChosen(dialog, following);
  }
}

function focusChosen(dialog, group) {
  dialog.querySelector(`[data-group="${group.key}"] [tabindex="0"]`)?.focus();
}

function stepIn(group, by, choose) {
  if (group.kind === "count") {
    choose(group, Math.min(COUNT_MAX, Math.max(1, group.value + by)));
    return;
  }
  const usable = group.options.filter((option) => !option.isOff);
  if (usable.length > 0) {
    const at = usable.findIndex((option) => option.value === group.value);
    choose(group, usable[(at + by + usable.length) % usable.length].value);
  }
}

function typeIn(group, digit, choose, typed) {
  if (group.kind === "count") {
    typed.current = typed.group === group.key ? typed.current + digit : digit;
    typed.group = group.key;
    choose(group, Math.min(COUNT_MAX, Math.max(1, Number(typed.current))));
    return;
  }
  const usable = group.options.filter((option) => !option.isOff);
  typed.current = typedOn(typed.group === group.key ? typed.current : "", digit, usable.map((option) => option.code));
  typed.group = group.key;
  const found = usable.find((option) => option.code === typed.current);
  if (found) {
    choose(group, found.value);
  }
}

// -- a number just given ----------------------------------------------------------------------------------------------------------

export function Issued({ model, closeSheet }) {
  const { issued } = model;
  const onKeyDown = (event) => {
    if (["Enter", "."].includes(keyOf(event)) && !event.repeat) {
      event.preventDefault();
      closeSheet();
    }
  };
  return html`<${Modal} label=${t("issue.done")} onClose=${closeSheet} onKeyDown=${onKeyDown} className="issued">
    <div class="dialog__body">
    <h2 class="dialog__title">${t("issue.done")}</h2>
    <p class="issued__number"><${TicketNumber} number=${issued.number} /></p>
    <p>${t("issue.ahead", { n: issued.people_ahead })}</p>
    <p class="quiet">${t("issue.tell")}</p>
    </div>
    <div class="dialog__foot">
      <button class="button button--primary" type="button" data-first onClick=${closeSheet}>${t("help.close")} <${Key} name="Enter" /></button>
    </div>
  <//>`;
}
