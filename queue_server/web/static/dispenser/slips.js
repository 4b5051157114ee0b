/**
 * Appointment slips: the code of a dossier, typed or read by a scanner, and what the dossier backend says of it.
 *
 * Each look is an object of its own, so that an answer which comes later is nobody's.
 *
 * @typedef {{typed: string, said: ?("asking" | "unknown" | "wrong" | "failed"), found: ?Slip}} Look
 * @typedef {{code: string, state: "ready" | "not-ready" | "supplement", field: string, counter: ?number, agency: string,
 *   due_at: ?string, wait: ?object}} Slip  `counter`: the one that would call the number
 */

import { shownFields } from "./rules.js";

export const MOST_LETTERS = 32;
const ANSWER_MS = 6_000;
const WHOLE = /(?:\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2}|[A-Z]\d{2}(?:\.\d{1,3}){0,4})-\d{6}-\d{4,5}/;
const BARE = /^(?:\d{7}[A-Z]\d{2}|[A-Z]\d{2}\d{0,12})\d{6}\d{4,5}$/;

/** The dossier's code in a text, which may be more than the code, as an address behind a QR code; null without one. */
export function codeOf(text) {
  const said = text.toUpperCase().replace(/\s/g, "");
  const whole = WHOLE.exec(said);
  return whole ? whole[0] : BARE.test(said) ? said : null;
}

/** @returns {Look} */
export const lookAt = (typed) => ({ typed: typed.toUpperCase().slice(0, MOST_LETTERS), said: null, found: null });

/**
 * What is known of a dossier.
 * @returns {Promise<{said: ?string, found: ?Slip}>}  rejected where the page's session has ended
 */
export function find(branch, text) {
  const code = codeOf(text);
  if (code === null) {
    return Promise.resolve({ said: "wrong", found: null });
  }
  const asked = LaySo.ask("GET", `/branches/${encodeURIComponent(branch)}/slips/${encodeURIComponent(code)}`);
  const late = new Promise((_, fail) => setTimeout(() => fail({ code: "no-answer" }), ANSWER_MS));
  return Promise.race([asked, late]).then((found) => ({ said: null, found }), (problem) => ({ said: saidOf(problem), found: null }));
}

function saidOf(problem) {
  if (problem.code === "unauthenticated" || problem.code === "forbidden") {
    throw problem;
  }
  return { "unknown-slip": "unknown", "wrong-slip-code": "wrong" }[problem.code] ?? "failed";
}

/** What the page shows once an answer is there; a field that is not here any more is as good as an unknown dossier. */
export function after(look, { said, found }, fields) {
  if (found && !fields[found.field]) {
    return { screen: "slip", slip: { ...look, said: "unknown" } };
  }
  const slip = { ...look, said, found };
  if (!found) {
    return { screen: "slip", slip };
  }
  return found.state === "not-ready" ? { screen: "notReady", slip } : { screen: "confirm", slip, field: found.field };
}

/** The field of the number that it leads to; whose result is not there may ask, where there is guidance or else there. */
export function leadsTo(found, board) {
  const guidance = found.state === "not-ready" && shownFields(board).find((row) => row.service === "guidance");
  return guidance ? guidance.code : found.field;
}

/** The counter that is wanted with a number of this field, where the dossier lies. */
export const wish = (slip, field) => (slip?.found && slip.found.field === field ? slip.found.counter : null);
