/**
 * The lobby display: puts the feed, the views, the voice and the page together. See display_view.js for what the rows
 * mean, display_turns.js for who is lit and what is spoken, display_layout.js and display_board.js for the picture.
 *
 * One interval drives everything that depends on time; nothing here grows with the number of calls. `?muted=1` says
 * nothing, `?floor=2` shows and says that floor's calls only, `?pair=1` shows a pairing code. A classic ES2015 script for
 * Chrome 53.
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

  const say = LaySo.words(LaySo.displayTexts);
  const turnsOf = LaySo.displayTurns;
  const board = LaySo.displayBoard;
  const askedFloor = Number((/[?&]floor=(\d+)/.exec(location.search) || [0, 0])[1]);
  const isAsked = (name) => new RegExp("[?&]" + name + "=1").test(location.search);
  const monotonic = () => performance.now();

  // -- the display ----------------------------------------------------------------------------------------------------------

  class Display {
    constructor() {
      this._branch = document.body.getAttribute("data-branch");
      this._channel = "board:" + this._branch;
      this._view = null;
      this._live = null;
      this._problem = null;
      this._turns = turnsOf.none();
      this._told = {}; // number → the call that is in its turn or in the voice's queue
      this._memory = turnsOf.memoryIn(storage(), "layso.display." + this._branch);
      this._spoken = this._memory.read();
      this._seen = this._spoken;
      this._notice = { index: -1, until: 0, key: "" };
      this._lastCallAt = 0;
      this._isCrowded = false;
      this._ticks = 0;
      this._isDevice = false;
      this._isLive = false;
      this._voice = new LaySo.DisplayVoice(isAsked("muted"), (number) => this._onVoice(number));
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
      this._feed.subscribe(this._channel, (view) => this._onView(view), (problem) => { this._problem = problem; });
      this._feed.subscribe("live:" + this._branch, (live) => { this._live = live; this._ticks = 0; });
      this._tick();
    }

    _onStatus(status) {
      this._isLive = status.state === "live";
      if (this._isDevice && status.code >= 4400) { LaySo.deviceLost(); }
      this._draw();
    }

    _isQuiet() {
      const isIdle = !this._turns.queue.length && !this._turns.lit.length && !this._voice.isBusy;
      return isIdle && monotonic() - this._lastCallAt > QUIET_MS;
    }

    // -- calls ------------------------------------------------------------------------------------------------------------

    _onView(view) {
      this._view = view;
      this._problem = null;
      this._takeDown(view.calls || {});
      this._takeUp(this._calls().filter((call) => call.call > 0));
      this._leaveOut(this._calls().filter((call) => call.isOver));
      this._step();
      this._draw();
    }

    _calls() {
      return this._view ? LaySo.displayView.calls(this._view, askedFloor) : [];
    }

    _takeUp(calls) {
      const epoch = epochOf(this._feed.position(this._channel));
      turnsOf.fresh(calls, this._seen, epoch, this._feed.now()).forEach((item) => {
        this._seen = turnsOf.remember(this._seen, item.row, epoch);
        if (!item.isSpoken) { return; }
        this._lastCallAt = monotonic();
        this._told[item.row.number] = { row: item.row, epoch: epoch };
        this._turns = turnsOf.enter(this._turns, item.row.number, item.row.times);
        this._voice.say(item.row);
      });
    }

    /** Calls that were undone: gone from the server's list though newer than its oldest one. */
    _takeDown(kept) {
      const calls = Object.keys(kept).map((slot) => kept[slot].call);
      const oldest = calls.length ? Math.min.apply(null, calls) : 0;
      const isGone = (told) => told.row.call > oldest && calls.indexOf(told.row.call) < 0;
      Object.keys(this._told).filter((number) => isGone(this._told[number])).forEach((number) => {
        this._voice.cancel(number);
        delete this._told[number];
        this._turns = turnsOf.keepOnly(this._turns, (other) => other !== number);
      });
    }

    /** Who has had no turn before the counter called another: the hall is not sent to where somebody else is served. */
    _leaveOut(over) {
      const isOver = (number) => over.some((call) => call.number === number);
      over.filter((call) => turnsOf.isWaiting(this._turns, call.number)).forEach((call) => this._voice.cancel(call.number));
      this._turns = turnsOf.keepOnly(this._turns, (number) => !isOver(number));
    }

    /** What was begun is remembered, so that a reload speaks it no second time. */
    _onVoice(number) {
      const told = number === null ? null : this._told[number];
      if (told) {
        told.isDealt = true;
        this._spoken = turnsOf.remember(this._spoken, told.row, told.epoch);
        this._memory.write(this._spoken);
      }
      if (this._feed) {
        this._step();
        this._draw();
      }
    }

    _step() {
      this._turns = turnsOf.step(this._turns, monotonic(), this._voice);
      Object.keys(this._told).forEach((number) => {
        const isInTurn = turnsOf.isLit(this._turns, number) || turnsOf.isWaiting(this._turns, number);
        if (this._told[number].isDealt && !isInTurn && this._voice.number !== number) { delete this._told[number]; }
      });
    }

    // -- the picture ------------------------------------------------------------------------------------------------------

    _tick() {
      if (!this._feed) { return; }
      this._step();
      this._draw();
      if (this._ticks % TICKS_PER_STRIP === 0) { this._drawStrip(); }
      this._drawNotice();
      this._ticks += 1;
    }

    _draw() {
      if (!this._feed) { return; }
      const now = this._feed.now();
      const isTall = global.innerHeight > global.innerWidth;
      const layout = LaySo.displayLayout.arrange(
        { calls: this._calls(), turns: this._turns, phase: this._phase(now) },
        { isTall: isTall, wasCrowded: this._isCrowded, now: monotonic() }
      );
      this._isCrowded = layout.mode === "crowd";
      const lost = this._lostTime();
      document.body.classList.toggle("is-stale", lost !== "" && this._view !== null);
      board.main(layout, this._turns, lost && this._view ? say("staleLabel", { time: lost }) : "");
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
      const trouble = this._voice.trouble;
      board.sound(trouble === "autoplay" ? say("unlock") : trouble === "unsupported" ? say("noSound") : "");
    }

    _drawStrip() {
      if (!this._view) { return; }
      const isTall = global.innerHeight > global.innerWidth;
      const strip = LaySo.displayView.strip(this._view, this._live);
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

  function storage() {
    try {
      return global.localStorage;
    } catch (refused) {
      return null;
    }
  }

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
