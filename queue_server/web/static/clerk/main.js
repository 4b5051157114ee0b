/**
 * The clerk's console: one model, drawn anew whenever it changes; the feed and a clock change it, and so do presses.
 */
import { openFeed, signIn, signOut } from "../staff.js";
import { html, render } from "../vendor/preact-htm.js";
import { makeActions } from "./actions.js";
import { Chooser } from "./chooser.js";
import { Console } from "./console.js";
import { DEFAULTS, actionOn, keyOf, loadKeys, saveKeys } from "./keys.js";
import { ABOUT_HAND } from "./sheets.js";
import { t } from "./texts.js";
import * as undo from "./undo.js";
import { countersOf, deskOf, hasDay, ownCounter, typedNumber } from "./view.js";

const PEOPLE_SOON_MS = 150;
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
  shown: 0, // how often the counter's channel has changed
  people: { at: {}, names: {}, helps: {}, classes: [] },
  hasPeople: false,
  absent: null,
  status: null,
  busy: null, // the button whose command is under way
  settledAt: 0,
  sheet: null,
  issued: null,
  isHelping: false,
  deeds: [],
  keys: loadKeys(),
  typed: "",
};
let peopleTimer = null;
let isMine = false; // whether this clerk sits at the counter, by its newest row

const undoKey = `layso.clerk.undo.${model.branch}.${model.me}`;
const isDialogOpen = () => model.sheet !== null || model.issued !== null || model.isHelping;
const { feed, isLive, now } = openFeed({
  onStatus: (status) => store.set({ status }),
  isQuiet: () => !model.busy && !isDialogOpen(),
});

const store = {
  get model() {
    return model;
  },
  set(change) {
    model = { ...model, ...change };
    draw();
  },
  draw,
  desk: () => deskOf(model.rows, model.no, model.me, now(), hasDay(model.board)),
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
const actions = makeActions(store, feed);
const tellTabs = undo.sharing(undoKey, applyDeed);

function applyDeed(change) {
  const deeds = undo.changed(model.deeds, change);
  undo.save(undoKey, deeds);
  store.set({ deeds });
}

function draw() {
  const desk = store.desk();
  if (model.sheet && ABOUT_HAND.has(model.sheet.name) && (!desk.hand || desk.hand.id !== model.sheet.about)) {
    model = { ...model, sheet: null };
  }
  const isReady = isLive() && !model.busy && Date.now() > model.settledAt;
  const shared = { ...actions, model, now: now(), isLive: isLive(), isReady, set: store.set, setKeys, signOut: () => signOut(actions.onProblem) };
  const deed = undo.undoable(model.deeds, desk.hand, now());
  render(
    model.isChoosing
      ? html`<${Chooser} ...${shared} desk=${desk} counters=${store.counters()} />`
      : html`<${Console} ...${shared} desk=${desk} deed=${deed} />`,
    root,
  );
}

// -- what the server says -----------------------------------------------------------------------------------------------------

const channel = () => `counter:${model.branch}/${model.no}`;

/** Follow this counter from now on; the address keeps it over a reload. */
function stay(no) {
  if (no === model.no && !model.isChoosing) {
    return;
  }
  if (model.no) {
    feed.unsubscribe(channel());
  }
  store.set({ no, isChoosing: false, rows: {}, sheet: null, typed: "" });
  query.set("counter", no);
  history.replaceState(null, "", `?${query}`);
  feed.subscribe(channel(), onDesk, actions.onProblem);
}

function onBoard(view, changes) {
  store.set({ board: view });
  if (!changes || (model.isChoosing && changes.some(([table]) => table === "counters"))) {
    clearTimeout(peopleTimer);
    peopleTimer = setTimeout(loadPeople, changes ? PEOPLE_SOON_MS : 0);
  }
}

function onDesk(view) {
  const wasMine = isMine;
  store.set({ rows: view, shown: model.shown + 1 });
  const row = view.counter ? view.counter[model.no] : null;
  isMine = Boolean(row) && row.clerk === model.me;
  if (!row) {
    store.set({ isChoosing: true }); // there is no such counter (any more)
  } else if (wasMine && row.clerk === null) {
    loadPeople(true); // closed by somebody else, who may have sent this clerk to another counter
  } else if (row.clerk && model.hasPeople && !model.people.names[row.clerk]) {
    loadPeople();
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
  const own = ownCounter(store.counters());
  if (isFirst && model.isChoosing && own) {
    stay(own);
  } else if (follows === true && own && own !== model.no) {
    stay(own);
    LaySo.toast(t("sentTo", { no: own }), "ok");
  }
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
  feed.subscribe(channel(), onDesk, actions.onProblem);
}
store.set({ deeds: undo.load(undoKey) || [] });
addEventListener("keydown", onKey);
// A button that was pressed by mouse must not keep the Enter key.
addEventListener("click", (event) => event.detail > 0 && event.target.closest(".desk__head button, main button")?.blur());
setInterval(draw, 1000);
