/**
 * The display's voice: LaySoVoice.Player with its packs, and what the picture needs to know of it. Muted it says nothing
 * and counts everything as said. What the player tells goes on as an event `layso:voice` on the document.
 *
 * A classic ES2015 script for Chrome 53.
 */
(function (global) {
  "use strict";

  const LaySo = (global.LaySo = global.LaySo || {});
  const PACKS = { vi: "/static/display/voice/vi-bac", en: "/static/display/voice/en" };

  /**
   * `isBusy` while it speaks or is about to, `number` whom it speaks now, `trouble` why it cannot: "", "autoplay" or
   * "unsupported". `onChange(number)` is called with every change, with the number that is dealt with or null.
   */
  class Voice {
    constructor(isMuted, onChange) {
      this.isBusy = false;
      this.number = null;
      this.trouble = "";
      this._onChange = onChange;
      const Context = global.AudioContext || global.webkitAudioContext;
      this._player = isMuted ? null : new global.LaySoVoice.Player({
        audioContext: Context ? new Context() : null,
        load: global.LaySoVoice.packs(PACKS),
        onState: (news) => this._onNews(news)
      });
    }

    start() {
      if (!this._player) { return; }
      this._player.unlock();
      ["keydown", "click", "touchend"].forEach((kind) => global.addEventListener(kind, () => this._player.unlock()));
    }

    say(call) {
      if (!this._player) { return this._onChange(call.number); }
      const language = call.language === "vi" ? "vi" : ["vi", "en"];
      this.isBusy = this.trouble === "";
      this._player.say({ id: call.number, number: call.number, counter: call.counter, times: call.times, language: language });
      return undefined;
    }

    cancel(number) {
      if (this._player) { this._player.cancel(number); }
    }

    /** Dealt with is what was begun, or given up. */
    _onNews(news) {
      document.dispatchEvent(new CustomEvent("layso:voice", { detail: news }));
      const dealt = news.state === "speaking" ? news.callId : news.dropped === undefined ? null : news.dropped;
      if (news.state) {
        this.isBusy = news.state === "speaking";
        this.number = this.isBusy ? news.callId : null;
        this.trouble = news.state === "blocked" ? news.reason : "";
      }
      this._onChange(dealt);
    }
  }

  LaySo.DisplayVoice = Voice;
})(window);
