/**
 * A citizen rates a visit that is over, on the own phone: a level, and reasons where it is one of the lower two. Once, here
 * or at the counter's device. A classic ES2015 script.
 */
(function (global) {
  "use strict";

  var LaySo = (global.LaySo = global.LaySo || {});
  var el = LaySo.el;
  var say = LaySo.words(LaySo.ticketTexts, "ticket");
  var LEVELS = ["very_satisfied", "satisfied", "neutral", "dissatisfied"];
  var LOWER = ["neutral", "dissatisfied"];

  /** In the section `root`; `token` is the ticket's. */
  function TicketRating(root, token) {
    this._root = root;
    this._token = token;
    this._key = LaySo.newKey(); // one rating, however often it has to be sent
    this._shown = "";
    this._level = null;
    this._reasons = [];
    this._comment = "";
    this._isDone = false;
  }

  /** `ticket` is the row as it is now. */
  TicketRating.prototype.see = function (ticket) {
    this._ticket = ticket;
    var shown = this._isDone ? "thanks" : !ticket.can_rate ? "" : this._level ? "reasons" : "levels";
    if (shown !== this._shown) {
      this._shown = shown;
      this._root.hidden = !shown;
      LaySo.replace(this._root, shown ? this["_" + shown + "View"]() : []);
    }
  };

  TicketRating.prototype._levelsView = function () {
    var rating = this;
    return [
      el("h2", { class: "rate__title", id: "rate-title", text: say("rateTitle") }),
      el("div", { class: "rate__levels", role: "group", "aria-labelledby": "rate-title" }, LEVELS.map(function (level) {
        return el("button", {
          class: "button button--wide rate__level", type: "button", "data-level": level, text: say(level),
          onclick: function () { rating._choose(level); }
        });
      })),
      el("p", { class: "quiet small", text: say("rateHow") })
    ];
  };

  TicketRating.prototype._choose = function (level) {
    this._level = level;
    var hasMore = this._ticket.reasons.length > 0 || this._ticket.takes_comments;
    var asks = hasMore && (this._ticket.asks_all || LOWER.indexOf(level) >= 0);
    if (asks) {
      this.see(this._ticket);
      this._root.querySelector("h2").focus();
    } else {
      this._send();
    }
  };

  TicketRating.prototype._reasonButtons = function () {
    var rating = this;
    return this._ticket.reasons.map(function (reason) {
      var button = el("button", { class: "button button--wide rate__level", type: "button", "aria-pressed": "false", "data-reason": reason.code, text: LaySo.name(reason.name) });
      button.addEventListener("click", function () {
        var at = rating._reasons.indexOf(reason.code);
        if (at >= 0) { rating._reasons.splice(at, 1); } else { rating._reasons.push(reason.code); }
        button.setAttribute("aria-pressed", String(at < 0));
      });
      return button;
    });
  };

  TicketRating.prototype._reasonsView = function () {
    var rating = this;
    var send = el("button", { class: "button button--primary button--wide rate__send", type: "button", text: say("rateSend") });
    LaySo.onPress(send, function () { return rating._send(); });
    return [
      el("h2", { class: "rate__title", id: "rate-title", tabindex: "-1", text: say("rateWhy") }),
      el("div", { class: "rate__levels", role: "group", "aria-labelledby": "rate-title" }, this._reasonButtons()),
      this._ticket.takes_comments ? this._commentPart() : el("span", {}),
      send
    ];
  };

  TicketRating.prototype._commentPart = function () {
    var rating = this;
    var words = el("textarea", { class: "input rate__comment", id: "comment", maxlength: "300", rows: "3" });
    words.addEventListener("input", function () { rating._comment = words.value; });
    return el("div", {}, [el("label", { class: "small", for: "comment", text: say("rateComment") }), words]);
  };

  TicketRating.prototype._thanksView = function () {
    return [el("p", { class: "rate__title", role: "status", text: say("rateThanks") })];
  };

  TicketRating.prototype._send = function () {
    var rating = this;
    var body = { level: this._level, reasons: this._reasons };
    if (this._comment.trim()) { body.comment = this._comment.trim(); }
    var headers = { "ticket-token": this._token, "idempotency-key": this._key };
    return LaySo.ask("POST", "/tickets/" + encodeURIComponent(this._token.split(".")[0]) + "/rate", body, headers).then(
      function () {
        rating._isDone = true;
      },
      function (problem) {
        LaySo.toast(problem.detail, "bad");
        rating._level = null;
        rating._reasons = [];
        rating._comment = "";
        rating._key = LaySo.newKey();
      }
    ).then(function () {
      rating._shown = null;
      rating.see(rating._ticket);
    });
  };

  LaySo.TicketRating = TicketRating;
})(window);
