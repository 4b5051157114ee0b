/**
 * The dispenser: signs the device in, follows board and live, shows one screen at a time, and gives numbers.
 *
 * One press gives one number: a press is ignored while one is under way and for a moment after a new screen (a second
 * tap of the same finger), and the feed sends a command that the line swallowed again with the same key. Without a
 * connection nothing is taken and nothing is kept for later.
 */

import { html, render } from "../vendor/preact-htm.js";
import { AnotherDay, nextDay } from "./another_day.js";
import { Elsewhere } from "./elsewhere.js";
import { Home, Resting } from "./home.js";
import { Bar, Head, LaySo, say } from "./parts.js";
import { afterIdle, branchOffer, helperOf, helperSeen, isForElsewhere, isOffered, offerOf, shownFields } from "./rules.js";
import { listen as listenToScanner } from "./scanner.js";
import { Search } from "./search.js";
import { seek, type, visitOf } from "./seeking.js";
import { NotReady, SlipCode } from "./slip.js";
import { after, find, leadsTo, lookAt, wish } from "./slips.js";
import { Speaker } from "./speaker.js";
import { spokenOf, topicOf } from "./spoken.js";
import { Confirm, Help, Issued, LineDown, MoreTime, OtherBranch, Owned, Refused, Waiting } from "./steps.js";
import { Tongues } from "./tongues.js";
import { stepsOf } from "./visit.js";
import { asked, isClaim, read, shownClass, STRANGER } from "./visitor.js";

const NUMBER_MS = 12_000;
const SAME_FINGER_MS = 400;
const NO_LINE_MS = 8_000; // from opening the page to saying so, when there never was a connection
const STAFF = ["helper", "clerk", "supervisor", "manager", "administrator"];

const root = document.getElementById("kiosk");
const page = document.documentElement;
const branch = page.dataset.branch;
const firstLanguage = LaySo.language();
const names = JSON.parse(root.dataset.names);
const narrow = window.matchMedia("(min-aspect-ratio: 1/1) and (max-width: 1199px)"); // room for three cards in a row

const START = { screen: "home", page: 0, agency: null, field: null, procedure: null, seek: null, slip: null, further: [], isAdding: false, priority: null, ticket: null, problem: null, there: null, nextDay: null, isBusy: false, isHelping: false, isCallingHelper: false, helper: null, isAsked: false, isChoosingLanguage: false, ...STRANGER };
const NEXT = { ...START, needsTime: false, isListening: false }; // somebody else stands here
const state = { ...NEXT, isEasy: false, status: { state: "reconnecting", since: new Date() }, hasBeenLive: false, hasPrinter: false };
const data = { board: null, live: null, classes: [], confirms: false, agencies: {}, device: null, hasSlips: false };
const openedAt = Date.now();
let feed = null;
let touchedAt = Date.now();
let shownAt = 0;
let reload = null;
let topic = "";
const elsewhere = new Elsewhere(branch, draw);
const speaker = new Speaker(() => feed && draw());

// -- what is on the screen ----------------------------------------------------------------------------------------------

function show(changes) {
  const before = placeOf(state);
  Object.assign(state, changes);
  draw();
  if (placeOf(state) !== before) {
    shownAt = Date.now();
    window.scrollTo(0, 0);
    root.querySelector(".stage").scrollTop = 0;
  }
}

const placeOf = ({ screen, agency, page, isAdding, isHelping, isChoosingLanguage }) => [screen, agency, page, isAdding, isHelping, isChoosingLanguage].join("/");

function view() {
  const { board, live, classes, agencies } = data;
  const now = feed.now().getTime();
  return {
    board,
    hasSlips: data.hasSlips,
    live: live?.fields ?? {},
    day: board.day?.today ?? null,
    fields: shownFields(board),
    offer: (row) => offerOf(row, live?.fields[row.code], now, live?.ends_by_forecast, classes.length > 0),
    classes,
    confirms: data.confirms,
    now: feed.now(),
    agencies,
    sooner: elsewhere.of(state.field),
    helper: helperOf(state.helper, live?.help_called ?? {}, data.device),
    size: state.isEasy ? 4 : narrow.matches ? 6 : 8
  };
}

const isGiven = (field) => isOffered(view().offer(data.board.fields[field]));

function draw() {
  const time = feed ? LaySo.time(feed.now()) : "";
  render(html`<${Head} state=${state} names=${names} time=${time} /><main class="stage" data-screen=${screenName()}>${stage()}</main><${Bar} state=${state} voice=${voice()} on=${on} />${state.isChoosingLanguage && html`<${Tongues} on=${on} />`}${state.isAsked && state.status.state === "live" && html`<${MoreTime} on=${on} />`}`, root);
  tellNews();
}

const isShown = () => state.status.state === "live" && Boolean(data.board && data.live);

