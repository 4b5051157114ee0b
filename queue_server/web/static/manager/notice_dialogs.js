/** A notice is described, shown at once, or removed. */
import { html, useState } from "../vendor/preact-htm.js";
import { n } from "./notice_texts.js";
import { faultsOf, formOf, noticeOf, WEEKDAYS, withNotice } from "./notice_rules.js";
import { save } from "./notices.js";
import { Dialog } from "./parts.js";

export function NoticeDialog(props) {
  const { model, about } = props;
  const all = model.notices.notices;
  const isNew = !all.some((each) => each.code === about.notice.code);
  const [form, setForm] = useState(() => formOf(about.notice));
  const [isAsked, setAsked] = useState(false);
  const faults = faultsOf(form);
  const confirm = () => {
    setAsked(true);
    if (Object.keys(faults).length === 0) {
      save(props, withNotice(all, noticeOf(about.notice, form)), n("saved"));
    }
  };
  const put = (name) => (event) => setForm({ ...form, [name]: event.target.value });
  const tick = (name, value) => () => setForm({ ...form, [name]: form[name].includes(value) ? form[name].filter((each) => each !== value) : [...form[name], value] });
  const shared = { form, put, fault: (name) => (isAsked && faults[name] ? n(faults[name]) : "") };
  const screens = Object.values(model.board.screens || {}).filter((screen) => screen.layout === "split");
  const { kind } = about.notice;
  return html`<${Dialog} ...${props} isWide title=${n(isNew ? "newTitle" : "editTitle")} words=${n("save")} confirm=${confirm}>
    <${Box} ...${shared} name="title" isFirst />
    <${Box} ...${shared} name="titleEn" lang="en" />
    ${kind === "text" && html`<${Box} ...${shared} name="lines" rows="3" /><${Box} ...${shared} name="linesEn" rows="3" lang="en" />`}
    <div class="notices__pair">
      <${Box} ...${shared} name="first" label="firstDay" hint="dayHint" />
      <${Box} ...${shared} name="last" label="lastDay" hint="dayHint" />
    </div>
    <${Ticks} name="weekdays" hint="anyDay" values=${WEEKDAYS.map((day) => [day, n(`day.${day}`)])} chosen=${form.weekdays} tick=${tick} />
    <div class="notices__pair">
      <${Box} ...${shared} name="hours" hint="hoursHint" />
      ${kind !== "video" && html`<${Box} ...${shared} name="seconds" inputmode="numeric" />`}
    </div>
    ${screens.length > 0 && html`<${Ticks} name="screens" hint="anyScreen" values=${screens.map((screen) => [screen.code, LaySo.name(screen.name) || screen.code])} chosen=${form.screens} tick=${tick} />`}
  <//>`;
}

function Box({ form, put, fault, name, label, hint, rows, isFirst, lang, inputmode }) {
  const words = fault(name);
  const shared = {
    class: "input", id: `notice-${name}`, name, value: form[name], maxlength: rows ? 1700 : 200, lang: lang || null, "data-first": isFirst || null,
    autocomplete: "off", "aria-invalid": words !== "", "aria-describedby": `notice-fault-${name}`, onInput: put(name),
  };
  return html`<div class="notices__box">
    <label class="label" for=${shared.id}>${n(label || name)}</label>
    ${rows ? html`<textarea ...${shared} rows=${rows}></textarea>` : html`<input ...${shared} inputmode=${inputmode || null} />`}
    ${hint && html`<p class="quiet">${n(hint)}</p>`}
    <p class="fault" id=${shared["aria-describedby"]} role="alert">${words}</p>
  </div>`;
}

function Ticks({ name, hint, values, chosen, tick }) {
  return html`<fieldset class="notices__box">
    <legend class="label">${n(name)}</legend>
    <div class="chips">
      ${values.map(([value, words]) => html`<button class="chip" type="button" aria-pressed=${chosen.includes(value)} onClick=${tick(name, value)}>${words}</button>`)}
    </div>
    <p class="quiet">${n(hint)}</p>
  </fieldset>`;
}

export function NoticeUrgentDialog(props) {
  const { model, about } = props;
  const title = LaySo.name(about.notice.title);
  const confirm = () => save(props, withNotice(model.notices.notices, { ...about.notice, is_priority: true }), n("shownNow", { title }));
  return html`<${Dialog} ...${props} title=${n("urgentTitle", { title })} words=${n("showNow")} confirm=${confirm}>
    <p class="dialog__text">${n("urgentHint")}</p>
  <//>`;
}

export function NoticeRemoveDialog(props) {
  const { model, about } = props;
  const title = LaySo.name(about.notice.title);
  const confirm = () => save(props, model.notices.notices.filter((each) => each.code !== about.notice.code), n("removed", { title }));
  return html`<${Dialog} ...${props} title=${n("removeTitle", { title })} words=${n("remove")} confirm=${confirm} isDanger>
    <p class="dialog__text">${n("removeHint")}</p>
  <//>`;
}
