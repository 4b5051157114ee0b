/**
 * Keys, by what they mean on a numeric keypad: with NumLock or without, and whatever the layout's decimal key writes.
 * Only digits and signs are used: letters go through Vietnamese input methods.
 */

export const DEFAULTS = {
  primary: "Enter",
  recall: "+",
  noshow: "-",
  hold: "*",
  transfer: "/",
  undo: ".",
  pause: "0",
  finish: "1",
  resume: "2",
  return: "3",
  amend: "4",
  step: "5",
  cancel: "6",
  issue: "7",
  pick: "8",
  reinstate: "9",
  alarm: "Backspace",
  paperwork: "F2",
  help: "?",
};

const KEYPAD = {
  NumpadEnter: "Enter",
  NumpadAdd: "+",
  NumpadSubtract: "-",
  NumpadMultiply: "*",
  NumpadDivide: "/",
  NumpadDecimal: ".",
};
const STORE = "layso.clerk.keys";
const USABLE = /^([0-9+\-*/.=,;?]|Enter|Backspace|F[0-9]+|Insert|Home|End|PageUp|PageDown)$/;

/** The key's meaning: "0" … "9", "+", "-", "*", "/", ".", "Enter", or the browser's name of it. */
export function keyOf(event) {
  const digit = /^Numpad([0-9])$/.exec(event.code || "");
  return digit ? digit[1] : KEYPAD[event.code] || event.key;
}

/** Whether a person may put an action on this key. */
export function isUsable(key) {
  return USABLE.test(key);
}

/** How a key is written on the screen. */
export function keyName(key) {
  return { "-": "−", "*": "∗", Backspace: "⌫" }[key] || key;
}

/** The action on a key, or undefined. */
export function actionOn(keys, key) {
  return Object.keys(keys).find((action) => keys[action] === key);
}

/** The keys with `action` on `key`; who had it takes the old one. */
export function withKey(keys, action, key) {
  const had = actionOn(keys, key);
  return { ...keys, ...(had && had !== action ? { [had]: keys[action] } : {}), [action]: key };
}

export function loadKeys() {
  try {
    const kept = JSON.parse(localStorage.getItem(STORE) || "{}");
    const known = Object.entries(kept).filter(([action, key]) => action in DEFAULTS && isUsable(String(key)));
    return { ...DEFAULTS, ...Object.fromEntries(known) };
  } catch {
    return { ...DEFAULTS };
  }
}

export function saveKeys(keys) {
  try {
    localStorage.setItem(STORE, JSON.stringify(keys));
  } catch {
    // Kept for this visit only.
  }
}
