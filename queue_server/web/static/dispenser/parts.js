/** Parts that several screens share: icons, facts about a wait, sentences about an offer, head and bar. */

import { html } from "../vendor/preact-htm.js";
import { texts } from "./texts.js";

export const LaySo = window.LaySo;
export const say = LaySo.words(texts, "dispenser");
export const name = (words) => LaySo.name(words);

const PATHS = {
  people: "M8.5 11a3.5 3.5 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM2 19.500c0-3.600 2.900-6 6.500-6s6.500 2.400 6.500 6M16 4.300a3.500 3.500 0 0 1 0 6.400M18 14c2.500.7 4 2.700 4 5.500",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.500 2",
  check: "M5 12.500l4.500 4.500L19 7.500",
  next: "M9 5l7 7-7 7",
  back: "M15 5l-7 7 7 7",
  down: "M12 4v15M5.500 12.500L12 19l6.500-6.500",
  pause: "M9 6v12M15 6v12",
  helper: "M12 11.500a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.500 20.500c.5-4 3.500-6.500 7.500-6.500s7 2.500 7.500 6.500",
  search: "M10.500 17.500a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM15.500 15.500L21 21",
  question: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9.500 9.500a2.500 2.500 0 1 1 3.600 2.300c-.7.4-1.100.9-1.100 1.900M12 16.700v.1",
  globe: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM3 12h18M12 3c2.600 2.600 3.600 5.500 3.600 9s-1 6.400-3.600 9c-2.600-2.600-3.600-5.500-3.600-9s1-6.400 3.600-9z",
  ear: "M4 9.500v5h3.500l5 4v-13l-5 4zM16 9a4 4 0 0 1 0 6M18.500 6.500a8 8 0 0 1 0 11",
  hush: "M6.500 6.500h11v11h-11z",
  collect: "M6 3h9l4 4v14H6zM9 13.500l2.500 2.500L16 11.500",
  supplement: "M6 3h9l4 4v14H6zM12.500 10v7M9 13.500h7",
  pay: "M3 7h18v10H3zM12 14.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM6.500 12v.1M17.500 12v.1",
  guidance: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5.500M12 7.500v.1",
  complaint: "M4 5h16v11h-9l-4.500 4v-4H4zM12 8v3.500M12 13.400v.1",
  post: "M3 6h18v12H3zM3.500 7l8.500 6 8.500-6",
  "online-help": "M3 5h18v11H3zM9 20h6M12 16v4",
  digitise: "M7 3h10v7H7zM3 10h18v7H3zM7 14h10v7H7z",
  "filed-online": "M3 5h18v11H3zM9 20h6M12 13V8M9.500 10.300L12 7.800l2.500 2.500",
  letters: "M2.500 19L8 5l5.500 14M4.300 14.500h7.400M15.500 19l3-8 3 8M16.500 16.500h4"
};

