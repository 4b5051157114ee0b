/** What the helper's page shows, out of the rows of its channels. Pure: no clock, no page, no words. */
import { shownFields } from "../dispenser/rules.js";

export const PLAIN = { priority: null, dossiers: 1, assistance: null, language: "vi", identity: null };
const DOSSIERS_MAX = 500;
const RECENT_MAX = 40;

/** Fields with the digits that press them: one digit each, two where there are more than nine. */
export function keyedFields(board) {
  const rows = shownFields(board);
  const width = rows.length > 9 ? 2 : 1;
  return rows.map((row, i) => ({ row, code: String(i + 1).padStart(width, "0") }));
}

/** What has been typed with one more digit, and the field that it presses, if it does. */
export function typed(before, digit, fields) {
  const fits = (text) => fields.some(({ code }) => code.startsWith(text));
  const text = [before + digit, digit].find(fits) ?? "";
  const field = fields.find(({ code }) => code === text);
  return field ? { text: "", field: field.row.code } : { text, field: null };
}

export const dossiers = (wish, by) => ({ ...wish, dossiers: Math.min(DOSSIERS_MAX, Math.max(1, wish.dossiers + by)) });

/** The class after this one, and after the last none. */
export function nextClass(classes, code) {
  const codes = [null, ...classes.map((each) => each.code)];
  return codes[(codes.indexOf(code) + 1) % codes.length];
}

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
const byIssue = (a, b) => compare(a.issued_at, b.issued_at) || compare(a.number, b.number);

/** Whoever waits with a priority that nobody has confirmed; who has waited longest first. */
export function claims(tickets) {
  return tickets.filter((ticket) => ticket.priority && !ticket.is_priority_confirmed && ticket.state === "waiting").sort(byIssue);
}

/** Dispensers at which somebody has called for help, with their names where they are known; who has waited longest first. */
export function helpCalls(live, dispensers) {
  return Object.entries(live?.help_called ?? {})
    .map(([id, since]) => ({ id, since, name: dispensers.find((each) => each.id === id)?.name ?? null }))
    .sort((a, b) => compare(a.since, b.since));
}

/** Whoever is called and needs somebody's help on the way. */
export function needs(tickets) {
  return tickets.filter((ticket) => ticket.assistance && ticket.state === "called").sort((a, b) => compare(a.since, b.since));
}

const plain = (number) => number.toUpperCase().replace(/[^0-9A-ZĐ]/g, "");

/** The tickets that were issued last, or those whose number holds what is looked for; the newest first. */
export function recent(tickets, find) {
  const wanted = plain(find);
  return tickets.filter((ticket) => plain(ticket.number).includes(wanted)).sort((a, b) => byIssue(b, a)).slice(0, RECENT_MAX);
}
