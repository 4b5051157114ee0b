/** What is seen: a sleeping face with the counter's number, four faces, reasons, thanks. */
import { html, useLayoutEffect, useRef } from "../vendor/preact-htm.js";
import { isLower, LEVELS } from "./rules.js";
import { telex } from "./telex.js";
import { t } from "./texts.js";

/** Mouths of the four levels, and of the one that sleeps; each face differs by its shape, not only by its colour. */
const MOUTHS = {
  very_satisfied: "M26 58 Q50 92 74 58 Z",
  satisfied: "M28 62 Q50 80 72 62",
  neutral: "M30 68 L70 68",
  dissatisfied: "M28 76 Q50 56 72 76",
  asleep: "M36 66 Q50 74 64 66",
};
const EYES = { asleep: ["M28 42 Q35 49 42 42", "M58 42 Q65 49 72 42"], very_satisfied: ["M28 44 Q35 34 42 44", "M58 44 Q65 34 72 44"] };

export function Face({ of }) {
  const eyes = EYES[of];
  return html`<svg class=${`face face--${of}`} viewBox="0 0 100 100" aria-hidden="true">
    <circle class="face__head" cx="50" cy="50" r="46" />
    ${eyes ? eyes.map((d) => html`<path class="face__line" d=${d} />`) : [35, 65].map((x) => html`<circle class="face__eye" cx=${x} cy="41" r="5" />`)}
    <path class=${of === "very_satisfied" ? "face__mouth" : "face__line"} d=${MOUTHS[of]} />
  </svg>`;
}

export function Screen(props) {
  const { state, asking } = props;
  const Shown = !asking ? NoCounter : { asleep: Asleep, levels: Levels, reasons: state.isTyping ? Writing : Reasons, thanks: Thanks }[state.screen];
  return html`<div class="rating" data-screen=${asking ? state.screen : "none"}>
    ${asking && state.screen !== "asleep" && html`<${Head} ...${props} />`}
    <${Shown} ...${props} />
  </div>`;
}

function Head({ state, asking, on }) {
  const other = LaySo.language() === "vi" ? "en" : "vi";
  return html`<header class="rating__head">
    <p class="rating__where">${t("counter", { no: asking.no })}${state.visit && html` · <span class="figures">${t("forNumber", { number: LaySo.numberParts(state.visit.number).filter(Boolean).join(" ") })}</span>`}</p>
    ${state.screen !== "thanks" && html`<button class="button" type="button" lang=${other} data-key="language" onClick=${() => on.language(other)}>${LaySo.languageName(other)}</button>`}
  </header>`;
}

function NoCounter() {
  return html`<main class="rating__stage rating__stage--still"><${Face} of="asleep" /><h1>${t("noCounter")}</h1><p class="rating__how">${t("noCounterHow")}</p></main>`;
}

function Asleep({ asking }) {
  return html`<main class="rating__stage rating__stage--still">
    <p class="rating__organisation">${LaySo.name(asking.branch)}</p>
    <${Face} of="asleep" />
    <h1 class="rating__counter">${t("counter", { no: asking.no })}</h1>
    <p class="rating__how">${t("asleepHow")}</p>
  </main>`;
}

/** The heading has the focus, so that a screen reader begins there and no level is chosen by a stray Enter. */
function Title({ words }) {
  const element = useRef(null);
  useLayoutEffect(() => element.current.focus({ preventScroll: true }), []);
  return html`<h1 class="rating__question" tabindex="-1" ref=${element}>${words}</h1>`;
}

function Levels({ on }) {
  return html`<main class="rating__stage" key="levels">
    <${Title} words=${t("question")} />
    <div class="levels" role="group" aria-label=${t("question")}>
      ${LEVELS.map((level) => html`<button class=${`level level--${level}`} type="button" data-level=${level} onClick=${() => on.level(level)} key=${level}>
        <${Face} of=${level} /><span class="level__name">${t(`level.${level}`)}</span>
      </button>`)}
    </div>
    <p class="rating__how">${t("anonymous")}</p>
  </main>`;
}

function Reasons({ state, asking, on }) {
  return html`<main class="rating__stage" key="reasons">
    <${Title} words=${t(isLower(state.level) ? "why" : "whyGood")} />
    <p class="rating__how">${t("several")}</p>
    <ul class="reasons">
      ${asking.reasons.map((reason) => html`<li key=${reason.code}><button class="reason" type="button" data-reason=${reason.code} aria-pressed=${String(state.reasons.includes(reason.code))} onClick=${() => on.reason(reason.code)}>
        <span class="reason__box" aria-hidden="true">${state.reasons.includes(reason.code) ? "✓" : ""}</span><span>${LaySo.name(reason.name)}</span>
      </button></li>`)}
    </ul>
    <div class="rating__foot">
      <button class="button button--big" type="button" data-key="back" onClick=${on.back}>${t("back")}</button>
      ${asking.takes_comments && html`<button class="button button--big" type="button" data-key="write" onClick=${on.write}>${t(state.comment ? "writeMore" : "write")}</button>`}
      <button class="button button--big button--primary" type="button" data-key="send" onClick=${on.send}>${t(state.reasons.length || state.comment.trim() ? "send" : "skip")}</button>
    </div>
  </main>`;
}

const ROWS = ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm,."];

/** Words of one's own: with a real keyboard, or on keys of the screen, where Telex makes the letters (dd, aa, s …). */
function Writing({ state, on }) {
  const made = LaySo.language() === "vi" ? telex : (text) => text;
  const press = (key) => () => on.typed(made(state.comment + key));
  const key = (letter) => html`<button class="key-cap" type="button" key=${letter} data-letter=${letter} onClick=${press(letter)}>${letter}</button>`;
  return html`<main class="rating__stage rating__stage--writing" key="writing"><div class="comment">
    <label class="comment__label" for="comment">${t("comment")}</label>
    <input class="input comment__words" id="comment" inputmode="none" autocomplete="off" maxlength="300" value=${state.comment} onInput=${(event) => on.typed(event.target.value)} />
    <div class="comment__keys" role="group" aria-label=${t("keyboard")} onMouseDown=${(event) => event.preventDefault()}>
      ${ROWS.map((row) => html`<div class="comment__row">${[...row].map(key)}</div>`)}
      <div class="comment__row">
        <button class="key-cap key-cap--wide" type="button" data-letter="space" onClick=${press(" ")}>${t("space")}</button>
        <button class="key-cap key-cap--wide" type="button" data-letter="delete" onClick=${() => on.typed(state.comment.slice(0, -1))}>${t("delete")}</button>
      </div>
    </div>
    </div>
    <div class="rating__foot">
      <button class="button button--big" type="button" data-key="written" onClick=${on.write}>${t("back")}</button>
      <button class="button button--big button--primary" type="button" data-key="send" onClick=${on.send}>${t("send")}</button>
    </div>
  </main>`;
}

function Thanks({ state }) {
  return html`<main class="rating__stage rating__stage--still" role="status" key="thanks">
    <${Face} of=${isLower(state.level) ? "satisfied" : state.level} /><h1>${t("thanks")}</h1><p class="rating__how">${t("thanksHow")}</p>
  </main>`;
}
