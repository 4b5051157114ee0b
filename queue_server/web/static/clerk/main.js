/**
 * The clerk's console: one model, drawn anew whenever it changes; the feed and a clock change it, and so do presses.
 *
 * One command at a time is under way. Its buttons wait until the answer has come and the channel shows it, so that a
 * second press can never mean something else than what the screen says.
 */
import { html, render } from "../vendor/preact-htm.js";
import { Chooser } from "./chooser.js";
import { Console } from "./console.js";
import { DEFAULTS, actionOn, keyOf, loadKeys, saveKeys } from "./keys.js";
import { ABOUT_HAND, SHEETS, spaced } from "./sheets.js";
import { t } from "./texts.js";
import * as undo from "./undo.js";
import { countersOf, deskOf, ownCounter } from "./view.js";

const SETTLE_MS = 400; // the primary button means something else now: a bouncing key must not press it
const SHOWN_WITHIN_MS = 1000;
const page = document.documentElement.dataset;
const root = document.getElementById("console");
const query = new URLSearchParams(location.search);

/** Everything that the screen is made of. */
let model = {
  branch: page.branch,
  me: page.account,
  meName: page.accountName,
  mayOverride: page.mayOverride !== undefined,
  no: Number(query.get("counter")) || null,
  isChoosing: !query.get("counter"),
  board: {},
  rows: {},
  people: { at: {}, names: {}, helps: {}, classes: [] },
  hasPeople: false,
  absent: null,
  status: null,
  isStopped: false,
  busy: null,
  sheet: null,
  issued: null,
  isHelping: false,
  deeds: [],
  keys: loadKeys(),
  typed: "",
};
let shown = 0; // how often the counter's channel has changed
let settledAt = 0;
let peopleTimer = null;
let now = () => new Date();

function set(change) {
  model = { ...model, ...change };
  draw();
}

function desk() {
  return deskOf(model.rows, model.no, model.me, at());
}

/** The server's time; while it is away, the time of what is shown. */
function at() {
  return isLive() || !model.status ? now() : model.status.since;
}

const isLive = () => model.status !== null && model.status.state === "live";
const undoKey = () => `layso.clerk.undo.${model.branch}.${model.me}`;

function draw() {
  const here = desk();
  if (model.sheet && ABOUT_HAND.has(model.sheet.name) && (!here.hand || here.hand.id !== model.sheet.about)) {
    model = { ...model, sheet: null };
  }
  const shared = { model, now: at(), isLive: isLive(), press, showSheet, closeSheet, confirm, set };
  const counters = countersOf(model.board.counters, model.people.at, model.me);
  const deed = undo.undoable(model.deeds, here.hand, at());
  render(
    model.isChoosing
      ? html`<${Chooser} ...${shared} counters=${counters} choose=${choose} signOut=${signOut} />`
      : html`<${Console} ...${shared} desk=${here} deed=${deed} signOut=${signOut} setKeys=${setKeys} />`,
    root,
  );
}

// -- commands ---------------------------------------------------------------------------------------------------------------

/** Carry out `work` under the name of the button that was pressed; nothing else starts before it has ended. */
function underWay(name, work) {
  if (model.busy || !isLive()) {
    return Promise.resolve();
  }
  const before = shown;
  set({ busy: name });
  return work()
    .then((isShownBy) => (isShownBy === "now" ? null : untilShown(before)))
    .catch(onProblem)
    .finally(() => {
      settledAt = Date.now() + SETTLE_MS;
      set({ busy: null });
    });
}

function untilShown(before) {
  const giveUpAt = Date.now() + SHOWN_WITHIN_MS;
  return new Promise((resolve) => {
    (function look() {
      if (shown !== before || Date.now() > giveUpAt) {
        resolve();
      } else {
        setTimeout(look, 10);
      }
    })();
  });
}

function onProblem(problem) {
  if (problem instanceof Error) {
    throw problem;
  }
  if (problem.code === "unauthenticated") {
    signIn();
  } else if (model.sheet) {
    set({ sheet: { ...model.sheet, problem: problem.detail } });
  } else {
    LaySo.toast(problem.detail, "bad");
  }
}

/** Send a command and remember what may be taken back. */
async function send(command) {
  const answer = await feed.command(command.name, command.args);
  if (answer && command.did) {
    remember(command.did, command.ticket || answer, answer.at);
  }
  return answer;
}

function remember(did, ticket, instant) {
  const { row } = desk();
  const until = new Date(new Date(instant).getTime() + (row ? row.undo_s : 10) * 1000).toISOString();
  keep(undo.done(model.deeds, { ticket: ticket.id, number: ticket.number, did, until }));
}

