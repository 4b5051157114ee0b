/**
 * What the dispenser may offer now: pure functions of the board's rows, the live figures and the server's time.
 *
 * @typedef {{kind: "open" | "priority" | "suspended" | "full" | "half" | "elsewhere" | "late" | "lunch" | "pause" | "early"
 *   | "over" | "closed", at: ?string, worksAt: ?string, returnsAt: ?string}} Offer  `at`: numbers again today;
 *   `returnsAt`: on another day. "late": the counters would not call before closing; "priority": but somebody with
 *   priority they would. "full": no more numbers today; "half": none before `at`; "elsewhere": none here, but a helper has some
 */

import { addable } from "./visit.js";

const ms = (instant) => new Date(instant).getTime();
const holds = (spans, now) => spans.some((span) => ms(span.start) <= now && now < ms(span.end));
const nextStart = (spans, now) => spans.map((span) => span.start).find((start) => ms(start) > now) ?? null;

/**
 * Whether a field gives numbers now, and when again.
 * @param ends  whether the branch gives no numbers that are not foreseen to be called before closing
 * @param hasClasses  whether anybody can ask for priority here
 * @param channel  through which a number would be given: "kiosk" or "helper"
 * @returns {Offer}
 */
export function offerOf(row, live, now, ends, hasClasses, channel = "kiosk") {
  const at = nextStart(row.issuing, now);
  const offer = { kind: "open", at, worksAt: nextStart(row.working, now), returnsAt: row.returns_at };
  const usedUp = live ? usedUpOf(live.cap_left_by, channel, row) : null;
  if (!holds(row.issuing, now)) {
    return at && usedUp && usedUp.kind !== "half" ? { ...offer, ...usedUp } : { ...offer, kind: closedKind(row, now, at) };
  }
  if (row.suspended) {
    return { ...offer, kind: "suspended" };
  }
  if (usedUp) {
    return { ...offer, ...usedUp };
  }
  if (live && ends && live.takes_more === false) {
    return { ...offer, kind: hasClasses && live.takes_more_priority !== false ? "priority" : "late" };
  }
  return offer;
}

/** What is different where a cap leaves this channel nothing: when numbers are given again, or that a helper has some. */
function usedUpOf(left, channel, row) {
  const own = left[channel];
  if (!own || own.left > 0) {
    return null;
  }
  if (own.again_at && row.issuing.some((span) => ms(own.again_at) < ms(span.end))) {
    return { kind: "half", at: own.again_at };
  }
  const hasHelper = channel !== "helper" && (!left.helper || left.helper.left > 0);
  return { kind: hasHelper ? "elsewhere" : "full", at: null, returnsAt: own.again_at ?? row.returns_at };
}

/** Whether a number may be asked for, if only by some. */
export const isOffered = (offer) => offer.kind === "open" || offer.kind === "priority";

function closedKind(row, now, at) {
  if (row.issuing.length === 0) {
    return "closed";
  }
  if (at === null) {
    return "over";
  }
  if (ms(row.issuing[0].start) > now) {
    return "early";
  }
  return holds(row.working, now) ? "pause" : "lunch";
}

const BY_HOURS = ["pause", "lunch", "early", "over", "closed"];

/** Whether another branch may help: numbers would be given now, were it not for today. */
export const isForElsewhere = (offer) => !BY_HOURS.includes(offer.kind);

/** The whole branch when no field is within its hours: the offer that comes back first; null while any is. */
export function branchOffer(day, offers) {
  if (!day) {
    return { kind: "none", at: null, worksAt: null, returnsAt: null };
  }
  if (day.ended_at) {
    return { kind: "over", at: null, worksAt: null, returnsAt: earliest(offers, "returnsAt") };
  }
  if (offers.length === 0 || offers.some((offer) => !BY_HOURS.includes(offer.kind))) {
    return null;
  }
  const at = earliest(offers, "at");
  const kinds = offers.filter((offer) => offer.at === at).map((offer) => offer.kind);
  return {
    kind: BY_HOURS.find((kind) => kinds.includes(kind)),
    at,
    worksAt: earliest(offers, "worksAt"),
    returnsAt: earliest(offers, "returnsAt")
  };
}

function earliest(offers, name) {
  const found = offers.map((offer) => offer[name]).filter(Boolean);
  return found.length ? found.reduce((a, b) => (ms(a) <= ms(b) ? a : b)) : null;
}

const IDLE_MS = 30_000;
const ANSWER_MS = 20_000;

/**
 * What is due when nobody has touched the page for so long: to ask whether somebody still reads, then the first screen.
 * Who needed more time has twice as much from then on.
 * @returns {"stay" | "ask" | "leave"}
 */
export function afterIdle(idle, needsTime) {
  const patience = needsTime ? 2 * IDLE_MS : IDLE_MS;
  return idle <= patience ? "stay" : idle <= patience + ANSWER_MS ? "ask" : "leave";
}

/** Whether people file a dossier there; the others are services beside filing. */
export const isFiling = (row) => row.service === "file";

