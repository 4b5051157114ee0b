/** A choice of the dispenser's languages, over the key that asks for it. */

import { html } from "../vendor/preact-htm.js";
import { LaySo, say } from "./parts.js";

export function Tongues({ on }) {
  const open = (dialog) => dialog && !dialog.open && dialog.showModal();
  const onCancel = (event) => {
    event.preventDefault();
    on.closeTongues();
  };
  return html`<dialog class="dialog tongues" aria-label=${say("languages")} ref=${open} onClick=${(event) => event.target === event.currentTarget && on.closeTongues()} onCancel=${onCancel}>
    ${LaySo.offered().map((code) => html`<button class="button button--big" type="button" key=${code} data-language=${code} lang=${code} aria-pressed=${String(code === LaySo.language())} onClick=${() => on.tongue(code)}>${LaySo.languageName(code)}</button>`)}
  </dialog>`;
}
