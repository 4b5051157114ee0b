/**
 * The list that was kept by hand during a power cut: one line after the other by keyboard alone, then all of it at once.
 * What is typed stays in this browser until it is entered; it is sent with one key until there is an answer.
 */
import { signIn } from "../staff.js";
import { html, render } from "../vendor/preact-htm.js";
import { clock, fieldOf, kept, lineOf } from "./lines.js";
import { TicketNumber } from "./parts.js";
import { t } from "./texts.js";

const AGAIN_MS = 1_000;
const page = document.documentElement.dataset;
const root = document.getElementById("helper");
const place = `layso.helper.list.${page.branch}`;
const query = `?branch=${encodeURIComponent(page.branch)}${LaySo.language() === "en" ? "&lang=en" : ""}`;
const EMPTY = { number: "", field: "", isServed: false, time: "" };

let model = { today: null, blocks: [], heardAt: 0, lines: load(), typed: EMPTY, at: null, fault: "", bad: null, problem: "", sending: null, done: null };

function set(change) {
  model = { ...model, ...change };
  render(html`<${Screen} />`, root);
}

// -- kept in this browser ---------------------------------------------------------------------------------------------------

function load() {
  try {
    return JSON.parse(localStorage.getItem(place)) ?? [];
  } catch {
    return [];
  }
}

function keep(lines) {
  localStorage.setItem(place, JSON.stringify(lines));
  return lines;
}

// -- typing -----------------------------------------------------------------------------------------------------------------

const now = () => new Date(new Date(model.today.now).getTime() + Date.now() - model.heardAt);
const focus = (id) => document.getElementById(id).focus();

function type(change) {
  set({ typed: { ...model.typed, ...change }, fault: "", done: null });
}

/** A letter before the number tells the field. */
function onNumber(number) {
  type({ number, field: fieldOf(model.blocks, number, model.typed.field) });
}

/** Enter: the line is there, and the next one begins with the same field, state and time. */
function add(event) {
  event.preventDefault();
  const { typed, lines, blocks, today, at } = model;
  if (!typed.number.trim() && lines.length > 0) {
    focus("send");
    return;
  }
  const others = lines.filter((_, i) => i !== at);
  const { line, fault, number, block } = lineOf(typed, blocks, others, today, now());
  if (fault) {
    set({ fault: t(`fault.${fault}`, { n: number ?? typed.number, field: block ? LaySo.name(block.name) : "" }) });
    focus({ field: "list-field", time: "list-time", future: "list-time" }[fault] ?? "list-number");
    return;
  }
  const changed = at === null ? [...lines, line] : lines.map((each, i) => (i === at ? line : each));
  set({ lines: keep(changed), typed: { ...typed, number: "", time: clock(line.minutes) }, at: null, bad: null, problem: "", done: null });
  focus("list-number");
}

/** In a box to choose from, too. */
function onEnter(event) {
  if (event.key === "Enter" && event.target.tagName === "SELECT") {
    event.preventDefault();
    event.currentTarget.requestSubmit();
  }
}

function change(i) {
  const { number, field, isServed, minutes } = model.lines[i];
  set({ typed: { number, field, isServed, time: clock(minutes) }, at: i, fault: "" });
  focus("list-number");
}

function remove(i) {
  set({ lines: keep(model.lines.filter((_, each) => each !== i)), at: null, bad: null, problem: "" });
  focus("list-number");
}

// -- sending ----------------------------------------------------------------------------------------------------------------

function send(key = LaySo.newKey()) {
  const { lines, today } = model;
  set({ sending: key, problem: "", bad: null });
  LaySo.ask("POST", `/branches/${encodeURIComponent(page.branch)}/enter-list`, { lines: kept(lines, today) }, { "idempotency-key": key }).then(
    () => {
      const served = lines.filter((line) => line.isServed).length;
      set({ sending: null, lines: keep([]), done: t("list.done", { n: lines.length, waiting: lines.length - served, served }) });
      focus("list-number");
    },
    (problem) => {
      if (!(problem.status >= 400 && problem.status < 500)) {
        setTimeout(() => send(key), AGAIN_MS); // nobody knows: the same key cannot enter it twice
      } else if (problem.code === "unauthenticated") {
        signIn();
      } else {
        set({ sending: null, problem: problem.detail, bad: problem.data.line ? problem.data.line - 1 : null });
      }
    },
  );
}

// -- the page ---------------------------------------------------------------------------------------------------------------