function voice() {
  const isAnywhere = LaySo.offered().some((code) => speaker.canSay(code));
  return { isAnywhere, isHere: speaker.canSay(LaySo.language()), isSpeaking: speaker.isSpeaking };
}

/** Who listens is told of each new screen, and nobody after them. */
function tellNews() {
  const before = topic;
  topic = topicOf(screenName(), state, isShown() ? view() : null);
  if (topic !== before) {
    state.isListening ? tellScreen() : speaker.stop();
  }
}

/** A screen without words of its own to be heard has its heading read. */
function tellScreen() {
  const heading = root.querySelector(".stage h1")?.textContent ?? "";
  speaker.say(spokenOf(screenName(), state, isShown() ? view() : null) ?? [heading], LaySo.language());
}

function screenName() {
  return state.status.state !== "live" ? "down" : state.isHelping ? "help" : state.screen;
}

function stage() {
  if (state.status.state !== "live") {
    return state.hasBeenLive || Date.now() - openedAt > NO_LINE_MS ? html`<${LineDown} />` : html`<${Waiting} />`;
  }
  if (!isShown()) {
    return html`<${Waiting} />`;
  }
  if (state.isHelping) {
    return html`<${Help} state=${state} view=${view()} on=${on} />`;
  }
  return html`<${SCREENS[state.screen]} state=${state} view=${view()} on=${on} />`;
}

function First(props) {
  const { fields, offer, day } = props.view;
  const offers = fields.map((row) => ({ row, ...offer(row) }));
  const resting = branchOffer(day, offers);
  return resting ? html`<${Resting} offer=${resting} day=${day} offers=${offers} />` : html`<${Home} ...${props} />`;
}

const SCREENS = { home: First, search: Search, confirm: Confirm, issued: Issued, refused: Refused, owned: Owned, elsewhere: OtherBranch, anotherDay: AnotherDay, slip: SlipCode, notReady: NotReady };

// -- what presses do ----------------------------------------------------------------------------------------------------

/** A press counts unless a number is under way, or the screen has only just changed under the finger. */
function press(work) {
  return (...given) => {
    if (!state.isBusy && Date.now() - shownAt > SAME_FINGER_MS) {
      work(...given);
    }
  };
}

const goHome = () => show(START);

/** To the number that was not taken, to what was found where somebody came from there, as to a slip's code; else to the same fields. */
function goBack() {
  if (state.screen === "anotherDay") {
    show({ screen: "confirm" });
    return;
  }
  const fields = { ...START, agency: state.agency, page: state.page, card: state.card };
  if (state.slip && state.screen === "confirm") {
    show({ ...START, screen: "slip", slip: lookAt(state.slip.typed), card: state.card });
    return;
  }
  show(state.seek && state.screen === "confirm" ? { ...fields, screen: "search", seek: state.seek } : fields);
}

const on = {
  home: press(goHome),
  back: press(goBack),
  up: press(goUp),
  page: press((no) => show({ page: no })),
  agency: press((agency) => show({ agency, page: 0 })),
  field: press((field) => (state.isAdding ? addErrand(field) : data.board.fields[field].asks_procedure && isGiven(field) ? askFor(field) : choose(field, null))),
  add: press(() => show({ screen: "home", agency: null, page: 0, isAdding: true })),
  drop: press((field) => show({ further: state.further.filter((code) => code !== field) })),
  slip: press(() => show({ ...START, screen: "slip", slip: lookAt("") })),
  slipType: press(typeSlip),
  slipTyped: typeSlip,
  slipFind: press(() => onDossier(state.slip.typed)),
  slipAsk: press(() => show({ screen: "confirm", field: leadsTo(state.slip.found, data.board) })),
  search: press(() => show({ screen: "search", seek: visitOf(null) })),
  type: press(typeQuery),
  typed: typeQuery,
  unknown: press(() => choose(state.seek.field, null)),
  procedure: press((found) => Date.now() - state.seek.at > SAME_FINGER_MS && choose(found.field, found)),
  priority: press((code) => show({ priority: state.priority === code ? null : code })),
  take: press(() => take()),
  again: press(() => paperAgain()),
  otherDay: press(() => comeAnotherDay()),
  there: press(() => Date.now() - elsewhere.foundAt > SAME_FINGER_MS && goThere()),
  done: press(() => show(NEXT)),
  stay: () => {
    shownAt = Date.now();
    show({ isAsked: false, needsTime: true });
  },
  help: press(() => state.status.state === "live" && show({ isHelping: !state.isHelping, helper: helperSeen(null, data.live.help_called, data.device) })),
  callHelper: press(() => state.isCallingHelper || callHelper()),
  easy: () => setEasy(!state.isEasy),
  language: () => {
    const others = LaySo.offered().filter((code) => code !== LaySo.language());
    return others.length === 1 ? setLanguage(others[0]) : state.isBusy || show({ isChoosingLanguage: true });
  },
  tongue: press((code) => setLanguage(code)),
  closeTongues: press(() => show({ isChoosingLanguage: false })),
  listen
};

