/** The screen: head, the day, its figures, what needs somebody, fields and counters. */
import { isContrast, toggleContrast } from "../contrast.js";
import { Connection, LanguageSwitch, Menu } from "../parts.js";
import { html } from "../vendor/preact-htm.js";
import { Advice } from "./advice.js";
import { Care, Faults, Well } from "./care.js";
import { Devices } from "./devices.js";
import { DIALOGS } from "./dialogs.js";
import { Fields } from "./fields.js";
import { Taken, Told } from "./looking_back.js";
import { n } from "./notice_texts.js";
import { Notices } from "./notices.js";
import { minutes, spaced, spans } from "./parts.js";
import { t } from "./texts.js";
import { countersOf, fieldsOf, inOrder, isLongAt, longestOf, secondsSince, share, tally } from "./view.js";

const WORRY_SHARE = 30; // percent of the day's people; above it a share is shown as a worry

const TABS = { now: Now, devices: Devices, notices: Notices };

export function Screen(props) {
  const { model } = props;
  const dialog = model.dialog && DIALOGS[model.dialog.name];
  return html`<div class="manager">
    <${Head} ...${props} />
    <${TABS[model.tab]} ...${props} />
    ${dialog && html`<${dialog} ...${props} key=${JSON.stringify(model.dialog)} about=${model.dialog.about} />`}
  </div>`;
}

function Head({ model, now, signOut }) {
  const tab = (name, href, words) => html`<a class="tab" href=${href} aria-current=${model.tab === name ? "page" : null}>${words}</a>`;
  const day = model.board.day && model.board.day.today;
  const lang = LaySo.language() === "en" ? "?lang=en" : "";
  return html`<header class="page-head head">
    <a class="head__home" href=${`/${lang}`} aria-label="Lấy Số"><img class="page-head__mark" src="/static/mark.svg" alt="" /></a>
    <div class="page-head__names">
      ${day && html`<p class="page-head__organisation">${LaySo.name(day.organisation)}</p>`}
      <h1 class="page-head__branch head__branch">${day ? LaySo.name(day.branch) : model.branchName}</h1>
    </div>
    <nav class="tabs">
      ${tab("now", "#", t("title"))}
      ${model.hasDevices && tab("devices", "#devices", t("devices"))}
      ${model.hasNotices && tab("notices", "#notices", n("tab"))}
      ${day && html`<a class="tab" href=${`/report/${encodeURIComponent(model.branch)}/${day.date}${lang}`}>${t("report")}</a>`}
    </nav>
    <div class="page-head__tools head__tools">
      <${Connection} model=${model} />
      <span class="clock">${LaySo.time(now)}</span>
      <${Menu} who=${model.me}>
        ${model.hasOthers && html`<a class="menu__item" href=${`/manager?branch=${lang.replace("?", "&")}`}>${t("others")}</a>`}
        <button class="menu__item" type="button" aria-pressed=${isContrast()} onClick=${toggleContrast}>${t("contrast")}</button>
        ${model.hasDevices && html`<a class="menu__item" href=${`/admin?branch=${encodeURIComponent(model.branch)}${lang && "&lang=en"}`}>${t("staff")}</a>`}
        <a class="menu__item" href=${`/account${lang}`}>${t("account")}</a>
        <${LanguageSwitch} />
        <button class="menu__item" type="button" onClick=${signOut}>${t("signOut")}</button>
      <//>
    </div>
  </header>`;
}

function Now(props) {
  const { model, now, isLive } = props;
  if (!model.live || !model.board.fields) {
    return html`<main class="main"><p class="empty" role="status">${t("loading")}</p></main>`;
  }
  const day = model.board.day && model.board.day.today;
  const fields = fieldsOf(model.live, model.board, now);
  const counters = countersOf(model.board);
  const isOver = !day || day.ended_at !== null;
  const more = { ...props, day, fields, counters, isOver };
  return html`<main class=${`main${isLive || !model.status ? "" : " main--stale"}`}>
    ${!isLive && model.status && html`<p class="notice notice--warn stale" role="status">${t("stale", { time: LaySo.time(model.status.since) })}</p>`}
    <${Day} ...${more} />
    <${Figures} ...${more} />
    ${!isOver && html`<${Care} ...${more} />`}
    <${Faults} ...${more} />
    <div class="columns">
      <div class="column">
        <${Fields} ...${more} fields=${inOrder(fields, model.order)} />
        <${Taken} ...${more} />
      </div>
      <div class="column">
        ${!isOver && html`<${Advice} ...${more} />`}
        <${Counters} ...${more} />
        <${Told} ...${more} />
      </div>
    </div>
    <${Well} ...${more} />
  </main>`;
}

// -- the day ------------------------------------------------------------------------------------------------------------------

