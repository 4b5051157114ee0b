/**
 * The clerk's console: one model, drawn anew whenever it changes; the feed and a clock change it, and so do presses.
 */
import { listen } from "../dispenser/scanner.js";
import { openFeed, signIn, signOut } from "../staff.js";
import { html, render } from "../vendor/preact-htm.js";
import { makeActions } from "./actions.js";
import { arrivedAt, chime } from "./arrivals.js";
import { Chooser } from "./chooser.js";
import { Console } from "./console.js";
import { DEFAULTS, actionOn, keyOf, loadKeys, saveKeys } from "./keys.js";
import { forget, keepPage, keeping, keptRows } from "./kept.js";
import { ABOUT_HAND, helpedWords, spaced } from "./sheets.js";
import { t } from "./texts.js";
import * as undo from "./undo.js";
import { countersOf, deskOf, hasDay, ownCounter, typedNumber } from "./view.js";

const PEOPLE_SOON_MS = 150;
const KEEP_PAGE_MS = 2000; // when the page has all that it needs
const AWAY_MS = 1500; // a page that has heard nothing for so long shows what it has kept
const page = document.documentElement.dataset;
const root = document.getElementById("clerk");
const query = new URLSearchParams(location.search);

/** Everything that the screen is made of. */
let model = {
  branch: page.branch,
  me: page.account,
  meName: page.accountName,
  no: Number(query.get("counter")) || null,
  isChoosing: !query.get("counter"),
  board: {},
  rows: {},
  next: null, // {ticket, why}: whom the server would call
  arrived: null, // {id, at}: who came when nobody else was there
  shown: 0, // how often the counter's channel has changed
  people: { at: {}, names: {}, helps: {}, others: {}, helped: null, real: null, classes: [], may_call_chosen: false },
  hasPeople: false,
  absent: null,
  status: null,
  keptAt: null, // when it was so, of what this browser has kept
  busy: null, // the button whose command is under way
  settled: "", // the button whose command was the last, and until when a second press of it is none
  settledAt: 0,
  sheet: null,
  paperwork: null, // {ticket, codes, problem}: what is being written down
  issued: null,
  isHelping: false,
  deeds: [],
  keys: loadKeys(),
  typed: "",
};
let peopleTimer = null;
let shownDesk = null;
let isMine = false; // whether this clerk sits at the counter, by its newest row

const keptKey = `layso.clerk.kept.${model.branch}.${model.me}`;
const undoKey = `layso.clerk.undo.${model.branch}.${model.me}`;
const isDialogOpen = () => model.sheet !== null || model.paperwork !== null || model.issued !== null || model.isHelping;
const line = openFeed({
  onStatus: (status) => store.set({ status, keptAt: null }),
  isQuiet: () => !model.busy && !isDialogOpen(),
});

const { feed, isLive } = line;
const now = () => (model.keptAt && !isLive() ? model.keptAt : line.now());

const store = {
  get model() {
    return model;
  },
  set(change) {
    model = { ...model, ...change };
    draw();
  },
  draw,
  desk,
  now,
  isLive,
  counters: () => countersOf(model.board.counters, model.people.at, model.me),
  /** Change what may be taken back, in all tabs of this clerk. */
  keep(change) {
    applyDeed(change);
    tellTabs(change);
  },
  ask,
  loadPeople,
  signIn,
  stay,
};
const keep = keeping(keptKey, () => (isLive() && model.no ? { no: model.no, board: model.board, rows: model.rows, people: model.people, at: now() } : null));
const actions = makeActions(store, feed);
const tellTabs = undo.sharing(undoKey, applyDeed);

function applyDeed(change) {
  const deeds = undo.changed(model.deeds, change);
  undo.save(undoKey, deeds);
  store.set({ deeds });
}

function desk() {
  const found = deskOf(model.rows, model.no, model.me, now(), hasDay(model.board), model.next && model.next.ticket);
  return model.people.may_call_chosen ? found : { ...found, can: { ...found.can, pick: false } };
}

function draw() {
  const desk = store.desk();
  shownDesk = desk;
  if (model.sheet && ABOUT_HAND.has(model.sheet.name) && (!desk.hand || desk.hand.id !== model.sheet.about)) {
    model = { ...model, sheet: null };
  }
  const isReady = isLive() && !model.busy && Date.now() > model.settledAt;
  const shared = { ...actions, model, now: now(), isLive: isLive(), isReady, set: store.set, setKeys, signOut: leave };
  const deed = undo.undoable(model.deeds, desk.hand, now());
  render(
    model.isChoosing
      ? html`<${Chooser} ...${shared} desk=${desk} counters=${store.counters()} />`
      : html`<${Console} ...${shared} desk=${desk} deed=${deed} />`,
    root,
  );
}

// -- what the server says -----------------------------------------------------------------------------------------------------

const channel = (kind) => `${kind}:${model.branch}/${model.no}`;

function follow() {
  feed.subscribe(channel("counter"), onDesk, actions.onProblem);
  feed.subscribe(channel("next"), (next) => store.set({ next: next.ticket ? next : null }), actions.onProblem);
}

/** Follow this counter from now on; the address keeps it over a reload. */
function stay(no) {
  if (no === model.no && !model.isChoosing) {
    return;
  }
  if (model.no) {
    feed.unsubscribe(channel("counter"));
    feed.unsubscribe(channel("next"));
  }
  store.set({ no, isChoosing: false, rows: {}, next: null, arrived: null, sheet: null, typed: "" });
  query.set("counter", no);
  history.replaceState(null, "", `?${query}`);
  follow();
}

