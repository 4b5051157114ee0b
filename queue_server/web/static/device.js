/**
 * A page on a device (dispenser, display) signs itself in, or shows a code until somebody lets it in.
 *
 * One classic ES2015 script, down to Chrome 53.
 *
 *   LaySo.device({kind: "dispenser", branch: "go-vap"}).then(function (me) { start the page });
 *
 * `also` names roles of staff that may use the page with their own session. The promise resolves once, when the server
 * knows this browser; until then a full screen says what is going on, but for a lost line while `isShowing()` says that the
 * page has something better to show. The token comes by `#token=…` or by pairing and is
 * kept in this browser, so that a device that was switched off for the holidays finds its way back alone.
 * `LaySo.deviceLost()` signs in anew after a session has ended: call it when the feed closes with a code from 4400 on.
 */
(function (global) {
  "use strict";

  var ASK_MS = 2000; // how often a shown code is asked for
  var RETRY_MS = 3000; // how soon a server that did not answer is tried again
  var WORDS = {
    vi: {
      connecting: "Đang kết nối máy chủ…",
      title: "Thiết bị này chưa được ghép nối",
      how: "Quản lý của trung tâm nhập mã này ở trang Điều hành, mục Thiết bị. Màn hình sẽ tự tiếp tục.",
      waiting: "Đang chờ xác nhận. Mã được đổi sau ít phút.",
      elsewhere: "Thiết bị này thuộc điểm phục vụ khác. Hãy ghép nối lại."
    },
    en: {
      connecting: "Connecting to the server…",
      title: "This device has not been paired yet",
      how: "The centre's manager enters this code under Devices on the management page. The screen goes on by itself.",
      waiting: "Waiting for confirmation. The code changes every few minutes.",
      elsewhere: "This device belongs to another branch. Pair it again."
    }
  };

  function word(name) {
    return WORDS[document.documentElement.lang === "en" ? "en" : "vi"][name];
  }

  /** A request; rejects only when the server could not be reached, or wants to be left alone: then it says why. */
  function ask(method, path, body) {
    return fetch("/api/v1" + path, {
      method: method,
      credentials: "same-origin",
      headers: { "content-type": "application/json", "accept-language": document.documentElement.lang || "vi" },
      body: body === undefined ? undefined : JSON.stringify(body)
    }).then(function (answer) {
      if (answer.status >= 500) {
        throw new Error("status " + answer.status);
      }
      if (answer.status === 429) {
        return answer.json().then(function (problem) {
          throw problem;
        });
      }
      return answer.status === 204 ? { status: 204, data: null } : answer.json().then(function (data) {
        return { status: answer.status, data: data };
      });
    });
  }

  function later(ms, work) {
    return new Promise(function (resolve) {
      setTimeout(resolve, ms);
    }).then(work);
  }

  // -- the token's place ------------------------------------------------------------------------------------------------

  function placeOf(kind) {
    return "layso.device." + kind;
  }

  function keep(kind, token) {
    try {
      if (token) {
        global.localStorage.setItem(placeOf(kind), token);
      } else {
        global.localStorage.removeItem(placeOf(kind));
      }
    } catch (refused) {
      // A browser without storage pairs again after a restart.
    }
  }

  function kept(kind) {
    try {
      return global.localStorage.getItem(placeOf(kind));
    } catch (refused) {
      return null;
    }
  }

  /** The token in the address, taken out of it at once: it must not stay on a screen or in a history. */
  function tokenInAddress() {
    var found = /[#&]token=([^&]+)/.exec(location.hash);
    if (!found) {
      return null;
    }
    history.replaceState(null, "", location.pathname + location.search);
    return decodeURIComponent(found[1]);
  }

  // -- the screen -------------------------------------------------------------------------------------------------------

  function Screen() {
    this.root = null;
  }

  Screen.prototype.show = function (title, code, how, state) {
    this.hide();
    var root = document.createElement("div");
    root.className = "pairing";
    root.setAttribute("role", "status");
    var parts = { title: title, code: code, how: how, state: state };
    ["title", "code", "how", "state"].forEach(function (name) {
      if (parts[name]) {
        var line = document.createElement("div");
        line.className = "pairing__" + name;
        line.textContent = parts[name];
        root.appendChild(line);
      }
    });
    document.body.appendChild(root);
    this.root = root;
  };

  Screen.prototype.hide = function () {
    if (this.root) {
      this.root.parentNode.removeChild(this.root);
      this.root = null;
    }
  };

  // -- signing in -------------------------------------------------------------------------------------------------------

  function Device(options) {
    this._kind = options.kind;
    this._branch = options.branch;
    this._also = options.also || [];
    this._isShowing = options.isShowing || function () { return false; };
    this._screen = new Screen();
    this._given = tokenInAddress();
  }

  Device.prototype.signIn = function () {
    var device = this;
    return this._try().then(
      function (me) {
        device._screen.hide();
        return me;
      },
      function (fault) {
        if (device._isShowing()) {
          device._screen.hide();
        } else {
          device._screen.show(fault.detail || word("connecting"));
        }
        return later(RETRY_MS, function () {
          return device.signIn();
        });
      }
    );
  };

  Device.prototype._try = function () {
    var device = this;
    var token = this._given;
    var known = token ? this._useToken(token) : this._me();
    return known.then(function (me) {
      return me || device._useKept();
    }).then(function (me) {
      return me || device._pair();
    });
  };

  /** Who the server takes this browser for; null when that is not this kind of device at this branch. */
  Device.prototype._me = function () {
    var device = this;
    return ask("GET", "/me").then(function (answer) {
      return answer.status === 200 && device._fits(answer.data) ? answer.data : null;
    });
  };

  Device.prototype._fits = function (me) {
    var isKind = me.role === this._kind || this._also.indexOf(me.role) >= 0;
    return isKind && (!this._branch || !me.branch || me.branch === this._branch);
  };

  Device.prototype._useToken = function (token) {
    var device = this;
    return ask("POST", "/session/device", { token: token }).then(function (answer) {
      if (answer.status !== 200) {
        device._given = null;
        return null;
      }
      keep(device._kind, token);
      return device._me();
    });
  };

  Device.prototype._useKept = function () {
    var token = kept(this._kind);
    if (!token) {
      return null;
    }
    var device = this;
    return this._useToken(token).then(function (me) {
      if (!me) {
        keep(device._kind, null);
      }
      return me;
    });
  };

  /** Show a code until somebody confirms it; a new one when it has run out. */
  Device.prototype._pair = function () {
    var device = this;
    this._given = null;
    return ask("POST", "/pairings", { kind: this._kind }).then(function (answer) {
      if (answer.status !== 201) {
        throw new Error("no pairing");
      }
      var code = answer.data.code;
      var shown = code.length === 6 ? code.slice(0, 3) + "\u2009" + code.slice(3) : code;
      device._screen.show(word("title"), shown, word("how"), word("waiting"));
      return device._collect(answer.data);
    });
  };

  Device.prototype._collect = function (wait) {
    var device = this;
    return later(ASK_MS, function () {
      return ask("POST", "/pairings/collect", { code: wait.code, secret: wait.secret });
    }).then(function (answer) {
      if (answer.status === 204) {
        return device._collect(wait);
      }
      return answer.status === 200 ? device._useToken(answer.data.token) : null;
    }).then(function (me) {
      return me || device._pair();
    });
  };

  var current = null;

  global.LaySo = global.LaySo || {};
  global.LaySo.device = function (options) {
    current = new Device(options);
    return current.signIn();
  };
  /** The session has ended: sign in anew, then begin afresh. */
  global.LaySo.deviceLost = function () {
    return current.signIn().then(function () {
      location.reload();
    });
  };
})(window);
