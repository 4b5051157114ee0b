/** The board of notices: what lobby screens show beside the calls, in which order and when. */
import { html, useRef, useState } from "../vendor/preact-htm.js";
import { n } from "./notice_texts.js";
import { isOver, limitExceeded, moved, newNotice, scheduleWords, withNotice } from "./notice_rules.js";

const TYPES = "image/png,image/jpeg,image/webp,image/gif,video/mp4,video/webm,text/html";

export function Notices(props) {
  const { model, open } = props;
  const { notices } = model;
  const screens = Object.values(model.board.screens || {});
  return html`<main class="main devices">
    <section class="card" aria-labelledby="notices">
      <div class="card__head"><h2 id="notices">${n("notices")}</h2><p class="quiet">${n("hint")}</p></div>
      ${model.board.day && !screens.some((screen) => screen.layout === "split") && html`<p class="notice notice--warn notices__hint">${n("noSplit")}</p>`}
      ${!notices ? html`<p class="empty" role="status">${n("loading")}</p>`
        : notices.notices.length === 0 ? html`<p class="empty">${n("empty")}</p>`
        : html`<ol class="notices">
          ${notices.notices.map((notice, place) => html`<${Line} ...${props} notice=${notice} place=${place} screens=${screens} key=${notice.code} />`)}
        </ol>`}
    </section>
    ${notices && html`<${Add} ...${props} addText=${() => open("notice", { notice: newNotice("text", "", "", codesOf(notices)) })} />`}
  </main>`;
}

const codesOf = (notices) => notices.notices.map((notice) => notice.code);

/** Set the whole list. */
export function save({ model, ask, set }, notices, done) {
  const path = `/branches/${encodeURIComponent(model.branch)}/notices`;
  return ask("PUT", path, { version: model.notices.version, notices }, done, (now) => set({ notices: now }));
}

function Line(props) {
  const { model, notice, place, screens, open, isLive } = props;
  const all = model.notices.notices;
  const title = LaySo.name(notice.title);
  const file = model.notices.media[notice.media];
  const today = model.board.day && model.board.day.today ? model.board.day.today.date : null;
  const where = notice.screens.map((code) => screens.find((screen) => screen.code === code)).filter(Boolean).map((screen) => LaySo.name(screen.name) || screen.code);
  const isOff = !isLive || model.isBusy;
  const move = (by) => (event) => {
    const button = event.currentTarget;
    save(props, moved(all, notice.code, by), n("moved")).then(() => button.focus());
  };
  const endUrgent = () => save(props, withNotice(all, { ...notice, is_priority: false }), n("shownAgain", { title }));
  const label = (words) => `${words}: ${title}`;
  return html`<li class="notices__line" data-notice=${notice.code}>
    <div class="notices__picture"><${Picture} notice=${notice} file=${file} /></div>
    <div class="notices__what">
      <p class="notices__title">${title} ${notice.is_priority && html`<span class="pill pill--warn">${n("urgent")}</span>`} ${isOver(notice, today) && html`<span class="pill">${n("over")}</span>`}</p>
      <p class="quiet">${[n(`kind.${notice.kind}`), scheduleWords(notice, n), notice.kind !== "video" && n("every", { n: notice.seconds })].filter(Boolean).join(" · ")}</p>
      <p class="quiet">${where.join(", ") || n("allScreens")}</p>
      ${notice.media && !file && html`<p class="fault">${n("missing")}</p>`}
    </div>
    <div class="notices__do">
      <button class="button button--quiet" type="button" aria-label=${label(n("up"))} disabled=${isOff || place === 0} onClick=${move(-1)}>↑</button>
      <button class="button button--quiet" type="button" aria-label=${label(n("down"))} disabled=${isOff || place === all.length - 1} onClick=${move(1)}>↓</button>
      <button class="button" type="button" aria-pressed=${notice.is_priority} aria-label=${label(n("showNow"))} disabled=${isOff}
        onClick=${() => (notice.is_priority ? endUrgent() : open("noticeUrgent", { notice }))}>${n(notice.is_priority ? "showNowEnd" : "showNow")}</button>
      <button class="button" type="button" aria-label=${label(n("edit"))} disabled=${isOff} onClick=${() => open("notice", { notice })}>${n("edit")}</button>
      <button class="button" type="button" aria-label=${label(n("remove"))} disabled=${isOff} onClick=${() => open("noticeRemove", { notice })}>${n("remove")}</button>
    </div>
  </li>`;
}

