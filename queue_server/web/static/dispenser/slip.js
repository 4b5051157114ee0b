/** The screens of an appointment slip: its code on large keys, and a result that is not there yet. */

import { html } from "../vendor/preact-htm.js";
import { dayAndTime, Icon, name, say } from "./parts.js";
import { focusOnce, Keys } from "./search.js";
import { MOST_LETTERS } from "./slips.js";

export function SlipCode({ state, on }) {
  const { slip } = state;
  return html`<section class="search slip">
    <div class="search__title">
      <button class="button home__back" type="button" data-key="back" onClick=${on.back}><${Icon} of="back" />${say("back")}</button>
      <h1><label for="slip">${say("slipCode")}</label></h1>
    </div>
    <input class="search__query" id="slip" type="text" inputmode="none" autocomplete="off" spellcheck=${false} maxlength=${MOST_LETTERS}
      placeholder=${say("slipExample")} value=${slip.typed} onInput=${(event) => on.slipType(event.target.value)} onKeyDown=${(event) => event.key === "Enter" && on.slipFind()} ref=${focusOnce} />
    <div class="search__found">
      <p class="${slip.said && slip.said !== "asking" ? "notice notice--warn" : "search__said"}" role="status" data-slip=${slip.said ?? "typing"}>${say(SAID[slip.said] ?? "slipHow", { code: slip.typed })}</p>
      <button class="button button--big search__unknown" type="button" data-key="by-hand" onClick=${on.home}>${say("slipByHand")}</button>
    </div>
    <${Keys} query=${slip.typed} on=${{ type: on.slipType }}>
      <button class="key key--sign" type="button" data-letter="." onClick=${() => on.slipType(`${slip.typed}.`)}>.</button>
      <button class="key key--sign" type="button" data-letter="-" onClick=${() => on.slipType(`${slip.typed}-`)}>-</button>
      <button class="key key--find" type="button" data-key="find" disabled=${!slip.typed || slip.said === "asking"} onClick=${on.slipFind}>${say("slipFind")}</button>
    </${Keys}>
  </section>`;
}

const SAID = { asking: "slipAsking", unknown: "slipUnknown", wrong: "slipWrong", failed: "slipFailed" };

/** Told before a number is drawn, and when to come; who wants to ask may still take one. */
export function NotReady({ state, view, on }) {
  const { due_at: due, agency } = state.slip.found;
  const isOverdue = due !== null && new Date(due) < view.now;
  const when = due && say("at", dayAndTime(due));
  return html`<section class="calm" data-slip="not-ready">
    <span class="calm__sign"><${Icon} of="clock" /></span>
    <h1>${say("notReady")}</h1>
    ${view.agencies[agency] && html`<p class="calm__lead">${name(view.agencies[agency])}</p>`}
    <p class="calm__lead"><strong>${say(isOverdue ? "overdue" : due ? "dueAt" : "dueAsPrinted", { when })}</strong></p>
    <div class="calm__buttons">
      <button class="button button--big ${isOverdue ? "" : "button--primary"}" type="button" data-key="home" onClick=${on.home}>${say("toStart")}</button>
      <button class="button button--big ${isOverdue ? "button--primary" : ""}" type="button" data-key="ask" onClick=${on.slipAsk}>${say("askAnyway")}</button>
    </div>
  </section>`;
}

/** What the slip says of the number that may be taken now, and how long that takes; null for a number that is not for it. */
export function slipNote(state) {
  const found = state.slip?.found;
  if (!found || found.field !== state.field || found.state === "not-ready") {
    return null;
  }
  const key = found.state === "supplement" ? "slipSupplement" : "slipReady";
  return { words: found.counter ? say(`${key}At`, { no: found.counter }) : say(key), wait: found.counter ? found.wait : null };
}
