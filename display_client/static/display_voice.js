/**
 * The display's voice: LaySoVoice.Player with its packs, and what the picture needs to know of it. Muted it says nothing
 * and counts everything as said. What the player tells goes on as an event `layso:voice` on the document.
 *
 * A classic ES2015 script for Chrome 53.
 */
(function (global) {
  "use strict";

  const LaySo = (global.LaySo = global.LaySo || {});
  const FOLDER = "/static/display/voice/";
  const PACKS = { bac: "vi-bac", nam: "vi-nam" };
  const SPARE = "vi-bac"; // speaks what a region's own pack does not have

  /**
   * `isBusy` while it speaks or is about to, `number` whom it speaks now, `trouble` why it cannot: "", "autoplay" or
   * "unsupported"; `lack` what of the last call was not there to be spoken: "", "own" (the other region spoke), "some" or
   * "all". `onChange(number)` is called with every change, with the number that is dealt with or null,
   * `onSpoken(number)` when one was heard to its end.
   */
  class Voice {
    constructor(isMuted, onChange, onSpoken) {
      this.isMuted = isMuted;
      this._reading = "bac";
      this._repeats = 2;
      this._onSpoken = onSpoken;
      this.isBusy = false;
      this.number = null;
      this.trouble = "";
      this.lack = "";
      this._isOwn = true;
      this._isWhole = true;
      this._onChange = onChange;
      const Context = global.AudioContext || global.webkitAudioContext;
      this._player = isMuted ? null : new global.LaySoVoice.Player({
        audioContext: Context ? new Context() : null,
        load: (language, file) => this._load(language, file),
        onState: (news) => this._onNews(news)
      });
    }

    /** Whether sound comes out, as a screen reports it. */
    get audio() {
      return this.trouble === "" ? "on" : this.trouble === "autoplay" ? "blocked" : "none";
    }

    start() {
      if (!this._player) { return; }
      this._player.unlock();
      ["keydown", "click", "touchend"].forEach((kind) => global.addEventListener(kind, () => this._player.unlock()));
    }

    /** As the screen's configuration says; `loudness` from 0 to 1. */
    tune(voice, loudness) {
      this._repeats = voice.repeats;
      if (!this._player) { return; }
      if (voice.reading !== this._reading) {
        this._reading = voice.reading;
        this._isOwn = true;
        this._player.forget();
      }
      this._player.setVolume(loudness);
    }

    _load(language, file) {
      const own = PACKS[this._reading];
      const load = (pack) => global.LaySoVoice.packs({ vi: FOLDER + pack, en: FOLDER + "en" })(language, file);
      return load(own).catch((fault) => {
        if (language !== "vi" || own === SPARE) { throw fault; }
        return load(SPARE).then((found) => {
          this._isOwn = false;
          return found;
        });
      });
    }

    say(call) {
      if (!this._player) { return this._onChange(call.number); }
      const language = call.language === "vi" ? "vi" : ["vi", "en"];
      this.isBusy = this.trouble === "";
      this._player.say({
        id: call.number, number: call.number, counter: call.counter, times: call.times, language: language,
        repeat: call.times > 1 ? 1 : this._repeats
      });
      return undefined;
    }

    cancel(number) {
      if (this._player) { this._player.cancel(number); }
    }

    /** Dealt with is what was begun, or given up. */
    _onNews(news) {
      document.dispatchEvent(new CustomEvent("layso:voice", { detail: news }));
      if (news.state === "speaking") { this._isWhole = true; }
      if (news.missing) { this._isWhole = false; }
      if (news.spoken) { this._onHeard(news.spoken, news.callId); }
      const dealt = news.state === "speaking" ? news.callId : news.dropped === undefined ? null : news.dropped;
      if (news.state) {
        this.isBusy = news.state === "speaking";
        this.number = this.isBusy ? news.callId : null;
        this.trouble = news.state === "blocked" ? news.reason : "";
      }
      this._onChange(dealt);
    }

    /** The chime alone says nothing. */
    _onHeard(spoken, number) {
      this.lack = !this._isWhole ? (spoken.length > 1 ? "some" : "all") : this._isOwn ? "" : "own";
      if (spoken.length > 1) { this._onSpoken(number); }
    }
  }

  LaySo.DisplayVoice = Voice;
})(window);
