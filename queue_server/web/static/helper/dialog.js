/** One ticket: put right what was asked for, print it again, or take it away with a reason. */
import { html, useLayoutEffect, useRef } from "../vendor/preact-htm.js";
import { TicketNumber, furtherWords } from "./parts.js";
import { NEEDS, t } from "./texts.js";

const ENDS = [
  { name: "void", args: { reason: "mistake" }, words: "void.mistake", states: ["waiting", "called"] },
  { name: "void", args: { reason: "test" }, words: "void.test", states: ["waiting", "called"] },
  { name: "cancel", args: {}, words: "void.gone", states: ["waiting", "called", "held"] },
];

/** A modal <dialog>, which closes on Escape by `close`. */
export function Modal({ children, close }) {
  const element = useRef(null);
  useLayoutEffect(() => element.current.showModal(), []);
  return html`<dialog class="dialog ticket" aria-labelledby="dialog-title" ref=${element} onCancel=${(event) => {
    event.preventDefault();
    close();
  }}>${children}</dialog>`;
}

/** What the keys do. */
export function Keys({ fields, on }) {
  const close = () => on.set({ isHelping: false });
  const width = fields.length > 9 ? 2 : 1;
  return html`<${Modal} close=${close}>
    <h2 class="dialog__title" id="dialog-title">${t("keys")}</h2>
    <dl class="keys">${["digit", "*", "+", "-", ".", "/", "?"].map((key) => html`<div class="keys__line"><dt>${key === "digit" ? t("key.digits", { n: "1".padStart(width, "0") }) : html`<kbd class="key">${key}</kbd>`}</dt><dd>${t(`key.${key}`)}</dd></div>`)}</dl>
    <div class="dialog__foot"><button class="button button--primary" type="button" autofocus onClick=${close}>${t("close")}</button></div>
  <//>`;
}

export function TicketDialog(props) {
  const { model, on } = props;
  const { ticket, isVoiding, problem } = model.dialog;
  const close = () => !model.busy.includes(ticket.id) && on.set({ dialog: null });
  return html`<${Modal} close=${close}>
    <h2 class="dialog__title" id="dialog-title"><${TicketNumber} number=${ticket.number} /> <span class="quiet">${t(`state.${ticket.state}`)}</span></h2>
    <p class="ticket__further" hidden=${ticket.further.length === 0}>${furtherWords(model, ticket)}</p>
    ${isVoiding ? html`<${Ends} ...${props} />` : html`<${Amending} ...${props} />`}
    <p class="notice notice--bad" role="alert" hidden=${!problem}>${problem}</p>
    <${Foot} ...${props} close=${close} />
  <//>`;
}

/** What differs from what the ticket says; to choose the class that was claimed is to confirm it. */
function changes({ ticket, values }) {
  const now = { field: ticket.field, priority: ticket.priority ?? "", dossiers: ticket.dossiers, assistance: ticket.assistance ?? "" };
  const changed = Object.entries(values).filter(([key, value]) => value !== now[key]);
  const args = Object.fromEntries(changed);
  const isConfirming = values.priority && !ticket.is_priority_confirmed;
  return isConfirming ? { ...args, is_priority_confirmed: true } : args;
}

function Amending({ model, fields, on }) {
  const { ticket, values } = model.dialog;
  const choose = (key, value) => on.set({ dialog: { ...model.dialog, values: { ...values, [key]: value }, problem: "" } });
  const options = [
    ["field", fields.map(({ row }) => [row.code, LaySo.name(row.name)]), ticket.field],
    ["priority", [["", t("none")], ...model.facts.classes.map((each) => [each.code, LaySo.name(each.name)])], ticket.priority ?? ""],
    ["assistance", [["", t("none")], ...NEEDS.map((need) => [need, t(`need.${need}`)])], ticket.assistance ?? ""],
  ];
  const count = values.dossiers ?? ticket.dossiers;
  return html`${options.map(([key, choices, now]) => html`<div class="amend" role="group" aria-label=${t(key)} key=${key} data-amend=${key}>
      <p class="label">${t(key)}</p>
      <div class="amend__choices">${choices.map(([value, words]) => html`<button class="chip" type="button" data-value=${value}
        aria-pressed=${String((values[key] ?? now) === value)} onClick=${() => choose(key, value)}>${words}</button>`)}</div></div>`)}
    <label class="amend"><span class="label">${t("dossiers")}</span>
      <input class="input amend__count" type="number" min="1" max="500" value=${count} onInput=${(event) => event.target.validity.valid && choose("dossiers", Number(event.target.value))} /></label>`;
}

function Ends({ model, on }) {
  const { ticket } = model.dialog;
  return html`<p class="label">${t("void.why")}</p><div class="ends">${ENDS.filter((end) => end.states.includes(ticket.state)).map((end) => html`<button
    class="button button--danger" type="button" data-end=${end.words} disabled=${model.busy.includes(ticket.id)}
    onClick=${() => on.send(ticket, end.name, end.args, t("voided", { n: ticket.number }))}>${t(end.words)}</button>`)}</div>`;
}

function Foot({ model, isLive, on, close }) {
  const { ticket, isVoiding } = model.dialog;
  const isOff = !isLive || model.busy.includes(ticket.id);
  const args = changes(model.dialog);
  if (isVoiding) {
    return html`<div class="dialog__foot"><button class="button" type="button" onClick=${() => on.set({ dialog: { ...model.dialog, isVoiding: false, problem: "" } })}>${t("back")}</button></div>`;
  }
  return html`<div class="dialog__foot">
    ${ENDS.some((end) => end.states.includes(ticket.state)) && html`<button class="button button--danger" type="button" data-do="void" disabled=${isOff} onClick=${() => on.set({ dialog: { ...model.dialog, isVoiding: true, problem: "" } })}>${t("void")}</button>`}
    <button class="button" type="button" data-do="reprint" disabled=${isOff} onClick=${() => on.send(ticket, "reprint", { printer: model.printer || null }, t("reprinted", { n: ticket.number }))}>${t("reprint")}</button>
    <button class="button" type="button" onClick=${close}>${t("close")}</button>
    <button class="button button--primary" type="button" data-do="amend" disabled=${isOff || Object.keys(args).length === 0} onClick=${() => on.send(ticket, "amend", args, t("amended", { n: ticket.number }))}>${t("save")}</button>
  </div>`;
}
