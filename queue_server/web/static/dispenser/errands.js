/** What the pages show of a visit for several things. */

import { html } from "../vendor/preact-htm.js";
import { name, say } from "./parts.js";
import { addable } from "./visit.js";

/** On the page before the number: what comes after its field, and what was added. */
export function Errands({ state, view, on }) {
  const { own, further } = errandsOf(state, view.board.fields);
  if (!further.length && !own) {
    return null;
  }
  return html`<div class="errands">
    ${own && html`<p class="errand__name">${own}</p>`}
    ${further.map((words, i) => html`<div class="errand" key=${state.further[i]} data-errand=${state.further[i]}>
      <span class="errand__name">${words}</span>
      <button class="button errand__off" type="button" data-off=${state.further[i]} disabled=${state.isBusy} onClick=${() => on.drop(state.further[i])}>${say("drop")}</button>
    </div>`)}
  </div>`;
}

/** What comes after the field that was chosen: its own steps, and what was added, each. */
export function errandsOf(state, fields) {
  return { own: thenText(fields, fields[state.field].steps), further: state.further.map((code) => thenText(fields, [code])) };
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
