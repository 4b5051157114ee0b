/**
 * What the ticket's citizen may do: postpone and cancel, each with a step to confirm. The token is the right.
 * A classic ES2015 script.
 */
(function (global) {
  "use strict";

  var LaySo = (global.LaySo = global.LaySo || {});
  var el = LaySo.el;
  var say = LaySo.words(LaySo.ticketTexts, "ticket");
  var SAME_FINGER_MS = 500; // the second half of a double tap on the button beneath confirms nothing

  function unbroken(number) {
    return LaySo.ticketSpaced(number).replace(" ", "\u00a0");
  }

  /** `token` is the ticket's; the dialogs stand in the body. */
  function TicketActions(token) {
    this._token = token;
    this._open = null;
  }

  TicketActions.prototype.isOpen = function () {
    return this._open !== null;
  };

  /** `ticket` is the row as it is now. */
  TicketActions.prototype.postpone = function (ticket) {
    var left = ticket.postpones_left - 1;
    var minutes = Math.round(ticket.postpone_s / 60);
    this._show({
      name: "postpone",
      title: say("postponeTitle", { n: unbroken(ticket.number) }),
      sentences: [say("postponeHow", { minutes: minutes }), left > 0 ? say("postponeMore", { left: left }) : say("postponeLast")],
      confirm: say("postpone"),
      confirmClass: "button--primary",
      keep: say("keepTurn"),
      done: say("postponed")
    });
  };

  TicketActions.prototype.cancel = function (ticket) {
    this._show({
      name: "cancel",
      title: say("cancelTitle", { n: unbroken(ticket.number) }),
      sentences: [say("cancelHow")],
      confirm: say("cancel"),
      confirmClass: "button--danger",
      keep: say("keep"),
      done: ""
    });
  };

  /** Away with the dialog: something has happened that must be seen. */
  TicketActions.prototype.close = function () {
    var open = this._open;
    if (open) {
      this._open = null;
      document.removeEventListener("keydown", open.onKey);
      open.veil.parentNode.removeChild(open.veil);
      if (open.before && open.before.focus) {
        open.before.focus();
      }
    }
  };

  TicketActions.prototype._show = function (what) {
    var actions = this;
    this.close();
    var key = LaySo.newKey(); // one press of the citizen's, however often it has to be sent
    var confirm = el("button", { class: "button button--wide " + what.confirmClass, type: "button", text: what.confirm });
    var keep = el("button", { class: "button button--wide", type: "button", text: what.keep, onclick: function () { actions.close(); } });
    var said = el("div", { class: "confirm__said", role: "alert" });
    var title = el("h2", { class: "dialog__title", id: "confirm-title", text: what.title });
    var texts = what.sentences.map(function (sentence) { return el("p", { text: sentence }); });
    var dialog = el("div", { class: "dialog confirm", role: "dialog", "aria-modal": "true", "aria-labelledby": "confirm-title" },
      [title].concat(texts, [said, el("div", { class: "confirm__foot" }, [confirm, keep])]));
    var open = { veil: el("div", { class: "veil" }, [dialog]), before: document.activeElement, at: Date.now() };
    open.onKey = function (event) { actions._onKey(event, confirm, keep); };
    LaySo.onPress(confirm, function () {
      return Date.now() - open.at < SAME_FINGER_MS ? null : actions._ask(what, key, { confirm: confirm, keep: keep, said: said });
    });
    this._open = open;
    document.addEventListener("keydown", open.onKey);
    document.body.appendChild(open.veil);
    keep.focus();
  };

  /** Escape closes; Tab stays inside. */
  TicketActions.prototype._onKey = function (event, confirm, keep) {
    if (event.key === "Escape") {
      this.close();
    } else if (event.key === "Tab") {
      event.preventDefault();
      (document.activeElement === keep && !confirm.hidden ? confirm : keep).focus();
    }
  };

  TicketActions.prototype._ask = function (what, key, parts) {
    var actions = this;
    var ticket = this._token.split(".")[0];
    var headers = { "ticket-token": this._token, "idempotency-key": key };
    return LaySo.ask("POST", "/tickets/" + encodeURIComponent(ticket) + "/" + what.name, {}, headers).then(
      function () {
        actions.close();
        if (what.done) {
          LaySo.toast(what.done, "ok");
        }
      },
      function (problem) { actions._refused(problem, parts); }
    );
  };

  /** What happened and why, from the server; and a way on. Only an answer that did not come is worth another press. */
  TicketActions.prototype._refused = function (problem, parts) {
    var isFinal = problem.status >= 400 && problem.status < 500;
    parts.said.textContent = "";
    parts.said.appendChild(el("p", { class: "notice notice--bad", lang: problem.status ? LaySo.refusalLanguage() : null, text: problem.detail }));
    if (isFinal) {
      parts.said.appendChild(el("p", { text: say("askHelper") }));
      parts.confirm.hidden = true;
      parts.keep.textContent = say("close");
      parts.keep.focus();
    }
  };

  LaySo.TicketActions = TicketActions;
})(window);
