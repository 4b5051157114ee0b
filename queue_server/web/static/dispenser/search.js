/** Procedures found by what people call them: an input, large keys, and what was found; each leads to its field. */

import { html } from "../vendor/preact-htm.js";
import { Icon, name, say, whyShut } from "./parts.js";
import { isOffered } from "./rules.js";
import { MOST_LETTERS } from "./seeking.js";

const ROWS = ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"];

export function Search({ state, view, on }) {
  const { seek } = state;
  const found = (seek.answer?.procedures ?? []).filter((each) => view.board.fields[each.field]);
  return html`<section class="search">
    <div class="search__title">
      <button class="button home__back" type="button" data-key="back" onClick=${on.back}><${Icon} of="back" />${say("back")}</button>
      <div>${seek.field && html`<p class="home__agency">${name(view.board.fields[seek.field].name)}</p>`}<h1><label for="query">${say(seek.field ? "chooseProcedure" : "search")}</label></h1></div>
    </div>
    <input class="search__query" id="query" type="text" inputmode="none" autocomplete="off" spellcheck=${false} maxlength=${MOST_LETTERS}
      placeholder=${say(seek.field ? "searchHow" : "searchExample")} value=${seek.query} onInput=${(event) => on.typed(event.target.value)} ref=${focusOnce} />
    <div class="search__found">
      <p class="search__said" role="status">${said(seek, found)}</p>
      <ul class="found">${found.map((each) => html`<li key=${`${each.code} ${each.name}`}><${Found} procedure=${each} isFieldKnown=${Boolean(seek.field)} view=${view} on=${on} /></li>`)}</ul>
      ${seek.field && html`<button class="button button--big search__unknown" type="button" data-key="unknown" onClick=${on.unknown}>${say("unknownProcedure")}</button>`}
    </div>
    <${Keys} query=${seek.query} on=${on} />
  </section>`;
}

/** Whoever has a real keyboard types at once. */
export function focusOnce(input) {
  if (input && !input.dataset.isFocused) {
    input.dataset.isFocused = "true";
    input.focus({ preventScroll: true });
  }
}

function said({ answer, field }, found) {
  if (!answer) {
    return say("searchHow");
  }
  const otherwise = { otherwise: say(field ? "chooseUnknown" : "chooseField") };
  if (!answer.procedures) {
    return say("searchFailed", otherwise);
  }
  if (!found.length) {
    return say(answer.query ? "foundNone" : "noneHere", { query: answer.query, ...otherwise });
  }
  return say(found.length === 1 ? "foundOne" : "found", { n: found.length });
}

/** The catalogue names procedures in Vietnamese only. */
function Found({ procedure, isFieldKnown, view, on }) {
  const row = view.board.fields[procedure.field];
  const offer = view.offer(row);
  const why = isOffered(offer) ? offer.kind === "priority" && say("onlyPriority") : whyShut(row, offer).join(" ");
  return html`<button class="found__one ${isOffered(offer) ? "" : "found__one--off"}" type="button" data-found=${procedure.field} data-state=${offer.kind} onClick=${() => on.procedure(procedure)}>
    <span class="found__name" lang="vi">${procedure.name}</span>
    ${!isFieldKnown && html`<span class="found__field">${name(row.name)}</span>`}
    ${why && html`<span class="found__why">${why}</span>`}
  </button>`;
}

/** Letters without diacritics are enough. A press does not take the place of typing from the input. The last keys are
    those of whoever uses them, a space otherwise. */
export function Keys({ query, on, children }) {
  const stay = (event) => event.preventDefault();
  const letter = (key) => html`<button class="key" type="button" key=${key} data-letter=${key} onClick=${() => on.type(query + key)}>${key.toUpperCase()}</button>`;
  return html`<div class="keys" role="group" aria-label=${say("keyboard")} onMouseDown=${stay}>
    ${ROWS.map((row) => html`${[...row].map(letter)}`)}
    <button class="key key--wide" type="button" data-letter="delete" disabled=${!query} onClick=${() => on.type(query.slice(0, -1))}><${Icon} of="back" />${say("keyDelete")}</button>
    <button class="key key--wide" type="button" data-letter="clear" disabled=${!query} onClick=${() => on.type("")}>${say("keyClear")}</button>
    ${children ?? html`<button class="key key--space" type="button" data-letter="space" onClick=${() => on.type(`${query} `)}>${say("keySpace")}</button>`}
  </div>`;
}
