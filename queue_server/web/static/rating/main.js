/**
 * The satisfaction device at a counter: it sleeps until a service ends there, asks how satisfied its citizen is, and tells
 * the server. Without the server it sleeps, and says nothing: nobody in the hall can help that.
 */
import { html, render } from "../vendor/preact-htm.js";
import { ASLEEP, AWAY_MS, chosen, passed, toggled, told, toSend, typed } from "./rules.js";
import { Screen } from "./screen.js";
import { t } from "./texts.js";

const SAME_FINGER_MS = 400; // the second half of a double tap presses nothing on the next screen
const root = document.getElementById("rating");
const page = document.documentElement;

let feed = null;
let asking = null; // the counter's row; null while the device has none
let state = ASLEEP;
let shownAt = 0;
let awaySince = null;

function become(next) {
  const rating = toSend(state, next);
  if (rating !== null) {
    feed.command("rate", rating).catch(() => {}); // rated from the phone meanwhile, or the line is down: thanks all the same
  }
  if (next.screen !== state.screen || next.isTyping !== state.isTyping) {
    shownAt = Date.now();
  }
  if (next.visit !== state.visit && next.screen === "levels") {
    speak(next.visit.language);
  }
  state = next;
  if (state.screen === "asleep") {
    speak("vi");
  }
  draw();
}

/** In the citizen's language, as far as this page has its words. */
function speak(language) {
  page.lang = LaySo.offered().includes(language) ? language : "en";
}

function draw() {
  document.title = asking ? `${t("title")} – ${t("counter", { no: asking.no })}` : t("title");
  render(html`<${Screen} state=${state} asking=${asking} on=${on} />`, root);
}

/** A press counts when its screen has been there for a moment. */
function pressed(work) {
  return (...about) => {
    if (Date.now() - shownAt >= SAME_FINGER_MS && state.screen !== "asleep") {
      become(work(...about, Date.now()));
    }
  };
}

const on = {
  level: pressed((level, now) => chosen(state, level, asking, now)),
  reason: pressed((code, now) => toggled(state, code, now)),
  write: pressed(() => ({ ...state, isTyping: !state.isTyping, at: Date.now() })),
  typed: (comment) => become(typed(state, comment, Date.now())),
  back: pressed(() => ({ ...state, screen: "levels", level: null, reasons: [], comment: "", isTyping: false, at: Date.now() })),
  send: pressed(() => ({ ...state, screen: "thanks", at: Date.now() })),
  language: (language) => {
    speak(language);
    become({ ...state, at: Date.now() });
  },
};

function onView(view) {
  const [row] = Object.values(view.counter || {});
  asking = row || null;
  const [visit = null] = Object.values(view.asked || {});
  if (asking === null) {
    become(ASLEEP);
    return;
  }
  LaySo.showTraining(asking.is_training);
  const ageMs = visit && feed.now() - new Date(visit.at);
  become(told(state, visit, ageMs, asking.asks_s * 1000, Date.now()));
}

function onStatus(status) {
  if (status.code >= 4400 || (status.state === "live" && feed && feed.actor === "nobody")) {
    feed.stop();
    LaySo.deviceLost();
    return;
  }
  awaySince = status.state === "live" ? null : awaySince || Date.now();
}

function tick() {
  if (awaySince !== null && Date.now() - awaySince >= AWAY_MS && state.screen !== "asleep") {
    become({ ...ASLEEP, visit: state.visit });
  } else if (asking !== null) {
    const next = passed(state, asking.asks_s * 1000, Date.now());
    if (next !== state) {
      become(next);
    }
  }
}

function start(me) {
  feed = new LaySo.Feed({
    build: page.dataset.build,
    onStatus,
    onBuild: LaySo.quietReload(() => state.screen === "asleep" && awaySince === null),
  });
  if (me.counter !== null) {
    feed.subscribe(`rating:${me.branch}/${me.counter}`, onView);
  }
  setInterval(tick, 500);
  draw();
}

/** 1 to 4 choose a level, for who has keys. */
document.addEventListener("keydown", (event) => {
  const button = state.screen === "levels" ? document.querySelectorAll("[data-level]")[Number(event.key) - 1] : null;
  if (button && !event.repeat) {
    button.click();
  }
});
LaySo.tellHealth({ state: () => (feed === null ? "connecting" : awaySince === null ? "live" : "stale"), isQuiet: () => state.screen === "asleep" });
LaySo.device({ kind: "rating", branch: page.dataset.branch }).then(start);
