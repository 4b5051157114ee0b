/**
 * The console's dialogs as data: a title, groups of choices, and the command that confirming gives. Pure: out of the
 * model and what was chosen so far (`values`).
 *
 * @typedef {{value: any, label: string, note?: string, code?: string, number?: string, isOff?: boolean}} Option
 * @typedef {{key: string, label: string, kind: "choice" | "count", options: Option[], value: any, empty?: string}} Group
 * @typedef {{name: string, args: Record<string, any>, did?: string, ticket?: {id: string, number: string}}} Command
 * @typedef {{title: string, text?: string, warning?: string, groups: Group[], confirm: string, tone?: string, command: Command | null}} Sheet
 */
import { list, t } from "./texts.js";

const SHOWN_MAX = 60;
const LANGUAGES = ["vi", "en"];
const ASSISTANCE = ["guide", "low_counter", "sign_language"];
const OUTCOMES = ["done", "supplement", "referred", "declined"];

/** "A012" → "A 012", with a space at which no line breaks. */
const spaced = (number) => LaySo.numberParts(number).filter(Boolean).join("\u00a0");
const byOrder = (a, b) => a.order - b.order;

/** The words for a field's code. */
export function fieldName(model, code) {
  const row = model.board.fields ? model.board.fields[code] : null;
  return row ? LaySo.name(row.name) : code;
}

/** Why no counter can be opened: the service day is over, or has not begun. */
export function dayHint(board) {
  const { today } = board.day;
  return today ? t("dayEnded", { time: LaySo.time(today.ended_at) }) : t("noDay");
}

/** "1 ghi chú · 2 mã hồ sơ · từ quầy 1": what there is of a number already, and where it was before it came to counter `no`. */
export function pastWords({ notes, codes, came_from: from }, no) {
  const parts = [notes > 0 && t(notes > 1 ? "notesMany" : "notesOne", { n: notes }), codes > 0 && t(codes > 1 ? "codesMany" : "codesOne", { n: codes })];
  return [...parts, from !== null && from !== no && t("cameFrom", { no: from })].filter(Boolean).join(" · ");
}

export function clerkName(model, clerk) {
  return model.people.names[clerk] || clerk;
}

/** What somebody else did with the number in hand. */
export function helpedWords(type, name, n) {
  const known = ["ticket.finished", "ticket.no_show", "ticket.returned"];
  return t(known.includes(type) ? `helped.${type}` : "helped.other", { name, n });
}

function choice(key, label, options, values, fallback = options.length > 0 ? options[0].value : null) {
  const coded = options.map((option, i) => ({ code: String(i + 1), ...option }));
  const isChosen = coded.some((option) => option.value === values[key] && !option.isOff);
  return { key, label, kind: "choice", options: coded, value: isChosen ? values[key] : fallback };
}

function count(key, label, value) {
  return { key, label, kind: "count", options: [], value };
}

const reasons = (key) => list(key).map((reason) => ({ value: reason, label: reason }));
const maybeReasons = (key) => [{ value: "", label: t("noReason") }, ...reasons(key)];

function fieldOptions(model, isWanted) {
  return Object.values(model.board.fields || {})
    .filter((row) => !row.is_retired && isWanted(row))
    .sort(byOrder)
    .map((row) => ({ value: row.code, label: LaySo.name(row.name) }));
}

function classOptions(model) {
  const classes = model.people.classes.map((each) => ({ value: each.code, label: LaySo.name(each.name) }));
  return [{ value: "", label: t("noPriority") }, ...classes];
}

function sheet(title, groups, command, more = {}) {
  return { title, groups, command, confirm: t("confirm"), ...more };
}

// -- on the number in hand --------------------------------------------------------------------------------------------------

function hold({ desk: { hand }, values }) {
  const where = [
    { value: true, label: t("hold.here"), note: t("hold.hereNote") },
    { value: false, label: t("hold.any") },
  ];
  const why = choice("reason", t("reason"), reasons("hold.reasons"), values);
  const here = choice("here", t("hold.where"), where, values);
  const args = { ticket: hand.id, reason: why.value, here_only: here.value };
  const command = { name: "hold", args, did: "hold", ticket: hand };
  return sheet(t("hold.title", { n: spaced(hand.number) }), [why, here], command, { confirm: t("hold") });
}

