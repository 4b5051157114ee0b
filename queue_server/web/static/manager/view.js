/**
 * What the manager's screen shows, out of the rows of its channels. Pure: no clock, no page, no words.
 *
 * @typedef {{likely_s: number, low_s: number, high_s: number, made_at: string}} Told
 * @typedef {{code: string, waiting: number, called: number, serving: number, held: number, issued: number,
 *   finished: number, no_show: number, open_counters: number, oldest_at: string | null, uncovered_at: string | null,
 *   wait: Told | null, came_hour: number, served_hour: number, over_15: number, over_30: number,
 *   cap_left: number | null, cap_left_by: Record<string, {left: number, again_at: string | null}>,
 *   unserved: number | null, takes_more: boolean | null, takes_more_priority: boolean | null}} LiveField
 * @typedef {{issued: number, waiting: number, called: number, serving: number, held: number, finished: number,
 *   no_show: number, cancelled: number, over_15: number, over_30: number, fields: Record<string, LiveField>,
 *   uncovered_alarm_s: number, ends_by_forecast: boolean, papers_failed: number, printers_waiting: Record<string, string>, printers_warned: Record<string, string>, help_called: Record<string, string>}} Live
 * @typedef {{code: string, row: any, live: LiveField, age_s: number, level: "" | "warn" | "bad",
 *   uncovered_s: number | null, isAlarm: boolean, capacity: {served: number, unserved: number} | null,
 *   ended: "" | "ordinary" | "all"}} FieldView  `capacity` of those who wait until closing, null when all are served;
 *   `ended` says for whom numbers have ended by the forecast
 * @typedef {{no: number, row: any, state: "closed" | "paused" | "idle" | "called" | "serving", since: string | null,
 *   number: string}} CounterView  `since`: null where nobody knows, as how long an open counter has been idle
 */

export const LONG_S = 15 * 60;
export const VERY_LONG_S = 30 * 60;
const LONG_AT_S = { called: 5 * 60, serving: 60 * 60 }; // beyond it somebody probably forgot to press a button
const BEHIND_EVENTS = 100; // a busy hall is always some events ahead of the dossier backend

export function secondsSince(instant, now) {
  return Math.max(0, (now.getTime() - new Date(instant).getTime()) / 1000);
}

export const levelOf = (seconds) => (seconds > VERY_LONG_S ? "bad" : seconds > LONG_S ? "warn" : "");

// -- fields ---------------------------------------------------------------------------------------------------------------

/** @returns {FieldView[]} in the order in which they are offered */
export function fieldsOf(live, board, now) {
  return Object.values(board.fields || {})
    .filter((row) => live.fields[row.code] && (!row.is_retired || live.fields[row.code].waiting > 0))
    .sort((a, b) => a.order - b.order)
    .map((row) => fieldOf(row, live.fields[row.code], live, now));
}

function fieldOf(row, live, whole, now) {
  const age = live.oldest_at && live.waiting > 0 ? secondsSince(live.oldest_at, now) : 0;
  const uncovered = live.uncovered_at ? secondsSince(live.uncovered_at, now) : null;
  return {
    code: row.code,
    row,
    live,
    age_s: age,
    level: levelOf(age),
    uncovered_s: uncovered,
    isAlarm: uncovered !== null && uncovered >= whole.uncovered_alarm_s,
    capacity: capacityOf(live),
    ended: whole.ends_by_forecast ? endedFor(live) : "",
  };
}

/** Who waits and will be served before closing, and who will not; the forecast may be of some who have been called. */
export function capacityOf(live) {
  const unserved = Math.min(live.unserved || 0, live.waiting);
  return unserved > 0 ? { served: live.waiting - unserved, unserved } : null;
}

function endedFor(live) {
  if (live.takes_more !== false) return "";
  return live.takes_more_priority === false ? "all" : "ordinary";
}

/** Codes, worst first: nobody takes it, then by the longest wait there is or is to come. */
export function worstFirst(fields) {
  const badness = (field) => {
    const coming = field.live.waiting > 0 && field.live.wait ? field.live.wait.likely_s : 0;
    return (field.isAlarm ? 1e6 : 0) + Math.max(field.age_s, coming) + field.live.waiting / 1000;
  };
  return [...fields].sort((a, b) => badness(b) - badness(a) || a.row.order - b.row.order).map((field) => field.code);
}

/** Fields in an order of codes that was made before; new ones come last. */
export function inOrder(fields, codes) {
  const place = (field) => (codes.includes(field.code) ? codes.indexOf(field.code) : codes.length);
  return [...fields].sort((a, b) => place(a) - place(b));
}

/** The field in which somebody has waited longest, or null. */
export function longestOf(fields) {
  return fields.reduce((worst, field) => (field.live.waiting > 0 && field.age_s > (worst ? worst.age_s : -1) ? field : worst), null);
}

// -- counters -------------------------------------------------------------------------------------------------------------

/** @returns {CounterView[]} */
export function countersOf(board) {
  return Object.values(board.counters || {})
    .sort((a, b) => a.no - b.no)
    .map((row) => ({
      no: row.no,
      row,
      state: row.state !== "open" ? row.state : row.ticket ? row.ticket.state : "idle",
      since: row.state !== "open" ? row.since : row.ticket ? row.ticket.since : null,
      number: row.ticket ? row.ticket.number : "",
    }));
}

