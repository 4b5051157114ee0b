/**
 * What is written down about the number in hand: codes of its dossiers, typed or scanned, and notes for colleagues. None
 * of it is kept in this browser.
 */
import { codeOf } from "../dispenser/slips.js";
import { html, useEffect, useState } from "../vendor/preact-htm.js";
import { keyOf } from "./keys.js";
import { Key } from "./parts.js";
import { Modal } from "./sheet.js";
import { spaced } from "./sheets.js";
import { t } from "./texts.js";

const NOTE_MAX = 500;
const CODE_MAX = 40;

/** The codes with one more, which stands among them once; the same list for what is no code. Pure. */
export function withCode(codes, text) {
  const code = codeOf(text);
  return code === null || codes.some((each) => bare(each) === bare(code)) ? codes : [...codes, code];
}

const bare = (code) => code.replace(/[.-]/g, "");

export function Paperwork({ model, set, isLive, writeDown }) {
  const { ticket, codes, problem } = model.paperwork;
  const [known, setKnown] = useState({ notes: [], dossiers: [] });
  const [typed, setTyped] = useState("");
  const [note, setNote] = useState("");
  useEffect(() => {
    LaySo.ask("GET", `/tickets/${encodeURIComponent(ticket.id)}/notes`).then(setKnown, () => null);
  }, [ticket.id]);

  const isCode = codeOf(typed) !== null;
  const all = isCode ? withCode(codes, typed) : codes;
  const isBusy = model.busy === "writing";
  const canSave = isLive && !isBusy && (typed.trim() === "" || isCode) && (all.length > 0 || note.trim() !== "");
  const close = () => isBusy || set({ paperwork: null });
  const save = () => canSave && writeDown({ ticket, codes: all, note: note.trim() });
  const setCodes = (list) => set({ paperwork: { ...model.paperwork, codes: list } });
  const add = () => {
    if (isCode) {
      setCodes(all);
      setTyped("");
    }
  };
  const onKeyDown = (event) => {
    if (keyOf(event) === "Enter" && !event.repeat && event.target.matches("input, textarea") && !event.shiftKey) {
      event.preventDefault();
      event.target.id === "dossier-code" && typed.trim() ? add() : save();
    }
  };
  return html`<${Modal} label=${t("paperwork")} onClose=${close} onKeyDown=${onKeyDown} className="sheet paperwork">
    <div class="dialog__body">
      <h2 class="dialog__title">${t("paperwork.title", { n: spaced(ticket.number) })}</h2>
      <label class="label" for="dossier-code">${t("paperwork.code")}</label>
      <input class="input figures" id="dossier-code" data-first="true" autocomplete="off" spellcheck="false" maxlength=${CODE_MAX} value=${typed}
        aria-describedby="dossier-form" aria-invalid=${typed.trim() !== "" && !isCode} onInput=${(event) => setTyped(event.target.value)} />
      <p class=${`quiet small${typed.trim() !== "" && isCode ? " paperwork__right" : ""}`} id="dossier-form" role="status">${t(formOf(typed, isCode))}</p>
      <ul class="paperwork__codes">
        ${known.dossiers.map((code) => html`<li key=${code}><span class="figures">${code}</span> <span class="quiet small">${t("paperwork.recorded")}</span></li>`)}
        ${codes.map((code) => html`<li key=${code}><span class="figures">${code}</span>
          <button class="button button--quiet" type="button" onClick=${() => setCodes(codes.filter((each) => each !== code))}>${t("paperwork.drop")}</button></li>`)}
      </ul>
      <label class="label" for="note">${t("paperwork.note")}</label>
      <textarea class="input paperwork__note" id="note" rows="2" maxlength=${NOTE_MAX} value=${note} onInput=${(event) => setNote(event.target.value)}></textarea>
      <ul class="paperwork__notes">${known.notes.map((each) => html`<li key=${each.at + each.text}>${each.text} <span class="quiet small">${each.name || each.by}, ${LaySo.time(each.at)}</span></li>`)}</ul>
      <p class="notice notice--bad" role="alert" hidden=${!problem}>${problem}</p>
    </div>
    <div class="dialog__foot">
      <button class="button" type="button" disabled=${isBusy} onClick=${close}>${t("cancelSheet")} <${Key} name="Esc" /></button>
      <button class="button button--primary" type="button" data-confirm disabled=${!canSave} aria-busy=${isBusy} onClick=${save}>${t("paperwork.save")} <${Key} name="Enter" /></button>
    </div>
  <//>`;
}

function formOf(typed, isCode) {
  return typed.trim() === "" ? "paperwork.form" : isCode ? "paperwork.right" : "paperwork.wrong";
}
