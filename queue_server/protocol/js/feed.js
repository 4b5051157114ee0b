/**
 * The browser's side of the wire: one connection, its channels, and commands that are neither lost nor doubled.
 *
 * One classic ES2015 script for every page, down to Chrome 53 (a 2018 television): no modules, no async functions, no
 * object spread, no Object.entries or Object.values. It comes after wires.js.
 *
 *   var feed = new LaySo.Feed({build: "0.1.0+ab12", onStatus: function (status) {}, onBuild: function () {}});
 *   feed.subscribe("board:go-vap", function (view, changes) {});   // changes null: everything is new (a snapshot)
 *   feed.command("call-next", {branch: "go-vap", counter: 5}).then(showAnswer, showProblem);
 *
 * A view is `{table: {key: row}}`. `changes` is `[[table, key, row or null], …]`, already applied to the view.
 * `onStatus` gets `{state: "live" | "reconnecting", since: Date}`; old data must never be shown as live. A lost line's
 * `since` is when the server was last heard, which may be 9 s ago. `onBuild` is
 * called when the server is of another release than the page (`build`): the page reloads itself in a quiet moment.
 * `onOrder(what)` hears what the server wants of a lobby screen ("picture").
 * `isWorkedAt` says that somebody works at this page: whatever they press while the line is lost has it tried at once,
 * where a screen waits for its turn in the window. So does what was on its way when the line was lost.
 */
