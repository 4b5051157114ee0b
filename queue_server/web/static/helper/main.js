/**
 * The helper's page: one model, drawn anew whenever it changes. Numbers are asked for over HTTP, each press with its own
 * key (presses.js), so that a bad line neither loses nor doubles one.
 */
import { keyOf } from "../clerk/keys.js";
import { classBy, scanned } from "../dispenser/cards.js";
import { listen } from "../dispenser/scanner.js";
import { codeOf, find, leadsTo, lookAt, wish } from "../dispenser/slips.js";
import { ERRANDS_MOST, stepsOf } from "../dispenser/visit.js";
import { openFeed, signIn, signOut } from "../staff.js";
import { html, render } from "../vendor/preact-htm.js";
import { makePresses } from "./presses.js";
import { Screen } from "./screen.js";
import { t } from "./texts.js";
import { PLAIN, dossiers, keyedFields, nextClass, typed } from "./view.js";

const TYPED_MS = 2_000;
const CARD_MS = 60_000; // whose card was read has a number by then, or has gone
const SAME_FINGER_MS = 350; // a list has only just moved: who presses now means what stood there before
const page = document.documentElement.dataset;
const root = document.getElementById("helper");
const place = `layso.helper.printer.${page.branch}`;

let model = {
  branch: page.branch,
  branchName: page.branchName,
  me: page.accountName,
  hasOthers: page.hasOthers !== undefined,
  board: {},
  live: null,
  tickets: [],
  alarms: {}, // counters whose clerks call quietly for somebody
  facts: { classes: [], printers: [], dispensers: [], agencies: {}, has_slips: false },
  printer: localStorage.getItem(place),
  status: null,
  wish: PLAIN,
  errands: null, // fields of one number, while several are chosen
  typed: "",
  find: "",
  isHelping: false,
  slip: null, // what is known of an appointment slip
  dialog: null, // {ticket, values, isVoiding, problem}
  busy: [], // tickets and devices whose command is under way
};
let movedAt = 0;
let typedTimer = null;
let cardTimer = null;
let factsTimer = null;

const { feed, isLive, now } = openFeed({ onStatus: (status) => set({ status }), isQuiet: () => !hasDialog() && !presses.hasPending() });
const presses = makePresses(
  (key, deadline, args) => LaySo.ask("POST", `/branches/${encodeURIComponent(model.branch)}/tickets`, args, { "idempotency-key": key, deadline }),
  () => feed.now(),
  draw,
);

const hasDialog = () => model.dialog !== null || model.isHelping || model.slip !== null;

function set(change) {
  model = { ...model, ...change };
  draw();
}

function draw() {
  render(html`<${Screen} model=${{ ...model, presses: presses.all() }} fields=${keyedFields(model.board)} now=${now()} isLive=${isLive()} on=${on} />`, root);
}

// -- what presses do ------------------------------------------------------------------------------------------------------

const on = {
  set,
  press,
  take: (fields) => take(fields),
  forget: presses.forget,
  wish: (change) => set({ wish: { ...model.wish, ...change } }),
  printer(id) {
    localStorage.setItem(place, id);
    set({ printer: id });
  },
  open: settled((ticket) => set({ dialog: { ticket, values: {}, isVoiding: false, problem: "" } })),
  confirm: settled((ticket) => send(ticket, "amend", { is_priority_confirmed: true }, t("confirmed", { n: ticket.number }))),
  deny: settled((ticket) => send(ticket, "amend", { priority: "" }, t("denied", { n: ticket.number }))),
  send,
  typeSlip: (text) => set({ slip: lookAt(text) }),
  findSlip,
  takeSlip,
  answer: (device) => act(device, `/branches/${encodeURIComponent(model.branch)}/answer-help`, { device }, t("answered")),
  go: (no) => act(`counter-${no}`, `/branches/${encodeURIComponent(model.branch)}/answer-alarm`, { counter: no }, t("alarmAnswered", { no })),
  signOut: () => signOut(onProblem),
};

/** A list moves under a finger when somebody else changes it. */
function settled(work) {
  return (ticket) => Date.now() - movedAt > SAME_FINGER_MS && work(ticket);
}

/** A number of this field, or one thing more for a number of several; a second press takes that back. */
function press(field) {
  const { errands } = model;
  if (!errands) {
    take([field]);
  } else if (errands.includes(field)) {
    set({ errands: errands.filter((code) => code !== field), typed: "" });
  } else if (errands.length < ERRANDS_MOST) {
    set({ errands: [...errands, field], typed: "" });
  }
}

/** A number of these fields, as wished; the wish was for this person only. */
function take(fields, counter = null) {
  const { wish: wished, printer, board } = model;
  const steps = fields.length > 1 ? stepsOf(board.fields, fields) : [];
  set({ wish: PLAIN, errands: null, typed: "" });
  presses.take({ field: fields[0], steps, ...wished, counter, channel: "helper", printer: printer || null });
}

