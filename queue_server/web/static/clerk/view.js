/**
 * What the console shows, out of the rows of its channels. Pure: no clock, no page, no words.
 *
 * @typedef {{likely_s: number, low_s: number, high_s: number, made_at: string}} Told
 * @typedef {{id: string, number: string, field: string, arrival_at: string, queue_at: string, priority: string | null,
 *   since: string, told: Told | null, not_before: string | null, only_counter: number | null, only_clerk: string | null,
 *   dossiers: number, assistance: string | null, step: number, stream: string, came_from: number | null, notes: number,
 *   codes: number}} QueueRow
 * @typedef {{id: string, number: string, field: string, state: string, since: string, arrival_at: string,
 *   times_called: number, priority: string | null, priority_name: {vi: string, en: string} | null, language: string,
 *   dossiers: number, dossiers_done: number, turn: number, procedures: string[], assistance: string | null,
 *   further: string[], back: number | null, only_counter: number | null, came_from: number | null, held_for: string,
 *   notes: number, codes: number, why: {vi: string, en: string} | null,
 *   can_undo_until: string | null, waited_s: number, counter: number | null, is_watched: boolean, called_at: string | null,
 *   shown_at: string | null, spoken_at: string | null, spoken_after: number | null}} DeskTicket
 * @typedef {{no: number, state: string, reason: string, clerk: string | null, since: string | null, fields: string[],
 *   helps: string[], runs: Record<string, number>, overtaken_since: Record<string, string>, rule: Record<string, any>,
 *   undo_s: number, bound_loosens_s: number, alarm: {since: string, answered_by: string | null, answered_at: string | null} | null}} DeskRow
 * @typedef {{row: DeskRow | null, mode: "loading" | "over" | "closed" | "paused" | "open" | "lost", hand: DeskTicket | null,
 *   held: DeskTicket[], queue: QueueRow[], later: QueueRow[], primary: string, can: Record<string, boolean>}} Desk
 */

const AT_COUNTER = ["called", "serving"];
const NEARING = 0.8; // of the longest wait that was told
const UNSHOWN_S = 3; // a screen that is well shows a call within one
const HELD_LONG_S = 30 * 60;
const COMING_S = 10 * 60; // for so long it is said who answered an alarm

/**
 * The counter as its clerk sees it. Without an open service day (`hasDay`) a closed counter cannot be opened.
 * @param {Record<string, Record<string, any>>} rows the view of `counter:BRANCH/NO`
 * @param {number} no
 * @param {string} me the clerk's account
 * @param {Date} now
 * @param {boolean} hasDay
 * @param {string | null} upcoming the ticket that the server said it would call
 * @returns {Desk}
 */
export function deskOf(rows, no, me, now, hasDay, upcoming = null) {
  const row = rows.counter ? rows.counter[no] || null : null;
  const tickets = Object.values(rows.tickets || {});
  const hand = tickets.find((ticket) => AT_COUNTER.includes(ticket.state)) || null;
  const held = tickets.filter((ticket) => ticket.state === "held").sort((a, b) => compare(a.since, b.since));
  const waiting = Object.values(rows.queue || {});
  const { queue, later } = row ? ordered(waiting, row, me, now, upcoming) : { queue: [], later: [] };
  const mode = modeOf(row, me, hasDay);
  const desk = { row, mode, hand, held, queue, later };
  return { ...desk, primary: primaryOf(desk), can: allowed(desk) };
}

function modeOf(row, me, hasDay) {
  if (!row) {
    return "loading";
  }
  if (row.state !== "closed" && row.clerk !== null && row.clerk !== me) {
    return "lost";
  }
  return row.state === "closed" && !hasDay ? "over" : row.state;
}

/** Whether the board's service day is open; true while it is not known yet, so that nothing is said too early. */
export function hasDay(board) {
  return !board.day || Boolean(board.day.today && !board.day.today.ended_at);
}

// -- the queue ----------------------------------------------------------------------------------------------------------

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

export function byTurn(a, b) {
  return compare(a.queue_at, b.queue_at) || compare(a.arrival_at, b.arrival_at) || compare(a.number, b.number);
}

/** Whether this counter may call it now. A binding that has loosened on the server only shows up later here. */
export function mayCall(ticket, row, me, now) {
  const isDue = ticket.not_before === null || new Date(ticket.not_before) <= now;
  const isForCounter = ticket.only_counter === null || ticket.only_counter === row.no;
  return isDue && isForCounter && (ticket.only_clerk === null || ticket.only_clerk === me);
}

