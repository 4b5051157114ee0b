/**
 * From the rows of `ticket:` and what `ahead:` says to what a phone shows. Pure: no clock, no page, no memory.
 * A classic ES2015 script.
 */
(function (global) {
  "use strict";

  var LaySo = (global.LaySo = global.LaySo || {});
  var say = LaySo.words(LaySo.ticketTexts, "ticket");
  var FEW = 3; // so few people ahead, and nobody should be outside
  var FAR_MIN = 10; // but for so many minutes at least, one may
  var SOON_MIN = 10; // whoever is told no more than this is next, however many are ahead

  var WORTH_S = 300; // what another branch must save, as where it is advised

  var TONES = { waiting: "wait", called: "call", serving: "serve", held: "hold", finished: "done", rebooked: "hold" };

  var HINTS = { soon: "soon", close: "stay", far: "mayLeave" };

  function first(table) {
    var keys = Object.keys(table || {});
    return keys.length ? table[keys[0]] : null;
  }

  /** "A012" → "A 012" */
  function spaced(number) {
    return LaySo.numberParts(number).filter(Boolean).join(" ");
  }

  /** A reason of staff, who write it with and without a full stop. */
  function reasonOf(words) {
    return LaySo.name(words).trim().replace(/[.。\s]+$/, "");
  }

  /**
   * What the phone shows, or null without a ticket. `rows` is the channel's view, `ahead` the newest word of how far it
   * is or null, `now` the server's time, `found` a branch that would call a newcomer sooner, or null.
   * @returns {?{tone: string, pill: string, lead: ?{label: string, value: string, isCounter: boolean}, place: string,
   *   facts: {label: string, value: string, note: string}[], sentences: string[], notices: {kind: string, text: string}[],
   *   canPostpone: boolean, canCancel: boolean, title: string, call: number, isNear: boolean,
   *   notice: ?{title: string, body: string}, mayGo: boolean, sooner: string[], further: string}} `call` is 0 when it is
   *   not called, `isNear` when nobody should be outside any more, `notice` says either in short; `mayGo` when it is worth
   *   asking for such a branch; `further` is what the visit is for after this
   */
  LaySo.ticketView = function (rows, ahead, now, found) {
    var ticket = first(rows.ticket);
    if (!ticket) {
      return null;
    }
    var field = (rows.fields || {})[ticket.field] || null;
    var at = { ticket: ticket, field: field, day: first(rows.day), ahead: ahead, now: now.getTime() };
    var isLater = ticket.not_before !== null && new Date(ticket.not_before).getTime() > at.now;
    var isLive = ["waiting", "called", "held"].indexOf(ticket.state) >= 0;
    var said = (STATES[ticket.state] || unfit)(at, isLater);
    var mayGo = ticket.state === "waiting" && !isLater && mayGoElsewhere(at);
    var isNear = ticket.state === "waiting" && !isLater && nearness(at) !== "far";
    return {
      state: ticket.state,
      tone: TONES[ticket.state] || "off",
      pill: said.pill || say(ticket.state),
      lead: said.lead || null,
      place: said.place || "",
      facts: said.facts || [],
      sentences: said.sentences || [],
      notices: isLive || ticket.state === "serving" ? notices(at) : [],
      canPostpone: ticket.postpones_left > 0 && (ticket.state === "called" || (ticket.state === "waiting" && !isLater)),
      canCancel: isLive,
      title: (said.title ? said.title + " · " : "") + spaced(ticket.number),
      call: ticket.state === "called" ? ticket.call : 0,
      isNear: isNear,
      notice: ticket.state === "called" || isNear ? noticeOf(at) : null,
      further: ticket.further.length && (isLive || ticket.state === "serving") ? furtherText(ticket) : "",
      mayGo: mayGo,
      sooner: mayGo && found ? soonerSentences(at, found) : []
    };
  };

  // -- states -------------------------------------------------------------------------------------------------------------

  var STATES = {
    waiting: function (at, isLater) {
      var bound = at.ticket.only_counter ? [say("atCounter", { counter: at.ticket.only_counter })] : [];
      if (isLater) {
        return { lead: lead("backFrom", LaySo.time(at.ticket.not_before)), facts: aheadFacts(at), sentences: bound.concat(say("mayLeave")) };
      }
      if (!at.ahead || at.ahead.people === null) {
        return { sentences: [say("connecting")] };
      }
      var wait = LaySo.wait(at.ahead.wait, at.field ? at.field.working : [], at.now);
      var note = at.ahead.wait ? say("madeAt", { time: LaySo.time(at.ahead.wait.made_at) }) : "";
      var people = peopleAhead(at.ahead.people);
      return {
        lead: lead("ahead", people),
        facts: [{ label: wait.label, value: wait.value, note: note }],
        sentences: bound.concat(say(HINTS[nearness(at)]), say("whyLater")),
        title: people
      };
    },
    called: function (at) {
      var ticket = at.ticket;
      var place = [ticket.floor === null ? "" : say("floor", { floor: ticket.floor }), ticket.zone];
      return {
        pill: ticket.times_called > 1 ? say("calledAgain", { times: ticket.times_called }) : say("called"),
        lead: lead("goTo", String(ticket.counter), true),
        place: place.filter(Boolean).join(" · "),
        sentences: [say(ticket.postpones_left > 0 ? "cannotCome" : "cannotComeHow")],
        title: "▶ " + say("goTo") + " " + ticket.counter
      };
    },
    serving: function (at) {
      return { lead: lead("servedAt", String(at.ticket.counter), true) };
    },
    held: function (at) {
      return { lead: lead("comeBackTo", String(at.ticket.counter), true), sentences: [say("heldHow")] };
    },
    finished: function () {
      return { lead: { label: "", value: say("thanks"), isCounter: false }, sentences: [say("finishedHow")] };
    },
    rebooked: function (at) {
      var label = say("newNumber", { date: LaySo.dateOf(at.ticket.rebooked_on) });
      return { lead: { label: label, value: spaced(at.ticket.rebooked_as), isCounter: false }, sentences: [say("rebookedHow")] };
    },
    expired: function (at) {
      var next = at.field && at.field.returns_at;
      return { sentences: [next ? say("expiredUntil", { time: LaySo.time(next), date: LaySo.date(next) }) : say("expiredHow")] };
    }
  };

  /** no_show, cancelled, voided: what happened is on the pill, what to do now is a sentence. */
  function unfit(at) {
    return { sentences: [say(at.ticket.state + "How")] };
  }

  function furtherText(ticket) {
    return say("further", { names: ticket.further.map(LaySo.name).join(", ") });
  }

  function lead(key, value, isCounter) {
    return { label: say(key), value: value, isCounter: Boolean(isCounter) };
  }

  function peopleAhead(n) {
    return n === 0 ? say("nobody") : say(n === 1 ? "person" : "people", { n: n });
  }

  function aheadFacts(at) {
    var isKnown = at.ahead && at.ahead.people !== null;
    return isKnown ? [{ label: say("ahead"), value: peopleAhead(at.ahead.people), note: "" }] : [];
  }

  /**
   * How near the turn is, by what is told of it and nothing else: "soon" within minutes, "close" when few people are ahead
   * and it may come within minutes, else "far"; in a break nobody need stand by.
   */
  function nearness(at) {
    if (!at.ahead || at.ahead.people === null || restUntil(at)) {
      return "far";
    }
    var told = at.ahead.wait ? LaySo.toldMinutes(at.ahead.wait) : null;
    if (told && told.high <= SOON_MIN) {
      return "soon";
    }
    return at.ahead.people <= FEW && !(told && told.low >= FAR_MIN) ? "close" : "far";
  }

  function noticeOf(at) {
    var number = say("number", { n: spaced(at.ticket.number) });
    return at.ticket.state === "called"
      ? { title: say("goTo") + " " + at.ticket.counter, body: number }
      : { title: say(nearness(at) === "soon" ? "soonTitle" : "stay"), body: number + " · " + say("ahead") + ": " + peopleAhead(at.ahead.people) };
  }

  // -- another branch ------------------------------------------------------------------------------------------------------

  /** Of a field that is done anywhere, by whom no counter waits for, and who still waits longer than a way is worth. */
  function mayGoElsewhere(at) {
    var wait = at.ahead && at.ahead.wait;
    return Boolean(at.field && at.field.is_anywhere && at.ticket.only_counter === null && wait && wait.likely_s > WORTH_S);
  }

  /** What is saved is counted from this ticket's own turn: it has waited already, as a newcomer has not. */
  function soonerSentences(at, found) {
    var turn = new Date(at.ahead.wait.made_at).getTime() + at.ahead.wait.likely_s * 1000;
    var saves = (turn - at.now) / 1000 - found.total.likely_s;
    if (saves < WORTH_S) {
      return [];
    }
    return [LaySo.sooner(found, saves) + ".", LaySo.name(found.address), say("soonerHow", { time: LaySo.time(found.wait.made_at) })].filter(Boolean);
  }

  // -- notices ------------------------------------------------------------------------------------------------------------

  function notices(at) {
    var field = at.field;
    var found = [];
    if (field && field.suspended) {
      var about = { field: LaySo.name(field.name), time: LaySo.time(field.suspended_at), reason: reasonOf(field.suspended) };
      found.push({ kind: "warn", text: say("suspended", about) });
    }
    if (field && field.reason) {
      found.push({ kind: "warn", text: hoursText(at) });
    }
    var rest = at.ticket.state === "waiting" ? restUntil(at) : null;
    if (rest) {
      found.push({ kind: "", text: say(rest.isFirst ? "early" : "rest", { time: LaySo.time(rest.start) }) });
    }
    return found;
  }

  /** The field's hours as they were changed, or the branch's; `reason` of the field says both. */
  function hoursText(at) {
    var isWhole = at.day && at.day.reason && reasonOf(at.day.reason) === reasonOf(at.field.reason);
    var about = { field: LaySo.name(at.field.name), spans: spansText(at.field.working), reason: reasonOf(at.field.reason) };
    var isOff = at.field.working.length === 0;
    return say(isWhole ? (isOff ? "hoursOff" : "hours") : isOff ? "fieldOff" : "fieldHours", about);
  }

  function spansText(spans) {
    return spans.map(function (span) { return LaySo.time(span.start) + "–" + LaySo.time(span.end); }).join(", ");
  }

  /** The next span of work while the counters rest now; null while they work, and after the last one. */
  function restUntil(at) {
    var spans = at.field ? at.field.working : [];
    for (var i = 0; i < spans.length; i += 1) {
      if (at.now < new Date(spans[i].start).getTime()) {
        return { start: spans[i].start, isFirst: i === 0 };
      }
      if (at.now < new Date(spans[i].end).getTime()) {
        return null;
      }
    }
    return null;
  }

  LaySo.ticketSpaced = spaced;
})(window);