export function Icon({ of }) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${PATHS[of]} /></svg>`;
}

export function people(n) {
  return say(n === 1 ? "person" : "people", { n });
}

/** "07:00, thứ Hai 23/11/2026" in the branch's zone. */
export function dayAndTime(instant) {
  const weekday = LaySo.table(texts, "dispenser").weekdays[LaySo.weekday(instant)];
  return { time: LaySo.time(instant), weekday, date: LaySo.date(instant) };
}

/** Words with the full stop of their writing, once. */
export function ended(words) {
  const plain = words.replace(/[.。\s]*$/, "").trim();
  return plain + (/[\u3040-\u9fff]$/.test(plain) ? "。" : ".");
}

/** A text of staff as a sentence: they write reasons with and without a full stop. */
export const sentence = (words) => ended(name(words));

export const when = (instant) => say("at", dayAndTime(instant));

/** Why no numbers are given, and what to do: sentences for a field that is not open. */
export function offerSentences(offer, row) {
  switch (offer.kind) {
    case "suspended":
      return [say("suspendedShort", { time: LaySo.time(row.suspended_at), reason: sentence(row.suspended).slice(0, -1) }), say("keepOrder")];
    case "full":
      return [offer.returnsAt ? say("full", { when: when(offer.returnsAt) }) : say("fullNoDate")];
    case "half":
      return [say("half"), say("again", { time: LaySo.time(offer.at) })];
    case "elsewhere":
      return [say("fullHere"), say("helperHas")];
    case "late":
      return [say("late"), offer.returnsAt ? say("backOn", { when: when(offer.returnsAt) }) : say("backNextDay")];
    default:
      return hoursSentences(offer);
  }
}

/** Why a field gives no numbers now, with what staff say of its day. */
export function whyShut(row, offer) {
  const reason = offer.kind !== "suspended" && row.reason ? sentence(row.reason) : null;
  return [reason, ...offerSentences(offer, row)].filter(Boolean);
}

/** Sentences about hours, of a field or of the whole branch. */
export function hoursSentences(offer) {
  const working = offer.worksAt && offer.at && new Date(offer.worksAt) > new Date(offer.at) ? say("working", { time: LaySo.time(offer.worksAt) }) : null;
  const back = offer.returnsAt ? say("backOn", { when: when(offer.returnsAt) }) : say("backNextDay");
  const sentences = {
    none: [say("noDay"), say("backNextDay")],
    lunch: [say("lunch"), say("again", { time: offer.at && LaySo.time(offer.at) }), working, say("morningKept")],
    pause: [say("pause"), say("again", { time: offer.at && LaySo.time(offer.at) }), working, say("stillServed")],
    early: [say("early"), say("from", { time: offer.at && LaySo.time(offer.at) }), working],
    over: [say("over"), back],
    closed: [say("closed"), back]
  };
  return sentences[offer.kind].filter(Boolean);
}

/** People ahead and the wait, each with its label. */
export function factsOf(ahead, wait, working) {
  const told = LaySo.wait(wait, working);
  return [{ sign: "people", label: say("ahead"), value: ahead === 0 ? say("nobodyAhead") : people(ahead) }, { sign: "clock", label: told.label, value: told.value }];
}

export function Facts({ ahead, wait, working }) {
  return html`<dl class="facts">${factsOf(ahead, wait, working).map(({ sign, label, value }) => html`<div class="fact"><dt><${Icon} of=${sign} />${label}</dt><dd>${value}</dd></div>`)}</dl>`;
}

export function TicketNumber({ number }) {
  const [letter, digits] = LaySo.numberParts(number);
  return html`<span class="number">${letter && html`<span class="number__letter">${letter}</span>`}<span class="number__digits">${digits}</span></span>`;
}

export function Head({ state, names, time }) {
  return html`<header class="head">
    <img class="head__mark" src="/static/mark.svg" alt="" />
    <div class="head__names"><p class="head__organisation">${name(names.organisation)}</p><p class="head__branch">${name(names.branch)}</p></div>
    <div class="head__now"><span class="clock" data-key="clock">${time}</span><${Connection} state=${state} /></div>
  </header>`;
}

/** Always there: a kiosk that says nothing about its line is trusted for too long. A card is only held on a live one. */
function Connection({ state }) {
  const { status } = state;
  if (status.state === "live") {
    return html`<span class="pill pill--ok" role="status" data-card=${state.card ? "" : null}>${say(state.card ? "cardHeld" : "live")}</span>`;
  }
  const words = state.hasBeenLive ? say("lost", { time: LaySo.time(status.since) }) : say("connecting");
  return html`<span class="pill pill--warn" role="status">${words}</span>`;
}

/** Languages, help, listening and reading aid: on every screen, always in the same place. */
export function Bar({ state, voice, on }) {
  return html`<nav class="bar ${voice.isAnywhere ? "bar--heard" : ""}">
    <${LanguageKey} on=${on} />
    <button class="button bar__key" type="button" data-key="help" aria-pressed=${String(state.isHelping)} onClick=${on.help}><${Icon} of="question" />${say("help")}</button>
    ${voice.isAnywhere && html`<${ListenKey} state=${state} voice=${voice} on=${on} />`}
    <button class="button bar__key" type="button" data-key="easy" aria-pressed=${String(state.isEasy)} onClick=${on.easy}><${Icon} of="letters" />${say("easy")}</button>
  </nav>`;
}

/** The other languages, each by its own name. */
function LanguageKey({ on }) {
  const others = LaySo.offered().filter((code) => code !== LaySo.language());
  const names = others.map((code, i) => html`${i > 0 && " "}<span class="bar__name"><span lang=${code}>${LaySo.languageName(code)}</span>${i < others.length - 1 && " ·"}</span>`);
  return html`<button class="button bar__key" type="button" data-key="language" aria-haspopup=${others.length > 1 ? "dialog" : null} onClick=${on.language}><${Icon} of="globe" /><span>${names}</span></button>`;
}

/** Its place is kept where this language has no voice and another one has. */
function ListenKey({ state, voice, on }) {
  return voice.isHere
    ? html`<button class="button bar__key" type="button" data-key="listen" aria-pressed=${String(state.isListening)} onClick=${on.listen}><${Icon} of=${voice.isSpeaking ? "hush" : "ear"} />${say(voice.isSpeaking ? "hush" : "hear")}</button>`
    : html`<span></span>`;
}
