/**
 * What may be taken back, and until when. The list is pure; it is kept in this browser, so that a reload and a second
 * tab of the same clerk show the same.
 *
 * @typedef {{ticket: string, number: string, did: string, until: string}} Deed
 * @typedef {{done: Deed} | {without: string}} Change
 */

/** @param {Deed[]} deeds @param {Change} change */
export function changed(deeds, change) {
  return "done" in change ? done(deeds, change.done) : without(deeds, change.without);
}

/**
 * The list with one more deed, in the order in which they were done, whichever tab hears of it first; of each ticket only
 * its last change can be taken back.
 */
export function done(deeds, deed) {
  const isOld = deeds.some((other) => other.ticket === deed.ticket && other.until > deed.until);
  const all = isOld ? deeds : [...without(deeds, deed.ticket), deed];
  return [...all].sort((one, other) => (one.until < other.until ? -1 : one.until > other.until ? 1 : 0));
}

/** @param {Deed[]} deeds @param {string} ticket */
export function without(deeds, ticket) {
  return deeds.filter((deed) => deed.ticket !== ticket);
}

/**
 * The deed that "undo" would take back now, or null. What the channel knows about the ticket in hand counts too: it may
 * have been done on another machine, or something may have happened to it since.
 * @param {Deed[]} deeds
 * @param {import("./view.js").DeskTicket | null} hand
 * @param {Date} now
 * @returns {Deed | null}
 */
export function undoable(deeds, hand, now) {
  const open = deeds.filter((deed) => new Date(deed.until) > now && isStillSo(deed, hand));
  const last = open[open.length - 1];
  if (last) {
    return last;
  }
  if (hand && hand.can_undo_until && new Date(hand.can_undo_until) > now) {
    return { ticket: hand.id, number: hand.number, did: "change", until: hand.can_undo_until };
  }
  return null;
}

function isStillSo(deed, hand) {
  return !hand || hand.id !== deed.ticket || hand.can_undo_until !== null;
}

/** Whole seconds that are left, never more than there ever were. @param {Deed} deed @param {Date} now @param {number} most */
export function secondsLeft(deed, now, most) {
  return Math.min(most, Math.max(0, Math.ceil((new Date(deed.until).getTime() - now.getTime()) / 1000)));
}

// -- kept in this browser ---------------------------------------------------------------------------------------------------

/** What is kept, by all tabs; null where nothing can be kept. @returns {Deed[] | null} */
export function load(key) {
  try {
    return JSON.parse(localStorage.getItem(key) || "[]");
  } catch {
    return null;
  }
}

export function save(key, deeds) {
  try {
    localStorage.setItem(key, JSON.stringify(deeds.slice(-8)));
  } catch {
    // A browser without storage undoes in this tab only.
  }
}

/**
 * Hear of the changes of this clerk's other tabs, and tell them of one's own. What is kept would not do for that: of two
 * tabs that read, change and save it at once, one would be forgotten.
 * @param {string} key @param {(change: Change) => void} onChange @returns {(change: Change) => void}
 */
export function sharing(key, onChange) {
  const channel = new BroadcastChannel(key);
  channel.addEventListener("message", (event) => onChange(event.data));
  return (change) => channel.postMessage(change);
}
