/**
 * From the rows of `board:` and `live:` to what the lobby display shows. Pure: no clock, no page, no memory.
 *
 * A classic ES2015 script for Chrome 53. Comes after page.js, times.js and display_texts.js.
 */
(function (global) {
  "use strict";

  const LaySo = (global.LaySo = global.LaySo || {});
  const KEPT_CALLS = 24; // the server remembers this many calls
  const LUNCH_FROM = [10.5, 13.5]; // hours in which a break that begins is lunch
  const LUNCH_MS = 4 * 3600000; // a longer break is none
  const HALF_DAY_MS = 12 * 3600000;

  const DESKS = { called: "inviting", serving: "serving", free: "free", paused: "deskPaused", closed: "deskClosed" };

  const say = LaySo.words(LaySo.displayTexts);
  const ms = (instant) => new Date(instant).getTime();
  const rows = (table) => Object.keys(table || {}).map((key) => table[key]);
  const distinct = (values) => values.filter((value, i) => values.indexOf(value) === i);

  // -- calls ----------------------------------------------------------------------------------------------------------

  /**
   * Every call worth showing, the newest first, one for each number:
   * `{call, number, letters, digits, counter, name, place, tag, again, times, at, isActive, isOver}`.
   * `isActive` while the number is called and has not yet been seen at its counter; `isOver` when that counter has called
   * somebody else, or is closed: nobody is sent there any more. Only those that stand on the screen.
   */
  function calls(view, screen) {
    const counters = view.counters || {};
    const isHere = (row) => LaySo.displayScreen.shows(screen, row.counter);
    const place = placesOf(rows(counters).filter((counter) => LaySo.displayScreen.shows(screen, counter.no)));
    const newestFirst = rows(view.calls).sort((one, other) => other.call - one.call);
    const told = newestFirst.filter((row, i) => newestFirst.findIndex((other) => other.number === row.number) === i);
    return told.concat(pushedOut(newestFirst, counters, told)).filter(isHere)
      .map((row) => Object.assign(shownCall(row, counters[row.counter], place), { isOver: isOver(row, newestFirst, counters) }));
  }

  function isOver(row, newestFirst, counters) {
    const counter = counters[row.counter];
    const hasCalledAnother = newestFirst.some((other) => other.counter === row.counter && other.call > row.call);
    return row.call > 0 && (hasCalledAnother || !counter || counter.state === "closed");
  }

  function shownCall(row, counter, place) {
    const parts = LaySo.numberParts(row.number);
    return {
      call: row.call,
      number: row.number,
      letters: parts[0],
      digits: parts[1],
      counter: row.counter,
      name: counter ? LaySo.name(counter.name) : "",
      place: counter ? place(counter) : "",
      tag: row.reason === "priority" || row.reason === "appointment" ? say(row.reason) : "",
      reason: row.reason,
      again: row.times > 1 ? say("again", { times: row.times }) : "",
      times: row.times,
      at: row.at,
      language: row.language,
      isActive: isActive(row, counter)
    };
  }

  /** A number that went on to its visit's next step at the same counter is "called" there without having been called. */
  function isActive(row, counter) {
    const there = counter && counter.ticket;
    return Boolean(there && there.number === row.number && there.state === "called" && ms(row.at) >= ms(there.since));
  }

  /** Numbers that are still called though newer calls have pushed theirs out of what the server remembers. */
  function pushedOut(newestFirst, counters, told) {
    if (newestFirst.length < KEPT_CALLS) { return []; }
    const oldest = ms(newestFirst[newestFirst.length - 1].at);
    const isTold = (number) => told.some((row) => row.number === number);
    return rows(counters)
      .filter((c) => c.ticket && c.ticket.state === "called" && !isTold(c.ticket.number) && ms(c.ticket.since) < oldest)
      .map((c) => ({ call: 0, number: c.ticket.number, counter: c.no, times: 1, at: c.ticket.since, reason: "", language: "vi" }));
  }

  /** What to say about where a counter is: its floor and its zone, each only when there are several. */
  function placesOf(counters) {
    const hasFloors = distinct(counters.map((counter) => counter.floor)).length > 1;
    const hasZones = distinct(counters.map((counter) => counter.zone)).length > 1;
    return (counter) => [hasFloors ? say("floor", { floor: counter.floor }) : "", hasZones ? counter.zone : ""]
      .filter(Boolean).join(" · ");
  }

  // -- the strip of fields ----------------------------------------------------------------------------------------------

  /** How each field is doing, in the branch's order: `{code, name, waiting, wait, isLong, state}`, and since when. */
  function strip(view, live, screen) {
    const now = live && live.fields || {};
    const isTold = (row) => LaySo.displayScreen.tells(screen, row.code) && !row.is_retired;
    const fields = rows(view.fields).filter((row) => isTold(row) && now[row.code] && row.working.length)
      .sort((one, other) => one.order - other.order)
      .map((row) => stripField(row, now[row.code]));
    const made = rows(now).map((field) => field.wait && field.wait.made_at).filter(Boolean).sort();
    return { fields: fields, madeAt: made.length ? LaySo.time(made[made.length - 1]) : "" };
  }

  function stripField(row, now) {
    const wait = LaySo.wait(now.wait, row.working);
    const value = wait.kind === "clock" ? say("turn", { time: wait.value }) : wait.value;
    return {
      code: row.code,
      name: LaySo.name(row.name),
      waiting: now.waiting,
      wait: row.suspended ? say("suspended") : value.charAt(0).toUpperCase() + value.slice(1),
      state: row.suspended ? "suspended" : wait.kind
    };
  }

  /**
   * One counter for its own screen: `{no, name, state, number, letters, digits, label, fields}`; `state` is "called",
   * "serving", "free", "paused" or "closed". Null when the branch has no such counter.
   */
  function desk(view, no) {
    const counter = (view.counters || {})[no];
    if (!counter) { return null; }
    const ticket = counter.ticket;
    const state = ticket ? ticket.state : counter.state === "open" ? "free" : counter.state;
    const parts = LaySo.numberParts(ticket ? ticket.number : "");
    const known = counter.fields.map((code) => (view.fields || {})[code]).filter((row) => row && !row.is_retired);
    return {
      no: counter.no, name: LaySo.name(counter.name), state: state, number: ticket ? ticket.number : "",
      letters: parts[0], digits: parts[1], label: say(DESKS[state]), since: ticket ? ticket.since : "",
      fields: known.map((row) => LaySo.name(row.name))
    };
  }

  /** Items in pages of at most `size`, as even as can be: eight by five are four and four. */
  function pagesOf(items, size) {
    const count = Math.max(1, Math.ceil(items.length / size));
    const each = Math.ceil(items.length / count);
    return Array.from({ length: count }, (_, page) => items.slice(page * each, (page + 1) * each));
  }

  // -- what the day is about ----------------------------------------------------------------------------------------------

  const openSpans = (list, which) => merged([].concat.apply([], list.map((row) => row[which])));

  /** Spans of several fields as one list, in order, overlapping ones joined: `[[start, end]]` in ms. */
  function merged(spans) {
    const sorted = spans.map((span) => [ms(span.start), ms(span.end)]).sort((one, other) => one[0] - other[0]);
    return sorted.reduce((all, span) => {
      const last = all[all.length - 1];
      if (last && span[0] <= last[1]) {
        last[1] = Math.max(last[1], span[1]);
        return all;
      }
      return all.concat([span]);
    }, []);
  }

  const startAfter = (spans, now) => (spans.find((span) => span[0] > now) || [null])[0];
  const holds = (spans, now) => spans.some((span) => span[0] <= now && now < span[1]);

  /**
   * What time of day it is for citizens: `{kind, title, lead, time, how}`. `kind` is "open", "before", "lunch", "pause",
   * "closed", "ended", "dayOff" or "noDay"; `time` is when the counters start again, to be shown large under `lead`.
   */
  function phase(view, now) {
    const day = view.day && view.day.today;
    if (!day) { return quiet("noDay", say("comeBack")); }
    const fields = rows(view.fields).filter((row) => !row.is_retired);
    const working = openSpans(fields.length ? fields : [day], "working");
    const issuing = openSpans(fields.length ? fields : [day], "issuing");
    const at = now.getTime();
    if (day.ended_at) { return over(isPast(day, at) ? "closed" : "ended", fields, at); }
    if (!working.length) { return day.reason ? quiet("dayOff", LaySo.name(day.reason)) : over("dayOff", fields, at); }
    if (holds(working, at)) { return { kind: "open" }; }
    const next = startAfter(working, at);
    return next === null ? over("closed", fields, at) : resting(working, issuing, at, next);
  }

  /** The same, or why nothing can be said of it; while it is "open", what stands there before the first call. */
  function rest(view, problem, now) {
    if (problem) { return { kind: "noDay", title: say("noBranch"), lead: "", time: "", how: problem.detail }; }
    if (!view) { return { kind: "connecting", title: say("connecting"), lead: "", time: "", how: say("connectingHow") }; }
    const found = phase(view, now);
    return found.kind === "open" ? { kind: "open", title: say("none"), lead: "", time: "", how: say("noneHow") } : found;
  }

  /** The day ended more than half a day ago: that is no longer today's news. */
  function isPast(day, at) {
    return at - ms(day.ended_at) > HALF_DAY_MS;
  }

  function quiet(kind, how) {
    return { kind: kind, title: say(kind), lead: "", time: "", how: how };
  }

  /** Nothing more today: when numbers are next given, where that is known and still to come. */
  function over(kind, fields, at) {
    const returns = fields.map((row) => row.returns_at).filter((instant) => instant && ms(instant) > at).map(ms);
    if (!returns.length) { return quiet(kind, say("comeBack")); }
    const next = Math.min.apply(null, returns);
    return { kind: kind, title: say(kind), lead: say("takeNextDay"), time: LaySo.time(next), how: date(next) };
  }

  function resting(working, issuing, at, next) {
    const before = working.filter((span) => span[1] <= at).pop();
    const kind = !before ? "before" : isLunch(before[1], next) ? "lunch" : "pause";
    const takes = startAfter(issuing, at);
    const take = holds(issuing, at) || takes === null ? ""
      : say(before ? "takeAgain" : "takeFrom", { time: LaySo.time(takes) });
    const order = kind === "lunch" ? say("keepOrder") : kind === "pause" ? say("keepOrderAny") : "";
    const how = [take, order].filter(Boolean).join(" ");
    return { kind: kind, title: say(kind), lead: say("worksFrom"), time: LaySo.time(next), how: how };
  }

  function isLunch(from, to) {
    const hour = (instant) => Number(LaySo.time(instant).slice(0, 2)) + Number(LaySo.time(instant).slice(3)) / 60;
    return hour(from) >= LUNCH_FROM[0] && hour(from) <= LUNCH_FROM[1] && to - from <= LUNCH_MS;
  }

  // -- notices --------------------------------------------------------------------------------------------------------

  const spansIn = (spans) => spans.map((span) => LaySo.time(span.start) + "–" + LaySo.time(span.end)).join(", ");
  const bare = (sentence) => sentence.replace(/[.\s]+$/, "");

  /** What goes through the ticker, the most urgent first: `{kind, label, text}`. */
  function notices(view, now) {
    const day = view.day && view.day.today;
    if (!day) { return []; }
    const fields = rows(view.fields).filter((row) => !row.is_retired).sort((one, other) => one.order - other.order);
    const kind = phase(view, now).kind;
    const isOver = kind === "closed" || kind === "ended";
    const ofToday = isOver ? [] : suspensions(fields).concat(changedHours(day, fields), issuingOver(fields, kind, now));
    return ofToday.concat(branchNotice(day));
  }

  function suspensions(fields) {
    return fields.filter((row) => row.suspended).map((row) => ({
      kind: "warn",
      label: say("notice"),
      text: say("suspendedHow", {
        field: LaySo.name(row.name), time: LaySo.time(row.suspended_at), reason: bare(LaySo.name(row.suspended))
      })
    }));
  }

  function changedHours(day, fields) {
    const whole = day.reason ? [hoursNotice("hours", day.working, "", day.reason)] : [];
    const isOwn = (row) => row.reason && (!day.reason || LaySo.name(row.reason) !== LaySo.name(day.reason));
    return whole.concat(fields.filter(isOwn).map((row) => hoursNotice("field", row.working, LaySo.name(row.name), row.reason)));
  }

  function hoursNotice(whose, spans, field, reason) {
    const key = spans.length ? (whose === "field" ? "fieldHours" : "hoursHow") : whose === "field" ? "fieldOff" : "hoursOff";
    const text = say(key, { field: field, spans: spansIn(spans), reason: bare(LaySo.name(reason)) });
    return { kind: "info", label: say("hours"), text: text };
  }

  function issuingOver(fields, kind, now) {
    const issuing = openSpans(fields, "issuing");
    const isOver = kind === "open" && issuing.length && issuing[issuing.length - 1][1] <= now.getTime();
    return isOver ? [{ kind: "info", label: say("notice"), text: say("issuingOver") }] : [];
  }

  function branchNotice(day) {
    const text = LaySo.name(day.notice);
    return text ? [{ kind: "plain", label: say("notice"), text: text }] : [];
  }

  // -- the date ---------------------------------------------------------------------------------------------------------

  const WEEKDAYS = {
    vi: ["Chủ nhật", "Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy"],
    en: ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
  };

  /** "Thứ Hai, 23/11/2026" in the branch's zone. */
  function date(now) {
    const text = LaySo.date(now);
    const parts = text.split("/").map(Number);
    const weekday = new Date(Date.UTC(parts[2], parts[1] - 1, parts[0])).getUTCDay();
    return WEEKDAYS[LaySo.language()][weekday] + ", " + text;
  }

  /** "09:41", with the day when that is not today as far as this machine knows. */
  const when = (at) => LaySo.time(at) + (LaySo.date(at) === LaySo.date(new Date()) ? "" : " " + LaySo.date(at));

  const epoch = (position) => (position ? position.slice(0, position.lastIndexOf(".")) : "");

  LaySo.displayView = { calls: calls, strip: strip, desk: desk, pagesOf: pagesOf, phase: phase, rest: rest, notices: notices, date: date, when: when, epoch: epoch };
})(window);
