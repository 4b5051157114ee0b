/**
 * Hours of a day as they are typed. Pure.
 *
 * A window is `[start, end]` in minutes from the service day's local midnight; an hour before the day's boundary, and an
 * end that is not after its start, belong to the next morning. No window goes on beyond the next day's boundary.
 *
 * @typedef {{from: string, to: string}} Typed
 */

const DAY = 24 * 60;

/** "7:30", "0730" or "7" → 450; null for anything else. */
export function minutesOf(text) {
  const found = /^\s*(\d{1,2})(?:\s*[:h.]?\s*(\d{2}))?\s*$/.exec(text);
  if (!found) {
    return null;
  }
  const minutes = Number(found[1]) * 60 + Number(found[2] || 0);
  return Number(found[1]) <= 24 && Number(found[2] || 0) < 60 && minutes <= DAY ? minutes : null;
}

/** 450 → "07:30"; what is after midnight starts again. */
export function clock(minutes) {
  const rest = minutes % DAY;
  return `${String(Math.floor(rest / 60)).padStart(2, "0")}:${String(rest % 60).padStart(2, "0")}`;
}

/** Spans of a row (instants) as typed; `time` says an instant the branch's way. */
export function typedOf(spans, time) {
  return spans.map((span) => ({ from: time(span.start), to: time(span.end) }));
}

/** One typed span as a window; null when it cannot be read. */
export function windowOf(typed, boundary) {
  const start = minutesOf(typed.from);
  const end = minutesOf(typed.to);
  if (start === null || end === null) {
    return null;
  }
  const from = start < boundary ? start + DAY : start;
  const to = end < boundary || end <= from ? end + DAY : end;
  return from < to && to <= boundary + DAY ? [from, to] : null;
}

/** All typed spans as windows; null when one cannot be read, or they overlap. */
export function windowsOf(spans, boundary) {
  const windows = spans.map((span) => windowOf(span, boundary));
  const isRight = windows.every((window, i) => window && (i === 0 || (windows[i - 1] && windows[i - 1][1] <= window[0])));
  return isRight ? windows : null;
}

/** The same windows, with nothing of them from `now` (minutes) on. */
export function until(windows, now) {
  return windows.filter(([start]) => start < now).map(([start, end]) => [start, Math.min(end, now)]);
}