function Screen() {
  const { today, blocks } = model;
  return html`<div class="helper helper--list">
    <header class="page-head"><a class="button button--quiet" href=${`/helper${query}`}>← ${t("title")}</a>
      <div class="page-head__names"><p class="page-head__organisation">${page.branchName}</p><h1 class="page-head__branch">${t("list.title")}</h1></div>
      <div class="page-head__tools"><a class="button" href=${`/helper/numbers${query}`}>${t("list.print")}</a></div></header>
    <main class="entering">
      ${!today ? html`<p class="empty" role="status">${t("loading")}</p>`
      : !today.midnight ? html`<p class="notice notice--warn">${t("noDay")}</p>`
      : blocks.length === 0 ? html`<p class="notice notice--warn">${t("list.noBlocks")}</p>`
      : html`<${Entry} /><${Lines} />`}
    </main></div>`;
}

function Entry() {
  const { typed, blocks, fault, at, done } = model;
  return html`<p class="quiet">${t("list.how")}</p>
    <form class="entry card" onSubmit=${add} onKeyDown=${onEnter} novalidate>
      <label><span class="label">${t("list.number")}</span><input class="input entry__number" id="list-number" autocomplete="off" autofocus
        value=${typed.number} onInput=${(event) => onNumber(event.target.value)} /></label>
      <label><span class="label">${t("field")}</span><select class="input" id="list-field" value=${typed.field} onChange=${(event) => type({ field: event.target.value })}>
        ${blocks.map((block, i) => html`<option value=${block.code}>${i + 1} · ${LaySo.name(block.name)}</option>`)}</select></label>
      <label><span class="label">${t("list.state")}</span><select class="input" id="list-state" value=${String(typed.isServed)} onChange=${(event) => type({ isServed: event.target.value === "true" })}>
        <option value="false">1 · ${t("list.waiting")}</option><option value="true">2 · ${t("list.served")}</option></select></label>
      <label><span class="label">${t("list.time")}</span><input class="input entry__time" id="list-time" inputmode="numeric" autocomplete="off" placeholder="07:40"
        value=${typed.time} onInput=${(event) => type({ time: event.target.value })} onFocus=${(event) => event.target.select()} /></label>
      <button class="button button--primary entry__add" type="submit">${t(at === null ? "list.add" : "save")} <kbd class="key">Enter</kbd></button>
    </form>
    <p class="notice notice--bad" role="alert" hidden=${!fault}>${fault}</p>
    <p class="notice notice--ok" role="status" hidden=${!done}>${done}</p>`;
}

function Lines() {
  const { lines, blocks, bad, problem, sending } = model;
  const names = Object.fromEntries(blocks.map((block) => [block.code, LaySo.name(block.name)]));
  return html`<section class="card" aria-labelledby="lines">
    <div class="list__head"><h2 id="lines">${t("list.lines")}</h2><span class="list__count figures">${lines.length}</span></div>
    <p class="notice notice--bad" role="alert" hidden=${!problem}>${problem}</p>
    ${lines.length === 0 ? html`<p class="empty">${t("list.empty")}</p>` : html`<ol class="kept">${lines.map((line, i) => html`<li class=${`kept__line${i === bad ? " kept__line--bad" : ""}`} key=${line.number} data-line=${line.number}>
      <span class="quiet figures">${i + 1}</span><${TicketNumber} number=${line.number} /><span>${names[line.field] ?? ""}</span>
      <span class=${`pill pill--${line.isServed ? "ok" : "info"}`}>${t(line.isServed ? "list.served" : "list.waiting")}</span><span class="figures">${clock(line.minutes)}</span>
      <button class="button" type="button" disabled=${sending !== null} onClick=${() => change(i)}>${t("list.change")}</button>
      <button class="button button--quiet" type="button" disabled=${sending !== null} aria-label=${t("list.remove", { n: line.number })} onClick=${() => remove(i)}>✕</button></li>`)}</ol>`}
    <div class="kept__foot"><button class="button button--primary button--big" type="button" id="send" disabled=${lines.length === 0} aria-busy=${sending !== null}
      onClick=${() => sending === null && send()}>${t(sending ? "list.sending" : "list.send", { n: lines.length })}</button></div>
  </section>`;
}

function learn() {
  fetch(`/helper/blocks?branch=${encodeURIComponent(page.branch)}`)
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(String(answer.status)))))
    .then(
      (today) => {
        const blocks = today.fields.filter((field) => field.first !== null);
        set({ today, blocks, heardAt: Date.now(), typed: { ...EMPTY, field: blocks[0]?.code ?? "" } });
        document.getElementById("list-number")?.focus();
      },
      () => setTimeout(learn, 3_000),
    );
}

set({});
learn();
