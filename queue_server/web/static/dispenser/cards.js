/**
 * What a scanned text is: an identity card, a dossier's code, or nothing that is known here. Pure.
 *
 * A card's code is `number|old number|name|born|…`. Vietnamese input methods spoil letters on the way, so that only digits
 * are read: the number's twelve, of which the fourth tells century and sex and the next two the year, and the date of
 * birth where it is that year's.
 *
 * @typedef {{kind: "card", number: string, birthYear: number, born: ?{day: number, month: number}}} Card
 * @typedef {{kind: "dossier", code: string}} Dossier
 */

const CARD = /^(\d{12})(?:\|\d{0,9}\|[^|]*\|([^|]*)(?:\||$)|\||$)/;
const DOSSIER = /^(?:\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2}|[A-Z]\d{2}(?:\.\d{1,3}){0,4})-\d{6}-\d{4,5}$/;
const BEGINS = /^(?:\d{10}|\d{3}\.\d{2}\.|[A-Z]\d{2}[.-]\d)/i;
const BORN = /^(\d{2})\/?(\d{2})\/?(\d{4})$/;
const LAST_CENTURY_DIGIT = 3; // 0 and 1 are of 19…, 2 and 3 of 20…

/** @returns {Card | Dossier | {kind: "unknown"}} */
export function scanned(text) {
  const plain = text.trim();
  const code = plain.toUpperCase();
  if (DOSSIER.test(code)) {
    return { kind: "dossier", code };
  }
  const found = CARD.exec(plain);
  const century = found ? Number(found[1][3]) : 9;
  if (century > LAST_CENTURY_DIGIT) {
    return { kind: "unknown" };
  }
  const birthYear = 1900 + 100 * Math.floor(century / 2) + Number(found[1].slice(4, 6));
  return { kind: "card", number: found[1], birthYear, born: bornIn(birthYear, found[2] ?? "") };
}

/** Whether the first ten characters may be those of a code that is known here. */
export const beginsLikeCode = (text) => BEGINS.test(text);

function bornIn(birthYear, written) {
  const [, day, month, year] = BORN.exec(written.trim()) ?? [];
  return Number(year) === birthYear && month >= 1 && month <= 12 && day >= 1 && day <= 31 ? { day: Number(day), month: Number(month) } : null;
}

/**
 * How many years somebody has certainly lived: of who is only known by the year, those before this one.
 * @param {Card} card
 * @param {string} today "dd/mm/yyyy", in the branch's zone
 */
export function ageOn({ birthYear, born }, today) {
  const [day, month, year] = today.split("/").map(Number);
  const isPast = born !== null && (month > born.month || (month === born.month && day >= born.day));
  return year - birthYear - (isPast ? 0 : 1);
}

/** The class that a card shows: of several that with the highest age; null where it shows none. */
export function classBy(card, classes, today) {
  const age = card ? ageOn(card, today) : 0;
  const shown = classes.filter((each) => each.min_age && age >= each.min_age).sort((a, b) => b.min_age - a.min_age);
  return shown[0]?.code ?? null;
}
