/**
 * Who is in the light, and what has been spoken. Pure but for `memoryIn`: time and storage are given.
 *
 * Every call is on the screen at once; besides, each is lit in its turn, for 8 s at least unless the screen's configuration
 * says otherwise. Where there is sound the turns follow the voice, so that what is heard is what stands out; without sound
 * they follow the clock, several at a time when many wait. A classic ES2015 script for Chrome 53.
 */
(function (global) {
  "use strict";

  const LaySo = (global.LaySo = global.LaySo || {});
  const LIT_MS = 8000;
  const VOICE_LATE_MS = 15000; // a voice that has not come to the next call by then is not waited for
  const PER_SLOT = 4; // for so many in the light or waiting for it, one more is lit beside the others
  const MOST_LIT = 4;
  const MOST_WAITING = 24; // the server shows no more calls than this; the oldest goes first
  const SPEAK_WITHIN_MS = 30000; // an older call is shown, not shouted

  // -- turns ------------------------------------------------------------------------------------------------------------

  /** `{queue: [number], lit: [{number, at}], last: {number, at} or null}`, `last` being who came into the light last. */
  function none() {
    return { queue: [], lit: [], last: null };
  }

  /** A number was called: it waits for its turn, once. Called again it goes first: somebody is being looked for. */
  function enter(turns, number, times) {
    const others = turns.queue.filter((other) => other !== number);
    const isWaiting = others.length < turns.queue.length;
    const queue = times > 1 ? [number].concat(others) : isWaiting ? turns.queue : others.concat(number);
    return { queue: queue.slice(-MOST_WAITING), lit: turns.lit.filter((one) => one.number !== number), last: turns.last };
  }

  /** Numbers whose call was taken down leave at once. */
  function keepOnly(turns, isShown) {
    const last = turns.last && isShown(turns.last.number) ? turns.last : null;
    return {
      queue: turns.queue.filter(isShown),
      lit: turns.lit.filter((one) => isShown(one.number)),
      last: last || null
    };
  }

  /**
   * The turns at `now` (ms, never set back). `voice` is `{isBusy, number}`: whether it speaks or is about to, and whom;
   * `least` for how long each is lit at least, in ms.
   */
  function step(turns, now, voice, least) {
    const lit = turns.lit.filter((one) => now - one.at < (least || LIT_MS));
    const still = { queue: turns.queue, lit: lit, last: turns.last };
    if (!turns.queue.length) { return still; }
    if (voice.number !== null && turns.queue.indexOf(voice.number) >= 0) { return light(still, voice.number, now); }
    return isNextDue(still, now, voice) ? light(still, turns.queue[0], now) : still;
  }

  function isNextDue(turns, now, voice) {
    const isWaitingForVoice = voice.isBusy && turns.last !== null && now - turns.last.at < VOICE_LATE_MS;
    const slots = Math.min(MOST_LIT, 1 + Math.floor((turns.queue.length + turns.lit.length) / PER_SLOT));
    return turns.lit.length < slots && !isWaitingForVoice;
  }

  function light(turns, number, now) {
    const one = { number: number, at: now };
    return { queue: turns.queue.filter((other) => other !== number), lit: turns.lit.concat(one), last: one };
  }

  const isLit = (turns, number) => turns.lit.some((one) => one.number === number);
  const isWaiting = (turns, number) => turns.queue.indexOf(number) >= 0;

  // -- what has been spoken -----------------------------------------------------------------------------------------------

  /**
   * The calls that are new to this display, oldest first, each with `isSpoken`: whether it is young enough to be spoken
   * and its number still called. `seen` is `{epoch, call, at}` of the newest call dealt with, null at the very first start. In a new epoch
   * (a restored or replaced journal) call numbers start anew and only the time tells what is new.
   */
  function fresh(calls, seen, epoch, now) {
    const isNew = (row) => {
      if (!seen) { return true; }
      if (seen.epoch === epoch) { return row.call > seen.call; }
      const isClockSetBack = new Date(seen.at) > now;
      return isClockSetBack || new Date(row.at) > new Date(seen.at);
    };
    const isYoung = (row) => now.getTime() - new Date(row.at).getTime() <= SPEAK_WITHIN_MS;
    return calls.filter(isNew).sort((one, other) => one.call - other.call)
      .map((row) => ({ row: row, isSpoken: row.isActive && isYoung(row) }));
  }

  /** The memory after dealing with a call. */
  function remember(seen, row, epoch) {
    const isBehind = seen && seen.epoch === epoch && seen.call >= row.call;
    return isBehind ? seen : { epoch: epoch, call: row.call, at: row.at };
  }

  /** `{read(), write(seen)}` in a storage that may refuse or be missing. */
  function memoryIn(storage, key) {
    return {
      read: () => {
        try {
          return JSON.parse(storage.getItem(key));
        } catch (refused) {
          return null;
        }
      },
      write: (seen) => {
        try {
          storage.setItem(key, JSON.stringify(seen));
        } catch (refused) {
          // Without storage a reload may speak a call of the last 30 s again.
        }
      }
    };
  }

  LaySo.displayTurns = {
    none: none, enter: enter, keepOnly: keepOnly, step: step, isLit: isLit, isWaiting: isWaiting,
    fresh: fresh, remember: remember, memoryIn: memoryIn
  };
})(window);
