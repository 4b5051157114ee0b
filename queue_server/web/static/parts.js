/** Parts of the consoles of staff. */
import { html, useEffect, useRef } from "./vendor/preact-htm.js";

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

/** What belongs to whoever is signed in (`who`). It closes by Escape, by a press elsewhere, and when the focus leaves it. */
export function Menu({ who, children }) {
  const element = useRef(null);
  const closeWhenOutside = ({ target }) => {
    if (!element.current.contains(target)) {
      element.current.open = false;
    }
  };
  useEffect(() => {
    document.addEventListener("pointerdown", closeWhenOutside);
    return () => document.removeEventListener("pointerdown", closeWhenOutside);
  }, []);
  const closeOnEscape = (event) => {
    if (event.key === "Escape" && element.current.open) {
      element.current.open = false;
      element.current.firstElementChild.focus();
    }
  };
  const leave = ({ relatedTarget }) => relatedTarget && closeWhenOutside({ target: relatedTarget });
  return html`<details class="menu" ref=${element} onFocusOut=${leave} onKeyDown=${closeOnEscape}>
    <summary class="button button--quiet menu__who">${who}</summary>
    <div class="menu__items">${children}</div>
  </details>`;
}
