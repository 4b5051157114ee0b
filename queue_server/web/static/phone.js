/**
 * A phone's line to the server. A phone sleeps, loses the net and finds it again: what it shows may be old, and says so.
 * A classic ES2015 script, for phones of 2017 on. Comes after feed.js, page.js and times.js.
 */
(function (global) {
  "use strict";

  var LaySo = (global.LaySo = global.LaySo || {});
  var ASLEEP_MS = 5000; // hidden for longer, and the line may be dead without anybody knowing
  var AGAIN_MS = 2000; // how soon something is sent again over a line that seems to be there

  /**
   * Follows `channels`, each `{name, onView, onProblem, known}`, and says in `element` how the line is. The first one says
   * whether there is news. `onChange` is called when what is shown has become old or new. `asOf` is of when the page's own
   * rows are, if it brought some; `isQuiet` says whether it may be loaded anew.
   */
  function PhoneLine(options) {
    var line = this;
    this.asOf = options.asOf || null; // of when the news are; null while they are of now
    this._options = options;
    this._show = LaySo.connection(options.element);
    this._reload = LaySo.quietReload(options.isQuiet);
    this._kept = []; // what waits for the line
    this._isStopped = false;
    this._epoch = "";
    this._hiddenAt = 0;
    this._hidden = null; // the server's time then
    this._follow();
    document.addEventListener("visibilitychange", function () { line._onVisibility(); });
    global.addEventListener("pageshow", function (event) { if (event.persisted) { line.followAnew(); } });
    global.addEventListener("online", function () { line.followAnew(); });
  }

  /** The server's time; while it has not been heard, that of the news. */
  PhoneLine.prototype.now = function () {
    return this._isMet || this.asOf === null ? this._feed.now() : this.asOf;
  };

  PhoneLine.prototype.isLive = function () {
    return this.asOf === null;
  };

  /** The history that the news belong to: call numbers count within it. */
  PhoneLine.prototype.epoch = function () {
    var position = this._position();
    this._epoch = position === null ? this._epoch : position.slice(0, position.lastIndexOf("."));
    return this._epoch;
  };

  PhoneLine.prototype._position = function () {
    return this._feed.position(this._options.channels[0].name);
  };

  PhoneLine.prototype.stop = function () {
    this._isStopped = true;
    this._feed.stop();
  };

  /** A promise of a moment at which it is worth sending again what did not get through. */
  PhoneLine.prototype.again = function () {
    var line = this;
    return new Promise(function (resolve) {
      line._kept.push(resolve);
      setTimeout(resolve, AGAIN_MS);
    });
  };

  PhoneLine.prototype._follow = function () {
    var line = this;
    var feed = new LaySo.Feed({
      build: document.documentElement.getAttribute("data-build"),
      onStatus: function (status) { if (feed === line._feed) { line._onStatus(status); } },
      onBuild: function () { if (feed === line._feed) { line._reload(); } }
    });
    this._feed = feed;
    this._isMet = false;
    this._options.channels.forEach(function (channel, i) {
      feed.subscribe(channel.name, function (view) {
        line.asOf = i === 0 ? null : line.asOf;
        channel.onView(view);
      }, channel.onProblem, channel.known);
      channel.known = null; // afterwards it is too old
    });
  };

  /** What is shown is of now when the line is, and has brought news. */
  PhoneLine.prototype._onStatus = function (status) {
    if (status.state !== "live") {
      this.asOf = this.asOf || status.since;
    } else {
      this._isMet = true;
      this.asOf = this._position() === null ? this.asOf : null;
      this._kept.splice(0).forEach(function (resolve) { resolve(); });
    }
    this._show(status);
    this._options.onChange();
  };

  /** A phone that was asleep does not wait until the silence is noticed: a new line, from the start. */
  PhoneLine.prototype.followAnew = function () {
    if (this._isStopped) {
      return;
    }
    this.asOf = this.asOf || this._hidden || this.now();
    this._feed.stop();
    this._show(null);
    this._follow();
    this._options.onChange();
  };

  PhoneLine.prototype._onVisibility = function () {
    if (document.hidden) {
      this._hiddenAt = Date.now();
      this._hidden = this.now();
      return;
    }
    if (Date.now() - this._hiddenAt > ASLEEP_MS || this._feed.status.state !== "live") {
      this.followAnew();
    }
    this._hidden = null;
  };

  // -- elements -----------------------------------------------------------------------------------------------------------

  /** Put these into an element, instead of what is there. */
  LaySo.replace = function (element, children) {
    element.textContent = "";
    children.forEach(function (child) { element.appendChild(child); });
  };

  if (global.matchMedia && global.matchMedia("(prefers-contrast: more)").matches) {
    document.documentElement.setAttribute("data-theme", "contrast");
  }

  LaySo.PhoneLine = PhoneLine;
})(window);