function onBoard(view, changes) {
  store.set({ board: view });
  keep();
  if (!changes || (model.isChoosing && changes.some(([table]) => table === "counters"))) {
    clearTimeout(peopleTimer);
    peopleTimer = setTimeout(loadPeople, changes ? PEOPLE_SOON_MS : 0);
  }
}

function onDesk(view, changes) {
  const was = changes && shownDesk;
  const wasMine = isMine;
  const isOwnDoing = model.busy !== null;
  store.set({ rows: view, shown: model.shown + 1 });
  keep();
  const came = was && arrivedAt(was, shownDesk);
  if (came) {
    store.set({ arrived: { id: came.id, at: Date.now() } });
    chime();
  }
  if (was && was.hand && !isOwnDoing && (!shownDesk.hand || shownDesk.hand.id !== was.hand.id)) {
    sayWhoHelped(was.hand);
  }
  const row = view.counter ? view.counter[model.no] : null;
  isMine = Boolean(row) && row.clerk === model.me;
  if (!row) {
    store.set({ isChoosing: true }); // there is no such counter (any more)
  } else if (wasMine && row.clerk === null) {
    loadPeople(true); // closed by somebody else, who may have sent this clerk to another counter
  } else if (model.hasPeople && [row.clerk, row.alarm && row.alarm.answered_by].some((who) => who && !model.people.names[who])) {
    loadPeople();
  }
}

/** The number in hand has gone without a press here: if another one of staff did that, it is said. */
async function sayWhoHelped({ id, number }) {
  await loadPeople();
  const { helped, names } = model.people;
  if (helped && helped.ticket === id) {
    LaySo.toast(helpedWords(helped.type, names[helped.by], spaced(number)));
  }
}

async function ask(path) {
  const headers = { "accept-language": LaySo.language() };
  const answer = await fetch(`${path}?branch=${encodeURIComponent(model.branch)}`, { headers });
  const data = await answer.json();
  return answer.ok ? data : Promise.reject(data);
}

/** Who sits where. The first time it also finds the counter at which this clerk sits already. */
async function loadPeople(follows = false) {
  let people;
  try {
    people = await ask("/clerk/people");
  } catch (problem) {
    if (problem.code === "unauthenticated") {
      signIn();
    }
    return; // the server is away: the next snapshot asks again
  }
  const isFirst = !model.hasPeople;
  store.set({ people, hasPeople: true });
  keep();
  const own = ownCounter(store.counters());
  if (isFirst && model.isChoosing && own) {
    stay(own);
  } else if (follows === true && own && own !== model.no) {
    stay(own);
    LaySo.toast(t("sentTo", { no: own }), "ok");
  }
}

/** What this browser has kept, while the server is away. */
function showKept() {
  const kept = keptRows(keptKey, Date.now());
  if (kept && model.status === null && (model.no === null || model.no === kept.no)) {
    const { no, board, rows, people } = kept;
    const keptAt = new Date(kept.at);
    store.set({ no, board, rows, people, keptAt, isChoosing: false, status: { state: "reconnecting", since: keptAt } });
  }
}

/** Nothing stays for who signs in after. */
function leave() {
  forget(keptKey).then(() => signOut(actions.onProblem));
}

// -- keys -----------------------------------------------------------------------------------------------------------------------

function setKeys(keys) {
  saveKeys(keys);
  store.set({ keys });
}

/** One press, one action; a key that is held down presses once. Open dialogs hear their keys themselves. */
function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || isDialogOpen()) {
    return;
  }
  const key = keyOf(event);
  const isOnControl = event.target.closest && event.target.closest("a, button, summary");
  if (key === "Enter" && isOnControl && event.code !== "NumpadEnter") {
    return;
  }
  const work = model.isChoosing ? onChooserKey(key) : onConsoleKey(key);
  if (work) {
    event.preventDefault();
    if (!event.repeat) {
      work();
    }
  }
}

function onConsoleKey(key) {
  const action = actionOn(model.keys, key) || (key === "?" ? "help" : "");
  return action in DEFAULTS ? () => actions.press(action) : null;
}

/** Digits choose a counter, Enter opens it. */
function onChooserKey(key) {
  if (/^[0-9]$/.test(key)) {
    const codes = store.counters().map((row) => String(row.no));
    return () => store.set({ typed: typedNumber(model.typed, key, codes) });
  }
  return key === "Enter" && model.typed ? () => actions.choose(Number(model.typed)) : null;
}

// -- start ------------------------------------------------------------------------------------------------------------------------

feed.subscribe(`board:${model.branch}`, onBoard, actions.onProblem);
if (model.no) {
  follow();
}
store.set({ deeds: undo.load(undoKey) || [] });
addEventListener("keydown", onKey);
listen(actions.scanned);
// A button that was pressed by mouse must not keep the Enter key.
addEventListener("click", (event) => event.detail > 0 && event.target.closest(".desk__head button, main button")?.blur());
setInterval(draw, 1000);
setTimeout(showKept, AWAY_MS);
addEventListener("load", () => setTimeout(() => keepPage().catch(() => null), KEEP_PAGE_MS));