function transfer({ model, desk: { hand, row }, values }) {
  const kinds = ["field", "counter", "clerk"].map((kind) => ({ value: kind, label: t(`transfer.${kind}`) }));
  const to = choice("to", t("transfer.to"), kinds, values);
  const target = choice(`${to.value}-target`, t(`transfer.${to.value}`), targets(model, hand, to.value), values, null);
  target.empty = to.value === "clerk" ? t("transfer.nobody") : t("transfer.nowhere");
  const why = choice("reason", t("reason"), maybeReasons("transfer.reasons"), values);
  const args = { ticket: hand.id, [to.value]: target.value, reason: why.value };
  const command = target.value === null ? null : { name: "transfer", args, did: "transfer", ticket: hand };
  const warning = to.value === "counter" ? awayWarning(model, target.value, row) : undefined;
  return sheet(t("transfer.title", { n: spaced(hand.number) }), [to, target, why], command, { warning, confirm: t("transfer") });
}

/** A counter that is not open calls nobody: how long the number waits for it alone. */
function awayWarning(model, no, row) {
  const { state } = (no !== null && model.board.counters[no]) || {};
  const minutes = Math.ceil(row.bound_loosens_s / 60);
  return state && state !== "open" ? t(`transfer.to-${state}`, { no, n: minutes }) : undefined;
}

function targets(model, hand, kind) {
  if (kind === "field") {
    return fieldOptions(model, (row) => row.code !== hand.field);
  }
  if (kind === "counter") {
    const takes = (row) => [...row.fields, ...(model.people.helps[row.no] || [])].includes(hand.field);
    return Object.values(model.board.counters || {})
      .filter((row) => row.no !== model.no && takes(row))
      .sort((a, b) => a.no - b.no)
      .map((row) => ({ value: row.no, label: t("counter", { no: row.no }), note: t(`state.${row.state}`), code: String(row.no) }));
  }
  return Object.entries(model.people.at)
    .filter(([no]) => Number(no) !== model.no)
    .map(([no, clerk]) => ({ value: clerk, label: clerkName(model, clerk), note: t("counter", { no }) }));
}

function amend({ model, desk: { hand }, values }) {
  const aids = ASSISTANCE.map((aid) => ({ value: aid, label: t(`assistance.${aid}`) }));
  const none = { value: "", label: t("assistance.none") };
  const groups = [
    choice("field", t("field"), fieldOptions(model, () => true), values, hand.field),
    choice("priority", t("priorityClass"), classOptions(model), values, hand.priority || ""),
    count("dossiers", t("count"), values.dossiers ?? hand.dossiers),
    choice("assistance", t("assistance"), [none, ...aids], values, hand.assistance || ""),
    choice("reason", t("reason"), maybeReasons("amend.reasons"), values),
  ];
  const was = { field: hand.field, priority: hand.priority || "", dossiers: hand.dossiers, assistance: hand.assistance || "" };
  const changed = groups.filter((group) => group.key in was && group.value !== was[group.key]);
  const args = Object.fromEntries(changed.map((group) => [group.key, group.value]));
  const command = { name: "amend", args: { ticket: hand.id, ...args, reason: groups[4].value }, did: "amend", ticket: hand };
  return sheet(t("amend.title", { n: spaced(hand.number) }), groups, changed.length > 0 ? command : null, { confirm: t("amend") });
}

const BACK_FROM = ["pay", "post"]; // where somebody goes in between, as to the fee desk

function step({ model, desk: { hand, row }, values }) {
  const further = (code) => (hand.further.includes(code) ? { note: t("step.planned") } : {});
  const options = fieldOptions(model, (field) => field.code !== hand.field || hand.further[0] === field.code);
  const to = choice("field", t("step.field"), options.map((option) => ({ ...option, ...further(option.value) })), values, hand.further[0] ?? null);
  const where = choice("where", t("step.where"), placesOf(model, hand, row, to.value), values);
  const args = { ticket: hand.id, field: to.value, here: where.value === "here", back: where.value === "back" };
  const command = to.value === null ? null : { name: "next-step", args, did: "next-step", ticket: hand };
  return sheet(t("step.title", { n: spaced(hand.number) }), [to, where], command, { confirm: t("step") });
}

