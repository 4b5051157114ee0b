/** Vietnamese on plain keys, as everybody types it: Telex. Pure. */

const DOUBLED = { aa: "â", ee: "ê", oo: "ô", aw: "ă", ow: "ơ", uw: "ư", dd: "đ" };
const TONES = { f: "\u0300", s: "\u0301", x: "\u0303", r: "\u0309", j: "\u0323" };
const MARKS = /[\u0300\u0301\u0303\u0309\u0323]/g;
const VOWEL = /[aăâeêioôơuưy]/;

/** The text after its last key was typed: what that key makes of the word before it. */
export function telex(text) {
  const before = text.slice(0, -1);
  const start = Math.max(before.lastIndexOf(" "), before.lastIndexOf(","), before.lastIndexOf(".")) + 1;
  const word = before.slice(start);
  const key = text.slice(-1);
  return text.slice(0, start) + (VOWEL.test(plain(word)) || key === "d" ? typed(word, key) : word + key);
}

const plain = (word) => word.normalize("NFD").replace(MARKS, "").normalize("NFC");

function typed(word, key) {
  if (key in TONES) {
    return toned(word, TONES[key]);
  }
  const last = plain(word).slice(-1);
  if (key === "w" && plain(word).endsWith("uo")) {
    return retoned(word, plain(word).slice(0, -2) + "ươ");
  }
  const made = DOUBLED[last + key];
  return made ? retoned(word, plain(word).slice(0, -1) + made) : word + key;
}

/** The tone that the word had, on its new letters. */
function retoned(word, letters) {
  const tone = (word.normalize("NFD").match(MARKS) || [])[0];
  return tone ? toned(letters, tone) : letters;
}

/** The tone goes on the vowel with a hat or hook, else on the last one where a consonant follows, else the last but one. */
function toned(word, tone) {
  const letters = [...plain(word)];
  const first = letters[0] === "q" || (letters[0] === "g" && letters[1] === "i" && VOWEL.test(letters[2] || "")) ? 2 : 0;
  const places = letters.map((letter, at) => (at >= first && VOWEL.test(letter) ? at : -1)).filter((at) => at >= 0);
  if (places.length === 0) {
    return word + Object.keys(TONES).find((key) => TONES[key] === tone);
  }
  const hatted = places.filter((at) => /[ăâêôơư]/.test(letters[at])).pop();
  const isClosed = places[places.length - 1] < letters.length - 1;
  const at = hatted !== undefined ? hatted : isClosed || places.length === 1 ? places[places.length - 1] : places[places.length - 2];
  letters[at] = (letters[at] + tone).normalize("NFC");
  return letters.join("");
}