/** What is known of a dossier, typed or scanned; an answer that comes after another look is nobody's. */
function findSlip(text) {
  const slip = { ...lookAt(text), said: "asking" };
  set({ slip });
  find(model.branch, text).then((answer) => {
    if (model.slip === slip) {
      const isHere = !answer.found || model.board.fields[answer.found.field];
      set({ slip: { ...slip, ...(isHere ? answer : { said: "unknown" }) } });
    }
  }, () => signIn());
}

/** The number that the slip leads to, for the counter where the dossier lies. */
function takeSlip() {
  const { slip, board } = model;
  const field = leadsTo(slip.found, board);
  set({ slip: null });
  take([field], wish(slip, field));
}

/** A command about a ticket. In the dialog a refusal is told there. */
function send(ticket, name, args, done) {
  act(ticket.id, `/tickets/${encodeURIComponent(ticket.id)}/${name}`, args, done);
}

/** A command about a ticket or a device, `id`; one at a time for each. */
function act(id, path, args, done) {
  if (model.busy.includes(id)) {
    return;
  }
  set({ busy: [...model.busy, id] });
  LaySo.ask("POST", path, args)
    .then(
      () => {
        LaySo.toast(done, "ok");
        set({ dialog: null });
      },
      onProblem,
    )
    .finally(() => set({ busy: model.busy.filter((each) => each !== id) }));
}

function onProblem(problem) {
  if (problem instanceof Error) {
    throw problem;
  }
  if (problem.code === "unauthenticated") {
    signIn();
  } else if (model.dialog) {
    set({ dialog: { ...model.dialog, problem: problem.detail } });
  } else {
    LaySo.toast(problem.detail, "bad");
  }
}

// -- keys -----------------------------------------------------------------------------------------------------------------

/** Digits press fields; signs set what the next number is for. */
const KEYS = {
  "+": () => set({ wish: dossiers(model.wish, 1) }),
  "-": () => set({ wish: dossiers(model.wish, -1) }),
  "*": () => on.wish({ priority: nextClass(model.facts.classes, model.wish.priority) }),
  ".": () => set({ wish: PLAIN, errands: null, typed: "" }),
  "/": () => document.getElementById("find").focus(),
  "?": () => set({ isHelping: true }),
};

function onKey(event) {
  const isWriting = event.target.closest("input, select, textarea") !== null;
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || isWriting || hasDialog()) {
    return;
  }
  const key = keyOf(event);
  if (/^[0-9]$/.test(key)) {
    event.preventDefault();
    onDigit(key);
  } else if (KEYS[key]) {
    event.preventDefault();
    KEYS[key]();
  }
}

function onDigit(digit) {
  const { text, field } = typed(model.typed, digit, keyedFields(model.board));
  clearTimeout(typedTimer);
  typedTimer = setTimeout(() => set({ typed: "" }), TYPED_MS);
  if (field) {
    press(field);
  } else {
    set({ typed: text });
  }
}

// -- a card ---------------------------------------------------------------------------------------------------------------

/** The next number is for whoever has this card; it is kept for that number only. */
function onScan(text) {
  const card = scanned(text);
  const code = codeOf(text);
  if (code && !model.dialog && !model.isHelping) {
    findSlip(code);
    return;
  }
  if (card.kind !== "card" || hasDialog()) {
    LaySo.toast(t("scanUnknown"));
    return;
  }
  clearTimeout(cardTimer);
  cardTimer = setTimeout(() => model.wish.identity && set({ wish: PLAIN }), CARD_MS);
  const shown = classBy(card, model.facts.classes, LaySo.date(feed.now()));
  on.wish({ identity: card.number, priority: shown ?? model.wish.priority });
  LaySo.toast(t("cardRead"), "ok");
}

// -- what the server says ---------------------------------------------------------------------------------------------------

function onBoard(board, changes) {
  set({ board });
  if (!changes || changes.some(([table]) => table === "day" || table === "fields")) {
    clearTimeout(factsTimer);
    factsTimer = setTimeout(learn, 50);
  }
}

/** Classes, printers and dispensers: asked for when the configuration may have changed. */
function learn() {
  fetch(`/helper/facts?branch=${encodeURIComponent(model.branch)}`)
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(String(answer.status)))))
    .then(
      (facts) => {
        const known = facts.printers.some(({ id }) => id === model.printer) || model.printer === "";
        const only = facts.printers.length === 1 ? facts.printers[0].id : null;
        set({ facts, printer: known ? model.printer : only });
      },
      () => {
        factsTimer = setTimeout(learn, 5_000);
      },
    );
}

function onTickets(view, changes) {
  if (changes) {
    movedAt = Date.now();
  }
  set({ tickets: Object.values(view.tickets ?? {}) });
}

feed.subscribe(`board:${model.branch}`, onBoard, onProblem);
feed.subscribe(`live:${model.branch}`, (live) => set({ live }), onProblem);
feed.subscribe(`helper:${model.branch}`, onTickets, onProblem);
feed.subscribe(`alarms:${model.branch}`, (view) => set({ alarms: { ...view.alarms } }), onProblem);
addEventListener("keydown", onKey);
listen(onScan);
setInterval(draw, 1_000);
draw();