(function (global) {
  "use strict";

  var SILENT_MS = 9000; // the server is never silent for longer than 6 s; nobody waits for longer to ask again, either
  var WATCH_MS = 500;
  var DEADLINE_MS = 15000; // a press is worth this long; later nobody stands there any more
  var FIRST_RETRY_MS = 250;
  var LAST_RETRY_MS = 750; // with the window of 1.5 s everybody is back within 3 s; a larger fleet gets a larger window
  var ASK_FROM = 3;
  var TRY_AGAIN_FROM = 500; // problems with such a status are the server's own
  var LOST = 1006;
  var STOP_FROM = 4400; // close codes from here on mean: do not come back without a change
  var wires = global.LaySo.wires;
  var PRESSES = ["keydown", "pointerdown", "mousedown", "touchstart"]; // a button that is off hears only some of them

  /** Apply changes to a view in place. Pure but for the view: no clock, no page. */
  function applyChanges(view, changes) {
    for (var i = 0; i < changes.length; i += 1) {
      var table = changes[i][0];
      var key = changes[i][1];
      var row = changes[i][2];
      if (!view[table]) {
        view[table] = {};
      }
      if (row === null) {
        delete view[table][key];
      } else {
        view[table][key] = row;
      }
    }
    return view;
  }

  /** What to do with an event frame at `position`: "take", "ignore" (have it), or "gap" (take a snapshot). */
  function judge(position, frame) {
    var at = split(position);
    var seq = split(frame.seq);
    var prev = split(frame.prev);
    if (at.epoch !== seq.epoch) {
      return "gap";
    }
    if (seq.seq <= at.seq) {
      return "ignore";
    }
    return prev.seq <= at.seq ? "take" : "gap";
  }

  function split(position) {
    var dot = position.lastIndexOf(".");
    return { epoch: position.slice(0, dot), seq: Number(position.slice(dot + 1)) };
  }

  function newKey() {
    var bytes = new Uint8Array(16);
    global.crypto.getRandomValues(bytes);
    var text = "";
    for (var i = 0; i < bytes.length; i += 1) {
      text += (bytes[i] + 256).toString(16).slice(1);
    }
    return text;
  }

  function Feed(options) {
    this._options = options || {};
    this._channels = {};
    this._pending = {};
    this._wire = null;
    this._probe = null;
    this._past = { first: wires.remembered(), heard: "", failed: 0, socketAt: Date.now() };
    this._report = null;
    this._clock = { at: Date.now(), heard: Date.now(), speed: 1 };
    this._retry = FIRST_RETRY_MS;
    this._soonest = 0;
    this._window = 1500;
    this._heardAt = 0;
    this._watchdog = null;
    this._timer = null;
    this._question = null;
    this._isStopped = false;
    this.status = { state: "reconnecting", since: new Date() };
    if (this._options.isWorkedAt) {
      this._tryAtPresses();
    }
    this._connect();
  }

  /** The server's time now; the clock of a television or a tablet is not to be trusted. */
  Feed.prototype.now = function () {
    return new Date(this._clock.at + (Date.now() - this._clock.heard) * this._clock.speed);
  };

  /**
   * Follow a channel. `onView(view, changes)` is called at once with every snapshot and every change. `known` is a snapshot
   * frame that the page came with: then only what has changed since is sent, where that is still known.
   */
  Feed.prototype.subscribe = function (name, onView, onProblem, known) {
    var position = known ? known.seq : null;
    this._channels[name] = { view: known ? known.data : {}, position: position, onView: onView, onProblem: onProblem };
    this._ask(name);
  };

  /** Where a numbered channel is, "EPOCH.SEQ"; null before its first snapshot. Call numbers count within an epoch. */
  Feed.prototype.position = function (name) {
    return this._channels[name] ? this._channels[name].position : null;
  };

  Feed.prototype.unsubscribe = function (name) {
    delete this._channels[name];
    this._send({ type: "unsubscribe", channel: name });
  };

  /**
   * Ask for a change; a promise of its answer, rejected with a problem (`code`, `detail` for a person).
   * Without a connection it is rejected at once, so that no press is kept for later, and the line is tried. What is on its way when the
   * line drops is sent again with the same key until its deadline: it happens once, or the promise says it may not have.
   */
  Feed.prototype.command = function (name, args) {
    var feed = this;
    return new Promise(function (resolve, reject) {
      if (feed.status.state !== "live") {
        feed.hurry();
        reject(localProblem("offline"));
        return;
      }
      var id = newKey();
      var deadline = new Date(feed.now().getTime() + DEADLINE_MS * feed._clock.speed).toISOString();
      var frame = { type: "command", id: id, name: name, args: args || {}, deadline: deadline };
      var timer = setTimeout(function () {
        delete feed._pending[id];
        reject(localProblem("no-answer"));
      }, DEADLINE_MS);
      feed._pending[id] = { frame: frame, resolve: resolve, reject: reject, timer: timer };
      feed._send(frame);
    });
  };

  /** Tell what a lobby screen says of itself; nobody answers. */
  Feed.prototype.report = function (report) {
    this._report = Object.assign({ type: "report" }, report);
    this._send(this._report);
  };

  /** Close for good. */
  Feed.prototype.stop = function () {
    this._isStopped = true;
    clearTimeout(this._timer);
    this._timer = null;
    clearInterval(this._watchdog);
    this._endProbe();
    if (this._question) {
      this._question.stop();
    }
    if (this._wire) {
      this._wire.close();
    }
  };

  function localProblem(code) {
    var said = {
      offline: ["Mất kết nối với máy chủ. Hãy thử lại khi có kết nối.", "No connection to the server. Try again when it is back."],
      "no-answer": ["Máy chủ chưa trả lời. Hãy kiểm tra trước khi bấm lại.", "The server has not answered. Check before you press again."]
    }[code];
    var isEnglish = (document.documentElement.lang || "vi").indexOf("en") === 0;
    return { code: code, status: 0, detail: said[isEnglish ? 1 : 0], data: {} };
  }

  // -- connection -----------------------------------------------------------------------------------------------------

  /** In a long outage a small request goes ahead (decision 9): browsers hold back a WebSocket after some that failed. */
  Feed.prototype._connect = function () {
    var feed = this;
    if (this._past.heard === "" || this._past.failed < ASK_FROM) {
      this._begin();
      return;
    }
    this._question = wires.ask(function (isThere) {
      feed._question = null;
      if (isThere) {
        feed._begin();
      } else {
        feed._onClose(LOST);
      }
    });
  };

  Feed.prototype._begin = function () {
    var feed = this;
    var way = global.EventSource ? wires.choose(this._past, Date.now()) : "socket";
    this._wire = this._open(way);
    this._heardAt = Date.now();
    // Who waits to be let in waits longer: whoever gives up and comes again makes the others wait for longer still.
    this._patience = SILENT_MS + this._window;
    clearInterval(this._watchdog);
    this._watchdog = setInterval(function () { feed._watch(); }, WATCH_MS);
  };

  Feed.prototype._open = function (way) {
    var feed = this;
    var query = "lang=" + (document.documentElement.lang || "vi") + branchOfPage();
    if (way === "socket") {
      this._past.socketAt = Date.now();
    }
    var wire = new wires[way](query, {
      frame: function (frame) { feed._onHeard(wire, frame); },
      closed: function (code) {
        if (wire === feed._wire) {
          feed._onClose(code);
        }
      },
      wanted: function () { return feed._wanted(); },
      answer: function (frame) { feed._onFrame(frame); },
      isAwaited: function (id) { return Boolean(feed._pending[id]); }
    });
    return wire;
  };

  Feed.prototype._onHeard = function (wire, frame) {
    if (wire === this._probe) {
      this._probe = null;
      if (this._wire) {
        this._wire.close();
      }
      this._wire = wire;
    }
    if (wire === this._wire) {
      this._heardAt = Date.now();
      this._onFrame(frame);
    }
  };

  /** A stream goes on while it is looked whether a WebSocket gets through. */
  Feed.prototype._watch = function () {
    var now = Date.now();
    if (!this._wire) {
      return; // it is being tried again already
    }
    if (now - this._heardAt > this._patience) {
      this._drop();
    } else if (this._probe && now - this._past.socketAt > SILENT_MS) {
      this._endProbe();
    } else if (this._wire.way === "stream" && wires.isProbeDue(this._past, now)) {
      this._probe = this._open("socket");
    }
  };

  Feed.prototype._endProbe = function () {
    var probe = this._probe;
    this._probe = null;
    if (probe) {
      probe.close();
    }
  };

  /** So that a proxy may lead all of one branch to the same process; the server itself does not look at it. */
  function branchOfPage() {
    var body = document.body;
    var branch = document.documentElement.getAttribute("data-branch") || (body && body.getAttribute("data-branch"));
    return branch ? "&branch=" + encodeURIComponent(branch) : "";
  }

  /** Nothing has been heard for too long: the line is dead, though the browser does not know it. */
  Feed.prototype._drop = function () {
    var wire = this._wire;
    this._wire = null;
    if (wire) {
      wire.close();
    }
    this._onClose(LOST);
  };

  Feed.prototype._onClose = function (code) {
    clearInterval(this._watchdog);
    this._endProbe();
    this._wire = null;
    this._past.failed += 1;
    this._setStatus("reconnecting", code);
    if (this._isStopped || code >= STOP_FROM) {
      return;
    }
    // Anywhere in the window that the server named: those who all lost it at once do not all come at once.
    var turn = Object.keys(this._pending).length ? 0 : Math.random() * this._window;
    this._soonest = Date.now() + this._retry;
    this._connectIn(this._retry + turn);
    this._retry = Math.min(this._retry * 2, LAST_RETRY_MS);
  };

  Feed.prototype._connectIn = function (wait) {
    var feed = this;
    clearTimeout(this._timer);
    this._timer = setTimeout(function () {
      feed._timer = null;
      feed._connect();
    }, wait);
  };

  /** Try now, or as soon as the server may be asked again; a try that is under way goes on. */
  Feed.prototype.hurry = function () {
    if (this._timer !== null) {
      this._connectIn(Math.min(Math.max(this._soonest - Date.now(), 0), LAST_RETRY_MS));
    }
  };

  Feed.prototype._tryAtPresses = function () {
    var feed = this;
    PRESSES.forEach(function (press) {
      document.addEventListener(press, function () { feed.hurry(); }, true);
    });
  };

  Feed.prototype._setStatus = function (state, code) {
    if (state !== this.status.state) {
      var silent = state === "live" ? 0 : (Date.now() - this._heardAt) * this._clock.speed;
      this.status = { state: state, since: new Date(this.now().getTime() - silent), code: code };
      if (this._options.onStatus) {
        this._options.onStatus(this.status);
      }
    }
  };

  Feed.prototype._send = function (frame) {
    if (this._wire) {
      this._wire.send(frame);
    }
  };

  Feed.prototype._ask = function (name) {
    var frame = { type: "subscribe", channel: name };
    if (this._since(name)) {
      frame.since = this._since(name);
    }
    this._send(frame);
  };

  /** The position from which a channel goes on; "" for a snapshot. */
  Feed.prototype._since = function (name) {
    return name.indexOf("live:") === 0 ? "" : this._channels[name].position || "";
  };

  /** What a stream's address says: the channels, and a screen's report. */
  Feed.prototype._wanted = function () {
    var feed = this;
    var channels = Object.keys(this._channels).map(function (name) {
      return "&channel=" + encodeURIComponent(name) + "&since=" + encodeURIComponent(feed._since(name));
    });
    return channels.join("") + (this._report ? "&report=" + encodeURIComponent(JSON.stringify(this._report)) : "");
  };

  // -- frames ---------------------------------------------------------------------------------------------------------

  Feed.prototype._onFrame = function (frame) {
    switch (frame.type) {
      case "welcome":
        this._onWelcome(frame);
        break;
      case "snapshot":
        this._onSnapshot(frame);
        break;
      case "event":
        this._onEvent(frame);
        break;
      case "beat":
        this._onBeat(frame);
        break;
      case "result":
        this._settle(frame.id, "resolve", frame.data);
        break;
      case "error":
        this._onError(frame);
        break;
      case "order":
        if (this._options.onOrder) {
          this._options.onOrder(frame.what);
        }
        break;
      default:
    }
  };

  Feed.prototype._onWelcome = function (frame) {
    this._patience = SILENT_MS;
    this._clock = { at: new Date(frame.at).getTime(), heard: Date.now(), speed: frame.clock_speed };
    this._window = frame.reconnect_window_s * 1000;
    this._retry = FIRST_RETRY_MS;
    if (this._options.build && this._options.build !== frame.build && this._options.onBuild) {
      this._options.onBuild(frame.build);
    }
    this.actor = frame.actor;
    this._past.failed = 0;
    if (this._past.heard !== this._wire.way) {
      this._past.heard = this._wire.way;
      wires.remember(this._wire.way);
    }
    this._setStatus("live");
    if (this._wire.way === "socket") {
      this._sayAll();
    }
  };

  /** A stream's address has said what is followed, and its commands go their own way. */
  Feed.prototype._sayAll = function () {
    var name;
    for (name in this._channels) {
      this._ask(name);
    }
    for (name in this._pending) {
      this._send(this._pending[name].frame);
    }
  };

  Feed.prototype._onSnapshot = function (frame) {
    var channel = this._channels[frame.channel];
    if (channel) {
      channel.position = frame.seq;
      channel.view = frame.data;
      channel.onView(channel.view, null);
    }
  };

  Feed.prototype._onEvent = function (frame) {
    var channel = this._channels[frame.channel];
    if (!channel || channel.position === null) {
      return;
    }
    var verdict = judge(channel.position, frame);
    if (verdict === "take") {
      channel.position = frame.seq;
      applyChanges(channel.view, frame.changes);
      channel.onView(channel.view, frame.changes);
    } else if (verdict === "gap") {
      this._askAnew(frame.channel);
    }
  };

  Feed.prototype._askAnew = function (name) {
    this._channels[name].position = null;
    this._ask(name);
  };

  /** The server cannot tell now; it is its own fault, and passes for all at once. */
  Feed.prototype._askLater = function (name) {
    var feed = this;
    setTimeout(function () {
      if (feed._channels[name]) {
        feed._ask(name);
      }
    }, LAST_RETRY_MS + Math.random() * Math.min(this._window, SILENT_MS));
  };

  /** A beat names the newest position of each channel: who is behind it has missed a frame. */
  Feed.prototype._onBeat = function (frame) {
    this._clock.at = new Date(frame.at).getTime();
    this._clock.heard = Date.now();
    for (var name in frame.positions) {
      var channel = this._channels[name];
      if (channel && channel.position && isBehind(channel.position, frame.positions[name])) {
        this._askAnew(name);
      }
    }
  };

  function isBehind(position, newest) {
    var here = split(position);
    var there = split(newest);
    return here.epoch !== there.epoch || here.seq < there.seq;
  }

  Feed.prototype._onError = function (frame) {
    if (frame.id) {
      this._settle(frame.id, "reject", frame.problem);
    } else if (frame.channel && frame.problem.status >= TRY_AGAIN_FROM) {
      this._askLater(frame.channel);
    } else if (frame.channel && this._channels[frame.channel] && this._channels[frame.channel].onProblem) {
      this._channels[frame.channel].onProblem(frame.problem);
    }
  };

  Feed.prototype._settle = function (id, how, value) {
    var pending = this._pending[id];
    if (pending) {
      delete this._pending[id];
      clearTimeout(pending.timer);
      pending[how](value);
    }
  };

  global.LaySo = global.LaySo || {};
  global.LaySo.Feed = Feed;
  global.LaySo.applyChanges = applyChanges;
  global.LaySo.judge = judge;
})(typeof window === "undefined" ? globalThis : window);
