/** What a lobby screen shows now: asked for, waited for, and seen with its time. */
import { html, useLayoutEffect, useState } from "../vendor/preact-htm.js";
import { Dialog } from "./parts.js";
import { t } from "./texts.js";

const LOOK_MS = 700;
const WAIT_MS = 15_000;

/** The address of a screen's picture below /api/v1. */
const pathOf = (id) => `/devices/${encodeURIComponent(id)}/picture`;

/** A promise of when the picture was taken; null when none has come in time. */
function taken(id, until = Date.now() + WAIT_MS) {
  const again = () => (Date.now() < until ? new Promise((next) => setTimeout(next, LOOK_MS)).then(() => taken(id, until)) : null);
  return fetch(`/api/v1${pathOf(id)}`, { method: "HEAD", credentials: "same-origin" }).then(
    (answer) => (answer.ok ? new Date(answer.headers.get("last-modified")) : again()),
    again,
  );
}

export function PictureDialog(props) {
  const { about, set } = props;
  const [found, setFound] = useState({ isAwaited: true, at: null });
  useLayoutEffect(() => {
    LaySo.ask("POST", pathOf(about.id)).then(
      () => taken(about.id).then((at) => setFound({ isAwaited: false, at })),
      (problem) => {
        setFound({ isAwaited: false, at: null });
        set({ problem: problem.detail });
      },
    );
  }, []);
  const { isAwaited, at } = found;
  return html`<${Dialog} ...${props} title=${about.name} isWide>
    <p class="dialog__text" role="status">${at ? t("pictureAt", { time: LaySo.time(at), date: LaySo.date(at) }) : t(isAwaited ? "pictureAwaited" : "pictureMissing")}</p>
    ${at && html`<img class="picture" src=${`/api/v1${pathOf(about.id)}?at=${at.getTime()}`} alt=${t("pictureAlt", { name: about.name })} />`}
  <//>`;
}
