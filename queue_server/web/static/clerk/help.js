/** What the keys do, and how to change them. */
import { html, useState } from "../vendor/preact-htm.js";
import { DEFAULTS, isUsable, keyOf, withKey } from "./keys.js";
import { Key } from "./parts.js";
import { Modal } from "./sheet.js";
import { t } from "./texts.js";

export function Help({ model, set, setKeys }) {
  const [changing, setChanging] = useState(null);
  const close = () => (changing ? setChanging(null) : set({ isHelping: false }));
  const onKeyDown = (event) => {
    const key = keyOf(event);
    if (!changing || key === "Escape") {
      return;
    }
    event.preventDefault();
    if (isUsable(key) && !event.repeat) {
      setKeys(withKey(model.keys, changing, key));
      setChanging(null);
    }
  };
  const line = (action) => html`<li key=${action}>
    <button class="keys__line" type="button" aria-pressed=${changing === action} data-key-of=${action} onClick=${() => setChanging(action)}>
      <span>${t(action)}</span>
      ${changing === action ? html`<span class="quiet">${t("help.press")}</span>` : html`<${Key} name=${model.keys[action]} />`}
    </button>
  </li>`;
  return html`<${Modal} label=${t("help.title")} onClose=${close} onKeyDown=${onKeyDown} className="help">
    <div class="dialog__body">
    <h2 class="dialog__title">${t("help.title")}</h2>
    <p class="quiet">${t("help.text")}</p>
    <ul class="keys">${Object.keys(DEFAULTS).map(line)}</ul>
    <p class="quiet">${t("help.sheets")}</p>
    </div>
    <div class="dialog__foot">
      <button class="button button--quiet" type="button" onClick=${() => setKeys({ ...DEFAULTS })}>${t("help.reset")}</button>
      <button class="button button--primary" type="button" data-first onClick=${() => set({ isHelping: false })}>${t("help.close")}</button>
    </div>
  <//>`;
}
