/**
 * From the rows of `board:` and the figures of `live:` to what a phone shows. Pure: no clock, no page. Calls, time of day
 * and notices are the lobby display's, what a field offers is the dispenser's.
 */

import { isOffered, offerOf, shownFields } from "../dispenser/rules.js";
import { texts } from "./texts.js";

const LaySo = window.LaySo;
const say = LaySo.words(texts);
const RECENT = 8;

/**
 * @param board  the channel's view; @param live  the newest figures; @param now  the server's time
 * @param hasClasses  whether anybody can ask for priority here
 * @returns {{called: object[], recent: object[], rest: ?object, fields: object[], hours: string, notices: object[]}}
 *   `rest` says why the counters do not work now, and when they do again; null while they work
 */
export function boardView(board, live, now, hasClasses) {
  const calls = LaySo.displayView.calls(board, LaySo.displayScreen.of(null, ""));
  const phase = LaySo.displayView.phase(board, now);
  return {
    called: calls.filter((call) => call.isActive),
    recent: calls.filter((call) => !call.isActive).slice(0, RECENT),
    rest: phase.kind === "open" ? null : phase,
    fields: shownFields(board).map((row) => shownField(row, live, now, hasClasses)),
    hours: hoursOf(board),
    notices: LaySo.displayView.notices(board, now)
  };
}

function shownField(row, live, now, hasClasses) {
  const figures = live.fields[row.code];
  const offer = offerOf(row, figures, now.getTime(), live.ends_by_forecast, hasClasses);
  const isOpen = isOffered(offer);
  const waiting = figures ? figures.waiting : 0;
  return {
    code: row.code,
    name: LaySo.name(row.name),
    waiting: waiting ? say("waiting", { n: waiting }) : isOpen ? say("nobody") : "",
    wait: isOpen ? waitOf(row, figures) : "",
    why: whyOf(offer),
    kind: offer.kind
  };
}

function waitOf(row, figures) {
  const told = LaySo.wait(figures ? figures.wait : null, row.working);
  return told.kind === "clock" ? say("turn", { range: told.value }) : told.value;
}

function whyOf(offer) {
  const again = (key) => say(key, { time: LaySo.time(offer.at) });
  switch (offer.kind) {
    case "open":
      return "";
    case "priority":
      return say("onlyPriority");
    case "lunch":
    case "pause":
    case "half":
      return again("again");
    case "elsewhere":
      return say("helperHas");
    case "early":
      return again("from");
    default:
      return say(offer.kind);
  }
}

/** Changed hours are among the notices, with their reason. */
function hoursOf(board) {
  const day = board.day && board.day.today;
  if (!day || day.reason) {
    return "";
  }
  const words = ({ start, end }) => (LaySo.time(start) === LaySo.time(end) ? say("allDay") : `${LaySo.time(start)}–${LaySo.time(end)}`);
  const spans = day.working.map(words).join(", ");
  return spans ? say("hours", { spans }) : say("hoursOff");
}
