/** One's own account: what it owes first, its password, its second factor, where it is signed in. */
import { Sessions, Text } from "../admin/parts.js";
import { signIn } from "../staff.js";
import { html, render, useState } from "../vendor/preact-htm.js";
import { t } from "./texts.js";

const root = document.getElementById("account");
const next = document.documentElement.dataset.next || "/";
let model = { account: null, codes: null, enrolment: null, problem: {}, isBusy: false };

function set(change) {
  model = { ...model, ...change };
  draw();
}

/** One thing at a time; a refusal stands in the card (`where`) where it was asked. */
function ask(where, method, path, body, take) {
  if (model.isBusy) {
    return;
  }
  set({ isBusy: true, problem: {} });
  LaySo.ask(method, path, body).then(
    (answer) => {
      set({ isBusy: false });
      take(answer);
    },
    (problem) => (problem.status === 401 ? signIn() : set({ isBusy: false, problem: { [where]: problem.detail } })),
  );
}

function load() {
  return LaySo.ask("GET", "/account").then(
    (account) => set({ account }),
    (problem) => (problem.status === 401 ? signIn() : LaySo.toast(problem.detail, "bad")),
  );
}

/** Something that was owed is done: on to where one wanted to go, unless something else is owed. */
function goOn(said, signedIn) {
  if (model.account.owes && signedIn && !signedIn.owes) {
    location.replace(next);
    return;
  }
  LaySo.toast(said, "ok");
  load();
}

function draw() {
  const { account } = model;
  render(account === null
    ? html`<p class="empty" role="status">${t("loading")}</p>`
    : html`<main class="own">
      <div><h1>${account.name}</h1><p class="quiet">${account.username}</p></div>
      ${account.owes && html`<p class="notice notice--warn" data-owes=${account.owes}>${t(`owes.${account.owes}`)}</p>`}
      ${account.owes !== "second-factor" && !model.codes && html`<${Password} />`}
      ${account.owes !== "password" && html`<${SecondFactor} />`}
      ${!account.owes && !model.codes && html`<${Signed} />`}
    </main>`, root);
}

function Problem({ where }) {
  return html`<p class="notice notice--bad" role="alert" hidden=${!model.problem[where]}>${model.problem[where]}</p>`;
}

function Submit({ words, isOff }) {
  return html`<button class="button button--primary" type="submit" disabled=${isOff} aria-busy=${model.isBusy}>${words}</button>`;
}

const submitting = (work) => (event) => {
  event.preventDefault();
  work();
};

function Password() {
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [again, setAgain] = useState("");
  const isDifferent = again !== "" && again !== fresh;
  const change = () => old && fresh && again === fresh && ask("password", "POST", "/account/password", { old, new: fresh }, (signedIn) => {
    [setOld, setFresh, setAgain].forEach((clear) => clear(""));
    goOn(t("passwordChanged"), signedIn);
  });
  return html`<section class="card" aria-labelledby="password"><form class="stack" onSubmit=${submitting(change)} novalidate>
    <h2 id="password">${t("password")}</h2>
    <${Text} id="old" type="password" label=${t("old")} value=${old} onChange=${setOld} autocomplete="current-password" />
    <${Text} id="new" type="password" label=${t("new")} hint=${t("passwordHint")} value=${fresh} onChange=${setFresh} autocomplete="new-password" />
    <${Text} id="again" type="password" label=${t("again")} hint=${isDifferent ? t("different") : null} aria-invalid=${isDifferent} value=${again} onChange=${setAgain} autocomplete="new-password" />
    <${Problem} where="password" />
    <${Submit} words=${t("changePassword")} isOff=${!old || !fresh || again !== fresh} />
  </form></section>`;
}

function SecondFactor() {
  const { account, codes, enrolment } = model;
  return html`<section class="card" aria-labelledby="factor"><div class="stack">
    <h2 id="factor">${t("factor")}</h2>
    ${codes ? html`<${Codes} />` : enrolment ? html`<${Enrol} />` : account.has_second_factor ? html`<${Has} />` : html`<${Has} isMissing />`}
  </div></section>`;
}

function Has({ isMissing }) {
  const [password, setPassword] = useState("");
  if (isMissing) {
    return html`<p>${t("factorHint")}</p><${Problem} where="factor" />
      <button class="button button--primary" type="button" aria-busy=${model.isBusy} onClick=${() => ask("factor", "POST", "/account/second-factor", {}, (enrolment) => set({ enrolment }))}>${t("begin")}</button>`;
  }
  const remove = () => ask("factor", "DELETE", "/account/second-factor", { password }, () => goOn(t("removed"), null));
  return html`<p><span class="pill pill--ok">${t("factorOn")}</span></p>
    ${model.account.role !== "administrator" && html`<form class="stack" onSubmit=${submitting(remove)} novalidate>
      <${Text} id="factor-password" type="password" label=${t("removeHint")} value=${password} onChange=${setPassword} autocomplete="current-password" />
      <${Problem} where="factor" />
      <button class="button" type="submit" disabled=${!password} aria-busy=${model.isBusy}>${t("remove")}</button>
    </form>`}`;
}

function Enrol() {
  const { enrolment } = model;
  const [code, setCode] = useState("");
  const confirm = () => code && ask("factor", "PUT", "/account/second-factor", { code }, ({ codes }) => {
    set({ codes, enrolment: null });
    LaySo.toast(t("factorPut"), "ok");
  });
  return html`<div class="enrol">
    <img class="enrol__picture" src=${enrolment.picture} alt=${t("picture")} />
    <form class="stack" onSubmit=${submitting(confirm)} novalidate>
      <p>${t("scan")}</p>
      <p class="enrol__key" data-secret=${enrolment.secret}>${enrolment.secret.replace(/(.{4})/g, "$1 ").trim()}</p>
      <${Text} id="code" label=${t("code")} value=${code} onChange=${setCode} inputmode="numeric" autocomplete="one-time-code" maxlength="9" />
      <${Problem} where="factor" />
      <${Submit} words=${t("confirm")} isOff=${!code.trim()} />
    </form>
  </div>`;
}

function Codes() {
  const [isKept, setIsKept] = useState(false);
  const leave = () => (model.account.owes ? location.replace(next) : set({ codes: null }) || load());
  return html`<p class="notice notice--warn">${t("codesHint")}</p>
    <ul class="codes">${model.codes.map((code) => html`<li>${code}</li>`)}</ul>
    <label class="option"><input type="checkbox" checked=${isKept} onChange=${(event) => setIsKept(event.target.checked)} /> ${t("kept")}</label>
    <div class="card__do"><button class="button" type="button" onClick=${() => window.print()}>${t("print")}</button>
      <button class="button button--primary" type="button" data-done disabled=${!isKept} onClick=${leave}>${t("goOn")}</button></div>`;
}

function Signed() {
  const { account } = model;
  const end = (path, said) => ask("sessions", "DELETE", path, {}, () => goOn(said, null));
  return html`<section class="card" aria-labelledby="sessions"><div class="stack">
    <h2 id="sessions">${t("sessions")}</h2>
    <${Sessions} sessions=${account.sessions}>${(session) =>
      session.id === account.this
        ? html`<span class="pill pill--ok">${t("this")}</span>`
        : html`<button class="button" type="button" onClick=${() => end(`/account/sessions/${session.id}`, t("ended"))}>${t("end")}</button>`}<//>
    <${Problem} where="sessions" />
    ${account.sessions.length > 1 && html`<button class="button" type="button" data-end-others onClick=${() => end("/account/sessions", t("othersEnded"))}>${t("endOthers")}</button>`}
  </div></section>`;
}

load();
