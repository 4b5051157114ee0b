/** How right the day's forecasts were: what advice that was taken has brought, and waits that were told. */
import { html } from "../vendor/preact-htm.js";
import { adviceWords } from "./advice.js";
import { t } from "./texts.js";
import { share } from "./view.js";

/** "12,4"; halves up, as the day report has it. */
const tenths = (seconds) => (seconds === null ? "–" : (Math.floor((seconds + 3) / 6) / 10).toFixed(1).replace(".", LaySo.language() === "en" ? "." : ","));

export function Taken({ model }) {
  if (!model.report) {
    return null;
  }
  const taken = [...model.report.advice].reverse();
  return html`<section class="card taken" aria-labelledby="taken">
    <div class="card__head"><h2 id="taken">${t("taken")}</h2><p class="quiet">${t("takenHint")}</p></div>
    ${taken.length === 0
      ? html`<p class="advice__none">${t("takenNone")}</p>`
      : html`<table class="table back">
        <thead><tr>
          <th scope="col">${t("takenWhat")}</th>
          <th scope="col" class="figure">${t("takenPeople")}</th>
          <th scope="col" class="figure">${t("takenWithout")}</th>
          <th scope="col" class="figure">${t("takenWith")}</th>
          <th scope="col" class="figure">${t("takenCame")}</th>
        </tr></thead>
        <tbody>${taken.map((each) => html`<tr key=${each.taken_at} data-taken=${each.kind}>
          <th scope="row">${adviceWords(each, model)} <span class="quiet small">${t("takenSpan", { time: LaySo.time(each.taken_at), until: LaySo.time(each.until) })}</span></th>
          <td class="figure" data-label=${t("takenPeople")}>${Math.round(each.people)} → ${each.came_people === null ? "…" : each.came_people}</td>
          <td class="figure" data-label=${t("takenWithout")}>${tenths(each.without_s)}</td>
          <td class="figure" data-label=${t("takenWith")}>${tenths(each.with_s)}</td>
          <td class="figure back__came" data-cell="came" data-label=${t("takenCame")}>${each.came_people === null ? html`<span class="quiet">${t("takenWaits", { until: LaySo.time(each.until) })}</span>` : tenths(each.came_s)}</td>
        </tr>`)}</tbody>
      </table>`}
  </section>`;
}

export function Told({ model }) {
  if (!model.report) {
    return null;
  }
  const { fields, total } = model.report;
  const rows = fields.filter((field) => field.estimates.people > 0);
  const cells = ({ people, error_s, within }) => html`<td class="figure" data-cell="told">${people}</td>
    <td class="figure" data-cell="error">${tenths(error_s)}</td>
    <td class="figure" data-cell="within">${share(within, people)} %</td>`;
  return html`<section class="card told" aria-labelledby="told">
    <div class="card__head"><h2 id="told">${t("told")}</h2><p class="quiet">${t("toldHint")}</p></div>
    ${rows.length === 0
      ? html`<p class="advice__none">${t("toldNone")}</p>`
      : html`<table class="table back">
        <thead><tr>
          <th scope="col">${t("field")}</th>
          <th scope="col" class="figure">${t("toldPeople")}</th>
          <th scope="col" class="figure">${t("toldError")}</th>
          <th scope="col" class="figure">${t("toldWithin")}</th>
        </tr></thead>
        <tbody>
          ${rows.map((field) => html`<tr key=${field.code} data-told=${field.code}><th scope="row">${LaySo.name(field.name)}</th>${cells(field.estimates)}</tr>`)}
          <tr class="back__total" data-told=""><th scope="row">${LaySo.name(total.name)}</th>${cells(total.estimates)}</tr>
        </tbody>
      </table>`}
  </section>`;
}
