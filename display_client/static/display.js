/**
 * The lobby display: puts the feed, the views, the voice and the page together. See display_view.js for what the rows
 * mean, display_calls.js for who is lit and what is spoken, display_layout.js and display_board.js for the picture.
 *
 * One interval drives everything that depends on time; nothing here grows with the number of calls. `?muted=1` says
 * nothing, `?pair=1` shows a pairing code. A classic ES2015 script for Chrome 53.
 */
(function (global) {
  "use strict";

  const LaySo = global.LaySo;
  const TICK_MS = 250;
  const TICKS_PER_STRIP = 4;
  const STALE_AFTER_MS = 3000; // a line that is back sooner only changes the small sign
  const QUIET_MS = 20000;
  const ASK_MS = 20000;
  const SIGNS = { autoplay: "unlock", unsupported: "noSound", own: "ownVoice", some: "someVoice", all: "allVoice" };

  const say = LaySo.words(LaySo.displayTexts);
  const screenOf = LaySo.displayScreen;
  const board = LaySo.displayBoard;
  const isAsked = (name) => new RegExp("[?&]" + name + "=1").test(location.search);
  const monotonic = () => performance.now();

  class Display {
    constructor() {
      this._branch = document.body.getAttribute("data-branch");
      this._code = document.body.getAttribute("data-screen") || "";
      this._channel = "board:" + this._branch;
      this._view = null;
      this._kept = new LaySo.KeptBoard(LaySo.storage(), this._branch);
      this._keptAt = null; // while the board is the one that was kept when this screen was last on
      this._live = null;
      this._problem = null;
      this._screen = screenOf.of(null, "");
      this._ticker = new LaySo.DisplayTicker();
      this._isCrowded = false;
      this._ticks = 0;
      this._beats = 0;
      this._isDevice = false;
      this._isLive = false;
      this._report = null;
      this._voice = new LaySo.DisplayVoice(
        isAsked("muted"), (number) => this._onVoice(number), (number) => this._onSpoken(number)
      );
      this._calls = new LaySo.DisplayCalls(this._voice, "layso.display." + this._branch);
      this._playlist = new LaySo.PlaylistPlayer(this._branch, document.getElementById("playlist"));
    }

    start() {
      this._voice.start();
      global.addEventListener("resize", () => this._fit());
      global.addEventListener("keydown", LaySo.displayOther.onKey);
      if (document.fonts) { document.fonts.addEventListener("loadingdone", board.refit); }
      setInterval(() => { this._tick(); this._beats += 1; }, TICK_MS);
      LaySo.tellHealth({
        state: () => this._state(), lastCall: () => this._lastCall(), audio: () => this._audio(),
        isQuiet: () => this._isQuiet(), ticks: () => this._beats
      });
      this._signIn().then((me) => {
        if (me && !this._code) { this._beWhat(me); }
        this._follow();
      });
    }

    /** Without a code in its address it is the screen that staff have chosen for it, and asks now and then which. */
    _beWhat(me) {
      const ask = () => LaySo.ask("GET", "/me").then((now) => { this._take(now.screen); }, () => undefined);
      this._take(me.screen);
      setInterval(ask, ASK_MS);
    }

    _take(code) {
      if ((code || "") === this._code) { return; }
      this._code = code || "";
      if (this._feed && this._view && this._keptAt === null) {
        this._onView(this._view);
      } else {
        this._screen = screenOf.of(this._view, this._code);
      }
    }

    /** A board needs no sign-in; a screen that was paired signs in, so that staff see when it is dark. */
    _signIn() {
      const wants = /[#&]token=/.test(location.hash) || isAsked("pair") || LaySo.wasPaired("display");
      this._isDevice = Boolean(wants && LaySo.device);
      if (!this._isDevice) { return Promise.resolve(); }
      this._showKept();
      return LaySo.device({ kind: "display", branch: this._branch, isShowing: () => this._keptAt !== null });
    }

    /** Until the server answers, the board is as it was when this screen was last on. */
    _showKept() {
      const kept = LaySo.wasPaired("display") ? this._kept.read(new Date()) : null;
      if (!kept) { return; }
      this._view = kept.view;
      this._keptAt = kept.at;
      this._screen = screenOf.of(kept.view, this._code);
      document.body.classList.add("is-kept");
      this._tick();
    }

    _follow() {
      this._feed = new LaySo.Feed({
        build: document.documentElement.getAttribute("data-build"),
        onStatus: (status) => this._onStatus(status), onOrder: LaySo.obey,
        onBuild: LaySo.quietReload(() => this._isQuiet())
      });
      this._report = this._isDevice ? new LaySo.DisplayReport(this._feed, this._branch) : null;
      this._feed.subscribe(this._channel, (view) => this._onView(view), (problem) => { this._problem = problem; });
      this._feed.subscribe("live:" + this._branch, (live) => { this._live = live; this._ticks = 0; });
      this._tick();
    }

    _onStatus(status) {
      this._isLive = status.state === "live";
      if (this._report && this._isLive) { this._report.again(); }
      if (this._isDevice && status.code >= 4400) { LaySo.deviceLost(); }
      this._draw();
    }

    _isQuiet() {
      return this._calls.isIdle && monotonic() - this._calls.lastAt > QUIET_MS;
    }

    // -- calls ------------------------------------------------------------------------------------------------------------

    _onView(view) {
      this._view = view;
      this._kept.change();
      this._keptAt = null;
      document.body.classList.remove("is-kept");
      this._problem = null;
      this._screen = screenOf.of(view, this._code);
      const fresh = this._see();
      this._step();
      this._draw();
      this._tellShown(fresh);
    }

    _see() {
      const now = this._feed.now();
      const device = this._device();
      return this._calls.see({
        view: this._view, screen: this._screen, calls: this._shown(), now: now, device: device,
        epoch: LaySo.displayView.epoch(this._feed.position(this._channel)),
        patience: screenOf.patience(this._view, this._screen, device, this._isLive ? now - this._since() : 0)
      });
    }

    _shown() {
      return this._view ? LaySo.displayView.calls(this._view, this._screen) : [];
    }

    /** What the server knows it by; "" when it was not paired. */
    _device() {
      return this._isDevice && this._feed && this._feed.actor ? this._feed.actor.replace("device:", "") : "";
    }

    /** Once it has been drawn, staff may know that it stands here. */
    _tellShown(calls) {
      if (!this._report || !calls.length || this._screen.layout === "waiting") { return; }
      global.requestAnimationFrame(() => {
        if (!document.hidden) { calls.forEach((call) => this._report.shown(call.call)); }
      });
    }

    _onVoice(number) {
      if (number !== null) { this._calls.dealtWith(number); }
      if (this._feed) {
        this._step();
        this._draw();
      }
    }

    _onSpoken(number) {
      const call = this._calls.callOf(number);
      if (call !== null && this._report) { this._report.spoken(call); }
    }

    _step() {
      if (this._calls.isPatient && !this._keptAt) { this._see(); }
      this._calls.step(this._screen.least_s * 1000);
    }

    /** A browser may tell of another size before the page has it: then the next tick finds it. */
    _fit() {
      if (!LaySo.displayOther.isResized()) { return; }
      this._draw(); board.refit(); this._ticker.again();
    }

    // -- the picture ------------------------------------------------------------------------------------------------------

    _tick() {
      if (!this._feed && !this._keptAt) { return; }
      if (this._isDevice && this._state() === "live") { this._kept.keep(this._view, this._now(), monotonic()); }
      this._fit();
      this._tune();
      this._step();
      this._stepPlaylist();
      this._draw();
      this._tellHealth();
      if (this._ticks % TICKS_PER_STRIP === 0) { LaySo.displayOther.strip(this._view, this._live, this._screen); }
      this._ticker.step(this._notices());
      this._ticks += 1;
    }

    /** Loudness goes by the hour. */
    _tune() {
      const voice = this._screen.voice;
      if (!voice) { return; }
      const time = LaySo.time(this._now()).split(":").map(Number);
      this._voice.tune(voice, screenOf.loudness(voice, time[0] * 60 + time[1]));
    }

    _tellHealth() {
      if (!this._report || !this._isLive || !this._view) { return; }
      this._report.tell({ screen: this._screen.code, audio: this._audio() }, this._feed.now(), monotonic());
    }

    /** Notices stand beside the calls of a screen of layout "split"; while there are none it is as every other. */
    _stepPlaylist() {
      const screen = this._screen;
      const isHeard = !this._voice.isMuted && this._voice.trouble === "";
      const isLoud = isHeard && screenOf.speaks(this._view, screen, this._device());
      this._playlist.step((this._view || {}).notices, screen.layout === "split" ? screen.code : null, {
        now: this._now(), at: monotonic(), isLoud: isLoud, isSpeaking: this._voice.isBusy
      });
      if (document.body.classList.contains("is-split") !== this._playlist.isOn) {
        document.body.classList.toggle("is-split", this._playlist.isOn);
        board.refit();
      }
    }

    _state() {
      if (this._problem) { return "trouble"; }
      return !this._view ? "connecting" : this._isLive && !this._keptAt ? "live" : "stale";
    }

    _audio() {
      return this._voice.isMuted || !this._screen.voice ? "off" : this._voice.audio;
    }

    _lastCall() {
      const call = this._shown()[0];
      return call ? { number: call.number, counter: call.counter, at: call.at } : null;
    }

    _draw() {
      if (!this._feed && !this._keptAt) { return; }
      const now = this._now();
      const isTall = global.innerHeight > global.innerWidth;
      const screen = this._screen;
      const strip = this._view ? LaySo.displayView.strip(this._view, this._live, screen) : { fields: [], madeAt: "" };
      const layout = LaySo.displayLayout.arrange(
        {
          calls: this._shown(), turns: this._calls.turns, phase: LaySo.displayView.rest(this._view, this._problem, now), kind: screen.layout,
          fields: strip.fields, madeAt: strip.madeAt,
          desk: this._view && screen.layout === "counter" ? LaySo.displayView.desk(this._view, screen.counters[0]) : null
        },
        { isTall: isTall, isSplit: this._playlist.isOn, wasCrowded: this._isCrowded, now: monotonic() }
      );
      this._isCrowded = layout.mode === "crowd";
      const lost = this._lostTime();
      document.body.classList.toggle("is-stale", lost !== "" && this._view !== null);
      LaySo.displayOther.theme(screen);
      board.main(layout, this._calls.turns, lost && this._view ? say("staleLabel", { time: lost }) : "");
      board.head(now, this._view && this._view.day && this._view.day.today);
      this._drawLink();
    }

    /** The server's time; before it has told it, what is shown is as it was when it was kept. */
    _now() {
      return this._keptAt || this._feed.now();
    }

    _since() {
      return this._keptAt || this._feed.status.since;
    }

    /** Since when the picture is old; "" while it is not, or only for a moment. */
    _lostTime() {
      const isLost = this._keptAt || (!this._isLive && this._now() - this._since() > STALE_AFTER_MS);
      return isLost ? LaySo.displayView.when(this._since()) : "";
    }

    _drawLink() {
      const lost = this._view ? say("stale", { time: LaySo.displayView.when(this._since()) }) : say("connecting");
      board.link(this._isLive && !this._keptAt ? say("live") : lost, this._isLive);
      const sign = this._screen.voice ? SIGNS[this._voice.trouble || this._voice.lack] : undefined;
      board.sound(sign ? say(sign) : "");
    }

    _notices() {
      return this._view ? LaySo.displayOther.notices(this._view, this._screen, this._now(), this._lostTime(), this._playlist.isOn) : [];
    }
  }

  new Display().start();
})(window);
