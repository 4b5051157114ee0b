/** Parts of the consoles of staff. */
import { html } from "./vendor/preact-htm.js";

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
  return html`<a class="button button--quiet" lang=${other} href=${`?${query}${location.hash}`}>${other === "en" ? "English" : "Tiếng Việt"}</a>`;
}
