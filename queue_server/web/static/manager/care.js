/** What needs somebody: people first, then the machine; and one line that says all is well. */
import { html } from "../vendor/preact-htm.js";
import { displaysOf, screenCares } from "./displays.js";
import { minutes, moment, spaced } from "./parts.js";
import { t } from "./texts.js";
import { careOf, faultsOf, printerTroubles, secondsSince } from "./view.js";

export function Care(props) {
  const { model, fields, counters, now } = props;
  const ofScreens = model.hasDevices && model.devices ? screenCares(displaysOf(model, now), model.board) : [];
  const alarms = Object.values(model.alarms).map((row) => ({ kind: "alarm", key: String(row.no), ...row }));
  const found = [...alarms, ...careOf(model.live, fields, counters, now), ...ofScreens];
  return html`<section class="alarms" aria-label=${t("care")} aria-live="polite" hidden=${found.length === 0}>
    ${found.map((care) => html`<${Alarm} ...${CARES[care.kind](care, props)} kind=${care.kind} key=${care.kind + care.key} />`)}
  </section>`;
}

function Alarm({ kind, level = "bad", title, hint, buttons = [], isLive }) {
  return html`<div class=${`alarm alarm--${level}`} data-alarm=${kind}>
    <span class="alarm__sign" aria-hidden="true">!</span>
    <div class="alarm__words"><p class="alarm__title">${title}</p><p class="alarm__hint">${hint}</p></div>
    <div class="alarm__do">${buttons.map(([words, press]) => html`<button class="button" type="button" disabled=${!isLive} onClick=${press}>${words}</button>`)}</div>
  </div>`;
}

const CARES = {
  alarm: ({ no, clerk, since }, { model, now, ask, isLive }) => ({
    title: t("counterAlarm", { no, name: model.people.names[clerk] || clerk }),
    hint: t("counterAlarmHint", { time: LaySo.time(since), minutes: minutes(secondsSince(since, now)) }),
    buttons: [[t("answerHelp"), () => ask("POST", `/branches/${encodeURIComponent(model.branch)}/answer-alarm`, { counter: no }, t("counterAlarmAnswered", { no }))]],
    isLive,
  }),
  help: ({ device, since }, { model, now, ask, isLive }) => ({
    title: t("helpCalled", { device: named(device, model, "aDispenser") }),
    hint: t("helpCalledHint", { time: LaySo.time(since), minutes: minutes(secondsSince(since, now)) }),
    buttons: [[t("answerHelp"), () => ask("POST", `/branches/${encodeURIComponent(model.branch)}/answer-help`, { device }, t("helpAnswered"))]],
    isLive,
  }),
  uncovered: ({ field }, { now, open, isLive }) => ({
    title: t("uncovered", { field: LaySo.name(field.row.name), n: field.live.waiting }),
    hint: t("uncoveredSince", { time: LaySo.time(field.live.uncovered_at), minutes: minutes(secondsSince(field.live.uncovered_at, now)) }),
    buttons: [
      [t("assignCounter"), () => open("pick", { code: field.code })],
      ...(field.row.suspended ? [] : [[t("suspend"), () => open("suspend", { code: field.code })]]),
    ],
    isLive,
  }),
  forgotten: ({ counter }, { now, open, isLive }) => ({
    level: "warn",
    title: t("forgotten", { no: counter.no, number: spaced(counter.number), minutes: minutes(secondsSince(counter.row.ticket.since, now)) }),
    hint: t("forgottenHint"),
    buttons: [[t("seeCounter"), () => open("counter", { no: counter.no })]],
    isLive,
  }),
  unmet: ({ counter }, { now, open, isLive }) => ({
    level: "warn",
    title: t("unmet", { no: counter.no, number: spaced(counter.number), minutes: minutes(secondsSince(counter.row.ticket.since, now)) }),
    hint: t("unmetHint"),
    buttons: [[t("seeCounter"), () => open("counter", { no: counter.no })]],
    isLive,
  }),
  papers: ({ count }) => ({ level: "warn", title: t("papersFailed", { n: count }), hint: t("papersFailedHint") }),
  printer: ({ printer, reason }, { model }) => ({ title: t("printerWaiting", { printer: named(printer, model, "aPrinter") }), hint: hintOf(reason) }),
  silent: ({ names, since }, { now }) => ({
    title: t("silent", { screens: names.map(LaySo.name).filter(Boolean).join(", ") || t("aHall") }),
    hint: `${since ? `${sinceWords(since, now)} ` : ""}${t("silentHint")}`,
  }),
  dark: ({ display, since }, { now }) => ({ level: "warn", title: t("dark", { name: screenName(display) }), hint: `${sinceWords(since, now)} ${t("darkHint")}` }),
  blocked: ({ display, since }, { now }) => ({ level: "warn", title: t("blocked", { name: screenName(display) }), hint: `${since ? `${sinceWords(since, now)} ` : ""}${t("blockedHint")}` }),
  unknownScreen: ({ display }) => ({ level: "warn", title: t("unknownScreen", { name: display.device.name, code: display.code }), hint: t("unknownScreenHint") }),
  printerWarned: ({ printer, reason }, { model }) => ({ level: "warn", title: t("printerWarned", { printer: named(printer, model, "aPrinter") }), hint: hintOf(reason) }),
};