function Day({ day, isOver, isLive, open }) {
  if (!day) {
    return html`<section class="day"><p><strong>${t("notOpen")}</strong> ${t("notOpenHint")}</p></section>`;
  }
  return html`<section class="day">
    <div class="day__hours">
      ${day.ended_at
        ? html`<p><strong>${t("ended", { time: LaySo.time(day.ended_at) })}</strong> ${t("endedHint")}</p>`
        : html`<p><strong>${t("today")}</strong> ${dateOf(day.date)} <span class="day__sep">·</span> ${t("working")} <span class="figures">${spans(day.working) || t("closedToday")}</span> ${" "}
          <span class="day__sep">·</span> ${t("issuing")} <span class="figures">${spans(day.issuing) || t("none")}</span></p>`}
      ${day.reason && html`<p class="quiet">${t("changed", { reason: LaySo.name(day.reason) })}</p>`}
    </div>
    ${!isOver && html`<div class="day__do">
      <button class="button" type="button" disabled=${!isLive} onClick=${() => open("hours", { field: "" })}>${t("changeHours")}</button>
      <button class="button" type="button" disabled=${!isLive} onClick=${() => open("endDay")}>${t("endDay")}</button>
    </div>`}
  </section>`;
}

/** "2026-11-23" → "23/11/2026" */
const dateOf = (date) => date.split("-").reverse().join("/");

// -- figures --------------------------------------------------------------------------------------------------------------------

function Figures({ model, fields, isOver }) {
  const { live } = model;
  const longest = isOver ? null : longestOf(fields);
  const over = (minute, people) => {
    const percent = share(people, live.issued - live.voided);
    return html`<${Figure} name=${`over_${minute}`} label=${t("over", { n: minute })} more=${t("people", { n: people })} level=${percent >= WORRY_SHARE ? (minute > 15 ? "bad" : "warn") : ""}>
      ${percent}<small>%</small>
    <//>`;
  };
  return html`<section class="figures-row" aria-label=${t("today")}>
    <${Figure} name="issued" label=${t("issued")} more=${live.voided > 0 && t("voided", { n: live.voided })}>${live.issued - live.voided}<//>
    <${Figure} name="waiting" label=${t("waiting")}>${live.waiting}<//>
    <${Figure} name="serving" label=${t("serving")} more=${t("servingMore", { called: live.called, held: live.held })}>${live.serving}<//>
    <${Figure} name="finished" label=${t("finished")}>${live.finished}<//>
    <${Figure} name="no_show" label=${t("noShow")} more=${t("cancelledMore", { n: live.cancelled })}>${live.no_show}<//>
    <${Figure} name="longest" label=${t("longest")} isWide level=${longest ? longest.level : ""} more=${longest ? LaySo.name(longest.row.name) : t("nobody")}>
      ${longest ? minutes(longest.age_s) : "–"}
    <//>
    ${over(15, live.over_15)} ${over(30, live.over_30)}
  </section>`;
}

function Figure({ name, label, more, level, isWide, children }) {
  return html`<div class=${`figure-tile${level ? ` figure-tile--${level}` : ""}${isWide ? " figure-tile--wide" : ""}`} data-figure=${name}>
    <p class="figure-tile__label">${label}</p>
    <p class="figure-tile__value">${children}</p>
    <p class="figure-tile__more">${more || "\u00a0"}</p>
  </div>`;
}

// -- counters -------------------------------------------------------------------------------------------------------------------

function Counters({ model, counters, now, open, isOver }) {
  return html`<section class="card counters" aria-labelledby="counters">
    <div class="card__head">
      <h2 id="counters">${t("counters")}</h2>
      <p class="quiet">${t("counterCount", tally(counters))}</p>
    </div>
    <ul class="squares">
      ${counters.map((counter) => html`<li key=${counter.no}><${Square} counter=${counter} now=${now} name=${model.people.names[model.people.at[counter.no]]} clerk=${model.people.at[counter.no]}
        open=${() => open("counter", { no: counter.no })} isOver=${isOver} /></li>`)}
    </ul>
  </section>`;
}

/** Colleagues call each other by the last word of their names; a program has none. */
function shortName(name, clerk) {
  const isProgram = (clerk || "").startsWith("device:");
  return (isProgram ? name : (name || "").trim().split(/\s+/).pop()) || "\u00a0";
}

function Square({ counter, now, name, clerk, open, isOver }) {
  const seconds = counter.since ? secondsSince(counter.since, now) : 0;
  const isCalled = counter.state === "called";
  const time = counter.since && counter.state !== "closed" ? (seconds < 60 ? (isCalled ? "" : t("justNow")) : minutes(seconds)) : "";
  const words = t(`state.${counter.state}`);
  const isLong = isLongAt(counter, now);
  const label = [t("counter", { no: counter.no }), words, counter.number && spaced(counter.number), time, name].filter(Boolean).join(", ");
  return html`<button class=${`square square--${counter.state}${isLong ? " square--long" : ""}`} type="button" aria-label=${label} title=${name || ""}
    data-counter=${counter.no} disabled=${isOver} onClick=${open}>
    <span class="square__no">${counter.no}</span>
    <span class="square__state">${isCalled || counter.state === "serving" ? spaced(counter.number) : words}</span>
    <span class="square__who">${shortName(name, clerk)}</span>
    <span class="square__time">${[isCalled && words, time].filter(Boolean).join(" ") || "\u00a0"}</span>
  </button>`;
}
