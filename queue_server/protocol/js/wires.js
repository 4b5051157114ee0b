/**
 * The two ways from a page to the server: a WebSocket, and where a proxy lets none through a stream of events
 * (EventSource), with commands by HTTP. `feed.js` chooses; it comes after this script.
 *
 *   var wire = new LaySo.wires.socket(query, ear);
 *   wire.send(frame);
 *   wire.close();
 *
 * `query` is what every address has: language and branch. `ear` is `{frame(frame), closed(code), wanted(), answer(frame),
 * isAwaited(id)}`: what is heard, what a stream's address asks for besides, an answer that came by HTTP, perhaps after the
 * stream has ended, and whether a command's answer is still waited for.
 * Classic ES2015 for Chrome 53, as feed.js.
 */
(function (global) {
  "use strict";

  var AGAIN_MS = 750; // a command that did not get through
  var PROBE_MS = 300000; // whoever is served by a stream looks so often whether a WebSocket gets through by now
  var ASK_MS = 2000;
  var TRIES = 2; // a way that has never worked is left for one try after so many
  var LOST = 1006;
  var COUNTER_COMMANDS = ["assign", "call-next", "close", "move", "open", "pause"];
  var PLACE = "layso.way";

  // -- which way ------------------------------------------------------------------------------------------------------

  /**
   * The way to try now, "socket" or "stream". `past` is `{first, heard, failed, socketAt}`: what worked when this page was
   * last open, by which way this page was last welcomed ("" before that), tries that failed since, and when a WebSocket was
   * last tried. A server that is down is no proxy: whoever has been welcomed by a WebSocket goes on with it.
   */
  function choose(past, now) {
    var other = past.first === "socket" ? "stream" : "socket";
    if (past.heard === "") {
      return past.failed % (TRIES + 1) === TRIES ? other : past.first;
    }
    return past.heard === "stream" && !isProbeDue(past, now) ? "stream" : "socket";
  }

  /** Whether it is time to look if a WebSocket gets through. */
  function isProbeDue(past, now) {
    return now - past.socketAt >= PROBE_MS;
  }

  function remembered() {
    try {
      return global.localStorage.getItem(PLACE) === "stream" ? "stream" : "socket";
    } catch (refused) {
      return "socket";
    }
  }

  function remember(way) {
    try {
      global.localStorage.setItem(PLACE, way);
    } catch (refused) {
      // Without storage the next start finds it out again.
    }
  }

  /** Whether the server answers at all: `then(isThere)`, unless it is stopped before. */
  function ask(then) {
    var request = new XMLHttpRequest();
    request.open("GET", "/healthz");
    request.timeout = ASK_MS;
    request.onload = function () { then(request.status < 500); };
    request.onerror = request.ontimeout = function () { then(false); };
    request.send();
    return { stop: function () { request.abort(); } };
  }

  // -- a WebSocket ----------------------------------------------------------------------------------------------------

  function Socket(query, ear) {
    this._socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/ws/v1?" + query, "layso.v1");
    this._socket.onmessage = function (message) { ear.frame(JSON.parse(message.data)); };
    this._socket.onclose = function (event) { ear.closed(event.code); };
  }

  Socket.prototype.way = "socket";

  Socket.prototype.send = function (frame) {
    if (this._socket.readyState === 1) {
      this._socket.send(JSON.stringify(frame));
    }
  };

  Socket.prototype.close = function () {
    this._socket.close();
  };

  // -- a stream of events ---------------------------------------------------------------------------------------------

  function Stream(query, ear) {
    this._query = query;
    this._ear = ear;
    this._source = null;
    this._opening = null;
    this._isClosed = false;
    this._openSoon();
  }

  Stream.prototype.way = "stream";

  /** A command goes for itself; anything else is another address, from where the last one has led. */
  Stream.prototype.send = function (frame) {
    if (frame.type === "command") {
      this._ask(frame);
    } else {
      this._openSoon();
    }
  };

  Stream.prototype.close = function () {
    var ear = this._ear;
    this._end();
    setTimeout(function () { ear.closed(1000); });
  };

  Stream.prototype._end = function () {
    this._isClosed = true;
    clearTimeout(this._opening);
    if (this._source) {
      this._source.close();
    }
  };

  /** Once, however much is asked for in one turn. */
  Stream.prototype._openSoon = function () {
    var stream = this;
    clearTimeout(this._opening);
    this._opening = setTimeout(function () { stream._open(); });
  };

  Stream.prototype._open = function () {
    var stream = this;
    if (this._isClosed) {
      return;
    }
    if (this._source) {
      this._source.close();
    }
    var source = new EventSource("/sse/v1?" + this._query + this._ear.wanted());
    this._source = source;
    source.onmessage = function (message) {
      if (source === stream._source) {
        stream._hear(JSON.parse(message.data));
      }
    };
    source.onerror = function () {
      if (source === stream._source) {
        stream._lose(LOST);
      }
    };
  };

  Stream.prototype._hear = function (frame) {
    if (frame.type === "goodbye") {
      this._lose(frame.code);
    } else {
      this._ear.frame(frame);
    }
  };

  /** It is the feed that tries again, not the browser. */
  Stream.prototype._lose = function (code) {
    this._end();
    this._ear.closed(code);
  };

  // -- commands by HTTP -----------------------------------------------------------------------------------------------

  function pathOf(name, args) {
    var encoded = encodeURIComponent;
    if (args.ticket) {
      return "/api/v1/tickets/" + encoded(args.ticket) + "/" + name;
    }
    var branch = "/api/v1/branches/" + encoded(args.branch);
    if (COUNTER_COMMANDS.indexOf(name) >= 0) {
      return branch + "/counters/" + args.counter + "/" + name;
    }
    return branch + "/" + (name === "issue" ? "tickets" : name);
  }

  function post(frame) {
    return fetch(pathOf(frame.name, frame.args), {
      method: "POST",
      credentials: "same-origin",
      headers: {
        "accept-language": document.documentElement.lang || "vi", "content-type": "application/json",
        "deadline": frame.deadline, "idempotency-key": frame.id
      },
      body: JSON.stringify(frame.args)
    });
  }

  /** The answer as a frame; rejects with what no server of ours has said. */
  function answerOf(answer, id) {
    var kind = answer.headers.get("content-type") || "";
    if (answer.status === 204) {
      return { type: "result", id: id, data: null };
    }
    if (answer.ok && kind.indexOf("application/json") === 0) {
      return answer.json().then(function (data) { return { type: "result", id: id, data: data }; });
    }
    if (kind.indexOf("application/problem+json") === 0) {
      return answer.json().then(function (problem) { return { type: "error", id: id, problem: problem }; });
    }
    throw new Error("status " + answer.status);
  }

  /** What got no answer is sent again with the same key while somebody waits for it, so that it happens once. */
  Stream.prototype._ask = function (frame) {
    var stream = this;
    var again = function () {
      if (stream._ear.isAwaited(frame.id)) {
        stream._ask(frame);
      }
    };
    post(frame).then(function (answer) { return answerOf(answer, frame.id); }).then(
      function (told) { stream._ear.answer(told); },
      function () { setTimeout(again, AGAIN_MS); }
    );
  };

  global.LaySo = global.LaySo || {};
  global.LaySo.wires = {
    socket: Socket, stream: Stream, choose: choose, isProbeDue: isProbeDue, ask: ask, remembered: remembered, remember: remember,
    pathOf: pathOf, counterCommands: COUNTER_COMMANDS
  };
})(typeof window === "undefined" ? globalThis : window);
