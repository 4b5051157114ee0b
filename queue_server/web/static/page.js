/**
 * Small helpers that every page shares: words, elements, numbers, the state of the connection, the quiet reload. Times
 * and waits in words are in times.js, which comes right after it.
 *
 * One classic ES2015 script, down to Chrome 53. What decides is pure; what touches the page says so.
 */
(function (global) {
  "use strict";

  var LaySo = (global.LaySo = global.LaySo || {});
  var QUIET_MS = 20000;
  var RELOAD_GAP_MS = 60000;

  var WORDS = {
    vi: {
      live: "Trực tuyến",
      reconnecting: "Mất kết nối từ {time}, đang nối lại",
      connecting: "Đang kết nối",
      stopped: "Phiên đã hết, cần đăng nhập lại",
      offline: "Chưa kết nối được máy chủ. Hãy thử lại sau ít giây.",
      training: "TẬP HUẤN – KHÔNG CÓ GIÁ TRỊ",
      name: "Tiếng Việt"
    },
    en: {
      live: "Live",
      reconnecting: "Connection lost at {time}, reconnecting",
      connecting: "Connecting",
      stopped: "Session ended, please sign in again",
      offline: "The server cannot be reached. Try again in a moment.",
      training: "TRAINING (TẬP HUẤN) – NOT VALID",
      name: "English"
    }
  };

  // -- words --------------------------------------------------------------------------------------------------------------

  /** Words of further languages by code and section, from /static/languages/CODE.js, which comes before this script. */
  LaySo.languages = LaySo.languages || {};

  /** The language that the page is in now: "vi", "en" or a further one. */
  LaySo.language = function () {
    var lang = document.documentElement.lang;
    return lang === "en" || LaySo.languages[lang] ? lang : "vi";
  };

  /** The languages that this page can be in. */
  LaySo.offered = function () {
    return ["vi", "en"].concat(Object.keys(LaySo.languages));
  };

  /** What those call a language who speak it. */
  LaySo.languageName = function (code) {
    return (LaySo.languages[code] ? LaySo.languages[code].page : WORDS[code]).name;
  };

  /** The language of refusals, which the server tells in two. */
  LaySo.refusalLanguage = function () {
    return LaySo.language() === "vi" ? "vi" : "en";
  };

  /** "Có {n} người" and {n: 3} → "Có 3 người". */
  LaySo.fill = function (sentence, values) {
    return sentence.replace(/\{(\w+)\}/g, function (whole, name) {
      return values && values[name] !== undefined && values[name] !== null ? String(values[name]) : whole;
    });
  };

  /** The side of `{vi: {…}, en: {…}}` in the page's language; a further language's is its `section`. */
  LaySo.table = function (texts, section) {
    var language = LaySo.language();
    var further = LaySo.languages[language];
    return (further && further[section]) || texts[language] || texts.en;
  };

  /** A function from a key (and values) to words in the page's language, out of such texts; one that is missing blanks no page. */
  LaySo.words = function (texts, section) {
    return function (key, values) {
      var words = LaySo.table(texts, section)[key];
      words = words === undefined ? texts.vi[key] : words;
      if (words === undefined) {
        console.error("No words for " + key);
        words = key.split(".").pop();
      }
      return LaySo.fill(words, values);
    };
  };

  var say = LaySo.words(WORDS, "page");

  /** A row's `{vi, en, more}` in the page's language. */
  LaySo.name = function (name) {
    var language = LaySo.language();
    return name ? name[language] || (name.more && name.more[language]) || name.en || name.vi : "";
  };

  // -- elements -----------------------------------------------------------------------------------------------------------

  /** An element: `el("p", {class: "quiet", text: "…"}, children)`. Text is set as text, never as markup. */
  LaySo.el = function (tag, attributes, children) {
    var element = document.createElement(tag);
    Object.keys(attributes || {}).forEach(function (name) {
      var value = attributes[name];
      if (name === "text") {
        element.textContent = value;
      } else if (name === "class") {
        element.className = value;
      } else if (name.indexOf("on") === 0) {
        element.addEventListener(name.slice(2), value);
      } else if (value !== null && value !== undefined && value !== false) {
        element.setAttribute(name, value === true ? "" : value);
      }
    });
    (children || []).forEach(function (child) {
      if (child) {
        element.appendChild(child);
      }
    });
    return element;
  };

  /** "A012" → ["A", "012"]. */
  LaySo.numberParts = function (number) {
    var parts = /^(\D*)(.*)$/.exec(number);
    return [parts[1], parts[2]];
  };

  /** A number as an element, letter and digits apart; its text stays "A012" with a space between, for ears too. */
  LaySo.number = function (number, modifier) {
    var parts = LaySo.numberParts(number);
    return LaySo.el("span", { class: "number" + (modifier ? " number--" + modifier : "") }, [
      parts[0] ? LaySo.el("span", { class: "number__letter", text: parts[0] }) : null,
      LaySo.el("span", { class: "number__digits", text: parts[1] })
    ]);
  };

  /** Set an element's text only when it differs, so that nothing flickers and no screen reader repeats itself. */
  LaySo.setText = function (element, text) {
    if (element.textContent !== text) {
      element.textContent = text;
    }
  };

  // -- connection ---------------------------------------------------------------------------------------------------------

  /** Shows the state of the connection in `element`; returns the feed's `onStatus`. */
  LaySo.connection = function (element) {
    element.setAttribute("role", "status");
    function show(status) {
      var isLive = status && status.state === "live";
      var isStopped = status && status.code >= 4400;
      element.className = "connection pill pill--" + (isLive ? "ok" : isStopped ? "bad" : "warn");
      var key = !status ? "connecting" : isLive ? "live" : isStopped ? "stopped" : "reconnecting";
      LaySo.setText(element, say(key, { time: status ? LaySo.time(status.since) : "" }));
    }
    show(null);
    return show;
  };

  // -- reload when the server has another build -----------------------------------------------------------------------------

  var touchedAt = Date.now();

  /**
   * The feed's `onBuild`: reloads in a quiet moment, that is when nobody has touched the page for 20 s and `isQuiet()`
   * agrees. Never twice within a minute, should a cache in between be stubborn.
   */
  LaySo.quietReload = function (isQuiet) {
    var timer = null;
    return function () {
      if (timer !== null) {
        return;
      }
      timer = setInterval(function () {
        var isIdle = Date.now() - touchedAt > QUIET_MS;
        if (isIdle && (!isQuiet || isQuiet()) && isReloadDue()) {
          clearInterval(timer);
          location.reload();
        }
      }, 1000);
    };
  };

  function isReloadDue() {
    try {
      if (Date.now() - Number(global.sessionStorage.getItem("layso.reload") || 0) < RELOAD_GAP_MS) {
        return false;
      }
      global.sessionStorage.setItem("layso.reload", String(Date.now()));
    } catch (refused) {
      // Without storage a stubborn cache means a reload every 20 s of quiet.
    }
    return true;
  }

  ["pointerdown", "mousedown", "touchstart", "keydown"].forEach(function (kind) {
    global.addEventListener(kind, function () { touchedAt = Date.now(); }, { capture: true, passive: true });
  });

  // -- asking -------------------------------------------------------------------------------------------------------------

  function newKey() {
    var bytes = new Uint8Array(16);
    global.crypto.getRandomValues(bytes);
    return Array.prototype.map.call(bytes, function (byte) { return (byte + 256).toString(16).slice(1); }).join("");
  }

  LaySo.newKey = newKey;

  /**
   * A call of /api/v1 as this page's session; a promise of its answer, rejected with a problem (`detail` for a person).
   * `more` are headers of its own, such as the key of a press that was sent before.
   */
  LaySo.ask = function (method, path, body, more) {
    var headers = { "accept-language": LaySo.refusalLanguage() };
    if (method !== "GET") {
      headers["content-type"] = "application/json";
      headers["idempotency-key"] = newKey();
    }
    Object.keys(more || {}).forEach(function (name) { headers[name] = more[name]; });
    var request = { method: method, credentials: "same-origin", headers: headers };
    if (body !== undefined) {
      request.body = JSON.stringify(body);
    }
    return fetch("/api/v1" + path, request).then(
      function (answer) {
        if (answer.status === 202 || answer.status === 204) {
          return null;
        }
        return answer.json().then(function (data) {
          return answer.ok ? data : Promise.reject(data);
        });
      },
      function () {
        return Promise.reject({ code: "offline", status: 0, detail: say("offline"), data: {} });
      }
    );
  };

  /** A band over every page of a branch in which staff practise: nothing here is worth anything. */
  LaySo.showTraining = function (isTraining) {
    var band = document.querySelector(".training");
    if (isTraining && !band) {
      document.documentElement.setAttribute("data-training", "");
      document.body.insertBefore(LaySo.el("div", { class: "training", role: "note", text: say("training") }), document.body.firstChild);
    } else if (!isTraining && band) {
      document.documentElement.removeAttribute("data-training");
      band.parentNode.removeChild(band);
    }
  };

  // -- small parts of a page --------------------------------------------------------------------------------------------------

  /** Turn a link into the switch to the other language: the same page with `?lang=…`. */
  LaySo.languageSwitch = function (link) {
    var other = LaySo.language() === "en" ? "vi" : "en";
    var query = location.search.replace(/([?&])lang=[^&]*&?/, "$1").replace(/[?&]$/, "");
    link.href = location.pathname + query + (query ? "&" : "?") + "lang=" + other;
    link.lang = other;
    link.textContent = LaySo.languageName(other);
  };

  var toast = null;

  /** One sentence over everything for some seconds, or until it is touched; `kind` "ok", "bad" or nothing. */
  LaySo.toast = function (sentence, kind) {
    hideToast();
    var element = LaySo.el("div", { class: "toast" + (kind ? " toast--" + kind : ""), role: "status", text: sentence, onclick: hideToast });
    document.body.appendChild(element);
    toast = { element: element, timer: setTimeout(hideToast, 5000) };
  };

  function hideToast() {
    if (toast) {
      clearTimeout(toast.timer);
      document.body.removeChild(toast.element);
      toast = null;
    }
  }

  /** Run `work` (→ promise) on a press, once at a time: further presses do nothing until it has ended. */
  LaySo.onPress = function (button, work) {
    button.addEventListener("click", function () {
      if (button.getAttribute("aria-busy") === "true" || button.disabled) {
        return;
      }
      button.setAttribute("aria-busy", "true");
      function end() {
        button.removeAttribute("aria-busy");
      }
      Promise.resolve(work()).then(end, end);
    });
  };
})(window);
