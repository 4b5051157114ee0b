/** Who works here, and who is posted on a day. */
import { html } from "../vendor/preact-htm.js";
import { Day, daysOf } from "./parts.js";
import { t } from "./texts.js";

const covers = (posting, day) => posting.first_day <= day && day <= posting.last_day;

export const nameOf = (model, username) => {
  const found = (model.staff || []).find((member) => member.username === username);
  return found ? found.name : username;
};

export function Staff(props) {
  const { model, set, open } = props;
  if (model.staff === null) {
    return html`<p class="empty" role="status">${t("loading")}</p>`;
  }
  const wanted = model.query.trim().toLowerCase();
  const found = model.staff.filter((member) => [member.name, member.username, member.employer].some((words) => words.toLowerCase().includes(wanted)));
  return html`<section class="card" aria-labelledby="staff">
      <div class="card__head"><h2 id="staff">${t("staff")}</h2>
        <div class="card__do"><input class="input find" type="search" aria-label=${t("find")} placeholder=${t("find")} value=${model.query} onInput=${(event) => set({ query: event.target.value })} />
          <button class="button button--primary" type="button" onClick=${() => open("member")}>${t("addMember")}</button></div></div>
      ${found.length === 0
        ? html`<p class="empty">${t(model.staff.length === 0 ? "nobody" : "nobodyFound")}</p>`
        : html`<table class="table"><thead><tr>
            <th scope="col">${t("name")}</th><th scope="col">${t("employer")}</th><th scope="col">${t("appointment")}</th>
            <th scope="col">${t("today")}</th><th scope="col">${t("state")}</th><th scope="col"><span class="visually-hidden">${t("open")}</span></th>
          </tr></thead><tbody>${found.map((member) => html`<${Row} ...${props} member=${member} key=${member.username} />`)}</tbody></table>`}
    </section>
    <${Postings} ...${props} />`;
}

function Row({ model, member, open }) {
  const today = member.postings.find((posting) => covers(posting, model.today));
  return html`<tr data-member=${member.username}>
    <th scope="row">${member.name}<span class="quiet small row__more">${member.username}</span></th>
    <td>${member.employer || t(`employer.${member.employer_kind}`)}${member.employer && html`<span class="quiet small row__more">${t(`employer.${member.employer_kind}`)}</span>`}</td>
    <td>${member.role ? t(`role.${member.role}`) : html`<span class="quiet">${t("none")}</span>`}${member.role && member.branch === null && html`<span class="quiet small row__more">${t("everyBranch")}</span>`}</td>
    <td>${today ? html`${t(`role.${today.role}`)}<span class="quiet small row__more">${agencyOf(model, today)}</span>` : html`<span class="quiet">${member.role ? "–" : t("notPosted")}</span>`}</td>
    <td>${member.must_change && html`<span class="pill pill--warn">${t("mustChange")}</span>`} ${member.has_second_factor && html`<span class="pill pill--ok">${t("hasSecondFactor")}</span>`}</td>
    <td class="row__do">${member.is_mine && html`<button class="button" type="button" aria-label=${t("openOf", { name: member.name })} onClick=${() => open("member", { username: member.username })}>${t("open")}</button>`}</td>
  </tr>`;
}

const agencyOf = (model, posting) => (posting.agency ? LaySo.name(model.agencies[posting.agency]) || posting.agency : t("anyAgency"));

function Postings({ model, set, open }) {
  const all = model.staff.flatMap((member) => member.postings.filter((posting) => posting.branch === model.branch && covers(posting, model.day)));
  return html`<section class="card" aria-labelledby="postings">
    <div class="card__head"><h2 id="postings">${t("postings")}</h2>
      <div class="card__do"><${Day} id="day" label=${t("postingsOn")} value=${model.day} onChange=${(day) => day && set({ day })} />
        <button class="button button--primary" type="button" onClick=${() => open("posting")}>${t("addPosting")}</button></div></div>
    ${all.length === 0
      ? html`<p class="empty">${t("noPostings")}</p>`
      : html`<table class="table"><thead><tr><th scope="col">${t("name")}</th><th scope="col">${t("role")}</th><th scope="col">${t("agency")}</th><th scope="col">${t("days")}</th><th scope="col"><span class="visually-hidden">${t("end")}</span></th></tr></thead>
        <tbody>${all.map((posting) => html`<tr data-posting=${posting.id} key=${posting.id}>
          <th scope="row">${nameOf(model, posting.account)}${posting.substitutes && html`<span class="quiet small row__more">${t("standsIn", { name: nameOf(model, posting.substitutes) })}</span>`}</th>
          <td>${t(`role.${posting.role}`)}</td><td>${agencyOf(model, posting)}</td><td class="figures">${daysOf(posting)}</td>
          <td class="row__do"><button class="button" type="button" aria-label=${t("endOf", { name: nameOf(model, posting.account) })} onClick=${() => open("endPosting", { id: posting.id, name: nameOf(model, posting.account), days: daysOf(posting) })}>${t("end")}</button></td>
        </tr>`)}</tbody></table>`}
  </section>`;
}