/** What the screen asks, once more; or silence. Who listens has as much time as who reads slowly. */
function listen() {
  const isListening = !speaker.isSpeaking;
  if (state.screen === "issued") {
    shownAt = Date.now();
  }
  show({ isListening, needsTime: isListening || state.needsTime });
  isListening ? tellScreen() : speaker.stop();
}

function setLanguage(language) {
  page.lang = language;
  show({ isChoosingLanguage: false });
}

function setEasy(isEasy) {
  page.dataset.theme = isEasy ? "contrast" : "";
  page.classList.toggle("is-easy", isEasy);
  show({ isEasy, page: 0 });
}

/** What a keyboard types counts at once, unlike a finger on the keys of a new screen. */
function typeQuery(query) {
  type(state.seek, query, askProcedures, draw);
  draw();
}

function typeSlip(text) {
  show({ slip: lookAt(text) });
}

/** Which of the field's procedures: all of them are there before anything is typed. */
function askFor(field) {
  show({ screen: "search", seek: visitOf(field) });
  seek(state.seek, askProcedures, draw);
}

function choose(field, procedure) {
  show({ screen: "confirm", field, procedure, priority: shownClass(state.card, data.classes, feed.now()) });
  if (data.board.fields[field].is_anywhere && isForElsewhere(view().offer(data.board.fields[field]))) {
    elsewhere.seek(field);
  }
}

/** One thing more for the same number. */
function addErrand(field) {
  show({ screen: "confirm", further: [...state.further, field], isAdding: false, agency: null, page: 0 });
}

/** One level up: to all fields, or to the number that something was to be added to. */
function goUp() {
  if (!state.isAdding) {
    goHome();
  } else {
    show({ agency: null, page: 0, ...(state.agency ? {} : { screen: "confirm", isAdding: false }) });
  }
}

/**
 * A dossier's code, typed here or read by a scanner: to the number that it leads to, or to what is to be said before
 * one is drawn. What is unknown is chosen by hand.
 */
function onDossier(code) {
  if (state.isBusy || state.status.state !== "live" || !data.board) {
    return;
  }
  const look = { ...lookAt(code), said: "asking" };
  show({ ...START, screen: "slip", slip: look, card: state.card });
  find(branch, code).then((answer) => state.slip === look && show(after(look, answer, data.board.fields)), signInAgain);
}

const askProcedures = (asked) => LaySo.ask("GET", `/branches/${encodeURIComponent(branch)}/procedures?${asked}`);

/** Ask for the number, once: until it is settled no other press counts. */
function take() {
  const { field, further, priority, procedure, slip } = state;
  const procedures = procedure?.code ? [procedure.code] : [];
  const steps = further.length ? stepsOf(data.board.fields, [field, ...further]) : [];
  const isClaimed = isClaim(state, view());
  show({ isBusy: true });
  feed.command("issue", { branch, field, procedures, priority, steps, counter: wish(slip, field), channel: "kiosk", language: LaySo.language(), ...asked(state, view()) }).then(
    (ticket) => {
      elsewhere.forget();
      show({ isBusy: false, screen: "issued", ticket, ...STRANGER, isClaimed });
    },
    refuse
  );
}

/** Another paper of the number that they have. */
function paperAgain() {
  show({ isBusy: true });
  feed.command("issue", { branch, field: state.field, again: true, identity: state.card.number }).then(
    () => show({ isBusy: false, card: null, owned: { ...state.owned, isAsked: true } }),
    refuse
  );
}

/** Whoever scans while the last one's number still stands there is the next one. */
const SCANS = {
  card(card) {
    const isNext = !["home", "search", "confirm"].includes(state.screen);
    const priority = state.screen === "confirm" ? shownClass(card, data.classes, feed.now()) ?? state.priority : null;
    show({ ...(isNext ? START : {}), isHelping: false, isAsked: false, card, priority });
    LaySo.toast(say("cardRead"), "ok");
  },
  dossier: onDossier,
  unknown: () => LaySo.toast(say("scanUnknown"))
};

function onScan(text) {
  if (state.status.state === "live" && data.board && !state.isBusy) {
    read(text, SCANS);
  }
}

/** Staff are told where somebody needs them; until one answers, a second press says nothing new. */
function callHelper() {
  show({ isCallingHelper: true });
  feed.command("call-helper", { branch }).then(
    () => show({ isCallingHelper: false, helper: { isCalled: true, since: feed.now() } }),
    () => show({ isCallingHelper: false, helper: { isCalled: false } })
  );
}

