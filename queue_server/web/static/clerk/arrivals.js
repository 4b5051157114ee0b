/** A counter that is idle hears of whoever comes: a line on the screen and two soft tones, which can be turned off here. */

const SHOWN_MS = 20_000;
const STORE = "layso.clerk.quiet";
const TONES = [[660, 0], [880, 0.16]]; // hertz, seconds from now
const TONE_S = 0.14;
const LOUD = 0.12;

/**
 * Who has come, when nobody was there to be called before; null when that is nothing new. Pure.
 * @param {import("./view.js").Desk} was
 * @param {import("./view.js").Desk} desk
 */
export function arrivedAt(was, desk) {
  const isIdle = ({ mode, hand }) => mode === "open" && hand === null;
  return isIdle(was) && isIdle(desk) && was.queue.length === 0 && desk.queue.length > 0 ? desk.queue[0] : null;
}

/** Whether the notice of an arrival at `at` is still shown. */
export function isShown(at) {
  return Date.now() - at < SHOWN_MS;
}

let context = null;

export function chime() {
  const Context = window.AudioContext || window.webkitAudioContext;
  if (!Context || isQuiet()) {
    return;
  }
  context = context || new Context();
  context.resume();
  TONES.forEach(([hertz, after]) => tone(hertz, context.currentTime + after));
}

function tone(hertz, at) {
  const wave = context.createOscillator();
  const volume = context.createGain();
  wave.frequency.value = hertz;
  volume.gain.setValueAtTime(LOUD, at);
  volume.gain.exponentialRampToValueAtTime(0.001, at + TONE_S);
  wave.connect(volume).connect(context.destination);
  wave.start(at);
  wave.stop(at + TONE_S);
}

export function isQuiet() {
  try {
    return localStorage.getItem(STORE) === "1";
  } catch {
    return false;
  }
}

/** Sound on or off, in this browser. */
export function setQuiet(isNow) {
  try {
    localStorage.setItem(STORE, isNow ? "1" : "0");
  } catch {
    // For this visit it stays as it is.
  }
}
