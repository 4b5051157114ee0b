/**
 * What the device shows, as pure functions: it sleeps, asks for a level, then perhaps for reasons, gives thanks, sleeps.
 *
 * state: {screen, visit, level, reasons, at} with `screen` one of "asleep", "levels", "reasons", "thanks"; `visit` is the
 * row that is asked about, `at` when somebody last touched it, or when it began, in ms.
 */

export const LEVELS = ["very_satisfied", "satisfied", "neutral", "dissatisfied"];
const LOWER = ["neutral", "dissatisfied"];
const COMMENT_MAX = 300;
const THANKS_MS = 6000;
export const AWAY_MS = 2000; // so long without the server, and it sleeps

export const ASLEEP = { screen: "asleep", visit: null, level: null, reasons: [], comment: "", isTyping: false, at: 0 };

/** A visit has ended at the counter, so long ago, or the one that had is no longer asked about (null). */
export function told(state, visit, ageMs, asksMs, now) {
  if (visit === null) {
    return state.screen === "thanks" ? state : ASLEEP;
  }
  const isSame = state.visit !== null && state.visit.ticket === visit.ticket && state.visit.at === visit.at;
  return isSame ? state : ageMs > asksMs ? { ...ASLEEP, visit } : { ...ASLEEP, screen: "levels", visit, at: now };
}

/** After a level was pressed: reasons, where they are asked for, or thanks at once. */
export function chosen(state, level, asking, now) {
  const hasMore = asking.reasons.length > 0 || asking.takes_comments;
  const asks = hasMore && (asking.asks_all || LOWER.includes(level));
  return { ...state, level, screen: asks ? "reasons" : "thanks", at: now };
}

export function toggled(state, code, now) {
  const has = state.reasons.includes(code);
  return { ...state, reasons: has ? state.reasons.filter((each) => each !== code) : [...state.reasons, code], at: now };
}

export function typed(state, comment, now) {
  return { ...state, comment: comment.slice(0, COMMENT_MAX), at: now };
}

export function isLower(level) {
  return LOWER.includes(level);
}

/** What time makes of it: a level that was pressed counts, also when its citizen goes without naming reasons. */
export function passed(state, asksMs, now) {
  const spent = now - state.at;
  if (state.screen === "levels" && spent >= asksMs) {
    return { ...ASLEEP, visit: state.visit };
  }
  if (state.screen === "reasons" && spent >= asksMs) {
    return { ...state, screen: "thanks", at: now };
  }
  return state.screen === "thanks" && spent >= THANKS_MS ? { ...ASLEEP, visit: state.visit } : state;
}

/** The rating that must be told when the device goes from one state to the next; null when there is none. */
export function toSend(before, after) {
  const isBack = after.visit === before.visit && ["reasons", "levels"].includes(after.screen);
  const isLeft = before.screen === "reasons" && !isBack;
  const isAtOnce = before.screen === "levels" && after.screen === "thanks";
  const said = isLeft ? before : isAtOnce ? after : null;
  return said && { ticket: said.visit.ticket, level: said.level, reasons: said.reasons, ...(said.comment.trim() ? { comment: said.comment.trim() } : {}) };
}
