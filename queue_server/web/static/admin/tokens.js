/** Devices and programs, and their tokens. */
import { html } from "../vendor/preact-htm.js";
import { dayOf } from "./parts.js";
import { t } from "./texts.js";

export function Tokens({ model, open }) {
  if (model.devices === null) {
    return html`<p class="empty" role="status">${t("loading")}</p>`;
  }
  const act = (device, name) => html`<button class=${`button${name === "revoke" ? " button--danger" : ""}`} type="button"
    aria-label=${t(`${name}Of`, { name: device.name })} onClick=${() => open(name, { id: device.id, name: device.name })}>${t(name)}</button>`;
  return html`<section class="card" aria-labelledby="tokens">
    <div class="card__head"><h2 id="tokens">${t("tokens")}</h2>
      <button class="button button--primary" type="button" onClick=${() => open("program")}>${t("addProgram")}</button></div>
    ${model.devices.length === 0
      ? html`<p class="empty">${t("noDevices")}</p>`
      : html`<table class="table"><thead><tr><th scope="col">${t("device")}</th><th scope="col">${t("kind")}</th><th scope="col">${t("usedOn")}</th><th scope="col"><span class="visually-hidden">${t("more")}</span></th></tr></thead>
        <tbody>${model.devices.map((device) => html`<tr data-device=${device.id} key=${device.id}>
          <th scope="row">${device.name}<span class="quiet small row__more">${device.branch === null ? t("everyBranch") : device.id}</span></th>
          <td>${t(`kind.${device.kind}`)}</td><td class="figures">${device.used_on ? dayOf(device.used_on) : html`<span class="quiet">${t("never")}</span>`}</td>
          <td class="row__do">${act(device, "rename")} ${act(device, "rotate")} ${act(device, "revoke")}</td>
        </tr>`)}</tbody></table>`}
  </section>`;
}
