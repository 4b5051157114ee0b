/** A visit for several things, pure: one number, called for one after the other. */

export const ERRANDS_MOST = 3;

/** Where the visit goes on after its first field: what was chosen, each with the steps that it has itself, once. */
export function stepsOf(fields, [first, ...further]) {
  const codes = [...fields[first].steps, ...further.flatMap((code) => [code, ...fields[code].steps])];
  return [...new Set(codes)].filter((code) => code !== first);
}

/** The fields that may be added: open now, and not part of the visit yet. */
export function addable(rows, offer, chosen) {
  const taken = new Set(rows.filter((row) => chosen.includes(row.code)).flatMap((row) => [row.code, ...row.steps]));
  return chosen.length < ERRANDS_MOST ? rows.filter((row) => !taken.has(row.code) && offer(row).kind === "open") : [];
}
