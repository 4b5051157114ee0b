/**
 * A scanner that types what it has read: told from fingers by its pace. Its characters come within milliseconds of each
 * other, and end with Enter, Tab, or nothing more. They are held back until it is known whose they are, so that no field
 * of the page gets what was scanned; what a person typed is typed a moment later, as if nothing had been.
 *
 * Into a field people type fast, and nothing of theirs is lost: there only a code that is known here counts as scanned, a
 * dossier's with Enter behind it, a card's whatever ends it, since its number is never to stand there.
 */

import { beginsLikeCode, scanned } from "./cards.js";

export const GAP_MS = 50; // between two characters of a scanner; a person's fingers are slower
export const PAUSE_MS = 150; // after so long a scan has ended; radio ones stutter
export const SHORTEST = 10; // characters of what is worth scanning; no person types so many at that pace

/**
 * Characters in time, without a page: `onScan(text)` for what was scanned, `onTyped()` when it was a person.
 * @param isWritten  whether a field of the page would get the characters
 * @param later  `setTimeout`, with `clear` to take it back
 */
export function reader(onScan, onTyped, isWritten = () => false, later = setTimeout, clear = clearTimeout) {
  let text = "";
  let last = 0;
  let timer = null;
  const patience = () => (text.length < SHORTEST ? GAP_MS : PAUSE_MS);

  /** Whose characters it was, once they have ended; whether a scanner's. */
  function end(isEntered = false) {
    clear(timer);
    const whole = text;
    text = "";
    if (whole.length >= SHORTEST && (!isWritten() || isKnown(whole, isEntered))) {
      onScan(whole);
      return true;
    }
    if (whole) {
      onTyped();
    }
    return false;
  }

  return {
    end,
    /** One more character; `at` in milliseconds. */
    add(character, at) {
      if (text && at - last > patience()) {
        end();
      }
      text += character;
      last = at;
      clear(timer);
      timer = later(() => end(), patience());
    },
    /** Whether a key now is the scanner's too. */
    isScan: (at) => text.length >= SHORTEST && at - last <= PAUSE_MS && (!isWritten() || beginsLikeCode(text))
  };
}

function isKnown(text, isEntered) {
  const { kind } = scanned(text);
  return kind === "card" || (kind === "dossier" && isEntered);
}

const ALONE = ["Shift", "CapsLock", "AltGraph", "Control", "Alt", "Meta", "NumLock"];
const ENDS = ["Enter", "Tab"];
const WRITTEN_INTO = ["text", "search", "textarea"];

/** A key's character, also where a Vietnamese input method keeps it to itself; null for other keys. */
export function characterOf({ key, code, shiftKey }) {
  if (key.length === 1) {
    return key;
  }
  if (key !== "Process" && key !== "Unidentified") {
    return null;
  }
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(code ?? "");
  return digit ? digit[1] : code === "Backslash" && shiftKey ? "|" : "?";
}

/** Listen on the whole page for as long as it lives. */
export function listen(onScan) {
  const own = new WeakSet();
  let held = [];
  const hand = reader(
    (text) => {
      held = [];
      onScan(text);
    },
    () => held.splice(0).forEach((event) => type(event, own)),
    () => isWrittenInto(document.activeElement)
  );

  function hold(event) {
    event.preventDefault();
    event.stopPropagation();
  }

  window.addEventListener("keydown", (event) => {
    if (own.has(event) || ALONE.includes(event.key) || isChosenFrom(event.target)) {
      return;
    }
    const at = event.timeStamp;
    const isEnd = ENDS.includes(event.key) || event.ctrlKey; // Ctrl+J and Ctrl+M are a line's end
    const character = isEnd || event.altKey || event.metaKey || event.repeat ? null : characterOf(event);
    const isPress = event.key === " " && held.length === 0; // of the button that has the focus
    if (character !== null && !isPress) {
      hold(event);
      hand.add(character, at); // first, since it may end what was before
      held.push(event);
    } else if (isEnd ? hand.end(hand.isScan(at)) : hand.isScan(at)) {
      hold(event); // also what an input method corrects on the way
    } else if (!isEnd) {
      hand.end();
    }
  }, { capture: true });
}

const isField = (target) => target instanceof Element && target.matches("input, select, textarea");
const isWrittenInto = (target) => isField(target) && WRITTEN_INTO.includes(target.type);
/** Lists, numbers and passwords take their keys as they come. */
const isChosenFrom = (target) => isField(target) && !isWrittenInto(target);

/** A person's key after all: the page hears it, and what is written into by then gets its character. */
function type({ key, code, shiftKey }, own) {
  const again = new KeyboardEvent("keydown", { key, code, shiftKey, bubbles: true, cancelable: true });
  own.add(again);
  const target = document.activeElement ?? document.body;
  if (target.dispatchEvent(again) && isWrittenInto(target) && key.length === 1) {
    target.setRangeText(key, target.selectionStart, target.selectionEnd, "end");
    target.dispatchEvent(new InputEvent("input", { data: key, inputType: "insertText", bubbles: true }));
  }
}