/** The queue as the server would call it: who is next first, then stream by stream. */
function ordered(waiting, row, me, now, upcoming) {
  const ready = waiting.filter((ticket) => mayCall(ticket, row, me, now)).sort(byTurn);
  const later = waiting.filter((ticket) => !mayCall(ticket, row, me, now)).sort(byTurn);
  const isEarly = (ticket) => ticket.stream === "due" && new Date(ticket.queue_at) > now;
  const of = (stream) => ready.filter((ticket) => ticket.stream === stream && !isEarly(ticket));
  const queue = [...of("priority"), ...of("due"), ...of("ordinary"), ...ready.filter(isEarly)];
  const next = queue.find((ticket) => ticket.id === upcoming) || nextOf(queue, row, now);
  return { queue: next ? [next, ...queue.filter((ticket) => ticket !== next)] : queue, later };
}

/**
 * Whom the server would call: `pick` of the domain, but without a pressure that only the server knows.
 * @param {QueueRow[]} queue
 * @param {DeskRow} row
 * @param {Date} now
 */
export function nextOf(queue, { rule, runs, fields, overtaken_since: since = {} }, now) {
  const waited = (ticket) => (now.getTime() - new Date(ticket.queue_at).getTime()) / 1000;
  const score = (ticket) => waited(ticket) - (fields.includes(ticket.field) ? 0 : rule.helping_after_s);
  const of = (stream) => queue.filter((ticket) => ticket.stream === stream && (stream !== "due" || waited(ticket) >= 0));
  const best = of("ordinary").reduce((a, b) => (a && score(a) >= score(b) ? a : b), null);
  const [priority, due, oldest] = [of("priority")[0], of("due")[0], of("ordinary")[0]];
  const mayBeDue = due && (runs.due < 1 || (!best && !priority));
  const other = mayBeDue ? due : best || queue[0];
  if (!priority) {
    return other || null;
  }
  const isOvertaken = (ticket) => ticket.field in since && new Date(ticket.since) < new Date(since[ticket.field]);
  if (isBounded(rule) && waited(priority) <= rule.priority_patience_s && of("ordinary").some(isOvertaken)) {
    return other;
  }
  if (runs.priority >= boundOf(rule, oldest ? waited(oldest) : 0)) {
    const isOverdue = oldest && waited(oldest) > rule.ordinary_after_s;
    if (mayBeDue && !(isOverdue && waited(oldest) > waited(due))) {
      return due;
    }
    if (isOverdue) {
      return oldest;
    }
  }
  if (rule.mode === "interleaved" && runs.ordinary < rule.ordinary_run && (mayBeDue || best)) {
    return other;
  }
  if (rule.mode === "graded") {
    const scores = [
      [rule.priority_weight * waited(priority) + rule.priority_head_start_s, priority],
      [mayBeDue ? rule.due_weight * waited(due) + rule.due_head_start_s : -Infinity, due],
      [best ? score(best) : -Infinity, best],
    ];
    return scores.reduce((a, b) => (a[0] >= b[0] ? a : b))[1];
  }
  return priority;
}

/** How many priority calls in a row are allowed while an ordinary citizen has waited so long. */
function boundOf(rule, longest) {
  if (rule.ordinary_ceiling_s !== null && longest > rule.ordinary_ceiling_s) {
    return 1;
  }
  return isBounded(rule) ? rule.priority_run : Infinity;
}

function isBounded(rule) {
  return rule.mode === "bounded" || rule.mode === "interleaved";
}

export function secondsSince(instant, now) {
  return Math.max(0, (now.getTime() - new Date(instant).getTime()) / 1000);
}

/**
 * How a wait compares with the range that this citizen was told: "none" (nothing told), "in", "late" (nearing its end),
 * "over" (beyond it).
 * @param {Told | null} told
 * @param {Date} now
 */
export function bandOf(told, now) {
  if (!told) {
    return "none";
  }
  const waited = secondsSince(told.made_at, now);
  return waited > told.high_s ? "over" : waited > NEARING * told.high_s ? "late" : "in";
}

/**
 * What the hall has had of a called number: "unshown" when no screen has shown it for too long, "shown", "waiting" and "next"
 * while it is still to be spoken, "spoken"; "" where nothing is to be said. After a cut nothing is, until what was missed has had time to come.
 * @param {DeskTicket | null} hand
 * @param {{state: string, since: Date} | null} status the console's own line
 * @param {Date} now
 */