/** Fields that citizens may see, those for filing first, in the order of the configuration. */
export function shownFields(board) {
  return Object.values(board.fields ?? {}).filter((row) => !row.is_retired).sort((a, b) => isFiling(b) - isFiling(a) || a.order - b.order);
}

/** Stands in the place of an agency for all services beside filing. */
export const SERVICES = "*";

/** The fields of an agency, or the services beside filing. */
export const groupOf = (fields, agency) => fields.filter((row) => (agency === SERVICES ? !isFiling(row) : isFiling(row) && row.agency === agency));

const MOST_UNGROUPED = 10;

/**
 * What stands on the first level: fields for filing; or, when there are many of several agencies, agencies (one with a
 * single field is that field). Services beside filing are a group of their own behind them, a single one is itself.
 * @returns {({field: object} | {agency: string, fields: object[]})[]}
 */
export function firstLevel(fields) {
  const filing = fields.filter(isFiling);
  const others = fields.filter((row) => !isFiling(row));
  const isGroup = filing.length > 0 && others.length > 1;
  return [...filingLevel(filing), ...(isGroup ? [{ agency: SERVICES, fields: others }] : others.map((field) => ({ field })))];
}

function filingLevel(fields) {
  const agencies = [...new Set(fields.map((row) => row.agency))];
  if (fields.length <= MOST_UNGROUPED || agencies.length < 2) {
    return fields.map((field) => ({ field }));
  }
  return agencies.map((agency) => {
    const own = fields.filter((row) => row.agency === agency);
    return own.length === 1 ? { field: own[0] } : { agency, fields: own };
  });
}

/** The items of one page; pages are filled evenly, so that the last one is not a single card. */
export function pageOf(items, page, size) {
  const pages = Math.max(1, Math.ceil(items.length / size));
  const each = Math.ceil(items.length / pages);
  const at = Math.min(page, pages - 1);
  return { items: items.slice(at * each, (at + 1) * each), page: at, pages };
}

/** The cards that are shown now: a page of the first level, or of the `own` fields of one group; or of what may be added. */
export function cardsOf(state, view) {
  const fields = state.isAdding ? addable(view.fields, view.offer, [state.field, ...state.further]) : view.fields;
  const own = state.agency ? groupOf(fields, state.agency) : null;
  const items = own ? own.map((field) => ({ field })) : firstLevel(fields);
  const isAgencies = items.some((item) => item.agency && item.agency !== SERVICES);
  return { own, isAgencies, ...pageOf(items, state.page, view.size) };
}

/** [1, 2, 3, 5] → "1–3, 5" */
export function countersText(numbers) {
  const runs = [];
  for (const no of [...numbers].sort((a, b) => a - b)) {
    const last = runs[runs.length - 1];
    if (last && last[1] === no - 1) {
      last[1] = no;
    } else {
      runs.push([no, no]);
    }
  }
  return runs.map(([a, b]) => (a === b ? `${a}` : b === a + 1 ? `${a}, ${b}` : `${a}–${b}`)).join(", ");
}

/** The counters that are there for a field: those that take it first of all. */
export function countersOf(board, field) {
  const rows = Object.values(board.counters ?? {});
  return rows.filter((row) => row.fields.includes(field)).map((row) => row.no);
}

const REFUSALS = {
  "field-suspended": "suspendedNow",
  "issuing-closed": "closedNow",
  "day-not-open": "closedNow",
  "cap-reached": "fullNow",
  "no-capacity": "lateNow",
  "too-many-numbers": "tooMany",
  "field-not-offered": "gone",
  "unknown-field": "gone",
  "too-late": "tooLate"
};

/** The key of the sentence that a citizen reads for a refusal; what only staff can mend sends them to a helper. */
export function refusalKey(code) {
  return REFUSALS[code] ?? "helperInstead";
}

/** After these nothing says whether a number was given: no second press, a person has to look. */
export const UNSURE = ["no-answer", "internal"];

/**
 * Whether a helper has been called to this device: "none", "called" (with `since`), "coming" once staff have answered,
 * "failed" when the press did not reach the server, "unknown" where nobody can be called (staff use the page themselves).
 * @param mine  what this visit knows: null, or {isCalled, since, isTold}
 * @param called  since when each device waits for a helper, as the branch says
 */
export function helperOf(mine, called, device) {
  if (device === null) return { state: "unknown" };
  if (called[device]) return { state: "called", since: new Date(called[device]) };
  if (mine === null) return { state: "none" };
  if (!mine.isCalled) return { state: "failed" };
  return mine.isTold ? { state: "coming" } : { state: "called", since: mine.since };
}

/** What this visit knows once the branch has said something new: that the call is known there, and so can be answered. */
export function helperSeen(mine, called, device) {
  const isTold = device !== null && Boolean(called[device]);
  return isTold && !(mine && mine.isTold) ? { isCalled: true, since: new Date(called[device]), isTold } : mine;
}
