/*
 * The voice of a lobby display: the clips a call is spoken with, and a player for them. One classic ES2015 script, since
 * lobby televisions go back to Chrome 53: no modules, async functions, object spread, `?.`, trailing commas in calls.
 *
 * A clip pack is a folder with manifest.json and short sound files (see display_client/voice). Counters are joined
 * from whole words: 121 is "100" + "20" + "x1" ("một trăm", "hai mươi", "mốt").
 */
(function (root) {
  "use strict";

  // ---- reading rules: pure functions ----

  const VI = "không một hai ba bốn năm sáu bảy tám chín".split(" ");
  const EN = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen " +
    "seventeen eighteen nineteen").split(" ");
  const EN_TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split(" ");
  const DIGIT_CLIPS = {vi: "khong mot hai ba bon nam sau bay tam chin".split(" "), en: EN.slice(0, 10)};
  const PHRASES = {
    vi: {call: ["moi_so"], again: ["xin_nhac_lai", "so"], plain: ["so"], to: ["den_quay_so"], at: ["quay_so"]},
    en: {call: ["number"], again: ["once_again", "number"], plain: ["number"], to: ["counter"], at: ["counter"]}
  };
  // Units that change their word after "mươi": hai mươi mốt, hai mươi tư, hai mươi lăm. Their clips are x1, x4, x5.
  const CHANGED_UNITS = {1: "mốt", 4: "tư", 5: "lăm"};

  function viUnder100(n) {
    const tens = Math.floor(n / 10);
    const unit = n % 10;
    if (tens === 0) { return [VI[n]]; }
    if (tens === 1) { return unit === 0 ? ["mười"] : ["mười", unit === 5 ? "lăm" : VI[unit]]; }
    return [VI[tens], "mươi"].concat(unit === 0 ? [] : CHANGED_UNITS[unit] || VI[unit]);
  }

  function viRead(n) {
    if (n < 100) { return viUnder100(n); }
    const words = n >= 1000 ? [VI[Math.floor(n / 1000)], "nghìn"] : [];
    if (n % 1000 === 0) { return words; }
    words.push(VI[Math.floor(n % 1000 / 100)], "trăm");
    if (n % 100 === 0) { return words; }
    return words.concat(n % 100 < 10 ? "linh" : [], viUnder100(n % 100));
  }

  function enUnder100(n) {
    return n < 20 ? EN[n] : EN_TENS[Math.floor(n / 10)] + (n % 10 ? "-" + EN[n % 10] : "");
  }

  function enRead(n) {
    if (n < 100) { return [enUnder100(n)]; }
    const words = n >= 1000 ? [EN[Math.floor(n / 1000)], "thousand"] : [];
    if (n % 1000 >= 100) { words.push(EN[Math.floor(n % 1000 / 100)], "hundred"); }
    return n % 100 ? words.concat("and", enUnder100(n % 100)) : words;
  }

  function languageOf(options) {
    const language = options && options.language || "vi";
    if (!PHRASES[language]) { throw new RangeError("no voice for the language " + language); }
    return language;
  }

  /** The words of a whole number 0..9999: readNumber(105) is "một trăm linh năm". Language "vi" (default) or "en". */
  function readNumber(n, options) {
    if (!(Number.isInteger(n) && n >= 0 && n <= 9999)) { throw new RangeError("not a whole number 0..9999: " + n); }
    return (languageOf(options) === "en" ? enRead(n) : viRead(n)).join(" ");
  }

  /** The clips of a number's letters and digits, one by one; blanks and hyphens are not spoken, accents fall off. */
  function numberClips(number, language) {
    const clips = [];
    for (const sign of String(number === undefined ? "" : number).normalize("NFD").toUpperCase()) {
      if (/[0-9]/.test(sign)) { clips.push(DIGIT_CLIPS[language][Number(sign)]); }
      if (/[A-Z]/.test(sign)) { clips.push(sign.toLowerCase()); }
      if (sign === "Đ") { clips.push(language === "vi" ? "dd" : "d"); }
    }
    if (!clips.length) { throw new RangeError("nothing to speak in the number " + number); }
    return clips;
  }

  /** The clips of a counter 1..999; none for anything else: a counter without a number is left to the picture. */
  function counterClips(counter, language) {
    const n = Number(counter);
    if (!(Number.isInteger(n) && n >= 1 && n <= 999)) { return []; }
    const rest = n % 100;
    const clips = n >= 100 ? [String(n - rest)] : [];
    if (rest === 0) { return clips; }
    if (n > 100 && language === "en") { clips.push("and"); }
    if (n > 100 && language === "vi" && rest < 10) { clips.push("linh"); }
    if (rest < 20 || rest % 10 === 0) { return clips.concat(String(rest)); }
    const isChanged = language === "vi" && CHANGED_UNITS[rest % 10];
    return clips.concat(String(rest - rest % 10), (isChanged ? "x" : "") + rest % 10);
  }

  function sentence(opening, call, joint, language) {
    const counter = counterClips(call.counter, language);
    return opening.concat(numberClips(call.number, language), counter.length ? joint.concat(counter) : []);
  }

  /** A call as sentences, each a list of clip names. A first call is spoken twice, a recall or a short one once. */
  function sentences(call) {
    const language = languageOf(call);
    const words = PHRASES[language];
    if (call.short) { return [sentence(words.plain, call, words.at, language)]; }
    const isRecall = call.times > 1;
    const spoken = [sentence(isRecall ? words.again : words.call, call, words.to, language)];
    const next = isRecall ? sentence(words.plain, call, words.to, language) : spoken[0];
    for (let left = (call.repeat || (isRecall ? 1 : 2)) - 1; left > 0; left -= 1) { spoken.push(next.slice()); }
    return spoken;
  }

  /**
   * The clip names of a call, in order.
   * call: {number: "A012", counter: 1..999, times: 1 (2 and more: a recall), language: "vi" | "en",
   *        repeat: how often the sentence is spoken, short: true for the short form}
   */
  function phrase(call) {
    return sentences(call).reduce((all, clips) => all.concat(clips), ["chime"]);
  }

  // ---- player ----

  const MANY_WAITING = 2; // more calls than this waiting: all of them are spoken in the short form, in one language
  const MAX_WAITING = 30; // about two minutes of short calls; the oldest goes first
  const STALE_MS = 30000; // a call held back by blocked sound for longer than this is not spoken any more
  const RESUME_MS = 1000; // Chrome leaves resume() pending, without an error, until somebody presses a key
  const LOAD_MS = 4000;
  const STALL_MS = 5000; // sound that has not ended so long after its time will not end
  const START_GAP_S = 0.05;
  const SENTENCE_GAP_S = 0.6;
  const CLIP_GAP_S = 0.1; // the commas of "A, không, một, hai"
  const JOINT_GAP_S = 0.22;
  const COUNTER_GAP_S = 0.02; // inside one counter's number
  const JOINTS = ["den_quay_so", "quay_so", "counter"];
  const COUNTER_PART = /^(x?\d+|linh|and)$/;

  function gapBefore(name, previous) {
    if (previous === undefined) { return 0; }
    if (JOINTS.includes(name)) { return JOINT_GAP_S; }
    return COUNTER_PART.test(name) && COUNTER_PART.test(previous) ? COUNTER_GAP_S : CLIP_GAP_S;
  }

  /** Promise of what work() promises, rejected after so many ms, or when work throws. */
  function within(ms, work) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("no answer within " + Math.round(ms) + " ms")), ms);
      const then = (settle) => (value) => { clearTimeout(timer); settle(value); };
      new Promise((start) => start(work())).then(then(resolve), then(reject));
    });
  }

  /** The promise kept under a key, made when there is none; a failed one is forgotten, so that it is tried again. */
  function once(kept, key, make) {
    kept[key] = kept[key] || make().catch((error) => { delete kept[key]; throw error; });
    return kept[key];
  }

  /** A loader of packs for Player: packs({vi: "voice/vi-bac/", en: "voice/en/"}). */
  function packs(urls) {
    return (language, file) => fetch(urls[language].replace(/\/?$/, "/") + file).then((response) => {
      if (!response.ok) { throw new Error(file + ": status " + response.status); }
      return /\.json$/.test(file) ? response.json() : response.arrayBuffer();
    });
  }

  /**
   * Speaks calls one after another. No method throws; everything worth knowing comes through onState:
   *   {state: "speaking", callId, waiting} | {state: "idle"} | {state: "blocked", reason: "autoplay" | "unsupported"}
   *   {missing: [clip names], language, callId}   skipped, the rest of the call was spoken
   *   {spoken: [clip names], callId}              what was really heard, in order, when the call is over
   *   {dropped: callId, reason: "stale" | "full"} | {error: "…", callId}
   * options: audioContext (null: no sound here), load(language, file) -> Promise of the manifest or of an ArrayBuffer
   * (see packs), onState, volume 0..1, repeat, now() in ms on a clock that is never set back.
   */
  class Player {
    constructor(options) {
      this._context = options.audioContext || null;
      this._load = options.load;
      this._onState = options.onState || (() => undefined);
      this._repeat = options.repeat;
      this._now = options.now || (() => performance.now());
      this._queue = [];
      this._current = null;
      this._isBusy = false;
      this._isBlocked = false;
      this._manifests = {};
      this._buffers = {};
      this._sources = []; // kept: old engines collect a playing source that nobody holds, and its end is never told
      if (!this._context) { return; }
      this._gain = this._context.createGain();
      this._gain.connect(this._context.destination);
      this.setVolume(options.volume === undefined ? 1 : options.volume);
      // Sound may come free without us, by any gesture on the page.
      this._context.onstatechange = () => { if (this._context.state === "running") { this.unlock(); } };
    }

    /**
     * Speak {id, number, counter, times, language: "vi" or a list such as ["vi", "en"]} after the calls before it; the
     * last language is the citizen's own, the only one that is spoken while many wait.
     */
    say(call) {
      const id = Object(call).id;
      const waiting = this._queue.find((item) => item.id === id && id !== undefined);
      if (waiting) {
        // Called again before it was ever heard: still its first call, at the counter of the newest one.
        waiting.call = Object.assign({}, call, {times: waiting.call.times});
      } else {
        this._queue.push({id: id, call: Object(call), at: this._now(), isShort: false, isCancelled: false});
      }
      this._thinOut();
      this._pump();
    }

    /** Take a call down: one that waits is dropped, one being spoken ends with its sentence. True when there was one. */
    cancel(callId) {
      const before = this._queue.length;
      this._queue = this._queue.filter((item) => item.id !== callId);
      const isCurrent = this._current !== null && this._current.id === callId;
      if (isCurrent) { this._current.isCancelled = true; }
      return isCurrent || this._queue.length < before;
    }

    /** Try to start sound; call it once at start and in every key or touch handler. Promise of true when it can play. */
    unlock() {
      return this._ready().then((isReady) => {
        if (isReady) { this._pump(); } else { this._block(); }
        return isReady;
      });
    }

    /** Loudness from 0 to 1. */
    setVolume(volume) {
      if (this._gain && Number.isFinite(volume)) { this._gain.gain.value = Math.min(1, Math.max(0, volume)); }
    }

    /** Load the packs anew: they are others from now on. */
    forget() {
      this._manifests = {};
      this._buffers = {};
    }

    _tell(news) {
      try { this._onState(news); } catch (error) { console.error(error); }
    }

    _drop(items, reason) {
      this._queue = this._queue.filter((item) => !items.includes(item));
      items.forEach((item) => this._tell({dropped: item.id, reason: reason}));
    }

    _dropStale() {
      this._drop(this._queue.filter((item) => this._now() - item.at > STALE_MS), "stale");
    }

    _thinOut() {
      if (this._isBlocked) { this._dropStale(); }
      this._drop(this._queue.slice(0, Math.max(0, this._queue.length - MAX_WAITING)), "full");
      if (this._queue.length > MANY_WAITING) { this._queue.forEach((item) => { item.isShort = true; }); }
    }

    _block() {
      this._isBlocked = true;
      this._tell({state: "blocked", reason: this._context ? "autoplay" : "unsupported"});
    }

    _unblock() {
      if (!this._isBlocked) { return; }
      this._isBlocked = false;
      this._dropStale();
      if (!this._queue.length) { this._tell({state: "idle"}); }
    }

    /** Promise of whether the context runs; never rejects. The call of resume() stays inside the caller's gesture. */
    _ready() {
      const context = this._context;
      if (!context) { return Promise.resolve(false); }
      const isRunning = () => context.state === undefined || context.state === "running";
      const started = isRunning() ? Promise.resolve() : within(RESUME_MS, () => context.resume());
      return started.catch(() => undefined).then(() => {
        if (isRunning()) { this._unblock(); }
        return isRunning();
      });
    }

    _pump() {
      if (this._isBusy || !this._queue.length) { return; }
      this._isBusy = true;
      this._ready().then((isReady) => (isReady ? this._next() : this._block())).then(() => {
        this._isBusy = false;
        if (this._isBlocked) { return; }
        if (this._queue.length) { this._pump(); } else { this._tell({state: "idle"}); }
      });
    }

    _next() {
      const item = this._queue.shift();
      if (!item) { return undefined; } // cancelled, or gone stale, while we waited for sound
      this._current = item;
      this._tell({state: "speaking", callId: item.id, waiting: this._queue.length});
      const said = new Promise((resolve) => resolve(this._speak(item)));
      return said.catch((error) => this._tell({error: String(error), callId: item.id})).then(() => {
        this._current = null;
      });
    }

    /** The sentences of a call in all its languages, in the short form in the last alone, the chime before the first. */
    _lines(item) {
      const lines = [];
      [].concat(item.call.language || "vi").slice(item.isShort ? -1 : 0).forEach((language) => {
        const call = Object.assign({repeat: this._repeat}, item.call, {language: language, short: item.isShort});
        sentences(call).forEach((clips) => lines.push({language: language, clips: clips, delay: SENTENCE_GAP_S}));
      });
      lines[0].clips.unshift("chime");
      lines[0].delay = START_GAP_S;
      return lines;
    }

    _speak(item) {
      const spoken = [];
      const say = (line) => (item.isCancelled ? undefined : this._sentence(item, line, spoken));
      return this._lines(item).reduce((said, line) => said.then(() => say(line)), Promise.resolve())
        .then(() => this._tell({spoken: spoken, callId: item.id}));
    }

    _sentence(item, line, spoken) {
      return Promise.all(line.clips.map((name) => this._clip(line.language, name))).then((buffers) => {
        const clips = line.clips.map((name, index) => ({name: name, buffer: buffers[index]}));
        const missing = clips.filter((clip) => !clip.buffer).map((clip) => clip.name);
        if (missing.length) { this._tell({missing: missing, language: line.language, callId: item.id}); }
        return this._play(clips.filter((clip) => clip.buffer), line.delay, spoken);
      });
    }

    /** Promise of clips played with exact gaps: all are handed to the audio clock beforehand. */
    _play(clips, delay, spoken) {
      let at = this._context.currentTime + delay;
      this._sources = clips.map((clip, index) => {
        const source = this._context.createBufferSource();
        source.buffer = clip.buffer;
        source.connect(this._gain);
        at += gapBefore(clip.name, index ? clips[index - 1].name : undefined);
        source.start(at);
        at += clip.buffer.duration;
        return source;
      });
      const ends = () => Promise.all(this._sources.map((source, index) => new Promise((resolve) => {
        source.onended = () => { spoken.push(clips[index].name); resolve(); };
      })));
      // A context that is suspended under way tells no end: give up a little later; the next call tries to resume.
      return within((at - this._context.currentTime) * 1000 + STALL_MS, ends).catch((error) => {
        this._sources.forEach((source) => { source.onended = null; source.stop(); });
        throw error;
      });
    }

    /** Promise of a decoded clip, or of null when the pack has none that plays here. */
    _clip(language, name) {
      return once(this._buffers, language + "/" + name, () => this._manifest(language).then((manifest) => {
        return this._firstThatPlays(language, manifest.clips[name].files);
      })).catch(() => null);
    }

    _manifest(language) {
      return once(this._manifests, language, () => within(LOAD_MS, () => this._load(language, "manifest.json")));
    }

    _firstThatPlays(language, files) {
      const play = (file) => within(LOAD_MS, () => this._load(language, file)).then((bytes) => this._decode(bytes));
      return files.reduce((found, file) => found.catch(() => play(file)), Promise.reject(new Error("no files")));
    }

    _decode(bytes) {
      return new Promise((resolve, reject) => {
        // Callbacks for old engines; newer ones also answer with a promise, whose failure is already told.
        const promise = this._context.decodeAudioData(bytes, resolve, reject);
        if (promise) { promise.catch(() => undefined); }
      });
    }
  }

  root.LaySoVoice = {phrase: phrase, readNumber: readNumber, packs: packs, Player: Player};
})(window);
