/** The branch's devices: a new one is let in by the code that it shows, a lost one is sent away. */
import { html, useState } from "../vendor/preact-htm.js";
import { displaysOf } from "./displays.js";
import { Dialog, moment, spaced } from "./parts.js";
import { t } from "./texts.js";

const ORDER = ["dispenser", "display", "rating", "printer", "integration"];
const LINKS = { connected: "pill--ok", gone: "pill--bad", unknown: "" };

export function Devices(props) {
  const { model, now } = props;
  const devices = (model.devices || []).filter((device) => device.revoked_at === null);
  const sorted = [...devices].sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || a.name.localeCompare(b.name, "vi"));
  const printers = sorted.filter((device) => device.kind === "printer");
  const displays = Object.fromEntries(displaysOf({ ...model, devices }, now).map((display) => [display.device.id, display]));
  const screens = Object.values(model.board.screens || {});
  const counters = Object.values(model.board.counters || {}).sort((a, b) => a.no - b.no);
  return html`<main class="main devices">
    <section class="card devices__list" aria-labelledby="devices">
      <div class="card__head"><h2 id="devices">${t("devices")}</h2><p class="quiet">${t("devicesHint")}</p></div>
      ${sorted.length === 0 && model.devices
        ? html`<p class="empty">${t("noDevices")}</p>`
        : html`<table class="table devices__table">
          <thead><tr><th scope="col">${t("deviceKind")}</th><th scope="col">${t("deviceName")}</th><th scope="col">${t("deviceConnection")}</th>
            <th scope="col">${t("devicePrinter")}</th><th scope="col">${t("devicePaired")}</th><th scope="col"><span class="visually-hidden">${t("revoke")}</span></th></tr></thead>
          <tbody>${sorted.map((device) => html`<${Row} ...${props} device=${device} display=${displays[device.id]} printers=${printers} screens=${screens} counters=${counters} key=${device.id} />`)}</tbody>
        </table>`}
    </section>
    <${Pair} ...${props} printers=${printers} screens=${screens} counters=${counters} />
  </main>`;
}

function Row(props) {
  const { device, display, open, isLive, now } = props;
  const hasPlayer = isLive && device.kind === "display" && device.report && device.report.player;
  const about = { id: device.id, name: device.name };
  return html`<tr data-device=${device.id}>
    <td data-label=${t("deviceKind")}><span class=${`kind kind--${device.kind}`} aria-hidden="true"></span>${t(`kind.${device.kind}`)}</td>
    <th scope="row" class="devices__name">${device.name}${display && html`<${About} display=${display} isLive=${isLive} />`}</th>
    <td data-label=${t("deviceConnection")}><${Connection} device=${device} isLive=${isLive} now=${now} /></td>
    <td data-label=${t("devicePrinter")}><${Belonging} ...${props} /></td>
    <td class="figures" data-label=${t("devicePaired")}>${LaySo.date(device.created_at * 1000)}</td>
    <td class="devices__do">
      ${hasPlayer && html`<button class="button button--row" type="button" aria-label=${`${t("picture")}: ${device.name}`} onClick=${() => open("picture", about)}>${t("picture")}</button>`}
      <button class="button button--row" type="button" disabled=${!isLive} aria-label=${`${t("revoke")}: ${device.name}`} onClick=${() => open("revoke", about)}>${t("revoke")}</button>
    </td>
  </tr>`;
}

