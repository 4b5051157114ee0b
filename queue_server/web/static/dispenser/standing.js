/**
 * What stands on the screens, for eyes and ears alike: pure functions of the page's state and of what the branch says.
 * Those that answer nothing but words have them in the order in which they are read; what is null does not stand there.
 */

import { thenText } from "./errands.js";
import { dayAndTime, ended, LaySo, name, say, when, whyShut } from "./parts.js";
import { countersOf, countersText, isOffered, refusalKey, UNSURE } from "./rules.js";
import { stepsOf } from "./visit.js";
import { isClaim, isProven } from "./visitor.js";

/** As sentences, one after the other. */
export const inOrder = (words) => Object.values(words).flat().filter(Boolean).map(ended);

export const down = () => ({ heading: say("seeHelper"), lineDown: say("lineDown"), kept: say("numbersKept") });

export const shut = (row, offer) => ({ heading: name(row.name), why: whyShut(row, offer) });

/**
 * The step before a number: `shut` where there is none now, else people ahead, their wait, the slip's `note`, and in
 * `next` the key of the one sentence that says what is to be done or known.
 */
export function confirm(state, view) {
  const row = view.board.fields[state.field];
  const live = view.live[state.field];
  const offer = view.offer(row);
  if (!isOffered(offer) && !state.isBusy) {
    return { row, offer, shut: shut(row, offer) };
  }
  const isOnlyPriority = offer.kind === "priority";
  const isUncounted = isClaim(state, view);
  const note = slipNote(state);
  const [ahead, wait] = state.priority && !isUncounted ? [live?.ahead_priority, live?.wait_priority] : [live?.ahead, note?.wait ?? live?.wait];
  const isLate = !isOnlyPriority && LaySo.wait(wait ?? null, row.working).isLate;
  const next = isLate ? "isLate" : isUncounted ? "claimed" : isProven(state, view) ? "proven" : isOnlyPriority ? "onlyPriority" : state.further.length ? "nextOfSeveral" : "next";
  const isCrowded = isOnlyPriority || LaySo.wait(live?.wait ?? null, row.working).isLate; // whatever is chosen, so that nothing moves
  return { row, shut: null, note: note?.words ?? null, ahead: ahead ?? 0, wait: wait ?? null, isLate, isOnlyPriority, isCrowded, next };
}

/** What the slip says of the number that may be taken now, and how long that takes; null for a number that is not for it. */
function slipNote(state) {
  const found = state.slip?.found;
  if (!found || found.field !== state.field || found.state === "not-ready") {
    return null;
  }
  const key = found.state === "supplement" ? "slipSupplement" : "slipReady";
  return { words: found.counter ? say(`${key}At`, { no: found.counter }) : say(key), wait: found.counter ? found.wait : null };
}

/** Beside the number itself and its facts. */
export function issued({ ticket, field, further, hasPrinter, isClaimed }, view) {
  const row = view.board.fields[field];
  const usual = countersText(countersOf(view.board, field));
  const at = ticket.only_counter ? say("atCounter", { no: ticket.only_counter }) : usual && say("counters", { list: usual });
  return {
    then: row ? thenText(view.board.fields, stepsOf(view.board.fields, [field, ...further])) : null,
    where: [at, row?.zone && say("zone", { zone: row.zone })].filter(Boolean).join(" · ") || null,
    paper: say(hasPrinter ? "paper" : "noPaper"),
    claimed: isClaimed ? say("claimedNumber") : null,
    listen: say("listen")
  };
}

/** No number: `shut` where the field gives none any more, else why. */
export function refused({ field, problem }, view) {
  const row = view.board.fields?.[problem.data?.field ?? field];
  const isUnsure = UNSURE.includes(problem.code);
  const offer = row && view.offer(row);
  if (offer && !isOffered(offer) && !isUnsure) {
    return { row, offer, shut: shut(row, offer) };
  }
  const values = { field: row ? name(row.name) : "", when: problem.data?.opens_at ? when(problem.data.opens_at) : say("nextDay") };
  return { shut: null, isUnsure, heading: say(isUnsure ? "unsure" : "notIssued"), why: isUnsure ? say("unsureHow") : say(refusalKey(problem.code), values) };
}

export const elsewhere = ({ there }) => ({ heading: say("goThere", { name: name(there.name) }), address: name(there.address) || null, way: say("fromHere", { way: LaySo.wayThere(there) }), noNumber: say("noNumberHere") });

export function owned({ owned: { counter, state, isAsked }, field }, view) {
  const key = isAsked ? "ownedPaper" : state === "held" ? "ownedHeld" : counter ? "ownedAt" : "ownedWaits";
  return { heading: say("owned"), field: name(view.board.fields[field]?.name) || null, where: say(key, { counter }) };
}

const span = ({ start, end }) => `${LaySo.time(start)}–${LaySo.time(end)}`;

/** `at`: when the field gives numbers again, in parts; its words are in `from`. */
export function anotherDay({ field, nextDay }, view) {
  const row = view.board.fields[field];
  const at = row.returns_at && dayAndTime(row.returns_at);
  const words = {
    heading: say("noNumberTaken"),
    from: at ? `${say("fieldFrom", { field: name(row.name) })} ${say("at", at)}` : say("backNextDay"),
    working: nextDay?.working.length ? say("workingThen", { hours: nextDay.working.map(span).join(", ") }) : null,
    quiet: nextDay?.quiet ? say("quiet", { from: LaySo.time(nextDay.quiet.start), to: LaySo.time(nextDay.quiet.end) }) : null
  };
  return { row, at, words };
}

export function notReady({ slip: { found: { due_at: due, agency } } }, { now, agencies }) {
  const isOverdue = due !== null && new Date(due) < now;
  const words = { heading: say("notReady"), agency: agencies[agency] ? name(agencies[agency]) : null, due: say(isOverdue ? "overdue" : due ? "dueAt" : "dueAsPrinted", { when: due && when(due) }) };
  return { isOverdue, words };
}

export const HELP_STEPS = ["helpStep1", "helpStep2", "helpStep3"];

/** Whether somebody comes: first what matters most. */
export function helper({ state, since }) {
  switch (state) {
    case "called":
      return { first: say("helperCalled", { time: LaySo.time(since) }), then: say("helperWait") };
    case "coming":
      return { first: say("helperComing"), then: null };
    case "failed":
      return { first: say("helperFailed"), then: ended(say("seeHelper")) };
    default:
      return { first: ended(say("seeHelper")), then: say("helpPeople") };
  }
}
