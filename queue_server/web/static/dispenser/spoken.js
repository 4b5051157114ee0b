/** What a screen says aloud to who cannot read it: short sentences, a pure function of what the screen shows. */

import { agencyName, titleOf } from "./home.js";
import { dayAndTime, ended, hoursSentences, LaySo, name, people, say, sentence, whyShut } from "./parts.js";
import { branchOffer, cardsOf, countersOf, countersText, isOffered, refusalKey, UNSURE } from "./rules.js";
import { slipNote } from "./slip.js";
import { spokenTexts } from "./spoken_texts.js";
import { againAt } from "./steps.js";
import { isClaim, isProven } from "./visitor.js";

const tell = LaySo.words(spokenTexts, "spoken");

/**
 * @param screen  as the stage names it
 * @param state the page's state; @param view as the screens have it, null while there is nothing to show
 * @returns {?string[]} null of a screen that has no words of its own here
 */
export function spokenOf(screen, state, view) {
  const sentences = sentencesOf(screen, state, view);
  return sentences && sentences.filter(Boolean).map(aloud);
}

function sentencesOf(screen, state, view) {
  if (screen === "down") {
    return [ended(say("seeHelper")), say("lineDown"), say("numbersKept")];
  }
  if (view === null) {
    return [say("connecting")];
  }
  return state.isAsked ? [say("moreTime"), tell("touch")] : SCREENS[screen]?.(state, view) ?? null;
}

/** What is said anew when it changes: the screen, and what somebody has done there that is to be heard. */
export function topicOf(screen, state, view) {
  const helper = screen === "help" ? view?.helper.state : null;
  return [LaySo.language(), screen, view !== null, state.agency, state.page, state.priority, helper, state.isAsked, state.isAdding, state.further.length].join("/");
}

/** "A012" → "A, không, một, hai" */
function spelt(number) {
  const { digits } = LaySo.table(spokenTexts, "spoken");
  return [...number].map((sign) => digits[sign] ?? sign).join(", ");
}

/** Ranges and times as they are spoken: "15–25" is "15 đến 25", "07:05" is "7 giờ 05". */
function aloud(words) {
  const clock = (_, hour, minute) => tell(minute === "00" ? "oclock" : "clock", { hour: Number(hour), minute });
  return words.replace(/(\d)–(\d)/g, `$1 ${tell("to")} $2`).replace(/\b(\d\d):(\d\d)\b/g, clock).replace(/ · /g, ", ");
}

function facts(ahead, wait, row) {
  const told = LaySo.wait(wait ?? null, row?.working);
  return [ended(`${say("ahead")}: ${ahead ? people(ahead) : say("nobodyAhead")}`), ended(`${told.label}: ${told.value}`)];
}

function home(state, view) {
  const resting = branchOffer(view.day, view.fields.map((row) => view.offer(row)));
  if (resting) {
    return [view.day?.reason && sentence(view.day.reason), ...hoursSentences(resting)];
  }
  const { isAgencies, items, page, pages } = cardsOf(state, view);
  const names = items.map((item) => name(item.agency ? agencyName(view, item.agency) : item.field.name)).join("; ");
  return [ended(say(titleOf(state, isAgencies))), tell("cards", { names }), page < pages - 1 && tell("morePages")];
}

function search({ seek }, view) {
  return seek.field ? [sentence(view.board.fields[seek.field].name), tell("procedures")] : [ended(say("search")), tell("typing")];
}

function confirm(state, view) {
  const row = view.board.fields[state.field];
  const live = view.live[state.field];
  const offer = view.offer(row);
  if (!isOffered(offer)) {
    return shut(row, offer);
  }
  const isOnlyPriority = offer.kind === "priority";
  const isUncounted = isClaim(state, view);
  const note = slipNote(state);
  const [ahead, wait] = state.priority && !isUncounted ? [live?.ahead_priority, live?.wait_priority] : [live?.ahead, note?.wait ?? live?.wait];
  const isLate = !isOnlyPriority && LaySo.wait(wait ?? null, row.working).isLate;
  const chosen = view.classes.find((each) => each.code === state.priority);
  const priority = view.classes.length > 0 && tell("priority");
  return [
    sentence(row.name),
    note && ended(note.words),
    ...state.further.map((code) => ended(say("thenField", { field: name(view.board.fields[code].name) }))),
    chosen ? tell("chosen", { name: name(chosen.name) }) : isOnlyPriority && say("onlyPriority"),
    ...facts(ahead, wait, row),
    isLate ? say("isLate") : isUncounted ? say("claimed") : isProven(state, view) && tell("proven"),
    !chosen && priority,
    tell(isLate ? "takeAnyway" : "take")
  ];
}

function issued({ ticket, field, hasPrinter }, view) {
  const row = view.board.fields[field];
  const counters = countersText(countersOf(view.board, field));
  return [
    tell("number", { number: spelt(ticket.number) }),
    ...facts(ticket.people_ahead, ticket.wait, row),
    counters && ended(say("counters", { list: counters })),
    ended(say(hasPrinter ? "paper" : "noPaper")),
    say("listen"),
    tell("again", { number: spelt(ticket.number) })
  ];
}

function shut(row, offer) {
  return [sentence(row.name), ...whyShut(row, offer)];
}

function refused({ field, problem }, view) {
  const row = view.board.fields?.[field];
  const offer = row && view.offer(row);
  if (UNSURE.includes(problem.code)) {
    return [ended(say("unsure")), say("unsureHow")];
  }
  return offer && !isOffered(offer) ? shut(row, offer) : [ended(say("notIssued")), say(refusalKey(problem.code), { field: row ? name(row.name) : "", when: againAt(problem) })];
}

function elsewhere({ there }) {
  return [ended(say("goThere", { name: name(there.name) })), name(there.address) && sentence(there.address), say("fromHere", { way: LaySo.wayThere(there) }), say("noNumberHere")];
}

function help(state, { helper }) {
  const how = ["helpStep1", "helpStep2", "helpStep3"].map((key) => ended(say(key)));
  switch (helper.state) {
    case "called":
      return [say("helperCalled", { time: LaySo.time(helper.since) }), say("helperWait")];
    case "coming":
      return [say("helperComing")];
    case "failed":
      return [say("helperFailed"), ended(say("seeHelper")), tell("callHelper")];
    default:
      return [...how, say("helpPeople"), helper.state === "none" && tell("callHelper")];
  }
}

function owned({ owned: { number, counter, state }, field }, view) {
  const key = state === "held" ? "ownedHeld" : counter ? "ownedAt" : "ownedWaits";
  return [ended(say("owned")), tell("number", { number: spelt(number) }), sentence(view.board.fields[field]?.name), say(key, { counter })];
}

function anotherDay({ field, nextDay }, view) {
  const row = view.board.fields[field];
  const at = row.returns_at && dayAndTime(row.returns_at);
  return [
    ended(say("noNumberTaken")),
    at ? ended(`${say("fieldFrom", { field: name(row.name) })} ${say("at", at)}`) : say("backNextDay"),
    nextDay?.quiet && say("quiet", { from: LaySo.time(nextDay.quiet.start), to: LaySo.time(nextDay.quiet.end) })
  ];
}

const slip = () => [ended(say("slipCode")), ended(say("slipHow"))];

function notReady({ slip: { found: { due_at: due } } }, { now }) {
  const when = due && say("at", dayAndTime(due));
  return [ended(say("notReady")), say(due === null ? "dueAsPrinted" : new Date(due) < now ? "overdue" : "dueAt", { when })];
}

const SCREENS = { home, search, confirm, issued, refused, owned, elsewhere, anotherDay, slip, notReady, help };