function keep(deeds) {
  undo.save(undoKey(), deeds);
  set({ deeds });
}

async function callNext() {
  const { hand } = desk();
  const answer = await feed.command("call-next", { branch: model.branch, counter: model.no });
  if (answer) {
    if (hand) {
      remember("finish", hand, answer.at);
    }
    remember("call", answer, answer.at);
    return null;
  }
  if (hand) {
    await send({ name: "finish", args: { ticket: hand.id }, did: "finish", ticket: hand });
    LaySo.toast(t("finishedNobody", { n: spaced(hand.number) }), "ok");
    return null;
  }
  LaySo.toast(t("nobody", { no: model.no }));
  return "now";
}

async function takeBack() {
  const deed = undo.undoable(model.deeds, desk().hand, at());
  if (!deed) {
    LaySo.toast(t("nothingToUndo"));
    return "now";
  }
  try {
    await feed.command("undo", { ticket: deed.ticket });
  } finally {
    keep(undo.without(model.deeds, deed.ticket));
  }
  LaySo.toast(t("undone", { n: t(`did.${deed.did}`, { n: spaced(deed.number) }) }));
  return null;
}

async function recall(hand) {
  await send({ name: "recall", args: { ticket: hand.id } });
  LaySo.toast(t("recalled", { n: spaced(hand.number) }));
}

const open = (no, takeOver) => feed.command("open", { branch: model.branch, counter: no, take_over: takeOver });

const PRIMARY = {
  choose: () => goChoosing(),
  open: () => openHere(model.no),
  reopen: () => underWay("primary", () => open(model.no, false)),
  next: () => underWay("primary", callNext),
  "finish-next": () => underWay("primary", callNext),
  start: ({ hand }) => onHand("primary", { name: "start", args: { ticket: hand.id }, did: "start", ticket: hand }),
  finish: ({ hand }) => onHand("primary", { name: "finish", args: { ticket: hand.id }, did: "finish", ticket: hand }),
};

const onHand = (name, command) => underWay(name, () => send(command));

const DIRECT = {
  recall: ({ hand }) => underWay("recall", () => recall(hand)),
  noshow: ({ hand }) => onHand("noshow", { name: "no-show", args: { ticket: hand.id }, did: "no-show", ticket: hand }),
  return: ({ hand }) => onHand("return", { name: "return", args: { ticket: hand.id }, did: "return", ticket: hand }),
  undo: () => underWay("undo", takeBack),
  change: () => goChoosing(),
  help: () => set({ isHelping: true }),
};

/** A press of a button or key. Presses that make no sense now do nothing. */
function press(action) {
  const here = desk();
  if (action === "primary") {
    if (here.primary && !model.busy && Date.now() > settledAt) {
      PRIMARY[here.primary](here);
    }
  } else if (here.mode === "paused" && action === "pause") {
    PRIMARY.reopen();
  } else if (here.can[action] && !model.busy) {
    (DIRECT[action] || (() => showSheet(action)))(here);
  }
}

// -- sheets -----------------------------------------------------------------------------------------------------------------

function showSheet(name, values = {}) {
  if (!isLive() || model.busy) {
    return;
  }
  const { hand } = desk();
  set({ sheet: { name, values, about: hand ? hand.id : null, problem: null }, absent: null });
  loadPeople();
  if (name === "reinstate") {
    ask("/clerk/absent").then(({ tickets }) => set({ absent: tickets }), onProblem);
  }
}

function closeSheet() {
  if (!model.busy) {
    set({ sheet: null, issued: null });
  }
}

/** Carry out what the sheet asks for; it stays, with the reason, when that is refused. */
function confirm() {
  const { name, values } = model.sheet;
  const { command } = SHEETS[name]({ model, desk: desk(), values });
  if (!command || model.busy) {
    return;
  }
  set({ sheet: { ...model.sheet, problem: null } });
  underWay("sheet", async () => {
    const answer = await send(command);
    set({ sheet: null, issued: name === "issue" ? answer : null });
    return after(name, command);
  });
}

function after(name, command) {
  if (name === "takeover") {
    stay(command.args.counter);
  } else if (command.name === "close") {
    goChoosing();
  }
  return ["takeover", "issue", "reinstate"].includes(name) || command.name === "close" ? "now" : null;
}

// -- counters ---------------------------------------------------------------------------------------------------------------

