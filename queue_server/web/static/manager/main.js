/**
 * The manager's screen: one model, drawn anew whenever it changes and once a second. The feed changes it, and presses do.
 */
import { openFeed, signIn, signOut } from "../staff.js";
import { html, render } from "../vendor/preact-htm.js";
import { missingSince } from "./displays.js";
import { Screen } from "./screen.js";
import { t } from "./texts.js";
import { fieldsOf, worstFirst } from "./view.js";

const HEALTH_EVERY_MS = 30_000;
const DEVICES_EVERY_MS = 4_000; // a screen that is dark for ten seconds is seen within fifteen
const ADVICE_EVERY_MS = 60_000; // as often as the server works it out anew
const REPORT_EVERY_MS = 300_000; // it counts the whole day
const SORT_EVERY_MS = 10_000;
const page = document.documentElement.dataset;
const root = document.getElementById("manager");
const code = encodeURIComponent(page.branch);

/** Everything that the screen is made of. */
let model = {
  branch: page.branch,
  branchName: page.branchName,
  me: page.accountName,
  boundary: Number(page.boundary),
  hasDevices: page.hasDevices !== undefined,
  hasNotices: page.hasNotices !== undefined,
  isAdministrator: page.isAdministrator !== undefined,
  hasOthers: page.hasOthers !== undefined,
  tab: tabOf(),
  board: {},
  live: null,
  people: { at: {}, names: {}, helps: {} },
  alarms: {}, // counters whose clerks call quietly for somebody
  health: null,
  dossier: null,
  devices: null,
  missing: {},
  notices: null,
  advice: null,
  report: null,
  order: [],
  status: null,
  dialog: null,
  problem: "",
  isBusy: false,
};
let sortedAt = -SORT_EVERY_MS;
let isTouched = false; // a pointer is over the list, or the focus in it: it must not be reordered
let isAdvicePointed = false; // it must not change under the pointer
let newestAdvice = null;
let reportedDay = null;

const { feed, isLive, now } = openFeed({ onStatus: (status) => set({ status }), isQuiet: () => model.dialog === null && !model.isBusy });

function tabOf() {
  const may = { devices: page.hasDevices !== undefined, notices: page.hasNotices !== undefined };
  const asked = location.hash.slice(1);
  return may[asked] ? asked : "now";
}

function set(change) {
  model = { ...model, ...change };
  draw();
}

function draw() {
  sort();
  const shared = { model, now: now(), isLive: isLive(), set, open, close, command, follow, ask, ticketAt, touch, signOut: () => signOut(onRefusal), pointAt, isAdviceHeld: newestAdvice !== model.advice };
  render(html`<${Screen} ...${shared} />`, root);
}

/** Worst first, but never under a finger, and not all the time. */
function sort() {
  const isDue = Date.now() - sortedAt > SORT_EVERY_MS && !isTouched && model.dialog === null;
  if (model.live && model.board.fields && (model.order.length === 0 || isDue)) {
    sortedAt = Date.now();
    model = { ...model, order: worstFirst(fieldsOf(model.live, model.board, now())) };
  }
}

function touch(isNow) {
  isTouched = isNow;
}

/** The pointer is over the advice, or has left it: then the newest is shown. */
function pointAt(isNow) {
  isAdvicePointed = isNow;
  showAdvice(newestAdvice);
}

function showAdvice(advice, isAtOnce = model.advice === null) {
  newestAdvice = advice;
  if ((isAtOnce || !isAdvicePointed) && model.advice !== newestAdvice) {
    set({ advice: newestAdvice });
  }
}

// -- doing ----------------------------------------------------------------------------------------------------------------

/** Show a dialog: `name` and what it is about. */
function open(name, about = {}) {
  isAdvicePointed = false;
  set({ dialog: { name, about }, problem: "" });
}

function close() {
  set({ dialog: null, problem: "" });
}

/** One thing at a time: carry out `work`, say `done`, close the dialog unless it `stays`; a refusal is shown where it was asked. */
function underWay(work, done, stays = false) {
  if (model.isBusy) {
    return Promise.resolve(false);
  }
  set({ isBusy: true, problem: "" });
  return work().then(
    () => {
      set({ isBusy: false, dialog: stays ? model.dialog : null });
      LaySo.toast(done, "ok");
      load();
      loadDevices();
      loadAdvice(true);
      loadReport();
      return true;
    },
    (problem) => {
      if (problem instanceof Error) {
        throw problem;
      }
      set({ isBusy: false, problem: problem.detail });
      if (model.dialog === null) {
        LaySo.toast(problem.detail, "bad");
      }
      return false;
    },
  );
}

/** A command of the branch, by the feed: it happens once. `args` may be a function that finds them out first. */
function command(name, args, done, stays) {
  const found = typeof args === "function" ? args : () => Promise.resolve(args);
  return underWay(() => found().then((known) => feed.command(name, known)), done, stays);
}

