/**
 * What a page says of itself to the player that keeps it alive (display_client/player), and asks of it. A page runs the
 * same without one. Comes after page.js.
 *
 * The player gives `laysoPlayer`: `{version, browser, memory_mb, restarts}`, and `laysoAsk`. A classic ES2015 script for
 * Chrome 53.
 */
(function (global) {
  "use strict";

  const LaySo = (global.LaySo = global.LaySo || {});
  const TICK_MS = 1000;
  const ANSWER_MS = 15000;
  const ANSWERS = ["state", "lastCall", "audio", "isQuiet", "ticks"];

  let told = {};
  let ticks = 0;
  let waiting = [];

  setInterval(() => { ticks += 1; }, TICK_MS);

  /** The points of the screen, "1920x1080". */
  LaySo.resolution = () => {
    const scale = global.devicePixelRatio || 1;
    return Math.round(global.innerWidth * scale) + "x" + Math.round(global.innerHeight * scale);
  };

  /** The page says how it is, by functions named as in `health`; what it leaves out is as it is said there. */
  LaySo.tellHealth = (answers) => { told = answers; };

  /**
   * How the page is: `{build, state, lastCall, audio, size, ticks, isQuiet, player}`. `state` is "connecting", "live",
   * "stale" or "trouble"; `lastCall` the newest call shown, `{number, counter, at}` or null; `audio` "off", "on", "blocked"
   * until somebody touches the screen, or "none"; `size` see `resolution`; `ticks` grows while the page works; `isQuiet`
   * when nobody would miss it for a moment; `player` what the player gave, or null.
   */
  LaySo.health = () => {
    const health = {
      build: document.documentElement.getAttribute("data-build"), state: "", lastCall: null, audio: "off",
      size: LaySo.resolution(), ticks: ticks, isQuiet: true, player: global.laysoPlayer || null
    };
    ANSWERS.forEach((name) => { if (told[name]) { health[name] = told[name](); } });
    return health;
  };

  /** A promise of what only the player has: `askPlayer("screenshot")`, a JPEG in base64. Rejected where there is none. */
  LaySo.askPlayer = (what) => new Promise((resolve, reject) => {
    if (!global.laysoAsk) { throw new Error("no player here"); }
    const one = { what: what, resolve: resolve };
    waiting.push(one);
    setTimeout(() => {
      waiting = waiting.filter((other) => other !== one);
      reject(new Error("the player has not answered"));
    }, ANSWER_MS);
    global.laysoAsk(what);
  });

  /** What the server orders: "picture", one of the screen. What fails is left: whoever asked sees none. */
  LaySo.obey = (what) => {
    if (what !== "picture") { return Promise.resolve(); }
    return LaySo.askPlayer("screenshot").then((taken) => fetch("/api/v1/devices/me/picture", {
      method: "PUT", credentials: "same-origin", headers: { "content-type": "image/jpeg" }, body: bytesOf(taken)
    })).catch(() => undefined);
  };

  const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

  /** The player's answer. */
  LaySo.playerGives = (what, value) => {
    waiting.filter((one) => one.what === what).forEach((one) => one.resolve(value));
    waiting = waiting.filter((one) => one.what !== what);
  };
})(window);
