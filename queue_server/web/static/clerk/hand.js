/** The number in hand, as large as it deserves, with what its clerk needs to know; or why there is none. */
import { html } from "../vendor/preact-htm.js";
import { keyName } from "./keys.js";
import { Key, LeftOpen, TicketNumber, minutesOf, minutesSince } from "./parts.js";
import { Procedures } from "./procedures.js";
import { clerkName, dayHint, fieldName, languageName, pastWords, spaced } from "./sheets.js";
import { t } from "./texts.js";
import { isShown } from "./arrivals.js";
import { hallOf } from "./view.js";

export function Hand(props) {
  const { model, desk, isLive } = props;
  const { hand, mode } = desk;
  const isShown = hand !== null && (mode === "open" || mode === "paused");
  return html`<section class=${`hand card hand--${isShown ? hand.state : mode}`} data-state=${isShown ? hand.state : ""}>
    <p class="visually-hidden" role="status">${isShown ? `${t(hand.state)} ${spaced(hand.number)}` : ""}</p>
    ${isShown ? html`<${InHand} ...${props} />` : html`<${Without} ...${props} />`}
    ${!isLive && model.status && html`<p class="hand__stale">${t("offlineHint", { time: LaySo.time(model.status.since) })}</p>`}
  </section>`;
}

function InHand({ model, desk: { hand }, now, isLive, press }) {
  const hall = hallOf(hand, model.status, now);
  const isCalled = hand.state === "called";
  const state = isCalled && hand.times_called > 1 ? t("calledTimes", { n: hand.times_called }) : t(hand.state);
  return html`
    <div class="hand__state">
      <span class=${`pill pill--${isCalled ? "info" : "ok"}`}>${state}</span>
      ${hand.assistance && html`<span class="pill pill--warn hand__need" role=${isCalled ? "alert" : null}>${t("assistance")}: ${t(`assistance.${hand.assistance}`)}</span>`}
      <span class="quiet">${t("since", { time: LaySo.time(hand.since), minutes: minutesSince(hand.since, now) })}</span>
      <button class="button hand__paperwork" type="button" data-action="paperwork" disabled=${!isLive || model.busy !== null} onClick=${() => press("paperwork")}>
        ${t("paperwork")} <${Key} name=${model.keys.paperwork} /></button>
    </div>
    <div class="hand__number"><${TicketNumber} number=${hand.number} /></div>
    <div class="hand__about">
      <p class="hand__field">${fieldName(model, hand.field)}</p>
      <dl class="facts"><${Facts} model=${model} hand=${hand} hall=${hall} /></dl>
    </div>
    ${hall === "unshown" && html`<p class="notice notice--warn hand__unshown" role="alert">${t("hall.unshown")}</p>`}`;
}

function Facts({ model, hand, hall }) {
  const facts = [
    ["waited", minutesOf(hand.waited_s)],
    ["past", pastWords(hand, model.no)],
    ["heldFor", hand.held_for, "strong"],
    ["priority", hand.priority_name ? LaySo.name(hand.priority_name) : "", "strong"],
    ["dossiers", hand.dossiers > 1 ? dossiersWords(hand) : ""],
    ["language", hand.language === "vi" ? "" : languageName(hand.language), "strong"],
    ["assistance", hand.assistance ? t(`assistance.${hand.assistance}`) : "", "strong"],
    ["procedures", hand.procedures.length ? html`<${Procedures} codes=${hand.procedures} branch=${model.branch} />` : ""],
    ["further", furtherWords(model, hand), "strong"],
    ["hall", hall && hall !== "unshown" ? hallWords(hall, hand) : ""],
    ["why", hand.why ? LaySo.name(hand.why) : ""],
  ];
  return facts
    .filter(([, value]) => value)
    .map(([key, value, tone]) => html`<div class=${`fact${tone ? " fact--strong" : ""}`} key=${key}><dt>${t(key)}</dt><dd>${value}</dd></div>`);
}

function furtherWords(model, { further, back }) {
  const all = further.map((code) => fieldName(model, code)).join(" → ");
  return back === null ? all : `${all} (${t("counter", { no: back })})`;
}

function hallWords(hall, { spoken_after: n, spoken_at: at }) {
  return t(`hall.${hall}`, { n, time: at ? LaySo.time(at) : "" });
}

function dossiersWords({ dossiers, dossiers_done: done, turn }) {
  const all = t("dossiersMany", { n: dossiers });
  return done > 0 || turn < dossiers ? `${all}; ${t("dossiersTurn", { done, turn })}` : all;
}

// -- no number in hand ----------------------------------------------------------------------------------------------------------

function Without(props) {
  const { model, desk, isLive, press, showSheet } = props;
  const { title, hint } = saying(props);
  const other = {
    lost: html`<button class="button" type="button" disabled=${!isLive} onClick=${() => showSheet("takeover", { no: model.no })}>${t("takeBack")}</button>`,
    closed: html`<button class="button" type="button" disabled=${!isLive} onClick=${() => press("change")}>${t("primary.choose")}</button>`,
  }[desk.mode];
  return html`<div class="hand__without"><${LeftOpen} model=${model} /><${Arrived} ...${props} /><h2>${title}</h2><p class="quiet">${hint}</p>${other}</div>`;
}

/** Somebody has come to an idle counter. */
function Arrived({ model, desk }) {
  const { arrived } = model;
  const ticket = arrived && isShown(arrived.at) ? desk.queue.find((each) => each.id === arrived.id) : null;
  const words = ticket ? t("arrived", { n: spaced(ticket.number), field: fieldName(model, ticket.field) }) : "";
  return html`<p class="notice notice--ok hand__arrived" role="status" hidden=${!words}>${words}</p>`;
}

function saying({ model, desk: { mode, row, queue }, isLive }) {
  const no = model.no;
  const time = row && row.since ? LaySo.time(row.since) : "";
  switch (mode) {
    case "loading":
      return { title: t("loading"), hint: "" };
    case "over":
      return { title: t("closedTitle", { no }), hint: dayHint(model.board) };
    case "closed":
      return { title: t("closedTitle", { no }), hint: isLive ? t("closedHint") : "" };
    case "lost":
      return { title: t("lostTitle", { no, name: clerkName(model, row.clerk) }), hint: t("lostHint", { time }) };
    case "paused":
      return { title: t("pausedTitle", { no }), hint: row.reason ? t("pausedWhy", { reason: row.reason, time }) : t("pausedSince", { time }) };
    default:
      return queue.length > 0 ? { title: t("idle"), hint: isLive ? t("idleHint", { key: keyName(model.keys.primary) }) : "" } : { title: t("idleEmpty"), hint: t("idleEmptyHint") };
  }
}

