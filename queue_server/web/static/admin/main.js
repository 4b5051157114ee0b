/** The page of staff, postings and tokens: one model, drawn anew whenever it changes. */
import { LanguageSwitch, Menu } from "../parts.js";
import { signIn, signOut } from "../staff.js";
import { html, render } from "../vendor/preact-htm.js";
import { DIALOGS } from "./dialogs.js";
import { Staff } from "./people.js";
import { t } from "./texts.js";
import { Tokens } from "./tokens.js";

const page = document.documentElement.dataset;
const root = document.getElementById("admin");
const isAdministrator = page.isAdministrator !== undefined;

let model = {
  branch: page.branch,
  branchName: page.branchName,
  me: page.accountName,
  isAdministrator,
  isEverywhere: page.isEverywhere !== undefined,
  isSecondFactorOff: page.secondFactorOff !== undefined,
  tab: "staff",
  staff: null,
  agencies: {},
  today: "",
  day: "",
  query: "",
  devices: null,
  dialog: null,
  problem: "",
  isBusy: false,
};

function set(change) {
  model = { ...model, ...change };
  draw();
}

function draw() {
  const shared = { model, set, open, close, ask };
  const dialog = model.dialog && DIALOGS[model.dialog.name];
  render(html`<div class="admin">
    <${Head} />
    <main class="main">
      ${model.isSecondFactorOff && html`<p class="notice notice--warn" data-second-factor-off>${t("secondFactorOff")}</p>`}
      <${model.tab === "tokens" ? Tokens : Staff} ...${shared} />
    </main>
    ${dialog && html`<${dialog} ...${shared} key=${JSON.stringify(model.dialog)} about=${model.dialog.about} />`}
  </div>`, root);
}

function Head() {
  const lang = LaySo.language() === "en" ? "?lang=en" : "";
  const tab = (name) => html`<a class="tab" href=${`#${name}`} aria-current=${model.tab === name ? "page" : null}>${t(name)}</a>`;
  return html`<header class="page-head head">
    <a class="head__home" href=${`/${lang}`} aria-label="Lấy Số"><img class="page-head__mark" src="/static/mark.svg" alt="" /></a>
    <div class="page-head__names"><h1 class="page-head__branch head__branch">${model.branchName}</h1></div>
    <nav class="tabs">${tab("staff")}${isAdministrator && tab("tokens")}
      <a class="tab" href=${`/manager?branch=${encodeURIComponent(model.branch)}${lang && "&lang=en"}`}>${t("management")}</a></nav>
    <${Menu} who=${model.me}>
      ${page.hasOthers !== undefined && html`<a class="menu__item" href=${`/admin${lang}`}>${t("branches")}</a>`}
      <a class="menu__item" href=${`/account${lang}`}>${t("account")}</a>
      <${LanguageSwitch} />
      <button class="menu__item" type="button" onClick=${() => signOut((problem) => LaySo.toast(problem.detail, "bad"))}>${t("signOut")}</button>
    <//>
  </header>`;
}

function open(name, about = {}) {
  set({ dialog: { name, about }, problem: "" });
}

function close() {
  set({ dialog: null, problem: "" });
}

/**
 * A change over HTTP, one at a time: `done` is said and the dialog closed, unless `take` shows another one with what was
 * answered. A refusal stands where it was asked.
 */
function ask(method, path, body, done, take) {
  if (model.isBusy) {
    return;
  }
  set({ isBusy: true, problem: "" });
  LaySo.ask(method, path, body).then(
    (answer) => {
      set({ isBusy: false, dialog: null });
      if (done) {
        LaySo.toast(done, "ok");
      }
      if (take) {
        take(answer);
      }
      load();
    },
    (problem) => (problem.status === 401 ? signIn() : set({ isBusy: false, problem: problem.detail })),
  );
}

function load() {
  const refused = (problem) => (problem.status === 401 ? signIn() : LaySo.toast(problem.detail, "bad"));
  LaySo.ask("GET", `/branches/${encodeURIComponent(model.branch)}/staff`).then((found) => set({ ...found, day: model.day || found.today }), refused);
  if (isAdministrator) {
    LaySo.ask("GET", "/devices").then((found) => set({ devices: found.devices.filter(({ branch, revoked_at: end }) => end === null && (branch === null || branch === model.branch)) }), refused);
  }
}

function turn() {
  set({ tab: isAdministrator && location.hash === "#tokens" ? "tokens" : "staff", dialog: null });
}

window.addEventListener("hashchange", turn);
turn();
load();
