/**
 * Times the Vietnamese way in the branch's zone (`data-zone` on <html>), and waits in words. Comes after page.js.
 *
 * One classic ES2015 script, down to Chrome 53. Pure but for `LaySo.clock`.
 */
(function (global) {
  "use strict";

  var LaySo = (global.LaySo = global.LaySo || {});
  var FIVE_MS = 5 * 60000;

  var say = LaySo.words({
    vi: {
      date: "{day}/{month}/{year}",
      wait: "Thời gian chờ",
      turn: "Dự kiến đến lượt",
      unknown: "Chưa dự tính được",
      under: "dưới {high} phút",
      about: "khoảng {high} phút",
      range: "khoảng {low}–{high} phút",
      from: "từ {low}",
      before: "trước {high}",
      soon: "sắp đến lượt",
      span: "{low}–{high} phút",
      way: "đi khoảng {way} phút, chờ {wait}",
      sooner: "{name}: sớm hơn khoảng {saves} phút ({way})",
      inTime: "{name}: còn kịp trong hôm nay ({way})"
    },
    en: {
      date: "{day}/{month}/{year}",
      wait: "Waiting time",
      turn: "Expected turn",
      unknown: "Not known yet",
      under: "less than {high} min",
      about: "about {high} min",
      range: "about {low}–{high} min",
      from: "from {low}",
      before: "before {high}",
      soon: "very soon",
      span: "{low}–{high} min",
      way: "about {way} min away, wait {wait}",
      sooner: "{name}: about {saves} min sooner ({way})",
      inTime: "{name}: still in time today ({way})"
    }
  }, "times");

  // -- times --------------------------------------------------------------------------------------------------------------

  var formats = {};

  function partsIn(at) {
    var zone = document.documentElement.getAttribute("data-zone") || "Asia/Ho_Chi_Minh";
    if (!formats[zone]) {
      formats[zone] = new Intl.DateTimeFormat("en-GB", {
        timeZone: zone, hour12: false, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit"
      });
    }
    // "22/11/2026, 16:05"
    var found = formats[zone].format(at).match(/\d+/g);
    return { day: found[0], month: found[1], year: found[2], hour: found[3] === "24" ? "00" : found[3], minute: found[4] };
  }

  /** "09:41" in the branch's zone. */
  LaySo.time = function (at) {
    var parts = partsIn(new Date(at));
    return parts.hour + ":" + parts.minute;
  };

  /** "22/11/2026" in the branch's zone. */
  LaySo.date = function (at) {
    return say("date", partsIn(new Date(at)));
  };

  /** "24/11/2026" of a row's "2026-11-24". */
  LaySo.dateOf = function (day) {
    var parts = day.split("-");
    return say("date", { year: parts[0], month: parts[1], day: parts[2] });
  };

  /** 0, a Sunday, to 6 in the branch's zone. */
  LaySo.weekday = function (at) {
    var parts = partsIn(new Date(at));
    return new Date(Date.UTC(Number(parts.year), Number(parts.month) - 1, Number(parts.day))).getUTCDay();
  };

  /** Keep an element showing the server's time. */
  LaySo.clock = function (element, feed) {
    function show() {
      LaySo.setText(element, LaySo.time(feed.now()));
    }
    show();
    return setInterval(show, 1000);
  };

  // -- waits --------------------------------------------------------------------------------------------------------------

  /** Minutes as told: to the minute up to 10, to 5 minutes above; `up` rounds the end of a range. */
  LaySo.roundMinutes = function (seconds, up) {
    var minutes = up ? Math.ceil(seconds / 60) : Math.floor(seconds / 60);
    if (minutes <= 10) {
      return minutes;
    }
    return (up ? Math.ceil(minutes / 5) : Math.floor(minutes / 5)) * 5;
  };

  /** The minutes in which a wait is told, as a range or as "less than" (then `low` is 0). */
  LaySo.toldMinutes = function (wait) {
    var low = LaySo.roundMinutes(wait.low_s, false);
    var high = LaySo.roundMinutes(wait.high_s, true);
    return { low: low, high: low < 1 ? Math.max(high, 5) : high };
  };

  /**
   * A wait in words, as domain/telling.py tells it. `wait` is a `Told` row or null, `working` the spans in which counters
   * work (`[{start, end}]`), `now` the time at which it is read, if that is not when the wait was made.
   * → `{kind: "range" | "clock" | "soon" | "unknown", label, value, isLate}`; `isLate` when the turn may come after the
   * last span. Over an hour, before opening or across lunch it is told by the clock; what has passed by then is not told.
   */
  LaySo.wait = function (wait, working, now) {
    if (!wait) {
      return { kind: "unknown", label: say("wait"), value: say("unknown"), isLate: false };
    }
    var made = new Date(wait.made_at).getTime();
    var spans = (working || []).map(function (span) {
      return { start: new Date(span.start).getTime(), end: new Date(span.end).getTime() };
    });
    var isLate = spans.length > 0 && made + wait.likely_s * 1000 >= spans[spans.length - 1].end;
    var high = LaySo.toldMinutes(wait).high;
    if (high <= 60 && (spans.length === 0 || isWithinOne(spans, made, made + high * 60000))) {
      return { kind: "range", label: say("wait"), value: minutesRange(wait, "range"), isLate: isLate };
    }
    var told = clockRange(spans, made + wait.low_s * 1000, made + wait.high_s * 1000);
    var at = Math.max(made, now ? new Date(now).getTime() : made);
    if (told.high <= at) {
      return { kind: "soon", label: say("wait"), value: say("soon"), isLate: isLate };
    }
    return { kind: "clock", label: say("turn"), value: clockWords(told, at), isLate: isLate };
  };

  function isWithinOne(spans, from, to) {
    return spans.some(function (span, i) {
      var isLast = i === spans.length - 1;
      return span.start <= from && from < span.end && (to <= span.end || isLast);
    });
  }

  /** In fives of minutes. Nobody is called in a break: an instant there means its end. */
  function clockRange(spans, low, high) {
    var from = spans.filter(function (span) { return low < span.end; })[0];
    var to = spans.filter(function (span) { return high <= span.end; })[0];
    return {
      low: Math.floor(Math.max(low, from ? from.start : low) / FIVE_MS) * FIVE_MS,
      high: Math.ceil(Math.max(high, to ? to.start : high) / FIVE_MS) * FIVE_MS
    };
  }

  function clockWords(told, at) {
    var times = { low: LaySo.time(told.low), high: LaySo.time(told.high) };
    var key = told.low <= at ? "before" : told.low === told.high ? "from" : null;
    return key ? say(key, times) : times.low + "–" + times.high;
  }

  function minutesRange(wait, range) {
    var told = LaySo.toldMinutes(wait);
    return say(told.low < 1 ? "under" : told.low === told.high ? "about" : range, told);
  }

  // -- another branch -----------------------------------------------------------------------------------------------------

  /** "đi khoảng 12 phút, chờ 5–15 phút" of a suggested branch. */
  LaySo.wayThere = function (found) {
    return say("way", { way: Math.ceil(found.travel_s / 60), wait: minutesRange(found.wait, "span") });
  };

  /** "Chi nhánh B: sớm hơn khoảng 25 phút (…)"; `saves` in seconds, null where nobody would be called here today. */
  LaySo.sooner = function (found, saves) {
    var values = { name: LaySo.name(found.name), way: LaySo.wayThere(found) };
    values.saves = saves === null ? null : LaySo.roundMinutes(saves, false);
    return say(saves === null ? "inTime" : "sooner", values);
  };
})(window);
