/** Small parts that several views use. */
import { html } from "../vendor/preact-htm.js";
import { keyName } from "./keys.js";
import { t } from "./texts.js";
import { secondsSince } from "./view.js";

/** A ticket's number, letter and digits apart. */
export function TicketNumber({ number, size }) {
  const [letter, digits] = LaySo.numberParts(number);
  return html`<span class=${`number${size ? ` number--${size}` : ""}`}>
    ${letter && html`<span class="number__letter">${letter}</span>`}${letter && " "}
    <span class="number__digits">${digits}</span>
  </span>`;
}

export function Key({ name }) {
  return html`<span class="key" aria-hidden="true">${keyName(name)}</span>`;
}

/** Who practises is told of the counter that they have left open in earnest. */
export function LeftOpen({ model: { people } }) {
  if (!people.real) {
    return null;
  }
  const { branch, name, no } = people.real;
  const query = new URLSearchParams({ branch, counter: no, ...(LaySo.language() === "en" ? { lang: "en" } : {}) });
  return html`<p class="notice notice--warn left-open" role="status">${t("leftOpen", { no, branch: LaySo.name(name) })} <a href=${`/clerk?${query}`}>${t("goBack", { no })}</a></p>`;
}

/** "12 phút" since an instant; calm, without seconds. */
export function minutesSince(instant, now) {
  return minutesOf(secondsSince(instant, now));
}

export function minutesOf(seconds) {
  return seconds < 60 ? t("underMinute") : t("minutes", { n: Math.floor(seconds / 60) });
}
