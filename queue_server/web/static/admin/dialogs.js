/** What is changed, each thing in a dialog that says what it does. */
import { html, useEffect, useState } from "../vendor/preact-htm.js";
import { Choice, Day, Dialog, Secret, Sessions, Text } from "./parts.js";
import { ROLES, t } from "./texts.js";

const EMPLOYERS = ["state", "post", "company"];
const LED = ["clerk", "helper", "supervisor"];
const rolesOf = (model) => (model.isAdministrator ? ROLES : LED).map((role) => [role, t(`role.${role}`)]);

/** Somebody new, or somebody who is there. */
function MemberDialog(props) {
  const { model, about, ask, open } = props;
  const known = model.staff.find((member) => member.username === about.username);
  const [username, setUsername] = useState("");
  const [name, setName] = useState(known ? known.name : "");
  const [kind, setKind] = useState(known ? known.employer_kind : "state");
  const [employer, setEmployer] = useState(known ? known.employer : "");
  const [role, setRole] = useState(known ? known.role || "" : "clerk");
  const [branch, setBranch] = useState(known && known.role ? known.branch || "" : model.branch);
  const body = { name: name.trim(), employer_kind: kind, employer: employer.trim(), role: role || null, branch: role && branch ? branch : null };
  const once = ({ password }) => open("once", { name: body.name, username: username.trim(), password });
  const path = known && `/staff/${encodeURIComponent(known.username)}`;
  const confirm = () =>
    known ? ask("PUT", path, body, t("saved")) : ask("POST", "/staff", { username: username.trim(), ...body }, t("added", { name: body.name }), once);
  const none = model.isEverywhere || (known && !known.role) ? [["", t("none")]] : [];
  const hint = none.length ? `${t("appointmentHint")} ${t("appointmentNone")}` : t("appointmentHint");
  const places = [[model.branch, model.branchName], ...(model.isEverywhere ? [["", t("everyBranch")]] : [])];
  const elsewhere = known && known.branch && known.branch !== model.branch ? [[known.branch, known.branch]] : [];
  return html`<${Dialog} ...${props} isWide title=${known ? known.name : t("addMember")} words=${t("save")} confirm=${confirm} isOff=${!body.name || !(known || username.trim())}>
    ${!known && html`<${Text} id="username" label=${t("username")} hint=${t("usernameHint")} value=${username} onChange=${setUsername} maxlength="40" autocapitalize="none" spellcheck=${false} autocomplete="off" data-first />`}
    <${Text} id="name" label=${t("name")} value=${name} onChange=${setName} maxlength="120" autocomplete="off" />
    <div class="pair">
      <${Choice} id="kind" label=${t("employerKind")} value=${kind} onChange=${setKind} options=${EMPLOYERS.map((each) => [each, t(`employer.${each}`)])} />
      <${Text} id="employer" label=${t("employer")} value=${employer} onChange=${setEmployer} maxlength="120" autocomplete="off" />
    </div>
    <div class="pair">
      <${Choice} id="role" label=${t("appointment")} hint=${hint} value=${role} onChange=${setRole} options=${[...none, ...rolesOf(model)]} />
      <${Choice} id="branch" label=${t("where")} value=${branch} isOff=${!role} onChange=${setBranch} options=${[...places, ...elsewhere]} />
    </div>
    ${known && html`<${More} ...${props} member=${known} path=${path} />`}
  <//>`;
}

/** What else can be done with an account. */
function More({ member, path, ask, open }) {
  const about = { name: member.name, username: member.username, path };
  return html`<div class="choices">
    <button class="button" type="button" onClick=${() => open("resetPassword", about)}>${t("resetPassword")}</button>
    <button class="button" type="button" onClick=${() => ask("POST", `${path}/unlock`, {}, t("unlocked", { name: member.name }))}>${t("unlock")}</button>
    ${member.has_second_factor && html`<button class="button" type="button" onClick=${() => open("resetSecondFactor", about)}>${t("resetSecondFactor")}</button>`}
    <button class="button" type="button" onClick=${() => open("sessions", about)}>${t("sessions")}</button>
    <button class="button button--danger" type="button" onClick=${() => open("lock", about)}>${t("lock")}</button>
  </div>`;
}

/** A question with its effect: yes or no. */
const question = (name, act, isDanger = true) =>
  function Question(props) {
    const { about } = props;
    return html`<${Dialog} ...${props} title=${t(`${name}Title`, about)} words=${t(name)} isDanger=${isDanger} confirm=${() => act(props, about)}>
      <p>${t(`${name}Hint`, about)}</p>
    <//>`;
  };

function OnceDialog(props) {
  const { about } = props;
  return html`<${Dialog} ...${props} title=${about.name}>
    <p>${t("username")}: <strong data-username>${about.username}</strong></p>
    <${Secret} label=${t("once", about)} hint=${t("onceHint")} value=${about.password} />
  <//>`;
}

function TokenDialog(props) {
  const { about } = props;
  return html`<${Dialog} ...${props} isWide title=${about.name}><${Secret} label=${t("token", about)} hint=${t("tokenHint")} value=${about.token} /><//>`;
}

