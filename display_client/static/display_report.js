/**
 * What a paired screen tells the server: how it is, which calls it has shown and which it has spoken. Nobody waits for it.
 *
 * A classic ES2015 script for Chrome 53.
 */
(function (global) {
  "use strict";

  const LaySo = (global.LaySo = global.LaySo || {});
  const NEWS = ["screen", "audio", "size", "build", "player", "restarts"]; // what is told at once; the rest now and then
  const AGAIN_MS = 60000;

  class Report {
    /** `feed` of a device; `branch` its branch. */
    constructor(feed, branch) {
      this._feed = feed;
      this._branch = branch;
      this._told = "";
      this._toldAt = 0;
      this._shown = 0;
      this._sound = { is: "", at: null };
    }

    /** After each start of the line: the server may be another one, which knows nothing. */
    again() {
      this._told = "";
    }

    /** `own` is `{screen, audio}`; `now` the server's time, `at` in ms of a clock that is never set back. */
    tell(own, now, at) {
      if (own.audio !== this._sound.is) { this._sound = { is: own.audio, at: now.toISOString() }; }
      const health = Object.assign(this._health(), own);
      const news = JSON.stringify(NEWS.map((name) => health[name]));
      if (news === this._told && at - this._toldAt < AGAIN_MS) { return; }
      this._told = news;
      this._toldAt = at;
      this._feed.report(health);
    }

    _health() {
      const player = global.laysoPlayer || {};
      return {
        audio_at: this._sound.at, shown: this._shown, size: LaySo.resolution(),
        build: document.documentElement.getAttribute("data-build") || "",
        player: player.version || "", memory_mb: player.memory_mb || 0, restarts: player.restarts || 0
      };
    }

    /** A call stands on the screen. */
    shown(call) {
      this._shown = Math.max(this._shown, call);
      this._say(call, false);
    }

    /** A call was spoken to its end. */
    spoken(call) {
      this._say(call, true);
    }

    _say(call, isSpoken) {
      const args = { branch: this._branch, call: call, is_spoken: isSpoken };
      this._feed.command("report-call", args).catch(() => undefined);
    }
  }

  LaySo.DisplayReport = Report;
})(window);