export function hallOf(hand, status, now) {
  if (!hand || hand.state !== "called" || !hand.is_watched || !hand.called_at) {
    return "";
  }
  if (hand.spoken_at) {
    return "spoken";
  }
  if (hand.shown_at) {
    return hand.spoken_after === null ? "shown" : hand.spoken_after > 0 ? "waiting" : "next";
  }
  const isLive = status !== null && status.state === "live";
  return isLive && Math.min(secondsSince(hand.called_at, now), secondsSince(status.since, now)) > UNSHOWN_S ? "unshown" : "";
}

// -- what may be done -----------------------------------------------------------------------------------------------------

/** The one big action: "choose", "open", "reopen", "next", "start", "step", "finish-next" or "finish"; "" while there is none. */
function primaryOf({ mode, hand, queue }) {
  switch (mode) {
    case "loading":
    case "over":
      return "";
    case "lost":
      return "choose";
    case "closed":
      return "open";
    default:
  }
  if (hand && hand.state === "serving" && hand.further.length > 0) {
    return "step"; // there is more to do: it is never finished by the way
  }
  if (hand) {
    return hand.state === "called" ? "start" : mode === "open" && queue.length > 0 ? "finish-next" : "finish";
  }
  return mode === "paused" ? "reopen" : "next";
}

/** Which of the other actions the state of things allows. */
function allowed({ mode, hand, held, queue, later }) {
  const isMine = mode === "open" || mode === "paused";
  const isCalled = isMine && hand !== null && hand.state === "called";
  const isServing = isMine && hand !== null && hand.state === "serving";
  const isFree = mode === "open" && hand === null;
  return {
    recall: isCalled,
    noshow: isCalled,
    return: isCalled,
    cancel: isCalled,
    finish: isServing,
    hold: isServing,
    step: isServing,
    transfer: isCalled || isServing,
    amend: isCalled || isServing,
    resume: isFree && held.length > 0,
    ready: isMine && held.length > 0,
    pick: isFree && queue.length + later.length > 0,
    pause: mode === "open",
    close: isMine && hand === null,
    change: mode !== "loading" && mode !== "over" && hand === null,
    issue: isMine,
    reinstate: isMine,
    undo: isMine,
    alarm: isMine,
    paperwork: isCalled || isServing,
    help: true,
  };
}

/** Whether a citizen on hold should have been back by now. */
export function isHeldLong(ticket, now) {
  return secondsSince(ticket.since, now) > HELD_LONG_S;
}

/** What has become of the counter's quiet call for somebody: "raised", "coming", or "" when nothing is to be said. */
export function alarmOf(row, now) {
  if (!row || !row.alarm) {
    return "";
  }
  const { answered_by: by, answered_at: at } = row.alarm;
  if (!by) {
    return "raised";
  }
  return by !== row.clerk && secondsSince(at, now) < COMING_S ? "coming" : "";
}

// -- counters -------------------------------------------------------------------------------------------------------------

/**
 * The counters to choose from.
 * @param {Record<string, any>} counters rows of the board
 * @param {Record<string, string>} at counter number → clerk
 * @param {string} me
 */
export function countersOf(counters, at, me) {
  return Object.values(counters || {})
    .sort((a, b) => a.no - b.no)
    .map((row) => ({ ...row, clerk: row.state === "closed" ? null : at[row.no] || null, isMine: at[row.no] === me }));
}

/** The counter at which this clerk sits already: an open one before a paused one. */
export function ownCounter(counters) {
  const own = counters.filter((row) => row.isMine && row.state !== "closed");
  return (own.find((row) => row.state === "open") || own[0] || null)?.no ?? null;
}

// -- choosing by typing digits ----------------------------------------------------------------------------------------------

/**
 * A counter's number typed on: exactly what was typed, until it can be no counter's; the next digit begins anew.
 * @param {string} typed
 * @param {string} digit
 * @param {string[]} codes
 */
export function typedNumber(typed, digit, codes) {
  return codes.some((code) => code.startsWith(typed)) ? typed + digit : digit;
}

/**
 * What a further digit makes of what was typed, given the codes that there are.
 * @param {string} typed
 * @param {string} digit
 * @param {string[]} codes
 * @returns {string} a prefix of some code, or the digit alone, or ""
 */
export function typedOn(typed, digit, codes) {
  const fits = (text) => codes.some((code) => code.startsWith(text));
  if (fits(typed + digit)) {
    return typed + digit;
  }
  return fits(digit) ? digit : "";
}