/** No number: the citizen comes on another day. Its first hour is known; what else there is to say comes with the answer. */
function comeAnotherDay() {
  const { field } = state;
  show({ screen: "anotherDay", nextDay: null });
  nextDay(branch, field).then((found) => state.field === field && show({ nextDay: found }), () => {});
}

/** No number: the citizen goes to the other branch. */
function goThere() {
  show({ screen: "elsewhere", there: elsewhere.of(state.field) });
  elsewhere.forget();
}

/** Without a line a person has been sent to a helper already; who comes when it is back finds the first screen. */
function refuse(problem) {
  if (isSessionGone(problem)) {
    signInAgain();
  } else if (problem.code === "has-ticket") {
    show({ isBusy: false, screen: "owned", owned: problem.data });
  } else {
    show(state.status.state === "live" ? { isBusy: false, screen: "refused", problem } : START);
  }
}

// -- time ---------------------------------------------------------------------------------------------------------------

function tick() {
  const due = state.isBusy ? "stay" : afterIdle(Date.now() - touchedAt, state.needsTime);
  const isNumberRead = state.screen === "issued" && Date.now() - shownAt > NUMBER_MS * (state.needsTime ? 2 : 1);
  if ((isNumberRead && state.status.state === "live") || due === "leave" || (due === "ask" && !isAway())) {
    leave();
  } else if (due === "ask") {
    state.isAsked = true;
  }
  draw();
}

function isAway() {
  return state.screen !== "home" || state.isAdding || state.isHelping || state.isListening || state.isChoosingLanguage || state.agency || state.page || state.isEasy || LaySo.language() !== firstLanguage;
}

/** The next person finds the first screen, in the first language. */
function leave() {
  elsewhere.forget();
  page.lang = firstLanguage;
  setEasy(false);
  show(NEXT);
}

// -- the line -----------------------------------------------------------------------------------------------------------

function onStatus(status) {
  const isLive = status.state === "live";
  if (isLive && feed && feed.actor === "nobody") {
    signInAgain();
    return;
  }
  if (status.code >= 4400) {
    signInAgain();
  }
  if (!isLive) {
    data.live = null; // old figures are never shown as live
  }
  const lost = !isLive && !state.isBusy ? START : {};
  show({ ...lost, status, hasBeenLive: state.hasBeenLive || isLive });
}

const isSessionGone = (problem) => problem.code === "unauthenticated" || problem.code === "forbidden";

function signInAgain() {
  feed.stop();
  LaySo.deviceLost();
}

function onBoard(board, changes) {
  data.board = board;
  if (changes === null || changes.some(([table]) => table === "day" || table === "fields")) {
    learn();
  }
  draw();
}

let learning = null;

/** Classes and agencies: part of the configuration, asked for when it may have changed. */
function learn() {
  clearTimeout(learning);
  learning = setTimeout(() => {
    LaySo.ask("GET", `/branches/${encodeURIComponent(branch)}`).then(
      (found) => {
        data.classes = found.classes;
        data.confirms = found.confirms_priority;
        data.hasSlips = found.has_slips;
        data.agencies = Object.fromEntries(found.agencies.map((each) => [each.code, each.name]));
        draw();
        if (found.languages && found.languages.join() !== Object.keys(LaySo.languages).join()) {
          reload(); // the page brings them
        }
      },
      () => {
        learning = setTimeout(learn, 5000);
      }
    );
  }, 50);
}

function start(me) {
  state.hasPrinter = me.has_printer;
  data.device = me.role === "dispenser" ? me.actor.replace("device:", "") : null;
  reload = LaySo.quietReload(() => state.screen === "home" && !state.isAdding && !state.isBusy && state.status.state === "live");
  feed = new LaySo.Feed({ build: page.dataset.build, isWorkedAt: true, onStatus, onBuild: reload });
  feed.subscribe(`board:${branch}`, onBoard);
  feed.subscribe(`live:${branch}`, (live) => {
    data.live = live;
    state.helper = helperSeen(state.helper, live.help_called, data.device);
    draw();
  });
  listenToScanner(onScan);
  setInterval(tick, 1000);
  draw();
}

function health() {
  return isShown() ? "live" : state.hasBeenLive ? "stale" : "connecting";
}

/** A touch silences what is said, but for the key that asks for it. */
function onTouch(event) {
  touchedAt = Date.now();
  if (!event.target.closest?.("[data-key=listen]")) {
    speaker.stop();
  }
}

for (const kind of ["pointerdown", "keydown"]) {
  window.addEventListener(kind, onTouch, { capture: true, passive: true });
}
window.addEventListener("contextmenu", (event) => event.preventDefault());
narrow.addEventListener("change", () => feed && draw());
LaySo.tellHealth({ state: health, isQuiet: () => !isAway() && !state.isBusy });
LaySo.device({ kind: "dispenser", branch, also: STAFF }).then(start);
