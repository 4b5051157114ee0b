/** Whoever stands there with an identity card: what it says for them. Pure. */

import { classBy, scanned } from "./cards.js";
import { LaySo } from "./parts.js";

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
