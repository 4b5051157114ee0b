/** The screens of an appointment slip: its code on large keys, and a result that is not there yet. */

import { html } from "../vendor/preact-htm.js";
import { Icon, say } from "./parts.js";
import { focusOnce, Keys } from "./search.js";
import { MOST_LETTERS } from "./slips.js";
import { notReady } from "./standing.js";

export function SlipCode({ state, on }) {
  const { slip } = state;
  return html`<section class="search slip">
    <div class="search__title">
      <button class="button home__back" type="button" data-key="back" onClick=${on.back}><${Icon} of="back" />${say("back")}</button>
      <h1><label for="slip">${say("slipCode")}</label></h1>
    </div>
    <input class="search__query" id="slip" type="text" inputmode="none" autocomplete="off" spellcheck=${false} maxlength=${MOST_LETTERS}
      placeholder=${say("slipExample")} value=${slip.typed} onInput=${(event) => on.slipTyped(event.target.value)} onKeyDown=${(event) => event.key === "Enter" && on.slipFind()} ref=${focusOnce} />
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
  const { isOverdue, words } = notReady(state, view);
  return html`<section class="calm" data-slip="not-ready">
    <span class="calm__sign"><${Icon} of="clock" /></span>
    <h1>${words.heading}</h1>
    ${words.agency && html`<p class="calm__lead">${words.agency}</p>`}
    <p class="calm__lead"><strong>${words.due}</strong></p>
    <div class="calm__buttons">
      <button class="button button--big ${isOverdue ? "" : "button--primary"}" type="button" data-key="home" onClick=${on.home}>${say("toStart")}</button>
      <button class="button button--big ${isOverdue ? "button--primary" : ""}" type="button" data-key="ask" onClick=${on.slipAsk}>${say("askAnyway")}</button>
    </div>
  </section>`;
}
