/** What might be done about the queues, each with what it would bring; one press does it. */
import { html } from "../vendor/preact-htm.js";
import { Dialog } from "./parts.js";
import { t } from "./texts.js";
import { adviceState, broughtBy } from "./view.js";

const SHOWN = 2; // the others are there for whoever asks
const NAMED_MOST = 2; // fields of a counter in one sentence

export function Advice({ model, fields, open, isLive, pointAt, isAdviceHeld }) {
  const { advice } = model;
  const state = adviceState(advice, fields);
  const list = (some) => html`<ul>${some.map((each) => html`<${One} each=${each} model=${model} isLive=${isLive} key=${keyOf(each)} take=${() => open("advice", { each })} />`)}</ul>`;
  return html`<section class="card advice" aria-labelledby="advice" data-advice=${state} onPointerEnter=${() => pointAt(true)} onPointerLeave=${() => pointAt(false)}>
    <div class="card__head">
      <h2 id="advice">${t("advice")}</h2>
      ${advice && advice.at && html`<p class="quiet">${t("adviceAt", { time: LaySo.time(advice.at) })}</p>`}
    </div>
    ${advice && advice.asked.length > 0 && html`<ul>${advice.asked.map((each) => html`<li class="advice__asked" key=${each.branch + each.at} data-asked=${each.branch}>${askedWords(each, model)}</li>`)}</ul>`}
    ${state === "some"
      ? html`${list(advice.advice.slice(0, SHOWN))}
          ${advice.advice.length > SHOWN && html`<details class="advice__more">
            <summary>${t("adviceMore", { n: advice.advice.length - SHOWN })}</summary>${list(advice.advice.slice(SHOWN))}
          </details>`}`
      : html`<p class="advice__none" role="status">${t(`advice.${state}`)}</p>`}
    ${isAdviceHeld && html`<p class="advice__held">${t("adviceHeld")}</p>`}
  </section>`;
}

const keyOf = (each) => `${each.kind} ${each.no} ${each.fields} ${each.lender}`;

function One({ each, model, isLive, take }) {
  return html`<li class="advice__one" data-kind=${each.kind}>
    <div class="advice__words">
      <p class="advice__what">${adviceWords(each, model)}</p>
      ${effectOf(each).map((words) => html`<p class="advice__effect">${words}</p>`)}
      ${each.kind === "lend" && html`<p class="quiet small">${costWords(each)}</p>`}
    </div>
    <button class="button" type="button" disabled=${!isLive} onClick=${take} aria-label=${t("adviceDoOf", { advice: adviceWords(each, model) })}>${t("adviceDo")}</button>
  </li>`;
}

/** "Mở quầy 7 cho Đất đai": of an advice, or of what a report says was taken. */
export function adviceWords(each, model) {
  return t(`advise.${each.kind}`, { no: each.no || each.counter, fields: fieldNames(each, model), branch: lenderOf(each) });
}

function fieldNames({ fields }, model) {
  const row = (code) => model.board.fields[code];
  const names = fields.map((code) => (row(code) ? LaySo.name(row(code).name) : code));
  const named = names.slice(0, NAMED_MOST).join(", ");
  return names.length > NAMED_MOST ? t("andMore", { fields: named, n: names.length - NAMED_MOST }) : named;
}

const lenderOf = (each) => (each.lender_name ? LaySo.name(each.lender_name) : t("anotherBranch"));

/** "Chi nhánh B mượn 1 người cho Đất đai, từ 09:41": somebody asks us. */
const askedWords = (each, model) =>
  t("adviceAsked", { branch: LaySo.name(each.name), fields: fieldNames(each, model), time: LaySo.time(each.at), until: LaySo.time(each.until) });

/** "12 người đang chờ và sắp đến: bớt khoảng 9 phút mỗi người", and who is called before closing after all; of a counter to close, how little it is missed. */
function effectOf(each) {
  const { people, minutes, served, whole } = broughtBy(each);
  if (each.kind === "close") {
    return [t(minutes < 0 ? "adviceLonger" : "adviceNoLonger", { n: people, m: -minutes })];
  }
  const said = [
    minutes > 0 && t("adviceEffect", { n: people, m: minutes }),
    served > 0 && t("adviceServed", { n: served }),
  ].filter(Boolean);
  return said.length > 0 ? said : [t("adviceWhole", { m: whole })];
}

function costWords(each) {
  const branch = lenderOf(each);
  const minutes = Math.round((each.lender_after.mean_s - each.lender_before.mean_s) / 60);
  return minutes > 0 ? t("adviceCost", { branch, n: Math.round(each.lender_before.people), m: minutes }) : t("adviceNoCost", { branch });
}

/** Do it: the server gives the counter the fields, or notes that somebody is on the way; and what was foreseen. */
export function AdviceDialog(props) {
  const { model, about, command } = props;
  const { each } = about;
  const asked = { branch: model.branch, kind: each.kind, fields: each.fields, foreseen: each.foreseen };
  const where = each.lender ? { lender: each.lender } : { counter: each.no };
  const title = adviceWords(each, model);
  const confirm = () => command("take-advice", { ...asked, ...where }, t(`adviceTaken.${each.kind}`, { no: each.no }));
  return html`<${Dialog} ...${props} title=${title} words=${t(`adviceDo.${each.kind}`)} confirm=${confirm}>
    ${effectOf(each).map((words) => html`<p><strong>${words}</strong></p>`)}
    ${each.kind !== "close" && html`<p class="quiet">${t("adviceMean", {
      until: LaySo.time(each.foreseen.until),
      without: Math.round(each.foreseen.without_s / 60),
      with: Math.round(each.foreseen.with_s / 60),
    })}</p>`}
    <p class="dialog__text">${t(`adviceHint.${each.kind}`, { no: each.no, branch: lenderOf(each) })}</p>
  <//>`;
}
