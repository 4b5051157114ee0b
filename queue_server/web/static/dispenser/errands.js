/** What the pages show of a visit for several things. */

import { html } from "../vendor/preact-htm.js";
import { name, say } from "./parts.js";
import { addable } from "./visit.js";

/** On the page before the number: what comes after its field, and what was added. */
export function Errands({ state, view, on }) {
  const { fields } = view.board;
  const own = thenText(fields, fields[state.field].steps);
  if (!state.further.length && !own) {
    return null;
  }
  return html`<div class="errands">
    ${own && html`<p class="errand__name">${own}</p>`}
    ${state.further.map((code) => html`<div class="errand" key=${code} data-errand=${code}>
      <span class="errand__name">${say("thenField", { field: name(fields[code].name) })}</span>
      <button class="button errand__off" type="button" data-off=${code} disabled=${state.isBusy} onClick=${() => on.drop(code)}>${say("drop")}</button>
    </div>`)}
  </div>`;
}

/** A quiet key for one thing more, where anything can be added. */
export function AddErrand({ state, view, on }) {
  const canAdd = addable(view.fields, view.offer, [state.field, ...state.further]).length > 0;
  return canAdd && html`<button class="button button--big errands__add" type="button" data-key="add" disabled=${state.isBusy} onClick=${on.add}>${say("addErrand")}</button>`;
}

/** "Sau đó: Hộ tịch, Nộp phí", or null. */
export function thenText(fields, steps) {
  const names = steps.filter((code) => fields[code]).map((code) => name(fields[code].name));
  return names.length ? say("thenField", { field: names.join(", ") }) : null;
}
