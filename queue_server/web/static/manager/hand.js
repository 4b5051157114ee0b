/** A supervisor's hand at somebody else's counter: what is in its clerk's hands, commands on their behalf, another counter. */
import { html, useEffect, useState } from "../vendor/preact-htm.js";
import { Dialog, minutes, spaced } from "./parts.js";
import { t } from "./texts.js";
import { countersOf, secondsSince } from "./view.js";

const NEXT_SHOWN = 5;
const ON = { called: ["start", "recall", "no-show", "return"], serving: ["finish"] };
const UNDONE = new Set(["start", "no-show", "return", "finish"]);

/** Help a counter that is stuck: the clerk's own console follows, and the journal names who pressed. */
export function HandDialog(props) {
  const { model, about, now, command, follow, open, isLive } = props;
  const [view, setView] = useState(null);
  const [last, setLast] = useState(null); // what was done here, while it may be taken back
  useEffect(() => follow(`counter:${model.branch}/${about.no}`, (rows) => setView({ ...rows })), []);
  const desk = view && view.counter && view.counter[about.no];
  if (!desk) {
    return html`<${Dialog} ...${props} title=${t("handTitle", { no: about.no })}><p class="dialog__text" role="status">${t("loading")}</p><//>`;
  }
  const hand = Object.values(view.tickets || {}).find((ticket) => ON[ticket.state]);
  const queue = Object.values(view.queue || {}).sort((a, b) => a.queue_at.localeCompare(b.queue_at));
  const give = (name, ticket) =>
    command(name, { ticket: ticket.id }, t("handDone", { what: t(`do.${name}`), number: spaced(ticket.number) }), true).then((isDone) => {
      setLast(isDone && UNDONE.has(name) ? { ...ticket, until: now.getTime() + desk.undo_s * 1000 } : null);
    });
  const next = () => command("call-next", { branch: model.branch, counter: about.no }, t("handCalled", { no: about.no }), true);
  const isOff = !isLive || model.isBusy;
  const button = (name, work, isFirst) => html`<button class=${`button${isFirst ? " button--primary" : ""}`} type="button" data-do=${name} disabled=${isOff} onClick=${work} key=${name}>${t(`do.${name}`)}</button>`;
  const canUndo = last !== null && now.getTime() < last.until;
  return html`<${Dialog} ...${props} isWide title=${t("handTitle", { no: about.no })}>
    <p class="dialog__text">${t("handHint", { me: model.me, clerk: model.people.names[desk.clerk] || t("noClerk") })}</p>
    <div class="hand" data-hand=${hand ? hand.number : ""}>
      ${hand
        ? html`<p class="hand__number figures">${spaced(hand.number)}</p><p>${LaySo.name(model.board.fields[hand.field].name)} · ${t(`state.${hand.state}`)} ${minutes(secondsSince(hand.since, now))}</p>`
        : html`<p>${t(desk.state === "open" ? "handNobody" : `state.${desk.state}`)}</p>`}
    </div>
    <div class="choices">
      ${hand && ON[hand.state].map((name, index) => button(name, () => give(name, hand), index === 0))}
      ${hand && hand.state === "serving" && html`<button class="button" type="button" disabled=${isOff} onClick=${() => open("endService", { no: about.no, number: hand.number })}>${t("endService")}</button>`}
      ${!hand && desk.state === "open" && queue.length > 0 && button("call-next", next, true)}
      ${canUndo && button("undo", () => give("undo", last))}
    </div>
    <p class="label">${t("handQueue", { n: queue.length })}</p>
    <ol class="hand__queue">${queue.slice(0, NEXT_SHOWN).map((row) => html`<li key=${row.id}><span class="figures">${spaced(row.number)}</span> <span class="quiet">${minutes(secondsSince(row.arrival_at, now))}</span></li>`)}</ol>
  <//>`;
}

/** Where else a clerk may go on: counters at which nobody sits. Their console follows by itself. */
export function MoveDialog(props) {
  const { model, about, command } = props;
  const [to, setTo] = useState(null);
  const counters = countersOf(model.board);
  const from = counters.find((each) => each.no === about.no);
  const free = counters.filter((each) => each.state === "closed" && each.no !== about.no);
  const name = model.people.names[model.people.at[about.no]] || "";
  const confirm = () => command("move", { branch: model.branch, counter: about.no, to }, t("moved", { name, no: to }));
  const fields = (counter) => counter.row.fields.map((code) => LaySo.name(model.board.fields[code].name)).join(", ");
  return html`<${Dialog} ...${props} isWide title=${t("moveTitle", { name })} words=${t("move")} confirm=${confirm} isOff=${to === null || Boolean(from.number)}>
    <p class=${from.number ? "notice notice--warn" : "dialog__text"}>${from.number ? t("moveBusy", { number: spaced(from.number) }) : t("moveHint", { no: about.no })}</p>
    <fieldset class="options options--columns">
      <legend class="label">${t("moveTo")}</legend>
      ${free.map((counter) => html`<label class="option" key=${counter.no}>
        <input type="radio" name="to" value=${counter.no} checked=${to === counter.no} onChange=${() => setTo(counter.no)} />
        <span><strong>${t("counter", { no: counter.no })}</strong><span class="option__hint">${fields(counter)}</span></span>
      </label>`)}
    </fieldset>
    ${free.length === 0 && html`<p class="notice notice--warn">${t("moveNone")}</p>`}
  <//>`;
}
