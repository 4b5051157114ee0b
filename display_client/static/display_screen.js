/**
 * What kind of screen this is: its row of the configuration, whose calls it shows, and whether it is the one that speaks.
 * Pure: time and rows are given. A classic ES2015 script for Chrome 53.
 */
(function (global) {
  "use strict";

  const LaySo = (global.LaySo = global.LaySo || {});
  const YOUNG_MS = 30000; // as in display_turns.js: an older call is shown, not shouted
  const PATIENT_MS = 12000; // a little longer than FIRST_S of realtime/speaking.py
  const PLAIN = {
    code: "", name: { vi: "", en: "" }, layout: "board", counters: null, fields: null, least_s: 8, theme: "dark", accent: "",
    voice: { zone: "", reading: "bac", repeats: 2, percent: 100, loud: [] }
  };

  /**
   * The screen that goes by `code`, without one the first; where none is configured, one that shows and says everything.
   * A code that is not configured (any more) shows everything and says nothing: another screen may be speaking.
   */
  function of(view, code) {
    const screens = (view && view.screens) || {};
    const codes = Object.keys(screens);
    if (!codes.length) { return PLAIN; }
    return screens[code || codes[0]] || Object.assign({}, PLAIN, { code: code, voice: null });
  }

  const has = (list, item) => list === null || list.indexOf(item) >= 0;

  /** Whether calls to this counter stand on the screen. */
  const shows = (screen, counter) => has(screen.counters, counter);

  /** Whether this field's people are told of on the screen. */
  const tells = (screen, field) => has(screen.fields, field);

  /** Who has the voice in the screen's zone: `{device, since}`, `device` "" where nobody does. */
  function speaker(view, screen) {
    const voices = (view && view.voices) || {};
    return (screen.voice && voices[screen.voice.zone]) || { device: "", since: null };
  }

  /** Whether this screen speaks. One that was not paired ("") does so only where no other has the voice. */
  function speaks(view, screen, device) {
    return screen.voice !== null && speaker(view, screen).device === device;
  }

  /**
   * How old a call must be, in ms, before this screen speaks it. One that was not paired cannot tell the others what it has
   * spoken, so it lets them go first where one of them may be about to get the voice: one had it, or the line has only just
   * come about (`liveFor` ms ago).
   */
  function patience(view, screen, device, liveFor) {
    const wasGiven = speaker(view, screen).since !== null;
    return device === "" && (wasGiven || liveFor < PATIENT_MS) ? PATIENT_MS : 0;
  }

  /** How loud at a minute of the day, 0 to 1. */
  function loudness(voice, minute) {
    const now = voice.loud.filter((each) => each[0] <= minute && minute < each[1])[0];
    return (now ? now[2] : voice.percent) / 100;
  }

  /**
   * Of calls that this screen has left to another one, those that nobody has spoken: made after the other was last heard
   * of, still called, and not too old.
   */
  function missed(calls, since, now) {
    const isOpen = (call) => since === null || new Date(call.at) > new Date(since);
    const isYoung = (call) => now.getTime() - new Date(call.at).getTime() <= YOUNG_MS;
    return calls.filter((call) => call.isActive && isOpen(call) && isYoung(call)).sort((one, other) => one.call - other.call);
  }

  LaySo.displayScreen = {
    of: of, shows: shows, tells: tells, speaker: speaker, speaks: speaks, patience: patience, loudness: loudness, missed: missed
  };
})(window);
