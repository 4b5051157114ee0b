/** Another day, for whom today may be too late: no number was taken, and when to come. */

import { html } from "../vendor/preact-htm.js";
import { LaySo, name, say } from "./parts.js";
import { anotherDay } from "./standing.js";
import { Sooner } from "./steps.js";

/** The field's next working day: its hours, and when few people come. */
export const nextDay = (branch, field) => LaySo.ask("GET", `/branches/${encodeURIComponent(branch)}/fields/${encodeURIComponent(field)}/another-day`);

export function AnotherDay({ state, view, on }) {
  const { row, at, words } = anotherDay(state, view);
  return html`<section class="calm resting another-day" data-another-day=${row.code}>
    <h1>${words.heading}</h1>
    ${at
      ? html`<p class="resting__label">${say("fieldFrom", { field: name(row.name) })}</p><p class="resting__time">${at.time}</p><p class="resting__date">${at.weekday}, ${at.date}</p>`
      : html`<p class="calm__lead">${words.from}</p>`}
    <div class="another-day__more" role="status">
      ${words.working && html`<p class="calm__lead">${words.working}</p>`}
      ${words.quiet && html`<p class="calm__lead">${words.quiet}</p>`}
    </div>
    ${row.is_anywhere && html`<${Sooner} found=${view.sooner} state=${state} on=${on} />`}
    <div class="calm__buttons calm__buttons--two">
      <button class="button button--big" type="button" data-key="back" onClick=${on.back}>${say("back")}</button>
      <button class="button button--big button--primary" type="button" data-key="home" onClick=${on.home}>${say("toStart")}</button>
    </div>
  </section>`;
}