function SessionsDialog(props) {
  const { about, ask } = props;
  const [sessions, setSessions] = useState(null);
  useEffect(() => {
    LaySo.ask("GET", `${about.path}/sessions`).then((found) => setSessions(found.sessions), (problem) => LaySo.toast(problem.detail, "bad"));
  }, []);
  const confirm = () => ask("DELETE", `${about.path}/sessions`, {}, t("sessionsEnded"));
  return html`<${Dialog} ...${props} title=${`${t("sessions")}: ${about.name}`} words=${t("endSessions")} isDanger confirm=${sessions && sessions.length > 0 ? confirm : null}>
    ${sessions === null ? html`<p class="quiet">${t("loading")}</p>` : html`<${Sessions} sessions=${sessions} />`}
  <//>`;
}

function PostingDialog(props) {
  const { model, ask } = props;
  const [account, setAccount] = useState("");
  const [role, setRole] = useState("clerk");
  const [agency, setAgency] = useState("");
  const [first, setFirst] = useState(model.day);
  const [last, setLast] = useState(model.day);
  const [substitutes, setSubstitutes] = useState("");
  const roles = rolesOf(model).filter(([each]) => each !== "administrator" && each !== "auditor");
  const agencies = Object.entries(model.agencies).map(([code, name]) => [code, LaySo.name(name)]);
  const others = model.staff.filter((member) => member.username !== account).map((member) => [member.username, member.name]);
  const body = { account: account.trim(), branch: model.branch, role, agency, first_day: first, last_day: last, substitutes: substitutes || null };
  return html`<${Dialog} ...${props} isWide title=${t("addPosting")} words=${t("save")} confirm=${() => ask("POST", "/postings", body, t("posted"))} isOff=${!body.account || !first || !last}>
    <${Text} id="account" label=${t("person")} hint=${t("personHint")} value=${account} onChange=${setAccount} list="accounts" maxlength="64" autocapitalize="none" spellcheck=${false} autocomplete="off" data-first />
    <datalist id="accounts">${model.staff.map((member) => html`<option value=${member.username}>${member.name}</option>`)}</datalist>
    <div class="pair">
      <${Choice} id="role" label=${t("role")} value=${role} onChange=${setRole} options=${roles} />
      <${Choice} id="agency" label=${t("agency")} value=${agency} onChange=${setAgency} options=${[["", t("anyAgency")], ...agencies]} />
    </div>
    <div class="pair">
      <${Day} id="first" label=${t("first")} value=${first} onChange=${setFirst} />
      <${Day} id="last" label=${t("last")} hint=${t("daysHint")} value=${last} onChange=${setLast} />
    </div>
    <${Choice} id="substitutes" label=${t("substitutes")} value=${substitutes} onChange=${setSubstitutes} options=${[["", t("nobodyElse")], ...others]} />
  <//>`;
}

function ProgramDialog(props) {
  const { model, ask, open } = props;
  const [name, setName] = useState("");
  const [branch, setBranch] = useState(model.branch);
  const confirm = () => ask("POST", "/programs", { name: name.trim(), branch: branch || null }, null, ({ token }) => open("token", { name: name.trim(), token }));
  return html`<${Dialog} ...${props} title=${t("addProgram")} words=${t("save")} confirm=${confirm} isOff=${!name.trim()}>
    <${Text} id="name" label=${t("name")} hint=${t("programHint")} value=${name} onChange=${setName} maxlength="120" data-first />
    <${Choice} id="branch" label=${t("at")} value=${branch} onChange=${setBranch} options=${[[model.branch, model.branchName], ...(model.isEverywhere ? [["", t("everyBranch")]] : [])]} />
  <//>`;
}

function RenameDialog(props) {
  const { about, ask } = props;
  const [name, setName] = useState(about.name);
  return html`<${Dialog} ...${props} title=${t("renameOf", about)} words=${t("save")} isOff=${!name.trim()} confirm=${() => ask("PATCH", `/devices/${about.id}`, { name: name.trim() }, t("renamed"))}>
    <${Text} id="name" label=${t("name")} value=${name} onChange=${setName} maxlength="120" data-first />
  <//>`;
}

export const DIALOGS = {
  member: MemberDialog,
  once: OnceDialog,
  token: TokenDialog,
  sessions: SessionsDialog,
  posting: PostingDialog,
  program: ProgramDialog,
  rename: RenameDialog,
  endPosting: question("end", ({ ask }, { id }) => ask("DELETE", `/postings/${id}`, {}, t("ended"))),
  resetPassword: question("resetPassword", ({ ask, open }, { name, username, path }) => ask("POST", `${path}/reset-password`, {}, null, ({ password }) => open("once", { name, username, password }))),
  resetSecondFactor: question("resetSecondFactor", ({ ask }, { path }) => ask("POST", `${path}/reset-second-factor`, {}, t("reset"))),
  lock: question("lock", ({ ask }, { path }) => ask("DELETE", path, {}, t("locked"))),
  rotate: question("rotate", ({ ask, open }, { id, name }) => ask("POST", `/devices/${id}/token`, {}, null, ({ token }) => open("token", { name, token })), false),
  revoke: question("revoke", ({ ask }, { id }) => ask("DELETE", `/devices/${id}`, {}, t("revoked"))),
};
