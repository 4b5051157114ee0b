/** The fields, worst first: who waits, how long, what is to come, and who takes it. */
import { html } from "../vendor/preact-htm.js";
import { minutes } from "./parts.js";
import { t } from "./texts.js";

export function Fields({ fields, now, touch, open, isLive, isOver }) {
  return html`<section class="card fields" aria-labelledby="fields">
    <div class="card__head"><h2 id="fields">${t("fields")}</h2><p class="quiet">${t("fieldsHint")}</p></div>
    <table class="table fields__table" onPointerEnter=${() => touch(true)} onPointerLeave=${() => touch(false)}
      onFocusIn=${() => touch(true)} onFocusOut=${() => touch(false)}>
      <thead><tr>
        <th scope="col">${t("field")}</th>
        <th scope="col" class="figure">${t("waiting")}</th>
        <th scope="col" class="figure">${t("oldest")}</th>
        <th scope="col">${t("forecast")}</th>
        <th scope="col" class="figure" title=${t("hourHint")}>${t("came")}</th>
        <th scope="col" class="figure" title=${t("hourHint")}>${t("served")}</th>
        <th scope="col" class="figure">${t("openCounters")}</th>
        <th scope="col"><span class="visually-hidden">${t("adjust")}</span></th>
      </tr></thead>
      <tbody>
        ${fields.map((field) => html`<${Row} field=${field} now=${now} isOver=${isOver} key=${field.code}>
          ${!isOver && html`<button class="button button--row" type="button" disabled=${!isLive} aria-label=${t("adjustOf", { field: LaySo.name(field.row.name) })}
            onClick=${() => open("field", { code: field.code })}>${t("adjust")}</button>`}
        <//>`)}
      </tbody>
    </table>
  </section>`;
}

function Row({ field, isOver, children }) {
  const { row, live } = field;
  const cell = (name, label, value, extra = "") => html`<td class=${`figure ${extra}`} data-cell=${name} data-label=${label}>${value}</td>`;
  const hasWaiting = live.waiting > 0;
  return html`<tr class=${field.isAlarm && !isOver ? "row--alarm" : ""} data-field=${field.code}>
    <th scope="row" class="fields__name"><span>${LaySo.name(row.name)}</span> <${Pills} field=${field} isOver=${isOver} /></th>
    ${cell("waiting", t("waiting"), live.waiting, "fields__waiting")}
    ${cell("oldest", t("oldest"), hasWaiting && !isOver ? html`<${Age} field=${field} />` : "–")}
    <td data-cell="forecast" data-label=${t("forecast")}>${isOver ? "–" : html`<${Forecast} field=${field} />`}</td>
    ${cell("came", t("came"), live.came_hour)}
    ${cell("served", t("served"), live.served_hour)}
    ${cell("open", t("openCounters"), live.open_counters, live.open_counters === 0 && hasWaiting ? "fields__none" : "")}
    <td class="fields__do">${children}</td>
  </tr>`;
}

/** How long the first of the queue has waited; beyond what citizens bear with a sign and, for ears, a word. */
function Age({ field }) {
  const words = field.level && t(field.level === "bad" ? "veryLong" : "long");
  return html`<span class=${`age age--${field.level}`} title=${words}>${minutes(field.age_s)}${words && html`<span class="visually-hidden"> (${words})</span>`}</span>`;
}

function Forecast({ field }) {
  const wait = LaySo.wait(field.live.wait, field.row.working);
  const made = field.live.wait ? t("forecastAt", { time: LaySo.time(field.live.wait.made_at) }) : "";
  return html`<span class=${wait.kind === "unknown" ? "quiet" : ""} title=${made}>${wait.kind === "clock" ? t("forecastClock", { range: wait.value }) : wait.value}</span>`;
}

/** What is not as usual, in words and shape. */
function Pills({ field, isOver }) {
  const { row, live } = field;
  if (isOver) {
    return null;
  }
  const pills = [
    field.uncovered_s !== null && ["bad", t("pill.uncovered")],
    row.suspended && ["warn", t("pill.suspended")],
    row.reason && ["info", t("pill.hours")],
    field.capacity && ["warn", t("pill.capacity", { n: field.capacity.served, m: field.capacity.unserved })],
    field.ended && ["info", t(field.ended === "all" ? "pill.ended" : "pill.endedButPriority")],
    ...capPills(live),
  ].filter(Boolean);
  return pills.map(([kind, words]) => html`<span class=${`pill pill--${kind} pill--small`}>${words}</span>`);
}

const FEW_LEFT = 10;
const WAYS = ["kiosk", "helper", "online"];

/** What a cap leaves: few numbers or none; or, while there are some, none through one channel. */
function capPills({ cap_left: left, cap_left_by: by }) {
  if (left === 0) {
    return [["info", t("pill.capReached")]];
  }
  const usedUp = WAYS.filter((way) => by[way] && by[way].left === 0);
  return [
    ...(left !== null && left <= FEW_LEFT ? [["info", t("pill.cap", { n: left })]] : []),
    ...usedUp.map((way) => ["info", t(`pill.capReached.${way}`)]),
  ];
}
