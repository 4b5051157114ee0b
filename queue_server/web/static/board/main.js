/** A branch's board on a phone: shows what the page came with, and follows on from there. */

import { texts } from "./texts.js";
import { boardView } from "./view.js";

const { LaySo } = window;
const { el, replace } = LaySo;
const say = LaySo.words(texts);
const sayCalls = LaySo.words(LaySo.displayTexts);
const page = document.documentElement;
const byId = (id) => document.getElementById(id);
const brought = (id) => JSON.parse(byId(id).textContent);

const rows = brought("rows");
const data = { board: rows.data, live: brought("figures") };
const hasClasses = "hasClasses" in page.dataset;
let shown = "";

const line = new LaySo.PhoneLine({
  element: byId("connection"),
  asOf: new Date(page.dataset.at),
  channels: [
    { name: `board:${page.dataset.branch}`, known: rows, onView: (board) => take({ board }) },
    { name: `live:${page.dataset.branch}`, onView: (live) => take({ live }) }
  ],
  onChange: show
});

function take(news) {
  Object.assign(data, news);
  show();
}

function show() {
  const seen = boardView(data.board, data.live, line.now(), hasClasses);
  const key = JSON.stringify([seen, line.asOf]);
  if (key !== shown) {
    shown = key;
    render(seen, line.asOf);
  }
}

/** Old news keep their place, and say of when they are. */
function render(seen, asOf) {
  const calling = asOf === null ? sayCalls("calling") : sayCalls("staleLabel", { time: LaySo.time(asOf) });
  document.body.classList.toggle("is-old", asOf !== null);
  byId("old").hidden = true;
  LaySo.setText(byId("calling"), calling);
  LaySo.setText(byId("called"), sayCalls("called"));
  replace(byId("now"), seen.called.length ? seen.called.map((call) => callRow(call)) : [el("li", { class: "call quiet", text: sayCalls("none") })]);
  replace(byId("recent"), seen.recent.map((call) => callRow(call, LaySo.time(call.at))));
  byId("past").hidden = seen.recent.length === 0;
  showRest(seen.rest);
  replace(byId("fields"), seen.fields.map(fieldRow));
  LaySo.setText(byId("hours"), seen.hours);
  replace(byId("notices"), seen.notices.map((notice) => el("p", { class: `notice notice--${notice.kind}`, text: notice.text })));
  LaySo.setText(byId("foot"), say(asOf === null ? "updates" : "old"));
}

function callRow(call, time = "") {
  return el("li", { class: "call", "data-number": call.number }, [
    el("span", { class: "call__number", text: [call.letters, call.digits].filter(Boolean).join(" ") }),
    el("span", { class: "call__to" }, [text(`${sayCalls("counter")} `), el("b", { class: "call__no", text: String(call.counter) }), call.place && text(` · ${call.place}`)]),
    ...[call.tag, call.again, time].filter(Boolean).map((words) => el("span", { class: "call__tag", text: words }))
  ].flatMap((part) => [part, text(" ")]));
}

function fieldRow(field) {
  return el("li", { class: "field", "data-field": field.code, "data-kind": field.kind }, [
    el("span", { class: "field__name", text: field.name }),
    ...[["waiting", field.waiting], ["wait", field.wait], ["why", field.why]]
      .filter(([, words]) => words)
      .flatMap(([part, words]) => [text(" "), el("span", { class: `field__${part}`, text: words })])
  ]);
}

const text = (words) => document.createTextNode(words);

/** Why the counters do not work now, and when they do again. */
function showRest(rest) {
  byId("rest").hidden = rest === null;
  if (rest !== null) {
    const parts = { title: rest.title, lead: rest.lead, time: rest.time, how: rest.how };
    replace(byId("rest"), Object.keys(parts).filter((part) => parts[part]).map((part) => el("p", { class: `rest__${part}`, text: parts[part] })));
  }
}

show();
setInterval(show, 1000);
