/**
 * Asking for procedures as somebody types: not at every letter, and never with an older answer over a newer one.
 *
 * Each visit of the search page is an object of its own, so that an answer which comes later is nobody's.
 *
 * @typedef {{field: ?string, query: string, answer: ?Answer, asked: number, answered: number, at: number}} Visit
 *   `field`: of this one only; `answer` null: nothing was asked yet; `at`: when what is shown has changed
 * @typedef {{query: string, procedures: ?{code: ?string, name: string, field: string}[]}} Answer  null: nobody can say
 */

export const MOST_LETTERS = 80;
const PAUSE_MS = 60; // letters of who types fast come closer together
const MOST = { found: 30, ofField: 500 };

let pause = null;

/** @returns {Visit} */
export function visitOf(field) {
  return { field, query: "", answer: null, asked: 0, answered: 0, at: 0 };
}

/**
 * @param {Visit} visit
 * @param ask  from a query string to a promise of `{procedures}`
 * @param onAnswer  called whenever there is something new to show
 */
export function type(visit, query, ask, onAnswer) {
  visit.query = query.slice(0, MOST_LETTERS);
  clearTimeout(pause);
  pause = setTimeout(() => seek(visit, ask, onAnswer), PAUSE_MS);
}

/** All of a field without words; without a field and without words nothing is asked. */
export function seek(visit, ask, onAnswer) {
  const query = visit.query.trim();
  const no = (visit.asked += 1);
  const settle = (answer) => {
    if (no > visit.answered) {
      Object.assign(visit, { answered: no, answer, at: Date.now() });
      onAnswer(visit);
    }
  };
  if (!query && !visit.field) {
    settle(null);
    return;
  }
  const asked = { q: query, limit: query ? MOST.found : MOST.ofField, ...(visit.field && { field: visit.field }) };
  ask(new URLSearchParams(asked).toString()).then(
    ({ procedures }) => settle({ query, procedures }),
    () => settle({ query, procedures: null })
  );
}
