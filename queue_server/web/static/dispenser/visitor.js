/** Whoever stands there with an identity card: what it says for them, and the number that they have already. */

import { html } from "../vendor/preact-htm.js";
import { classBy, scanned } from "./cards.js";
import { Icon, LaySo, name, say, TicketNumber } from "./parts.js";

/** A card is kept for this visit only; its number is shown nowhere. */
export const STRANGER = { card: null, owned: null, isClaimed: false };

/** What a scan is for: `on.card(card)`, `on.dossier(code)`, or `on.unknown()`. */
export function read(text, on) {
  const found = scanned(text);
  if (found.kind === "card") {
    on.card(found);
  } else if (found.kind === "dossier") {
    on.dossier(found.code);
  } else {
    on.unknown();
  }
}

/** The class that the card shows on this day. */
export const shownClass = (card, classes, now) => classBy(card, classes, LaySo.date(now));

/** Whether the class that is chosen is the one that the card shows. */
export function isProven(state, view) {
  return state.priority !== null && state.priority === shownClass(state.card, view.classes, view.now);
}

/** Whether the number would run as an ordinary one until staff have confirmed the class. */
export const isClaim = (state, view) => state.priority !== null && view.confirms && !isProven(state, view);

/** What `issue` is told of them. */
export function asked(state, view) {
  return { identity: state.card?.number ?? null, proof: isProven(state, view) ? "card" : null };
}

/** They have a number in this field: large, with where it is, and its paper once more. */
export function Owned({ state, view, on }) {
  const { number, state: now, counter, isAsked } = state.owned;
  const row = view.board.fields[state.field];
  return html`<section class="calm owned" data-owned=${number}>
    <h1>${say("owned")}</h1>
    <p class="ticket__number"><${TicketNumber} number=${number} /></p>
    <p class="calm__lead"><strong>${name(row?.name)}</strong></p>
    <p class="calm__lead" role="status">${say(isAsked ? "ownedPaper" : counter && now !== "held" ? "ownedAt" : now === "held" ? "ownedHeld" : "ownedWaits", { counter })}</p>
    <div class="calm__buttons">
      ${state.hasPrinter && !isAsked && html`<button class="button button--big" type="button" data-key="again" aria-busy=${state.isBusy ? "true" : null} onClick=${on.again}><${Icon} of="down" />${say("paperAgain")}</button>`}
      <button class="button button--big button--primary" type="button" data-key="home" onClick=${on.home}>${say("toStart")}</button>
    </div>
  </section>`;
}
