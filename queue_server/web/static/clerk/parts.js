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

/** "12 phút" since an instant; calm, without seconds. */
export function minutesSince(instant, now) {
  return minutesOf(secondsSince(instant, now));
}

export function minutesOf(seconds) {
  return seconds < 60 ? t("underMinute") : t("minutes", { n: Math.floor(seconds / 60) });
}

/** The state of the connection: always there, and calm. */
export function Connection({ model }) {
  const { status } = model;
  const isLive = status !== null && status.state === "live";
  const words = isLive ? say("live") : status ? say("reconnecting", { time: LaySo.time(status.since) }) : say("connecting");
  return html`<span class=${`connection pill pill--${isLive ? "ok" : "warn"}`} role="status">${words}</span>`;
}

const say = LaySo.words({
  vi: { live: "Trực tuyến", reconnecting: "Mất kết nối từ {time}, đang nối lại", connecting: "Đang kết nối" },
  en: { live: "Live", reconnecting: "Connection lost at {time}, reconnecting", connecting: "Connecting" },
});

/** A link to this page in the other language. */
export function LanguageSwitch() {
  const other = LaySo.language() === "en" ? "vi" : "en";
  const query = new URLSearchParams(location.search);
  query.set("lang", other);
  return html`<a class="button button--quiet" lang=${other} href=${`?${query}`}>${other === "en" ? "English" : "Tiếng Việt"}</a>`;
}
