/** The list that was kept by hand, as lines. Pure: no clock, no page, no words. */

/**
 * @typedef {{code: string, name: {vi: string, en: string}, prefix: string, width: number, first: ?number, last: ?number}} Block
 * @typedef {{number: string, field: string, isServed: boolean, minutes: number}} Line  `minutes` since local midnight
 */

const plain = (number) => number.toUpperCase().replace(/\s/g, "");

/** The number as it is printed in this field, or null when it is none of those on paper: "a 905", "905" → "A905". */
export function numberIn(block, written) {
  const text = plain(written);
  for (const digits of [text.startsWith(block.prefix) ? text.slice(block.prefix.length) : text, text]) {
    const ordinal = /^[0-9]{1,6}$/.test(digits) ? Number(digits) : null;
    if (ordinal !== null && block.first !== null && block.first <= ordinal && ordinal <= block.last) {
      return block.prefix + String(ordinal).padStart(block.width, "0");
    }
  }
  return null;
}

/** The field that a number with its letter tells, unless it may be of several, or `chosen` is one of them. */
export function fieldOf(blocks, written, chosen) {
  const text = plain(written);
  const found = blocks.filter((block) => block.prefix && text.startsWith(block.prefix) && numberIn(block, text));
  return found.length === 0 || found.some(({ code }) => code === chosen) ? chosen : found[0].code;
}

/** "0740", "7:40", "7h40", "740" → 460; null for what is no time of a day. */
export function minutesOf(written) {
  const found = /^\s*([0-9]{1,2})\s*[:hg.]?\s*([0-9]{2})\s*$/i.exec(written) ?? /^\s*([0-9]{1,2})\s*[:hg.]?\s*()$/i.exec(written);
  if (!found) {
    return null;
  }
  const [hour, minute] = [Number(found[1]), Number(found[2] || 0)];
  return hour < 24 && minute < 60 ? hour * 60 + minute : null;
}

export const clock = (minutes) => `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;

/** The instant of a time of day: before the day's boundary it is the next morning's. */
export function instantOf(minutes, { midnight, boundary }) {
  return new Date(new Date(midnight).getTime() + (minutes + (minutes < boundary ? 1440 : 0)) * 60_000);
}

/**
 * A line out of what was written; `fault` says what is wrong there instead: "number", "twice", "field", "time" or "future".
 * @param {Line[]} others the lines that are there already
 */
export function lineOf({ number, field, isServed, time }, blocks, others, today, now) {
  const block = blocks.find(({ code }) => code === field);
  if (!block) {
    return { fault: "field" };
  }
  const printed = numberIn(block, number);
  if (!printed) {
    return { fault: "number", block };
  }
  if (others.some((line) => line.number === printed)) {
    return { fault: "twice", number: printed };
  }
  const minutes = minutesOf(time);
  if (minutes === null) {
    return { fault: "time" };
  }
  return instantOf(minutes, today) > now ? { fault: "future" } : { line: { number: printed, field, isServed, minutes } };
}

/** The command's lines. */
export function kept(lines, today) {
  return lines.map(({ number, field, isServed, minutes }) => ({
    number,
    field,
    arrival_at: instantOf(minutes, today).toISOString(),
    is_served: isServed,
  }));
}