/** Follow a channel for as long as a dialog is open: call what is returned to leave it. */
function follow(channel, onView) {
  feed.subscribe(channel, onView, (problem) => set({ problem: problem.detail }));
  return () => feed.unsubscribe(channel);
}

/** The id of the ticket with this number at a counter: staff read it on the counter's own channel. */
function ticketAt(no, number) {
  const channel = `counter:${model.branch}/${no}`;
  return new Promise((resolve, reject) => {
    const show = (view) => {
      feed.unsubscribe(channel);
      const found = Object.values(view.tickets || {}).find((ticket) => ticket.number === number && ticket.state === "serving");
      if (found) {
        resolve(found.id);
      } else {
        reject({ code: "gone", detail: t("gone", { number }) });
      }
    };
    feed.subscribe(channel, show, reject);
  });
}

/** A change over HTTP. `take` gets what is answered, before anything else may be pressed. */
function ask(method, path, body, done, take) {
  return underWay(() => LaySo.ask(method, path, body).then(take), done);
}

// -- what does not come by the feed -----------------------------------------------------------------------------------------

/** Health, dossier backend, who sits where: asked for now and then, and after each change. */
function load() {
  get(LaySo.ask("GET", `/branches/${code}/health`), (health) => ({ health }));
  get(LaySo.ask("GET", `/branches/${code}/dossier`), (dossier) => ({ dossier }));
  loadPeople();
  loadNotices();
}

/** With what is known of their files, and the version that a change must name. */
function loadNotices() {
  if (model.tab === "notices") {
    get(LaySo.ask("GET", `/branches/${code}/notices`), (notices) => ({ notices }));
  }
}

/** What might be done. `isAtOnce` shows it even under the pointer. */
function loadAdvice(isAtOnce) {
  LaySo.ask("GET", `/branches/${code}/advice`).then(
    (advice) => showAdvice(advice, isAtOnce),
    (problem) => {
      onRefusal(problem);
      showAdvice({ isOff: true, at: null, advice: [], asked: [] }, isAtOnce);
    },
  );
}

/** How right forecasts were today, and what advice that was taken has brought; of a training copy there is no report. */
function loadReport() {
  if (reportedDay && document.documentElement.dataset.training === undefined) {
    get(LaySo.ask("GET", `/branches/${code}/reports/${reportedDay}`), (report) => ({ report }));
  }
}

/** Who is connected changes all the time: while somebody looks it is asked for often. */
function loadDevices() {
  if (model.hasDevices && !document.hidden) {
    get(LaySo.ask("GET", "/devices"), ({ devices }) => {
      const here = devices.filter((each) => each.branch === model.branch);
      return { devices: here, missing: missingSince(model.missing, here, now()) };
    });
  }
}

function get(asked, change) {
  asked.then((found) => set(change(found)), onRefusal);
}

function loadPeople() {
  const asked = fetch(`/clerk/people?branch=${code}`, { credentials: "same-origin" }).then((answer) =>
    answer.json().then((data) => (answer.ok ? data : Promise.reject(data))),
  );
  get(asked, (people) => ({ people }));
}

/** What is missing is asked for again; a session that has ended ends the page. */
function onRefusal(problem) {
  if (problem.code === "unauthenticated") {
    signIn();
  }
}

let peopleTimer = null;

/** Who sits where changes with the counters: look soon, once for many changes. */
function loadPeopleSoon() {
  if (peopleTimer === null) {
    peopleTimer = setTimeout(() => {
      peopleTimer = null;
      loadPeople();
    }, 500);
  }
}

feed.subscribe(`board:${model.branch}`, (view, changes) => {
  if (changes === null || changes.some(([table]) => table === "counters")) {
    loadPeopleSoon();
  }
  set({ board: { ...view } });
  if (changes !== null && changes.some(([table]) => table === "notices")) {
    loadNotices();
  }
  const day = view.day && view.day.today ? view.day.today.date : null;
  if (day !== reportedDay) {
    reportedDay = day;
    loadAdvice();
    loadReport();
  }
});
feed.subscribe(`live:${model.branch}`, (live) => set({ live }));
feed.subscribe(`alarms:${model.branch}`, (view) => set({ alarms: { ...view.alarms } }));
window.addEventListener("hashchange", () => {
  set({ tab: tabOf(), dialog: null });
  loadDevices();
  loadNotices();
});
document.addEventListener("visibilitychange", loadDevices);
load();
loadDevices();
setInterval(load, HEALTH_EVERY_MS);
setInterval(loadAdvice, ADVICE_EVERY_MS);
setInterval(loadReport, REPORT_EVERY_MS);
setInterval(loadDevices, DEVICES_EVERY_MS);
setInterval(draw, 1000);
document.title = `${t("title")} – ${model.branchName}`;
draw();
