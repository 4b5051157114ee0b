/**
 * What the ticket's citizen may do: postpone and cancel, each with a step to confirm. The token is the right. What a lost
 * line swallows is sent again when it is back, as the same press. A classic ES2015 script.
 */
(function (global) {
  "use strict";

  var LaySo = (global.LaySo = global.LaySo || {});
  var el = LaySo.el;
  var say = LaySo.words(LaySo.ticketTexts, "ticket");
  var SILENT_MS = 8000; // no answer for so long, and it is sent again: a dead line may not say so for minutes
  var SAME_FINGER_MS = 500; // the second half of a double tap on the button beneath confirms nothing

  function unbroken(number) {
    return LaySo.ticketSpaced(number).replace(" ", "\u00a0");
  }

  /** `token` is the ticket's, `line` a PhoneLine; the dialogs stand in the body. */
  function TicketActions(token, line) {
    this._token = token;
    this._line = line;
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

  /** Something has happened that must be seen: away with a dialog in which nothing has been pressed. */
  TicketActions.prototype.giveWay = function () {
    if (this._open && !this._open.isPressed) {
      this.close();
    }
  };

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
    var open = { veil: el("div", { class: "veil" }, [dialog]), before: document.activeElement, at: Date.now(), isPressed: false };
    open.onKey = function (event) { actions._onKey(event, confirm, keep); };
    LaySo.onPress(confirm, function () {
      if (Date.now() - open.at < SAME_FINGER_MS) {
        return null;
      }
      open.isPressed = true;
      return actions._send(what, key, { open: open, confirm: confirm, keep: keep, said: said });
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

  /** Until there is an answer, or nobody wants one any more: then the page shows what became of it. */
  TicketActions.prototype._send = function (what, key, parts) {
    var actions = this;
    return this._ask(what, key).then(
      function () {
        if (parts.open === actions._open) {
          actions.close();
        }
        if (what.done) {
          LaySo.toast(what.done, "ok");
        }
      },
      function (problem) {
        if (problem.status >= 400 && problem.status < 500) {
          actions._refused(problem, parts);
          return null;
        }
        actions._keep(parts);
        return actions._line.again().then(function () {
          return parts.open === actions._open ? actions._send(what, key, parts) : null;
        });
      }
    );
  };

  TicketActions.prototype._ask = function (what, key) {
    var ticket = this._token.split(".")[0];
    var headers = { "ticket-token": this._token, "idempotency-key": key };
    return Promise.race([
      LaySo.ask("POST", "/tickets/" + encodeURIComponent(ticket) + "/" + what.name, {}, headers),
      new Promise(function (_, reject) { setTimeout(function () { reject({ status: 0 }); }, SILENT_MS); })
    ]);
  };

  TicketActions.prototype._keep = function (parts) {
    if (!parts.said.firstChild) {
      parts.said.appendChild(el("p", { class: "notice notice--warn", text: say("kept") }));
      parts.keep.textContent = say("takeBack");
    }
  };

  /** What happened and why, from the server; and a way on. */
  TicketActions.prototype._refused = function (problem, parts) {
    parts.open.isPressed = false;
    parts.said.textContent = "";
    parts.said.appendChild(el("p", { class: "notice notice--bad", lang: problem.status ? LaySo.refusalLanguage() : null, text: problem.detail }));
    parts.said.appendChild(el("p", { text: say("askHelper") }));
    parts.confirm.hidden = true;
    parts.keep.textContent = say("close");
    parts.keep.focus();
  };

  LaySo.TicketActions = TicketActions;
})(window);
