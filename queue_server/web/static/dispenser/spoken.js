/** What a screen says aloud to who cannot read it: short sentences, a pure function of what the screen shows. */

import { errandsOf } from "./errands.js";
import { agencyName, titleOf } from "./home.js";
import { ended, factsOf, hoursSentences, LaySo, name, say, sentence } from "./parts.js";
import { branchOffer, cardsOf } from "./rules.js";
import { spokenTexts } from "./spoken_texts.js";
import * as standing from "./standing.js";

const { inOrder } = standing;
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
    return inOrder(standing.down());
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

const facts = (ahead, wait, row) => factsOf(ahead, wait ?? null, row?.working).map(({ label, value }) => ended(`${label}: ${value}`));

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

/** What stands there, and what to press. */
function confirm(state, view) {
  const now = standing.confirm(state, view);
  if (now.shut) {
    return inOrder(now.shut);
  }
  const { row, isLate, next } = now;
  const chosen = view.classes.find((each) => each.code === state.priority);
  return [
    sentence(row.name),
    now.note,
    ...inOrder(errandsOf(state, view.board.fields)),
    chosen && tell("chosen", { name: name(chosen.name) }),
    ...facts(now.ahead, now.wait, row),
    next === "proven" ? tell("proven") : next !== "next" && say(next, { n: state.further.length + 1 }),
    !chosen && view.classes.length > 0 && tell("priority"),
    tell(isLate ? "takeAnyway" : "take")
  ];
}

function issued(state, view) {
  const { ticket, field } = state;
  const { then, where, ...after } = standing.issued(state, view);
  const number = spelt(ticket.number);
  return [tell("number", { number }), ...facts(ticket.people_ahead, ticket.wait, view.board.fields[field]), ...inOrder({ then, where, ...after }), tell("again", { number })];
}

function refused(state, view) {
  const { shut, heading, why } = standing.refused(state, view);
  return inOrder(shut ?? { heading, why });
}

function help(state, { helper }) {
  const how = ["none", "unknown"].includes(helper.state) ? standing.HELP_STEPS.map((key) => ended(say(key))) : [];
  return [...how, ...inOrder(standing.helper(helper)), ["none", "failed"].includes(helper.state) && tell("callHelper")];
}

function owned(state, view) {
  const { heading, ...after } = standing.owned(state, view);
  return [ended(heading), tell("number", { number: spelt(state.owned.number) }), ...inOrder(after)];
}

const elsewhere = (state) => inOrder(standing.elsewhere(state));
const anotherDay = (state, view) => inOrder(standing.anotherDay(state, view).words);
const notReady = (state, view) => inOrder(standing.notReady(state, view).words);
const slip = () => [ended(say("slipCode")), ended(say("slipHow"))];

const SCREENS = { home, search, confirm, issued, refused, owned, elsewhere, anotherDay, slip, notReady, help };