/** Where a step can be done, the likeliest place first. */
function placesOf(model, hand, row, code) {
  const isPlanned = hand.further[0] === code;
  if (isPlanned && hand.back !== null) {
    return [{ value: "away", label: t("step.toCounter", { no: hand.back }), note: t("step.toCounterNote") }];
  }
  const field = model.board.fields ? model.board.fields[code] : null;
  const away = { value: "away", label: t("step.away") };
  const back = { value: "back", label: t("step.back"), note: t("step.backNote", { no: row.no }) };
  const isBetween = field && BACK_FROM.includes(field.service) && !isPlanned;
  const others = isBetween ? [back, away] : [away, back];
  return [...row.fields, ...row.helps].includes(code) ? [{ value: "here", label: t("step.here") }, ...others] : others;
}

function cancel({ desk: { hand, row }, values }) {
  const why = choice("reason", t("reason"), reasons("cancel.reasons"), values);
  const command = { name: "cancel", args: { ticket: hand.id, reason: why.value }, did: "cancel", ticket: hand };
  const text = t("cancel.text", { s: row.undo_s });
  return sheet(t("cancel.title", { n: spaced(hand.number) }), [why], command, { text, tone: "danger", confirm: t("cancel") });
}

function finish({ model, desk: { hand }, values }) {
  const outcomes = OUTCOMES.map((outcome) => ({ value: outcome, label: t(`finish.${outcome}`) }));
  const outcome = choice("outcome", t("finish.outcome"), outcomes, values);
  const dossiers = count("dossiers", t(hand.turn < hand.dossiers - hand.dossiers_done ? "countTurn" : "count"), values.dossiers ?? hand.turn);
  const args = { ticket: hand.id, outcome: outcome.value, dossiers: dossiers.value };
  const command = { name: "finish", args, did: "finish", ticket: hand };
  const further = hand.further.map((code) => fieldName(model, code)).join(" → ");
  const text = further ? t("finish.further", { list: further }) : undefined;
  return sheet(t("finish.title", { n: spaced(hand.number) }), [outcome, dossiers], command, { text, confirm: t(further ? "finish.all" : "finish") });
}

// -- on the counter -----------------------------------------------------------------------------------------------------------

const atCounter = (model) => ({ branch: model.branch, counter: model.no });

function pause({ model, desk, values }) {
  const alarm = { value: "alarm", label: t("pause.alarm"), note: t("pause.alarmNote"), code: "8" };
  const closing = { value: "close", label: t("pause.close"), code: "9", isOff: !desk.can.close };
  const why = choice("reason", t("reason"), [...reasons("pause.reasons"), alarm, closing], values);
  const [name, confirm] = { close: ["close", "close"], alarm: ["raise-alarm", "alarm"] }[why.value] || ["pause", "pause"];
  const reason = name === "pause" ? { reason: why.value } : {};
  return sheet(t("pause.title", { no: model.no }), [why], { name, args: { ...atCounter(model), ...reason } }, {
    confirm: t(confirm),
    text: name === "close" ? closingText(desk) : undefined,
  });
}

function closingText({ held, row }) {
  const stuck = held.filter((ticket) => ticket.counter === row.no).length;
  return t("close.text") + (stuck > 0 ? ` ${t("close.held", { n: stuck })}` : "");
}

function close({ model, desk }) {
  const command = { name: "close", args: atCounter(model) };
  return sheet(t("close.title", { no: model.no }), [], command, { text: closingText(desk), confirm: t("close") });
}

function takeover({ model, values }) {
  const name = clerkName(model, model.people.at[values.no] || "");
  const command = { name: "open", args: { branch: model.branch, counter: values.no, take_over: true } };
  const text = t("takeover.text", { name });
  return sheet(t("takeover.title", { no: values.no }), [], command, { text, tone: "danger", confirm: t("takeover.confirm") });
}

// -- on other numbers ---------------------------------------------------------------------------------------------------------

