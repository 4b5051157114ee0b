/** Small parts that several views use. */
import { html } from "../vendor/preact-htm.js";
import { t } from "./texts.js";

/** A ticket's number, letter and digits apart. */
export function TicketNumber({ number }) {
  const [letter, digits] = LaySo.numberParts(number);
  return html`<span class="number">${letter && html`<span class="number__letter">${letter}</span>`}<span class="number__digits">${digits}</span></span>`;
}

export function fieldName(model, code) {
  const row = model.board.fields?.[code];
  return row ? LaySo.name(row.name) : "";
}

/** "Sau đó: Thu phí", or null for a visit that ends after this field. */
export function furtherWords(model, { further }) {
  return further.length ? t("further", { names: further.map((code) => fieldName(model, code)).join(", ") }) : null;
}

export function className(model, code) {
  const found = model.facts.classes.find((each) => each.code === code);
  return found ? LaySo.name(found.name) : "";
}

/** The language's name in the page's language. */
export function languageName(code) {
  return new Intl.DisplayNames([LaySo.language()], { type: "language" }).of(code) || "";
}