/** Follow another counter from now on; the address keeps it over a reload. */
function stay(no) {
  if (no !== model.no || model.isChoosing) {
    if (model.no) {
      feed.unsubscribe(channel());
    }
    set({ no, isChoosing: false, rows: {}, sheet: null, typed: "" });
    query.set("counter", no);
    history.replaceState(null, "", `?${query}`);
    feed.subscribe(channel(), onDesk, onProblem);
  }
}

const channel = () => `counter:${model.branch}/${model.no}`;

function goChoosing() {
  loadPeople();
  set({ isChoosing: true, typed: model.no ? String(model.no) : "" });
}

function choose(no) {
  const counter = countersOf(model.board.counters, model.people.at, model.me).find((row) => row.no === no);
  if (!counter || model.busy) {
    return;
  }
  if (counter.isMine) {
    stay(no);
  } else if (counter.clerk) {
    showSheet("takeover", { no });
  } else {
    openHere(no);
  }
}

/** Open a counter. Somebody may have sat down there a moment ago: then it is asked whether to take it over. */
function openHere(no) {
  underWay("primary", async () => {
    try {
      await open(no, false);
    } catch (problem) {
      if (problem.code !== "counter-taken") {
        throw problem;
      }
      await loadPeople();
      set({ sheet: { name: "takeover", values: { no }, about: null, problem: null } });
      return "now";
    }
    stay(no);
    return model.rows.counter ? null : "now";
  });
}

// -- what the server says -----------------------------------------------------------------------------------------------------

function onBoard(view, changes) {
  set({ board: view });
  if (!changes || (model.isChoosing && changes.some(([table]) => table === "counters"))) {
    clearTimeout(peopleTimer);
    peopleTimer = setTimeout(loadPeople, changes ? 150 : 0);
  }
}

function onDesk(view) {
  shown += 1;
  set({ rows: view });
  const row = view.counter ? view.counter[model.no] : null;
  if (row && row.clerk && !model.people.names[row.clerk] && model.hasPeople) {
    loadPeople();
  }
}

function onStatus(status) {
  if (status.code >= 4400) {
    signIn();
  }
  set({ status });
}

function ask(path) {
  const answer = fetch(`${path}?branch=${encodeURIComponent(model.branch)}`, { headers: { "accept-language": LaySo.language() } });
  return answer.then((got) => got.json().then((data) => (got.ok ? data : Promise.reject(data))));
}

/** Who sits where. The first time it also finds the counter at which this clerk sits already. */
async function loadPeople() {
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
  set({ people, hasPeople: true });
  const own = ownCounter(countersOf(model.board.counters, people.at, model.me));
  if (isFirst && model.isChoosing && own) {
    stay(own);
  }
}

function signIn() {
  location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
}

function signOut() {
  LaySo.ask("DELETE", "/session").then(() => location.assign(`/sign-in?next=${encodeURIComponent("/clerk")}`), onProblem);
}

// -- keys -----------------------------------------------------------------------------------------------------------------------

function setKeys(keys) {
  saveKeys(keys);
  set({ keys });
}

/** One press, one action; a key that is held down presses once. Open dialogs hear their keys themselves. */
function onKey(event) {
  const isElsewhere = event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented;
  if (isElsewhere || model.isChoosing || model.sheet || model.issued || model.isHelping) {
    return;
  }
  const key = keyOf(event);
  const isOnControl = event.target.closest && event.target.closest("a, button, summary, input");
  if (key === "Enter" && isOnControl && event.code !== "NumpadEnter") {
    return;
  }
  const action = actionOn(model.keys, key) || (key === "?" ? "help" : undefined);
  if (action in DEFAULTS) {
    event.preventDefault();
    if (!event.repeat) {
      press(action);
    }
  }
}

// -- start ------------------------------------------------------------------------------------------------------------------------

const isQuiet = () => !model.busy && !model.sheet && !model.issued && !model.isHelping;
const feed = new LaySo.Feed({
  build: page.build,
  onStatus,
  onBuild: LaySo.quietReload(isQuiet),
});
now = () => feed.now();
feed.subscribe(`board:${model.branch}`, onBoard, onProblem);
if (model.no) {
  feed.subscribe(channel(), onDesk, onProblem);
}
set({ deeds: undo.load(undoKey()) });
undo.follow(undoKey(), (deeds) => set({ deeds }));
addEventListener("keydown", onKey);
// A button that was pressed by mouse must not keep the Enter key.
addEventListener("click", (event) => event.detail > 0 && event.target.closest("button")?.blur());
setInterval(draw, 1000);
