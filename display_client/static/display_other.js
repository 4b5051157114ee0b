/**
 * The layouts of the lobby display beside the board of calls: the waiting overview, one counter's own screen; and a
 * screen's own colours; the key F, which fills the screen. Comes after display_board.js.
 *
 * A classic ES2015 script for Chrome 53.
 */
(function (global) {
  "use strict";

  const LaySo = (global.LaySo = global.LaySo || {});
  const STRIP_MS = 9000;
  const MOST_FIELDS = 4;
  const say = LaySo.words(LaySo.displayTexts);
  const setText = LaySo.setText;
  const parts = LaySo.displayBoard.parts;
  const get = (id) => document.getElementById(id);

  function drawWall(layout, staleLabel) {
    const wall = get("wall");
    setText(get("wall-label"), staleLabel || say("waitingNow"));
    const page = layout.pages > 1 ? say("page", { page: layout.page + 1, pages: layout.pages }) : "";
    setText(get("wall-page"), [layout.madeAt ? say("madeAt", { time: layout.madeAt }) : "", page].filter(Boolean).join(" · "));
    [1, 2, 3].forEach((columns) => parts.setClass(wall, "wall__fields--" + columns, layout.columns === columns));
    parts.setClass(wall, "wall__fields--few", layout.fields.length <= 4);
    parts.patch(wall, layout.fields.map((field) => Object.assign({ key: field.code }, field)), parts.makeField, parts.updateField);
  }

  function drawDesk(desk, staleLabel) {
    const element = get("desk");
    setText(get("desk-word"), say("counter"));
    setText(get("desk-no"), String(desk.no));
    setText(get("desk-name"), desk.name);
    parts.show(get("desk-name"), desk.name !== "");
    setText(get("desk-label"), staleLabel || desk.label);
    setText(get("desk-fields"), desk.fields.join(" · "));
    parts.setNumber(element, desk);
    parts.show(get("desk-number"), desk.number !== "");
    ["called", "serving", "free", "paused", "closed"].forEach((state) => parts.setClass(element, "desk--" + state, state === desk.state));
    const key = [desk.number, desk.state, desk.since].join(" ");
    if (element.getAttribute("data-call") !== key) {
      element.setAttribute("data-call", key);
      parts.fit(get("desk-number"));
      if (desk.state === "called") { parts.flash(element); }
    }
  }

  /** The screen's own colours. */
  function drawTheme(screen) {
    parts.setClass(document.body, "is-light", screen.theme === "light");
    if (document.body.getAttribute("data-accent") === screen.accent) { return; }
    document.body.setAttribute("data-accent", screen.accent);
    ["--accent", "--accent-deep"].forEach((name) => {
      if (screen.accent) { document.body.style.setProperty(name, screen.accent); } else { document.body.style.removeProperty(name); }
    });
  }

  /** The organisation's own mark, where there is one and it can be had; else ours. */
  function drawMark(logo) {
    const mark = get("mark");
    if (mark.getAttribute("data-logo") === logo) { return; }
    const ours = mark.getAttribute("data-ours") || mark.getAttribute("src");
    mark.setAttribute("data-ours", ours);
    mark.setAttribute("data-logo", logo);
    parts.setClass(mark, "top__mark--own", logo !== "");
    mark.onerror = () => { mark.onerror = null; parts.setClass(mark, "top__mark--own", false); mark.src = ours; };
    mark.src = logo ? "/media/" + logo : ours;
  }

  function onKey(event) {
    if (event.key !== "f" && event.key !== "F") { return; }
    const root = document.documentElement;
    const isFull = document.fullscreenElement || document.webkitFullscreenElement;
    const turn = isFull ? document.exitFullscreen || document.webkitExitFullscreen
      : root.requestFullscreen || root.webkitRequestFullscreen;
    const asked = turn && turn.call(isFull ? document : root);
    if (asked && asked.catch) { asked.catch(() => undefined); }
  }

  /** Who waits in each field, page by page, below the board of calls. */
  function drawStrip(view, live, screen) {
    if (!view) { return; }
    const strip = LaySo.displayView.strip(view, live, screen);
    const pages = LaySo.displayView.pagesOf(strip.fields, MOST_FIELDS);
    const page = Math.floor(performance.now() / STRIP_MS) % pages.length;
    LaySo.displayBoard.strip(pages[page], strip.madeAt, page, pages.length);
  }

  /** What goes through the bar: that the connection is lost (since `lost`, else ""), or what is urgent where that does not
   *  stand beside the calls, or everything else. */
  function notices(view, screen, now, lost, isSplit) {
    if (lost) { return [{ kind: "warn", label: say("staleLabel", { time: lost }), text: say("staleHow", { time: lost }) }]; }
    const urgent = isSplit ? [] : LaySo.playlist.urgent(view.notices, screen.code, now);
    return urgent.length ? urgent : LaySo.displayView.notices(view, now);
  }

  /** Whether the page has another size than when this was last asked. */
  function isResized() {
    const root = document.documentElement;
    const size = root.clientWidth + "×" + root.clientHeight;
    const was = document.body.getAttribute("data-size");
    document.body.setAttribute("data-size", size);
    return was !== size;
  }

  LaySo.displayOther = { isResized: isResized, notices: notices, strip: drawStrip, mark: drawMark, wall: drawWall, desk: drawDesk, theme: drawTheme, onKey: onKey };
})(window);