/** A small picture; a page is opened to be seen, a text is its own picture. */
function Picture({ notice, file }) {
  const address = `/media/${notice.media}`;
  if (notice.kind === "text" || !file) {
    return html`<span aria-hidden="true">${notice.kind === "text" ? "Aa" : "?"}</span>`;
  }
  const inside = notice.kind === "image" ? html`<img src=${address} alt="" loading="lazy" />`
    : notice.kind === "video" ? html`<video src=${address} preload="metadata" muted></video>` : html`<span aria-hidden="true">HTML</span>`;
  return html`<a href=${address} target="_blank" rel="noopener" aria-label=${`${n("open")}: ${LaySo.name(notice.title)}`}>${inside}</a>`;
}

/** A file is uploaded first, and then described like every notice. */
function Add({ model, open, isLive, addText }) {
  const [state, setState] = useState({ percent: null, problem: "" });
  const [file, setFile] = useState(null);
  const sending = useRef(null);
  const isSending = state.percent !== null;
  const choose = (event) => {
    setFile(event.target.files[0] || null);
    setState({ percent: null, problem: "" });
  };
  const submit = (event) => {
    event.preventDefault();
    const limit = file ? limitExceeded(file) : 0;
    if (!file || limit) {
      setState({ percent: null, problem: limit ? n("tooLarge", { size: Math.ceil(file.size / 1024 / 1024), limit }) : "" });
      return;
    }
    setState({ percent: 0, problem: "" });
    sending.current = send(file, (percent) => setState({ percent, problem: "" }));
    sending.current.done.then(
      (media) => {
        setState({ percent: null, problem: "" });
        const title = file.name.replace(/\.[^.]+$/, "");
        open("notice", { notice: newNotice(media.kind, media.sha256, title, codesOf(model.notices)) });
      },
      (problem) => setState({ percent: null, problem: problem ? problem.detail : "" }),
    );
  };
  return html`<section class="card pair" aria-labelledby="add">
    <div class="card__head"><h2 id="add">${n("add")}</h2></div>
    <form class="pair__form" onSubmit=${submit} novalidate>
      <div>
        <label class="label" for="file">${n("file")}</label>
        <input class="input" id="file" type="file" accept=${TYPES} onChange=${choose} disabled=${isSending} aria-describedby="file-hint" />
        <p class="quiet" id="file-hint">${n("fileHint")}</p>
      </div>
      ${isSending && html`<div>
        <p role="status">${n("uploading", { percent: state.percent })}</p>
        <progress class="notices__progress" max="100" value=${state.percent} aria-label=${n("upload")}></progress>
        <button class="button button--wide" type="button" onClick=${() => sending.current.stop()}>${n("stop")}</button>
      </div>`}
      <p class="notice notice--bad problem" role="alert" hidden=${!state.problem}>${state.problem}</p>
      ${!isSending && html`<button class="button button--primary button--wide" type="submit" disabled=${!isLive || !file}>${n("upload")}</button>`}
      <button class="button button--wide" type="button" disabled=${!isLive || isSending} onClick=${addText}>${n("write")}</button>
    </form>
  </section>`;
}

/** Send a file and hear how far it is, which `fetch` does not tell; `done` is rejected with null when it is stopped. */
function send(file, onProgress) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    request.open("PUT", `/api/v1/media?name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("idempotency-key", LaySo.newKey());
    request.setRequestHeader("accept-language", LaySo.refusalLanguage());
    request.setRequestHeader("content-type", "application/octet-stream");
    request.responseType = "json";
    request.upload.onprogress = (event) => onProgress(Math.floor((event.loaded / event.total) * 100));
    request.onload = () => (request.status === 200 ? resolve(request.response) : reject(request.response || { detail: n("lost") }));
    request.onerror = () => reject({ detail: n("lost") });
    request.onabort = () => reject(null);
    request.send(file);
  });
  return { done, stop: () => request.abort() };
}