/** "Từ 09:41 (12 phút)." */
function sinceWords(since, now) {
  return since ? t("screenSince", { time: moment(since, now), minutes: minutes(secondsSince(since, now)) }) : t("screenSinceUnknown");
}

function screenName({ device, row }) {
  const name = row ? LaySo.name(row.name) : "";
  return name && name !== device.name ? `${device.name} (${name})` : device.name;
}

function named(id, model, otherwise) {
  const known = (model.devices || []).find((device) => device.id === id);
  return known ? known.name : t(otherwise);
}

function hintOf(reason) {
  return printerTroubles(reason)
    .map(({ no, trouble }) => (no ? t("printerNo", { no }) : "") + t(`printer.${trouble}`))
    .join(" ");
}

// -- the machine ------------------------------------------------------------------------------------------------------------

export function Faults(props) {
  const { model } = props;
  const found = faultsOf(model.health, model.dossier);
  return html`<section class="alarms" aria-label=${t("faults")} hidden=${found.length === 0}>
    ${found.map((fault) => html`<${Alarm} ...${FAULTS[fault.kind](fault, props)} kind=${fault.kind} key=${fault.kind + (fault.record ? fault.record.id : "")} />`)}
  </section>`;
}

const FAULTS = {
  clockStepped: ({ seconds }, { model, now, ask, isLive }) => ({
    title: t("clockStepped", { minutes: minutes(seconds) }),
    hint: t("clockHint"),
    buttons: model.isAdministrator ? [[t("confirmClock", { time: LaySo.time(now) }), () => ask("POST", "/clock/confirm", {}, t("confirmClock", { time: LaySo.time(now) }))]] : [],
    isLive,
  }),
  clockBehind: ({ seconds }) => ({ title: t("clockBehind", { minutes: minutes(seconds) }), hint: t("clockBehindHint") }),
  backup: ({ at }, { now }) => ({
    level: "warn",
    title: at ? t("backupOld", { time: moment(at, now) }) : t("backupNone"),
    hint: t("backupHint"),
  }),
  disk: () => ({ title: t("diskLow"), hint: t("diskHint") }),
  plainHttp: () => ({ level: "warn", title: t("plainHttp"), hint: t("plainHttpHint") }),
  dossierBehind: ({ count }) => ({ level: "warn", title: t("dossierBehind", { n: count }), hint: t("dossierBehindHint") }),
  parked: ({ record }, { model, now, ask, isLive }) => ({
    level: "warn",
    title: t("parked", { time: moment(record.parked_at * 1000, now) }),
    hint: t("parkedHint", { answer: record.answer || "–", status: record.status }),
    buttons: model.hasDevices ? [[t("resend"), () => ask("POST", resendPath(model.branch, record.id), {}, t("resent"))]] : [],
    isLive,
  }),
};

const resendPath = (branch, id) => `/branches/${encodeURIComponent(branch)}/dossier/resend?id=${encodeURIComponent(id)}`;

/** What works is said once, quietly. */
export function Well({ model, now }) {
  const { health, dossier } = model;
  const said = [
    health && health.backup_at && !health.is_backup_old && t("backupAt", { time: moment(health.backup_at, now) }),
    dossier && dossier.is_configured && faultsOf(null, dossier).length === 0 && t("dossierTold"),
  ].filter(Boolean);
  return html`<p class="well quiet small">${said.join(" · ")}</p>`;
}
