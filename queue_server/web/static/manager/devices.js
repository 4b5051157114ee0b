/** The branch's devices: a new one is let in by the code that it shows, a lost one is sent away. */
import { html, useState } from "../vendor/preact-htm.js";
import { Dialog } from "./parts.js";
import { t } from "./texts.js";

const ORDER = ["dispenser", "display", "printer", "integration"];
const LINKS = { connected: "pill--ok", gone: "pill--bad", unknown: "" };

export function Devices(props) {
  const { model } = props;
  const devices = model.devices.filter((device) => device.revoked_at === null);
  const sorted = [...devices].sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || a.name.localeCompare(b.name, "vi"));
  const printers = sorted.filter((device) => device.kind === "printer");
  return html`<main class="main devices">
    <section class="card devices__list" aria-labelledby="devices">
      <div class="card__head"><h2 id="devices">${t("devices")}</h2><p class="quiet">${t("devicesHint")}</p></div>
      ${sorted.length === 0
        ? html`<p class="empty">${t("noDevices")}</p>`
        : html`<table class="table devices__table">
          <thead><tr><th scope="col">${t("deviceKind")}</th><th scope="col">${t("deviceName")}</th><th scope="col">${t("deviceConnection")}</th>
            <th scope="col">${t("devicePrinter")}</th><th scope="col">${t("devicePaired")}</th><th scope="col"><span class="visually-hidden">${t("revoke")}</span></th></tr></thead>
          <tbody>${sorted.map((device) => html`<${Row} ...${props} device=${device} printers=${printers} key=${device.id} />`)}</tbody>
        </table>`}
    </section>
    <${Pair} ...${props} printers=${printers} />
  </main>`;
}

function Row({ model, device, printers, ask, open, isLive }) {
  const choose = (event) => {
    const asked = ask("PATCH", `/devices/${encodeURIComponent(device.id)}`, { printer: event.target.value || null }, t("printerSet", { name: device.name }));
    const select = event.target;
    asked.then((isDone) => {
      if (!isDone) select.value = device.printer || "";
    });
  };
  return html`<tr data-device=${device.id}>
    <td data-label=${t("deviceKind")}><span class=${`kind kind--${device.kind}`} aria-hidden="true"></span>${t(`kind.${device.kind}`)}</td>
    <th scope="row" class="devices__name">${device.name}</th>
    <td data-label=${t("deviceConnection")}><${Connection} device=${device} isLive=${isLive} /></td>
    <td data-label=${t("devicePrinter")}>${device.kind === "dispenser"
      ? html`<select class="input devices__printer" aria-label=${`${t("devicePrinter")}: ${device.name}`} value=${device.printer || ""} disabled=${!isLive || model.isBusy} onChange=${choose}>
          <option value="">${t("noPrinter")}</option>
          ${printers.map((printer) => html`<option value=${printer.id}>${printer.name}</option>`)}
        </select>`
      : html`<span class="quiet">–</span>`}</td>
    <td class="figures" data-label=${t("devicePaired")}>${LaySo.date(device.created_at * 1000)}</td>
    <td class="devices__do"><button class="button button--row" type="button" disabled=${!isLive} aria-label=${`${t("revoke")}: ${device.name}`} onClick=${() => open("revoke", { id: device.id, name: device.name })}>${t("revoke")}</button></td>
  </tr>`;
}

/** What was heard before a cut is not shown as if it were so now. Software asks without staying connected. */
function Connection({ device, isLive }) {
  if (device.kind === "integration" && !device.is_connected) {
    return html`<span class="quiet">–</span>`;
  }
  const state = !isLive || device.is_connected === null ? "unknown" : device.is_connected ? "connected" : "gone";
  return html`<span class=${`pill ${LINKS[state]}`} data-link=${state}>${t(`link.${state}`)}</span>`;
}

const EMPTY = { code: "", name: "", printer: "" };

/** Six digits, a name, and for a dispenser the printer that stands beside it. */
function Pair({ model, ask, isLive, printers }) {
  const [form, setForm] = useState(EMPTY);
  const [isAsked, setAsked] = useState(false);
  const code = form.code.replace(/\D/g, "");
  const faults = { code: code.length === 6 ? "" : t("codeNeeded"), name: form.name.trim() ? "" : t("nameNeeded") };
  const put = (name) => (event) => setForm({ ...form, [name]: event.target.value });
  const submit = (event) => {
    event.preventDefault();
    setAsked(true);
    if (!faults.code && !faults.name) {
      const name = form.name.trim();
      ask("POST", "/pairings/confirm", { code, name, branch: model.branch, printer: form.printer || null }, t("paired", { name })).then((isDone) => {
        if (isDone) {
          setForm(EMPTY);
          setAsked(false);
        }
      });
    }
  };
  const fault = (name) => html`<p class="fault" id=${`fault-${name}`} role="alert">${isAsked ? faults[name] : ""}</p>`;
  return html`<section class="card pair" aria-labelledby="pair">
    <div class="card__head"><h2 id="pair">${t("pairTitle")}</h2></div>
    <form class="pair__form" onSubmit=${submit} novalidate>
      <p class="quiet">${t("pairHint")}</p>
      <div>
        <label class="label" for="code">${t("code")}</label>
        <input class="input pair__code" id="code" inputmode="numeric" autocomplete="off" maxlength="7" placeholder="000 000" value=${form.code}
          aria-invalid=${isAsked && faults.code !== ""} aria-describedby="fault-code" onInput=${put("code")} />
        ${fault("code")}
      </div>
      <div>
        <label class="label" for="name">${t("deviceName")}</label>
        <input class="input" id="name" maxlength="80" autocomplete="off" placeholder=${t("nameHint")} value=${form.name}
          aria-invalid=${isAsked && faults.name !== ""} aria-describedby="fault-name" onInput=${put("name")} />
        ${fault("name")}
      </div>
      <div>
        <label class="label" for="printer">${t("pairPrinter")}</label>
        <select class="input" id="printer" value=${form.printer} onChange=${put("printer")}>
          <option value="">${t("noPrinter")}</option>
          ${printers.map((printer) => html`<option value=${printer.id}>${printer.name}</option>`)}
        </select>
      </div>
      <p class="notice notice--bad problem" role="alert" hidden=${!model.problem || model.dialog !== null}>${model.problem}</p>
      <button class="button button--primary button--wide" type="submit" disabled=${!isLive} aria-busy=${model.isBusy}>${t("pair")}</button>
    </form>
  </section>`;
}

export function RevokeDialog(props) {
  const { about, ask } = props;
  const confirm = () => ask("DELETE", `/devices/${encodeURIComponent(about.id)}`, undefined, t("revoked", { name: about.name }));
  return html`<${Dialog} ...${props} title=${t("revokeTitle", { name: about.name })} words=${t("revoke")} confirm=${confirm} isDanger>
    <p class="dialog__text">${t("revokeHint")}</p>
  <//>`;
}