/** Whether a number has been called or served there for longer than is likely; a paused counter may have one too. */
export function isLongAt(counter, now) {
  const { ticket } = counter.row;
  return Boolean(ticket) && secondsSince(ticket.since, now) > LONG_AT_S[ticket.state];
}

/**
 * What other fields of an open counter would change: by field who waits, and how many open counters take it or help with
 * it before and after. `roles` is "takes", "helps" or "not" by field.
 * @returns {{code: string, name: any, waiting: number, before: number, after: number, isUncovered: boolean}[]}
 */
export function effectsOf(board, live, no, helping, roles) {
  const row = board.counters[no];
  const has = (code) => row.fields.includes(code) || helping.includes(code);
  const changed = Object.keys(roles).filter((code) => has(code) !== (roles[code] !== "not") && live.fields[code]);
  return changed.map((code) => {
    const { waiting, open_counters: before } = live.fields[code];
    const after = row.state === "open" ? before + (has(code) ? -1 : 1) : before;
    return { code, name: board.fields[code].name, waiting, before, after, isUncovered: waiting > 0 && after === 0 };
  });
}

/** How many are open, paused and closed. */
export function tally(counters) {
  const count = (state) => counters.filter((counter) => counter.row.state === state).length;
  return { open: count("open"), paused: count("paused"), closed: count("closed") };
}

// -- what might be done -----------------------------------------------------------------------------------------------------

/**
 * In which state the advice is: "computing" until the first answer, "off" where the server cannot say, "some", "unsure"
 * where somebody waits and of none of them it can be said how long, "none".
 */
export function adviceState(answer, fields) {
  if (!answer) return "computing";
  if (answer.isOff) return "off";
  if (answer.advice.length > 0) return "some";
  const waiting = fields.filter((field) => field.live.waiting > 0);
  return waiting.length > 0 && waiting.every((field) => !field.live.wait) ? "unsure" : "none";
}

/** What an advice would bring: how many people each so many whole minutes, who is called before closing, all people's minutes together. */
export function broughtBy({ foreseen, before, after }) {
  return {
    people: Math.round(foreseen.people),
    minutes: Math.round((foreseen.without_s - foreseen.with_s) / 60),
    served: Math.round(before.unserved - after.unserved),
    whole: Math.round(((before.mean_s - after.mean_s) * before.people) / 60),
  };
}

// -- what needs somebody --------------------------------------------------------------------------------------------------

/** People who need care, worst first. */
export function careOf(live, fields, counters, now) {
  const help = Object.entries(live.help_called || {}).map(([device, since]) => ({ kind: "help", key: device, device, since }));
  const uncovered = fields.filter((field) => field.isAlarm).map((field) => ({ kind: "uncovered", key: field.code, field }));
  const stuck = (state, kind) => counters
    .filter((counter) => isLongAt(counter, now) && counter.row.ticket.state === state)
    .map((counter) => ({ kind, key: String(counter.no), counter }));
  const waiting = live.printers_waiting || {};
  const printers = Object.entries(waiting).map(([printer, reason]) => ({ kind: "printer", key: printer, printer, reason }));
  const warned = Object.entries(live.printers_warned || {})
    .filter(([printer]) => !(printer in waiting))
    .map(([printer, reason]) => ({ kind: "printerWarned", key: printer, printer, reason }));
  const papers = live.papers_failed > 0 ? [{ kind: "papers", key: "", count: live.papers_failed }] : [];
  return [...help, ...uncovered, ...printers, ...papers, ...warned, ...stuck("called", "unmet"), ...stuck("serving", "forgotten")];
}

/** What is wrong with the machine; nothing when all is well or nothing is known. */
export function faultsOf(health, dossier) {
  const found = [];
  if (health) {
    if (health.clock_stepped_s !== null) found.push({ kind: "clockStepped", seconds: Math.abs(health.clock_stepped_s) });
    if (health.clock_behind_s !== null) found.push({ kind: "clockBehind", seconds: health.clock_behind_s });
    if (health.is_backup_old) found.push({ kind: "backup", at: health.backup_at });
    if (health.is_disk_low) found.push({ kind: "disk" });
    if (health.is_plain_http) found.push({ kind: "plainHttp" });
  }
  if (dossier && dossier.is_configured && dossier.seq - dossier.told_seq > BEHIND_EVENTS) {
    found.push({ kind: "dossierBehind", count: dossier.seq - dossier.told_seq });
  }
  const parked = dossier ? dossier.parked.map((record) => ({ kind: "parked", record })) : [];
  return [...found, ...parked];
}

/** "paper_out (1), near_end (2)", what an agent says of its printers: the place of each (null of a single one), and one
 * of few words that have a sentence. */
export function printerTroubles(reason) {
  return reason.split(", ").map((part) => {
    const [, word, no] = /^(.*?)(?: \((\d+)\))?$/.exec(part);
    return { no: no ? Number(no) : null, trouble: printerTrouble(word) };
  });
}

function printerTrouble(reason) {
  if (reason === "silent") return "silent";
  if (reason === "near_end") return "nearEnd";
  if (/paper/i.test(reason)) return "paper";
  if (/unreachable|offline/.test(reason)) return "off";
  return /cover/i.test(reason) ? "cover" : "other";
}

export function share(part, whole) {
  return whole > 0 ? Math.round((100 * part) / whole) : 0;
}