/** What belongs to a device: a dispenser's printer, the screen that a display is, the counter at which one is asked. */
function Belonging({ model, device, printers, screens, counters, ask, isLive }) {
  const choose = (name, done) => (event) => {
    const select = event.target;
    const was = device[name] || "";
    ask("PATCH", `/devices/${encodeURIComponent(device.id)}`, { [name]: valueOf(name, select.value) }, t(done, { name: device.name })).then((isDone) => {
      if (!isDone) select.value = was;
    });
  };
  const isOff = !isLive || model.isBusy;
  if (device.kind === "dispenser") {
    return html`<select class="input devices__choice" aria-label=${`${t("pairPrinter")}: ${device.name}`} value=${device.printer || ""} disabled=${isOff} onChange=${choose("printer", "printerSet")}>
      <option value="">${t("noPrinter")}</option>
      ${printers.map((printer) => html`<option value=${printer.id}>${printer.name}</option>`)}
    </select>`;
  }
  if (device.kind === "display" && (screens.length > 0 || device.screen)) {
    return html`<select class="input devices__choice" aria-label=${`${t("pairScreen")}: ${device.name}`} value=${device.screen || ""} disabled=${isOff} onChange=${choose("screen", "screenSet")}>
      <${ScreenOptions} screens=${screens} code=${device.screen} />
    </select>`;
  }
  if (device.kind === "rating") {
    return html`<select class="input devices__choice" aria-label=${`${t("pairCounter")}: ${device.name}`} value=${device.counter || ""} disabled=${isOff} onChange=${choose("counter", "counterSet")}>
      <${CounterOptions} counters=${counters} />
    </select>`;
  }
  return html`<span class="quiet">–</span>`;
}

const valueOf = (name, chosen) => (chosen === "" ? null : name === "counter" ? Number(chosen) : chosen);

function CounterOptions({ counters }) {
  return html`<option value="">${t("noCounter")}</option>
    ${counters.map((counter) => html`<option value=${counter.no}>${t("counter", { no: counter.no })}</option>`)}`;
}

function ScreenOptions({ screens, code }) {
  const isKnown = !code || screens.some((screen) => screen.code === code);
  return html`<option value="">${t("byAddress")}</option>
    ${screens.map((screen) => html`<option value=${screen.code}>${LaySo.name(screen.name) || screen.code}</option>`)}
    ${!isKnown && html`<option value=${code}>${t("goneScreen", { code })}</option>`}`;
}

/** What is known of a lobby screen, in words; nothing of before a cut. */
function About({ display, isLive }) {
  const { device, code, row, isUnknown, isSpeaking, shown } = display;
  const report = isLive ? device.report : null;
  const facts = [
    row && (LaySo.name(row.name) || code),
    report && t(`sound.${report.audio}`),
    report && report.size.replace("x", "×"),
    report && report.player && t("player", { version: report.player }),
    report && shown && t("shownNumber", { number: spaced(shown.number), time: LaySo.time(shown.at) }),
  ];
  return html`${report && isSpeaking && html` <span class="pill pill--info">${t("speaking")}</span>`}
    ${isUnknown && html` <span class="pill pill--warn">${t("goneScreen", { code })}</span>`}
    <span class="devices__about">${facts.filter(Boolean).join(" · ")}</span>`;
}

/** What was heard before a cut is not shown as if it were so now. Software asks without staying connected. */
function Connection({ device, isLive, now }) {
  if (device.kind === "integration" && !device.is_connected) {
    return html`<span class="quiet">–</span>`;
  }
  const state = !isLive || device.is_connected === null ? "unknown" : device.is_connected ? "connected" : "gone";
  return html`<span class=${`pill ${LINKS[state]}`} data-link=${state}>${t(`link.${state}`)}</span>
    ${state === "gone" && device.gone_since && html` <span class="devices__since">${t("goneSince", { time: moment(device.gone_since, now) })}</span>`}`;
}

const EMPTY = { code: "", name: "", printer: "", screen: "", counter: "" };

/** Six digits, a name, and what belongs to it: for a dispenser the printer beside it, for a display which screen it is. */
function Pair({ model, ask, isLive, printers, screens, counters }) {
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
      const belonging = { printer: form.printer || null, screen: form.screen || null, counter: valueOf("counter", form.counter) };
      ask("POST", "/pairings/confirm", { code, name, branch: model.branch, ...belonging }, t("paired", { name })).then((isDone) => {
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
      ${screens.length > 0 && html`<div>
        <label class="label" for="screen">${t("pairScreen")}</label>
        <select class="input" id="screen" value=${form.screen} onChange=${put("screen")}><${ScreenOptions} screens=${screens} /></select>
      </div>`}
      <div>
        <label class="label" for="counter">${t("pairCounter")}</label>
        <select class="input" id="counter" value=${form.counter} onChange=${put("counter")}><${CounterOptions} counters=${counters} /></select>
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