function resume({ model, desk: { held, can }, values }) {
  const options = held.map((ticket) => ({
    value: ticket.id,
    label: spaced(ticket.number),
    number: ticket.number,
    note: heldNote(model, ticket),
  }));
  const which = choice("ticket", t("resume.ticket"), options, values);
  const ways = [
    { value: "call", label: t("resume.call") },
    { value: "quietly", label: t("resume.quietly"), note: t("resume.quietlyNote") },
    { value: "ready", label: t("resume.ready"), note: t("resume.readyNote") },
  ];
  const how = choice("how", t("resume.how"), can.resume ? ways : ways.slice(2), values);
  const ticket = held.find((each) => each.id === which.value);
  const resuming = { name: "resume", args: { ticket: which.value, counter: model.no, quietly: how.value === "quietly" }, did: "resume" };
  const command = how.value === "ready" ? { name: "ready", args: { ticket: which.value }, did: "ready" } : resuming;
  return sheet(t("resume.title"), [which, how], ticket ? { ...command, ticket } : null, { confirm: t("resume") });
}

function heldNote(model, ticket) {
  const where = ticket.only_counter === null ? "" : t("onlyCounter", { no: ticket.only_counter });
  return [fieldName(model, ticket.field), ticket.held_for, t("sinceNow", { time: LaySo.time(ticket.since) }), where].filter(Boolean).join(" · ");
}

function pick({ model, desk, values }) {
  const all = [...desk.queue, ...desk.later];
  const options = all.slice(0, SHOWN_MAX).map((ticket) => ({
    value: ticket.id,
    label: spaced(ticket.number),
    number: ticket.number,
    note: fieldName(model, ticket.field),
  }));
  const which = choice("ticket", t("pick.which"), options, values);
  const why = choice("reason", t("pick.why"), reasons("pick.reasons"), values);
  const id = values.fixed || which.value;
  const ticket = all.find((each) => each.id === id);
  const command = ticket ? { name: "call", args: { ticket: id, counter: model.no, reason: why.value }, did: "call", ticket } : null;
  const n = ticket ? spaced(ticket.number) : "";
  const text = ticket ? t("pick.text", { n, ahead: all.indexOf(ticket) }) : undefined;
  return sheet(t("pick.title"), values.fixed ? [why] : [which, why], command, { text, confirm: t("pickThis", { n }) });
}

function issue({ model, desk: { row }, values }) {
  const suspended = (code) => model.board.fields[code].suspended !== null;
  const options = fieldOptions(model, () => true).map((option) =>
    suspended(option.value) ? { ...option, isOff: true, note: t("issue.closed") } : option,
  );
  const first = options.find((option) => row.fields.includes(option.value) && !option.isOff);
  const languages = LANGUAGES.map((code) => ({ value: code, label: languageName(code) }));
  const groups = [
    choice("field", t("field"), options, values, first ? first.value : null),
    choice("priority", t("priorityClass"), classOptions(model), values),
    count("dossiers", t("count"), values.dossiers ?? 1),
    choice("language", t("issue.language"), languages, values),
  ];
  const [field, priority, dossiers, language] = groups.map((group) => group.value);
  const args = { branch: model.branch, field, priority: priority || null, dossiers, language, channel: "clerk" };
  const command = field === null ? null : { name: "issue", args };
  return sheet(t("issue.title"), groups, command, { confirm: t("issue") });
}

function reinstate({ model, values }) {
  const options = (model.absent || []).map((ticket) => ({
    value: ticket.id,
    label: spaced(ticket.number),
    number: ticket.number,
    note: `${fieldName(model, ticket.field)} · ${t(`reinstate.${ticket.state}`, { time: LaySo.time(ticket.at) })}`,
  }));
  const which = choice("ticket", t("resume.ticket"), options, values);
  which.empty = model.absent === null ? t("loading") : t("reinstate.none");
  const ticket = (model.absent || []).find((each) => each.id === which.value);
  const command = ticket ? { name: "reinstate", args: { ticket: ticket.id }, did: "reinstate", ticket } : null;
  return sheet(t("reinstate.title"), [which], command, { text: t("reinstate.text"), confirm: t("reinstate") });
}

/** The language's name in the page's language. */
export function languageName(code) {
  return new Intl.DisplayNames([LaySo.language()], { type: "language" }).of(code) || code;
}

/** Sheet by name: `(context) → Sheet`, the context being `{model, desk, values}`. */
export const SHEETS = { hold, transfer, amend, step, cancel, finish, pause, close, takeover, resume, pick, issue, reinstate };

/** Sheets that are about the number in hand: they go when it goes. */
export const ABOUT_HAND = new Set(["hold", "transfer", "amend", "step", "cancel", "finish"]);

export { spaced };
