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
  const STRIP_MS = 9000;
  const QUIET_MS = 20000;
  const WIDE_FIELDS = 4;
  const TALL_FIELDS = 8;
  const SIGNS = { autoplay: "unlock", unsupported: "noSound", own: "ownVoice", some: "someVoice", all: "allVoice" };
  const SOUND = { "": "on", autoplay: "blocked", unsupported: "none" };

  const say = LaySo.words(LaySo.displayTexts);
  const screenOf = LaySo.displayScreen;
  const board = LaySo.displayBoard;
  const isAsked = (name) => new RegExp("[?&]" + name + "=1").test(location.search);
  const monotonic = () => performance.now();

  // -- the display ----------------------------------------------------------------------------------------------------------

  class Display {
    constructor() {
      this._branch = document.body.getAttribute("data-branch");
      this._code = document.body.getAttribute("data-screen") || "";
      this._channel = "board:" + this._branch;
      this._view = null;
      this._live = null;
      this._problem = null;
      this._screen = screenOf.of(null, "");
      this._notice = { index: -1, until: 0, key: "" };
      this._isCrowded = false;
      this._ticks = 0;
      this._isDevice = false;
      this._isLive = false;
      this._report = null;
      this._voice = new LaySo.DisplayVoice(
        isAsked("muted"), (number) => this._onVoice(number), (number) => this._onSpoken(number)
      );
      this._calls = new LaySo.DisplayCalls(this._voice, "layso.display." + this._branch);
    }

    start() {
      this._voice.start();
      global.addEventListener("resize", () => { this._draw(); board.refit(); this._notice.until = 0; });
      global.addEventListener("keydown", onKey);
      if (document.fonts) { document.fonts.addEventListener("loadingdone", board.refit); }
      setInterval(() => this._tick(), TICK_MS);
      this._signIn().then(() => this._follow());
    }

    /** A board needs no sign-in; a screen that was paired signs in, so that staff see when it is dark. */
    _signIn() {
      const wants = /[#&]token=/.test(location.hash) || isAsked("pair") || wasPaired();
      this._isDevice = Boolean(wants && LaySo.device);
      return this._isDevice ? LaySo.device({ kind: "display", branch: this._branch }) : Promise.resolve();
    }

    _follow() {
      this._feed = new LaySo.Feed({
        build: document.documentElement.getAttribute("data-build"),
        onStatus: (status) => this._onStatus(status),
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
      this._problem = null;
      this._screen = screenOf.of(view, this._code);
      const fresh = this._calls.see({
        view: view, screen: this._screen, calls: this._shown(), now: this._feed.now(),
        epoch: epochOf(this._feed.position(this._channel)), device: this._device()
      });
      this._step();
      this._draw();
      this._tellShown(fresh);
    }

    _shown() {
      return this._view ? LaySo.displayView.calls(this._view, this._screen) : [];
    }

    /** What the server knows this screen by; "" when it was not paired. */
    _device() {
      return this._isDevice && this._feed.actor ? this._feed.actor.replace("device:", "") : "";
    }

    /** Once it has been drawn, staff may know that it stands here. */
    _tellShown(calls) {
      if (!this._report || !calls.length) { return; }
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
      this._calls.step(this._screen.least_s * 1000);
    }

    // -- the picture ------------------------------------------------------------------------------------------------------

    _tick() {
      if (!this._feed) { return; }
      this._tune();
      this._step();
      this._draw();
      this._tellHealth();
      if (this._ticks % TICKS_PER_STRIP === 0) { this._drawStrip(); }
      this._drawNotice();
      this._ticks += 1;
    }

    /** Loudness goes by the hour. */
    _tune() {
      const voice = this._screen.voice;
      if (!voice) { return; }
      const time = LaySo.time(this._feed.now()).split(":").map(Number);
      this._voice.tune(voice, screenOf.loudness(voice, time[0] * 60 + time[1]));
    }

    _tellHealth() {
      if (!this._report || !this._isLive || !this._view) { return; }
      const player = global.laysoPlayer || {};
      const sound = this._voice.isMuted || !this._screen.voice ? "off" : SOUND[this._voice.trouble];
      this._report.tell({
        screen: this._screen.code,
        audio: sound,
        size: global.innerWidth + "x" + global.innerHeight,
        build: document.documentElement.getAttribute("data-build") || "",
        player: player.version || "",
        memory_mb: player.memory_mb || 0,
        restarts: player.restarts || 0
      }, monotonic());
    }

    _draw() {
      if (!this._feed) { return; }
      const now = this._feed.now();
      const isTall = global.innerHeight > global.innerWidth;
      const screen = this._screen;
      const layout = LaySo.displayLayout.arrange(
        {
          calls: this._shown(), turns: this._calls.turns, phase: this._phase(now), kind: screen.layout,
          fields: this._view ? LaySo.displayView.strip(this._view, this._live, screen).fields : [],
          desk: this._view && screen.layout === "counter" ? LaySo.displayView.desk(this._view, screen.counters[0]) : null
        },
        { isTall: isTall, wasCrowded: this._isCrowded, now: monotonic() }
      );
      this._isCrowded = layout.mode === "crowd";
      const lost = this._lostTime();
      document.body.classList.toggle("is-stale", lost !== "" && this._view !== null);
      LaySo.displayOther.theme(screen);
      board.main(layout, this._calls.turns, lost && this._view ? say("staleLabel", { time: lost }) : "");
      board.head(now, this._view && this._view.day && this._view.day.today);
      this._drawLink();
    }

    _phase(now) {
      if (this._problem) { return { kind: "noDay", title: say("noBranch"), lead: "", time: "", how: this._problem.detail }; }
      if (!this._view) { return { kind: "connecting", title: say("connecting"), lead: "", time: "", how: say("connectingHow") }; }
      const phase = LaySo.displayView.phase(this._view, now);
      return phase.kind === "open" ? Object.assign({ title: say("none"), lead: "", time: "", how: say("noneHow") }, phase) : phase;
    }

    /** Since when the picture is old; "" while it is not, or only for a moment. */
    _lostTime() {
      const since = this._feed.status.since;
      return !this._isLive && this._feed.now() - since > STALE_AFTER_MS ? LaySo.time(since) : "";
    }

    _drawLink() {
      const lost = this._view ? say("stale", { time: LaySo.time(this._feed.status.since) }) : say("connecting");
      board.link(this._isLive ? say("live") : lost, this._isLive);
      const sign = this._screen.voice ? SIGNS[this._voice.trouble || this._voice.lack] : undefined;
      board.sound(sign ? say(sign) : "");
    }

    _drawStrip() {
      if (!this._view) { return; }
      const isTall = global.innerHeight > global.innerWidth;
      const strip = LaySo.displayView.strip(this._view, this._live, this._screen);
      const pages = LaySo.displayView.pagesOf(strip.fields, isTall ? TALL_FIELDS : WIDE_FIELDS);
      const page = Math.floor(monotonic() / STRIP_MS) % pages.length;
      board.strip(pages[page], strip.madeAt, page, pages.length);
    }

    /** One notice after the other, each as long as it takes to read; a lost connection goes before all of them. */
    _drawNotice() {
      const lost = this._lostTime();
      const stale = { kind: "warn", label: say("staleLabel", { time: lost }), text: say("staleHow", { time: lost }) };
      const notices = lost && this._view ? [stale]
        : this._view ? LaySo.displayView.notices(this._view, this._feed.now()) : [];
      const key = JSON.stringify(notices);
      const isSame = key === this._notice.key;
      if (isSame && (monotonic() < this._notice.until || (notices.length < 2 && !this._isTickerOver()))) { return; }
      const index = isSame ? (this._notice.index + 1) % Math.max(1, notices.length) : 0;
      const lasts = board.notice(notices[index] || null);
      this._notice = { index: index, until: monotonic() + lasts, key: key };
    }

    /** A single notice that fits stays as it is; one that scrolls begins again. */
    _isTickerOver() {
      return this._notice.until === 0 || Boolean(document.querySelector(".bar__text.is-moving"));
    }
  }

  // -- small things ---------------------------------------------------------------------------------------------------------

  /** Whether device.js keeps a token here. */
  function wasPaired() {
    try {
      return Boolean(global.localStorage.getItem("layso.device.display"));
    } catch (refused) {
      return false;
    }
  }

  const epochOf = (position) => (position ? position.slice(0, position.lastIndexOf(".")) : "");

  function onKey(event) {
    if (event.key !== "f" && event.key !== "F") { return; }
    const root = document.documentElement;
    const isFull = document.fullscreenElement || document.webkitFullscreenElement;
    const turn = isFull ? document.exitFullscreen || document.webkitExitFullscreen
      : root.requestFullscreen || root.webkitRequestFullscreen;
    const asked = turn && turn.call(isFull ? document : root);
    if (asked && asked.catch) { asked.catch(() => undefined); }
  }

  new Display().start();
})(window);
