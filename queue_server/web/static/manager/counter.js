/** A counter: who sits there, what it takes, and a service that was forgotten. */
import { html, useState } from "../vendor/preact-htm.js";
import { Dialog, minutes, spaced } from "./parts.js";
import { t } from "./texts.js";
import { countersOf, effectsOf, secondsSince } from "./view.js";

const ROLES = ["takes", "helps", "not"];

export function CounterDialog(props) {
  const { model, about, now, open, command, isLive } = props;
  const counter = countersOf(model.board).find((each) => each.no === about.no);
  const helping = model.people.helps[about.no] || [];
  const [roles, setRoles] = useState(() => rolesOf(model.board, counter.row.fields, helping));
  const fields = Object.values(model.board.fields).filter((row) => !row.is_retired).sort((a, b) => a.order - b.order);
  const takes = chosen(fields, roles, "takes");
  const confirm = () =>
    command("assign", { branch: model.branch, counter: about.no, fields: takes, helps: chosen(fields, roles, "helps") }, t("assigned", { no: about.no }));
  const hasClerk = Boolean(model.people.at[about.no]);
  const effects = effectsOf(model.board, model.live, about.no, helping, roles);
  const canClose = counter.row.state !== "closed" && !counter.row.ticket;
  const shut = () => command("close", { branch: model.branch, counter: about.no }, t("counterClosed", { no: about.no }));
  return html`<${Dialog} ...${props} isWide title=${t("counter", { no: about.no })} words=${t("assign")} confirm=${confirm} isOff=${takes.length === 0}>
    <dl class="about">
      <div><dt>${t(`state.${counter.state}`)}</dt><dd>${counter.since ? t("since", { time: LaySo.time(counter.since), minutes: minutes(secondsSince(counter.since, now)) }) : "–"}</dd></div>
      <div><dt>${t("clerk")}</dt><dd>${model.people.names[model.people.at[about.no]] || t("noClerk")}</dd></div>
      ${counter.number && html`<div><dt>${t("ticketNow")}</dt><dd class="figures">${spaced(counter.number)}</dd></div>`}
      ${counter.row.reason && counter.state === "paused" && html`<div><dt>${t("state.paused")}</dt><dd>${counter.row.reason}</dd></div>`}
    </dl>
    ${(hasClerk || counter.state === "serving" || canClose) && html`<div class="choices">
      ${hasClerk && html`<button class="button button--primary" type="button" disabled=${!isLive} onClick=${() => open("hand", { no: about.no })}>${t("hand")}</button>
        <button class="button" type="button" disabled=${!isLive} onClick=${() => open("move", { no: about.no })}>${t("move")}</button>`}
      ${counter.state === "serving" && html`<button class="button" type="button" disabled=${!isLive} onClick=${() => open("endService", { no: about.no, number: counter.number })}>${t("endService")}</button>`}
      ${canClose && html`<button class="button" type="button" disabled=${!isLive} onClick=${shut}>${t("closeCounter")}</button>`}
    </div>`}
    <fieldset class="roles">
      <legend class="visually-hidden">${t("fields")}</legend>
      ${fields.map((row) => html`<${FieldRole} row=${row} value=${roles[row.code]} key=${row.code} onChange=${(role) => setRoles({ ...roles, [row.code]: role })} />`)}
    </fieldset>
    ${effects.length > 0 && html`<ul class="facts effects" data-effects aria-live="polite">
      ${effects.map((each) => html`<li key=${each.code} class=${each.isUncovered ? "effects__bad" : ""}>${t(each.isUncovered ? "effectUncovered" : "effect", { field: LaySo.name(each.name), n: each.waiting, before: each.before, after: each.after })}</li>`)}
    </ul>`}
    <p class=${takes.length ? "quiet small" : "notice notice--bad"}>${t(takes.length ? "assignHint" : "assignNeeded")}</p>
  <//>`;
}

function rolesOf(board, fields, helps) {
  const role = (code) => (fields.includes(code) ? "takes" : helps.includes(code) ? "helps" : "not");
  return Object.fromEntries(Object.keys(board.fields).map((code) => [code, role(code)]));
}

const chosen = (fields, roles, role) => fields.map((row) => row.code).filter((code) => roles[code] === role);

function FieldRole({ row, value, onChange }) {
  return html`<div class="role" role="radiogroup" aria-label=${LaySo.name(row.name)}>
    <span class="role__name">${LaySo.name(row.name)}</span>
    <span class="role__choices">
      ${ROLES.map((role) => html`<label class="role__choice"><input type="radio" name=${`role-${row.code}`} value=${role} checked=${value === role} onChange=${() => onChange(role)} /><span>${t(role)}</span></label>`)}
    </span>
  </div>`;
}

/** A service whose clerk has gone: its ticket is known on the counter's own channel only. */
export function EndServiceDialog(props) {
  const { model, about, command, ticketAt } = props;
  const number = spaced(about.number);
  const confirm = () =>
    command("end-service", () => ticketAt(about.no, about.number).then((ticket) => ({ ticket })), t("serviceEnded", { number }));
  return html`<${Dialog} ...${props} title=${t("endServiceTitle", { number, no: about.no })} words=${t("endService")} confirm=${confirm} isDanger>
    <p class="dialog__text">${t("endServiceHint")}</p>
  <//>`;
}

/** Which counter shall take a field: those that are open first. */
export function PickDialog(props) {
  const { model, about, open } = props;
  const counters = countersOf(model.board).filter((counter) => !counter.row.fields.includes(about.code));
  const sorted = [...counters].sort((a, b) => (a.state === "closed") - (b.state === "closed") || a.no - b.no);
  return html`<${Dialog} ...${props} title=${t("pickCounter")}>
    <p class="dialog__text">${LaySo.name(model.board.fields[about.code].name)}</p>
    <ul class="picks">
      ${sorted.map((counter) => html`<li key=${counter.no}><button class="button pick" type="button" onClick=${() => open("counter", { no: counter.no })}>
        <span class="pick__no">${counter.no}</span><span>${t(`state.${counter.state}`)}</span>
      </button></li>`)}
    </ul>
  <//>`;
}
