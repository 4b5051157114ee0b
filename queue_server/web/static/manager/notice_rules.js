/** Notices as staff read and type them. Pure. */
import { clock, windowsOf } from "./hours.js";

export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MB = 1024 * 1024;
const LIMITS = { image: 10, video: 200, html: 1 };
const [SECONDS_LEAST, SECONDS_MOST] = [3, 600];
const [LINES_MOST, LETTERS_MOST] = [8, 200];

/** "2026-11-23" → "23/11/2026" */
const dateOf = (day) => day.split("-").reverse().join("/");

/** "23/11/2026" → "2026-11-23"; null where that is no day. Nothing is "". */
export function dayOf(text) {
  const parts = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/.exec(text.trim());
  if (!parts) {
    return text.trim() ? null : "";
  }
  const [day, month, year] = parts.slice(1).map(Number);
  const found = new Date(Date.UTC(year, month - 1, day));
  return found.getUTCMonth() === month - 1 && found.getUTCDate() === day ? found.toISOString().slice(0, 10) : null;
}

/** When a notice is shown, in words; `n` gives them. */
export function scheduleWords(notice, n) {
  const { first_day: first, last_day: last, weekdays, hours } = notice;
  const days = first && first === last ? [n("onDay", { day: dateOf(first) })]
    : [first && n("from", { day: dateOf(first) }), last && n("until", { day: dateOf(last) })];
  const parts = [
    days.filter(Boolean).join(" "),
    WEEKDAYS.filter((day) => weekdays.includes(day)).map((day) => n(`day.${day}`)).join(", "),
    hours.map(([start, end]) => `${clock(start)}–${end === 24 * 60 ? "24:00" : clock(end)}`).join(", "),
  ].filter(Boolean);
  const words = parts.join(" · ") || n("always");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Whether its last day has passed. */
export const isOver = (notice, today) => notice.last_day !== null && today !== null && notice.last_day < today;

/** What a file is too large for, in MB; 0 when it is not, or of no known kind: then the server says so. */
export function limitExceeded({ type, size }) {
  const kind = type === "text/html" ? "html" : type.split("/")[0];
  const limit = LIMITS[kind] || LIMITS.video;
  return size > limit * MB ? limit : 0;
}

/** The hours of a notice as they are typed, "07:30-11:30, 13:00-17:00". */
export const typedHours = (hours) => hours.map(([start, end]) => `${clock(start)}-${end === 24 * 60 ? "24:00" : clock(end)}`).join(", ");

/** Typed hours as windows in minutes; null when they cannot be read. */
export function hoursOf(text) {
  const spans = text.split(/[,;]/).map((span) => span.trim()).filter(Boolean);
  return windowsOf(spans.map((span) => ({ from: span.split(/[-–]/)[0], to: span.split(/[-–]/)[1] || "" })), 0);
}

/** A notice as a form: every field a text, or a list that is ticked. */
export function formOf(notice) {
  const side = (language) => notice.lines.map((line) => line[language] || "").join("\n").trimEnd();
  return {
    title: notice.title.vi,
    titleEn: notice.title.en || "",
    lines: side("vi"),
    linesEn: side("en"),
    first: dateOf(notice.first_day || ""),
    last: dateOf(notice.last_day || ""),
    weekdays: notice.weekdays,
    hours: typedHours(notice.hours),
    seconds: String(notice.seconds),
    screens: notice.screens,
  };
}

const linesOf = (text) => text.split("\n").map((line) => line.trim());

/** What is wrong with a form: the key of a sentence by field; empty when nothing is. */
export function faultsOf(form) {
  const lines = linesOf(form.lines).filter(Boolean);
  const [first, last] = [dayOf(form.first), dayOf(form.last)];
  const faults = {
    title: form.title.trim() ? "" : "titleNeeded",
    lines: lines.length > LINES_MOST || [...lines, ...linesOf(form.linesEn)].some((line) => line.length > LETTERS_MOST) ? "linesWrong" : "",
    first: first === null ? "dayWrong" : "",
    last: last === null ? "dayWrong" : first && last && last < first ? "daysWrong" : "",
    hours: hoursOf(form.hours) === null ? "hoursWrong" : "",
    seconds: /^\d+$/.test(form.seconds) && form.seconds >= SECONDS_LEAST && form.seconds <= SECONDS_MOST ? "" : "secondsWrong",
  };
  return Object.fromEntries(Object.entries(faults).filter(([, fault]) => fault));
}

/** The notice that a form without faults describes. */
export function noticeOf(notice, form) {
  const english = linesOf(form.linesEn);
  const lines = linesOf(form.lines).map((vi, i) => ({ vi, en: english[i] || "" })).filter((line) => line.vi);
  return {
    ...notice,
    title: { vi: form.title.trim(), en: form.titleEn.trim() },
    lines: notice.kind === "text" ? lines : [],
    first_day: dayOf(form.first) || null,
    last_day: dayOf(form.last) || null,
    weekdays: WEEKDAYS.filter((day) => form.weekdays.includes(day)),
    hours: hoursOf(form.hours),
    seconds: Number(form.seconds),
    screens: form.screens,
  };
}

/** A notice that nobody has described yet; its code is none of `taken`. */
export function newNotice(kind, media, title, taken) {
  let number = taken.length + 1;
  while (taken.includes(`tb-${number}`)) {
    number += 1;
  }
  const always = { first_day: null, last_day: null, weekdays: [], hours: [], screens: [] };
  return { code: `tb-${number}`, kind, media, title: { vi: title, en: "" }, lines: [], ...always, seconds: 15, is_priority: false };
}

/** The list with one moved by a place. */
export function moved(notices, code, by) {
  const place = notices.findIndex((notice) => notice.code === code);
  const list = notices.filter((notice) => notice.code !== code);
  list.splice(Math.max(0, place + by), 0, notices[place]);
  return list;
}

/** The list with this one instead of the one of its code, or at its end. */
export function withNotice(notices, notice) {
  const isThere = notices.some((each) => each.code === notice.code);
  return isThere ? notices.map((each) => (each.code === notice.code ? notice : each)) : [...notices, notice];
}
