/**
 * Which notices a screen shows now, and in which order. Pure: rows of `board:` and the time are given.
 *
 * A classic ES2015 script for Chrome 53. Comes after times.js and display_texts.js.
 */
(function (global) {
  "use strict";

  const LaySo = (global.LaySo = global.LaySo || {});
  const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

  const say = LaySo.words(LaySo.displayTexts);
  const inOrder = (table) => Object.keys(table || {}).map((code) => table[code])
    .sort((one, other) => one.order - other.order);

  /** `{day: "2026-11-23", weekday: "mon", minute: 450}` in the branch's zone. */
  function local(now) {
    const date = LaySo.date(now).split("/").map(Number);
    const time = LaySo.time(now).split(":").map(Number);
    const midnight = new Date(Date.UTC(date[2], date[1] - 1, date[0]));
    return {
      day: midnight.toISOString().slice(0, 10),
      weekday: WEEKDAYS[midnight.getUTCDay()],
      minute: time[0] * 60 + time[1]
    };
  }

  function isDue(row, at) {
    return (row.first_day === null || row.first_day <= at.day) && (row.last_day === null || at.day <= row.last_day)
      && (!row.weekdays.length || row.weekdays.indexOf(at.weekday) >= 0)
      && (!row.hours.length || row.hours.some((span) => span[0] <= at.minute && at.minute < span[1]));
  }

  const isFor = (row, code) => !row.screens.length || row.screens.indexOf(code) >= 0;

  function due(table, code, now) {
    const at = local(now);
    return inOrder(table).filter((row) => isFor(row, code) && isDue(row, at));
  }

  /** What the screen of this code shows in turn now; while something urgent can be shown, nothing else. */
  function shown(table, code, now, canShow) {
    const rows = due(table, code, now);
    const first = rows.filter((row) => row.is_priority && canShow(row));
    return first.length ? first : rows;
  }

  /** The urgent ones as notices of the bar, for screens that show no others too. */
  function urgent(table, code, now) {
    return due(table, code, now).filter((row) => row.is_priority).map((row) => {
      const words = [row.title].concat(row.kind === "text" ? row.lines : []).map((text) => LaySo.name(text).trim());
      return { kind: "urgent", label: say("notice"), text: words.map(ended).join(" ") };
    });
  }

  const ended = (words) => (/[.!?…:]$/.test(words) ? words : words + ".");

  /** Who comes after the one of this code: the next that can be shown, or null. Alone it comes after itself. */
  function next(rows, code, canShow) {
    const place = rows.findIndex((row) => row.code === code);
    const order = rows.slice(place + 1).concat(rows.slice(0, place + 1));
    return order.find(canShow) || null;
  }

  /** The files that the screen will need, what is shown now first; without those whose last day has passed. */
  function wanted(table, code, now) {
    const today = local(now).day;
    const coming = inOrder(table).filter((row) => isFor(row, code) && (row.last_day === null || today <= row.last_day));
    const files = due(table, code, now).concat(coming).map((row) => row.media).filter(Boolean);
    return files.filter((media, i) => files.indexOf(media) === i);
  }

  /** Every file that some notice of the branch names: what another screen of the same browser may need. */
  const named = (table) => inOrder(table).map((row) => row.media).filter(Boolean);

  LaySo.playlist = { shown: shown, urgent: urgent, next: next, wanted: wanted, named: named };
})(window);
