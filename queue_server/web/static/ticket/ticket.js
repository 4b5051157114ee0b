/**
 * The page of a citizen's own ticket: follows it, shows it, and has it told when it is called.
 * A classic ES2015 script, for phones of 2017 on.
 */
(function (global) {
  "use strict";

  var LaySo = global.LaySo;
  var el = LaySo.el;
  var put = LaySo.replace;
  var say = LaySo.words(LaySo.ticketTexts, "ticket");
  var token = decodeURIComponent(location.pathname.split("/").pop());
  var SEEK_MS = 300000; // so often at most a phone asks for a branch that would call sooner

  var byId = function (id) { return document.getElementById(id); };
  var page = {
    rows: null, // the channel's view; null before the first snapshot
    ahead: null,
    sooner: null, // the branch that would call a newcomer sooner
    soughtAt: -Infinity,
    shown: "", // what the page shows, so that nothing is made anew for nothing
    call: 0,
    state: "",
    isGone: false
  };
  var alarm = new LaySo.TicketAlarm(byId("alarm"), token.split(".")[0]);
  var line = new LaySo.PhoneLine({
    element: byId("connection"),
    channels: [
      { name: "ticket:" + token, onView: onTicket, onProblem: onProblem },
      { name: "ahead:" + token, onView: function (ahead) { page.ahead = ahead; show(); } }
    ],
    onChange: show,
    isQuiet: function () { return !actions.isOpen() && !alarm.isArmed() && page.state !== "called"; }
  });
  var actions = new LaySo.TicketActions(token, line);
  var rating = new LaySo.TicketRating(byId("rate"), token);

  function onTicket(view) {
    var had = page.rows && Object.keys(page.rows.ticket || {}).length > 0;
    page.rows = view;
    if (had && Object.keys(view.ticket || {}).length === 0) {
      location.reload(); // another day: the server knows where this ticket is now
      return;
    }
    show();
  }

  function onProblem(problem) {
    if (problem.status === 404) {
      page.rows = {};
      show();
    }
  }

  // -- showing ------------------------------------------------------------------------------------------------------------

  function show() {
    if (page.rows === null || page.isGone) {
      return;
    }
    var seen = LaySo.ticketView(page.rows, page.ahead, line.now(), page.sooner);
    if (seen === null) {
      showGone();
      return;
    }
    var key = JSON.stringify([seen, line.asOf]);
    if (key !== page.shown) {
      page.shown = key;
      render(seen, line.isLive());
    }
    onCall(seen);
    rating.see(currentTicket());
    if (seen.mayGo && line.isLive() && !document.hidden && Date.now() - page.soughtAt > SEEK_MS) {
      seekSooner(currentTicket());
    }
  }

  /** As nobody: whoever only looks at a phone must not count as somebody who is told to go. */
  function seekSooner(ticket) {
    var query = "field=" + encodeURIComponent(ticket.field) + "&from=" + encodeURIComponent(ticket.branch);
    page.soughtAt = Date.now();
    fetch("/api/v1/branches/suggest?" + query, { credentials: "omit" }).then(function (answer) {
      return answer.json();
    }).then(function (found) {
      page.sooner = found.branches.filter(function (each) { return each.is_advised; })[0] || null;
    }).catch(function () {
      page.sooner = null;
    }).then(show);
  }

  function render(seen, isLive) {
    var ticket = currentTicket();
    showNumber(byId("number"), ticket.number);
    LaySo.setText(byId("field"), LaySo.name(ticket.field_name));
    LaySo.setText(byId("further"), seen.further);
    byId("further").hidden = !seen.further;
    var paper = byId("paper");
    paper.setAttribute("data-tone", seen.tone);
    paper.classList.toggle("is-old", !isLive);
    put(byId("state"), stateParts(seen, isLive ? "" : say("asOf", { time: LaySo.time(line.asOf) })));
    put(byId("notices"), seen.notices.map(function (notice) {
      return el("p", { class: "notice page__notice" + (notice.kind ? " notice--" + notice.kind : ""), text: notice.text });
    }));
    showActions(seen);
    put(byId("sooner"), isLive && seen.sooner.length ? [el("div", { class: "notice" }, paragraphs(seen.sooner))] : []);
    var isOver = ["wait", "call", "serve"].indexOf(seen.tone) < 0 && !seen.canCancel;
    LaySo.setText(byId("foot"), !isLive ? say("old") : isOver ? "" : say("updates"));
    document.title = seen.title;
  }

  /** A ticket that is gone for good: said in the same place, and nothing more is asked of the server. */
  function showGone() {
    page.isGone = true;
    line.stop();
    actions.close();
    var gone = { pill: say("gone"), tone: "off", lead: null, place: "", facts: [], sentences: [say("goneHow")] };
    byId("paper").setAttribute("data-tone", "off");
    put(byId("state"), stateParts(gone, ""));
    put(byId("notices"), []);
    put(byId("sooner"), []);
    ["actions", "connection", "rate"].forEach(function (id) { byId(id).hidden = true; });
    alarm.see({ state: "", call: 0, isNear: false }, line.epoch());
    LaySo.setText(byId("foot"), "");
  }

  function currentTicket() {
    return page.rows.ticket[Object.keys(page.rows.ticket)[0]];
  }

  function showNumber(element, number) {
    var spaced = LaySo.ticketSpaced(number);
    if (element.getAttribute("data-number") !== spaced) {
      element.setAttribute("data-number", spaced);
      element.className = "paper__hero" + (spaced.length > 5 ? " paper__hero--long" : "");
      LaySo.setText(element, spaced);
    }
  }

  function paragraphs(sentences) {
    return sentences.map(function (sentence) { return el("p", { text: sentence }); });
  }

  function stateParts(seen, asOf) {
    var parts = [el("p", { class: "state__pill", text: asOf ? seen.pill + " · " + asOf : seen.pill })];
    if (seen.lead) {
      parts.push(el("p", { class: "lead" + (seen.lead.isCounter ? " lead--counter" : "") }, [
        seen.lead.label ? el("span", { class: "lead__label", text: seen.lead.label + " " }) : null,
        el("b", { class: "lead__value" + (seen.lead.value.length > 2 ? " lead__value--long" : ""), text: seen.lead.value })
      ]));
    }
    if (seen.place) {
      parts.push(el("p", { class: "state__place", text: seen.place }));
    }
    seen.facts.forEach(function (fact) {
      parts.push(el("p", { class: "fact" }, [
        el("span", { class: "fact__label", text: fact.label + " " }),
        el("b", { class: "fact__value", text: fact.value }),
        fact.note ? el("span", { class: "fact__note", text: " " + fact.note }) : null
      ]));
    });
    return parts.concat(seen.sentences.map(function (sentence) { return el("p", { class: "sentence", text: sentence }); }));
  }

  // -- called -------------------------------------------------------------------------------------------------------------

  function onCall(seen) {
    var isCalled = seen.call && seen.call !== page.call;
    if (page.state && (seen.state !== page.state || isCalled)) {
      actions.giveWay();
    }
    if (isCalled) {
      global.scrollTo(0, 0);
    }
    page.state = seen.state;
    page.call = seen.call;
    alarm.see(seen, line.epoch());
  }

  // -- what can be pressed ------------------------------------------------------------------------------------------------

  /** Also while the line is down: a press is kept, and sent when it is back. */
  function showActions(seen) {
    byId("postpone").hidden = !seen.canPostpone;
    byId("cancel").hidden = !seen.canCancel;
    byId("actions").hidden = !seen.canPostpone && !seen.canCancel;
  }

  ["postpone", "cancel"].forEach(function (name) {
    byId(name).textContent = say(name);
    byId(name).addEventListener("click", function () { actions[name](currentTicket()); });
  });
  showNumber(byId("number"), byId("number").textContent);
  put(byId("state"), [el("p", { class: "sentence", text: say("connecting") })]);
  LaySo.setText(byId("foot"), say("updates"));
  setInterval(show, 1000);
})(window);
