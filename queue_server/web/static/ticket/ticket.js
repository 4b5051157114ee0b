/**
 * The page of a citizen's own ticket: follows it, shows it, shakes the phone when it is called. No sound is needed.
 * A classic ES2015 script, for phones of 2017 on.
 */
(function (global) {
  "use strict";

  var LaySo = global.LaySo;
  var el = LaySo.el;
  var say = LaySo.words(LaySo.ticketTexts, "ticket");
  var token = decodeURIComponent(location.pathname.split("/").pop());
  var actions = new LaySo.TicketActions(token);
  var ASLEEP_MS = 5000; // hidden for longer, and the line may be dead without anybody knowing
  var SEEK_MS = 300000; // so often at most a phone asks for a branch that would call sooner
  var SHAKE = [400, 200, 400, 200, 800];

  var byId = function (id) { return document.getElementById(id); };
  var page = {
    feed: null,
    rows: null, // the channel's view; null before the first snapshot
    ahead: null,
    sooner: null, // the branch that would call a newcomer sooner
    soughtAt: -Infinity,
    shown: "", // what the page shows, so that nothing is made anew for nothing
    asOf: null, // of when the rows are; null while they are of now
    call: "",
    state: "",
    isGone: false
  };

  // -- following ----------------------------------------------------------------------------------------------------------

  function follow() {
    var feed = new LaySo.Feed({
      build: document.documentElement.getAttribute("data-build"),
      onStatus: function (status) { if (feed === page.feed) { onStatus(status); } },
      onBuild: function () { if (feed === page.feed) { reloadQuietly(); } }
    });
    page.feed = feed;
    feed.subscribe("ticket:" + token, function (view) {
      var had = page.rows && Object.keys(page.rows.ticket || {}).length > 0;
      page.rows = view;
      page.asOf = null;
      if (had && Object.keys(view.ticket || {}).length === 0) {
        location.reload(); // another day: the server knows where this ticket is now
        return;
      }
      show();
    }, function (problem) {
      if (problem.status === 404) {
        page.rows = {};
        show();
      }
    });
    feed.subscribe("ahead:" + token, function (ahead) { page.ahead = ahead; show(); });
  }

  var showConnection = LaySo.connection(byId("connection"));

  /** What is shown is of now when the line is, and has brought a snapshot. */
  function onStatus(status) {
    if (status.state !== "live") {
      page.asOf = page.asOf || status.since;
    } else if (page.feed.position("ticket:" + token) !== null) {
      page.asOf = null;
    }
    showConnection(status);
    show();
  }

  /** A phone that was asleep does not wait until the silence is noticed: a new line, from the start. */
  function followAnew() {
    if (!page.isGone) {
      page.asOf = page.asOf || hiddenNow || page.feed.now();
      page.feed.stop();
      showConnection(null);
      follow();
      show();
    }
  }

  var hiddenAt = 0;
  var hiddenNow = null; // the server's time then
  document.addEventListener("visibilitychange", function () {
    if (document.hidden) {
      hiddenAt = Date.now();
      hiddenNow = page.feed.now();
    } else if (Date.now() - hiddenAt > ASLEEP_MS || page.feed.status.state !== "live") {
      followAnew();
    }
    hiddenNow = document.hidden ? hiddenNow : null;
  });
  global.addEventListener("pageshow", function (event) { if (event.persisted) { followAnew(); } });
  global.addEventListener("online", followAnew);

  var reloadQuietly = LaySo.quietReload(function () { return !actions.isOpen() && page.state !== "called"; });

  // -- showing ------------------------------------------------------------------------------------------------------------

  function show() {
    if (page.rows === null || page.isGone) {
      return;
    }
    var seen = LaySo.ticketView(page.rows, page.ahead, page.feed.now(), page.sooner);
    if (seen === null) {
      showGone();
      return;
    }
    var key = JSON.stringify([seen, page.asOf]);
    if (key !== page.shown) {
      page.shown = key;
      render(seen, page.asOf === null);
    }
    onCall(seen);
    if (seen.mayGo && page.asOf === null && !document.hidden && Date.now() - page.soughtAt > SEEK_MS) {
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
    var paper = byId("paper");
    paper.setAttribute("data-tone", seen.tone);
    paper.classList.toggle("is-old", !isLive);
    put(byId("state"), stateParts(seen, isLive ? "" : say("asOf", { time: LaySo.time(page.asOf) })));
    put(byId("notices"), seen.notices.map(function (notice) {
      return el("p", { class: "notice page__notice" + (notice.kind ? " notice--" + notice.kind : ""), text: notice.text });
    }));
    showActions(seen, isLive);
    put(byId("sooner"), isLive && seen.sooner.length ? [el("div", { class: "notice" }, paragraphs(seen.sooner))] : []);
    var isOver = ["wait", "call", "serve"].indexOf(seen.tone) < 0 && !seen.canCancel;
    LaySo.setText(byId("foot"), !isLive ? say("old") : isOver ? "" : say("updates"));
    document.title = seen.title;
    byId("shake").hidden = !canOfferShake() || ["waiting", "held"].indexOf(seen.state) < 0;
  }

  /** A ticket that is gone for good: said in the same place, and nothing more is asked of the server. */
  function showGone() {
    page.isGone = true;
    page.feed.stop();
    actions.close();
    var gone = { pill: say("gone"), tone: "off", lead: null, place: "", facts: [], sentences: [say("goneHow")] };
    byId("paper").setAttribute("data-tone", "off");
    put(byId("state"), stateParts(gone, ""));
    put(byId("notices"), []);
    put(byId("sooner"), []);
    ["actions", "shake", "connection"].forEach(function (id) { byId(id).hidden = true; });
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

  function put(element, children) {
    element.textContent = "";
    children.forEach(function (child) { element.appendChild(child); });
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
    if (seen.state !== page.state || (seen.call && seen.call !== page.call)) {
      if (page.state) {
        actions.close();
      }
      if (seen.call && seen.call !== page.call) {
        shake(SHAKE);
        global.scrollTo(0, 0);
      }
    }
    page.state = seen.state;
    page.call = seen.call;
  }

  /** Browsers let a page shake the phone only after it has been touched. */
  function shake(pattern) {
    var activation = navigator.userActivation;
    if (navigator.vibrate && (!activation || activation.hasBeenActive)) {
      navigator.vibrate(pattern);
    }
  }

  function canOfferShake() {
    return Boolean(navigator.vibrate) && "ontouchstart" in global;
  }

  // -- what can be pressed ------------------------------------------------------------------------------------------------

  function showActions(seen, isLive) {
    byId("postpone").hidden = !seen.canPostpone;
    byId("cancel").hidden = !seen.canCancel;
    byId("actions").hidden = !seen.canPostpone && !seen.canCancel;
    byId("postpone").disabled = !isLive;
    byId("cancel").disabled = !isLive;
  }

  ["postpone", "cancel"].forEach(function (name) {
    byId(name).textContent = say(name);
    byId(name).addEventListener("click", function () { actions[name](currentTicket()); });
  });
  byId("shake").textContent = say("shake");
  byId("shake").addEventListener("click", function () {
    shake([120]);
    byId("shake").textContent = say("willShake");
    byId("shake").setAttribute("aria-pressed", "true");
  });

  if (global.matchMedia && global.matchMedia("(prefers-contrast: more)").matches) {
    document.documentElement.setAttribute("data-theme", "contrast");
  }
  showNumber(byId("number"), byId("number").textContent);
  put(byId("state"), [el("p", { class: "sentence", text: say("connecting") })]);
  LaySo.setText(byId("foot"), say("updates"));
  follow();
  setInterval(show, 1000);
})(window);
