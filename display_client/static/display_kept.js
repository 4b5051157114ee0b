/**
 * What a lobby screen keeps, so that it can start without its server: the last board, and the page itself by means of
 * worker.js. Without a storage or workers (a television over plain http) nothing is kept.
 *
 * A classic ES2015 script for Chrome 53.
 */
(function (global) {
  "use strict";

  const LaySo = (global.LaySo = global.LaySo || {});
  const WORKER = "/display/worker.js";
  const WRITE_MS = 1000; // the browser itself writes to the disk less often
  const STILL_MS = 60000; // how often is noted that the board is still so
  const SHELL_MS = 1000; // from the first live moment: then it is drawn, and asks for its fonts
  const OLDEST_MS = 12 * 3600000; // an older board is of another day
  const SHELLS = "layso-display-";
  const VOICE = "layso-voice";
  const PACKS = ["vi-bac", "vi-nam", "en"].map((pack) => "/static/display/voice/" + pack + "/");

  /** The browser's storage; null where it refuses. */
  function storage() {
    try {
      return global.localStorage;
    } catch (refused) {
      return null;
    }
  }

  /** Whether device.js keeps a token of this kind of device here. */
  function wasPaired(kind) {
    const place = storage();
    return Boolean(place && place.getItem("layso.device." + kind));
  }

  // -- the board ----------------------------------------------------------------------------------------------------------

  /** The last board in a storage that may refuse or be missing: its rows, and until when they were live. */
  class KeptBoard {
    constructor(storage, branch) {
      this._storage = navigator.serviceWorker ? storage : null; // a page that cannot start needs no board
      this._rows = "layso.board." + branch;
      this._at = this._rows + ".at";
      this._isChanged = true;
      this._due = 0;
      this._isPageKept = false;
    }

    /** `{view, at}`, or null where there is none of the last hours. A clock behind the board's own time proves nothing. */
    read(now) {
      try {
        const at = new Date(this._storage.getItem(this._at));
        const view = JSON.parse(this._storage.getItem(this._rows));
        return view && at.getTime() > 0 && now - at <= OLDEST_MS ? { view: view, at: at } : null;
      } catch (refused) {
        return null;
      }
    }

    /** The board has changed. */
    change() {
      if (!this._isChanged) { this._due = Math.min(this._due, this._written + WRITE_MS); }
      this._isChanged = true;
    }

    /** Called often while the board is live: writes when it is due. `ms` is a clock that is never set back. */
    keep(view, at, ms) {
      if (ms < this._due) { return; }
      this._keepPage();
      try {
        if (this._isChanged) { this._storage.setItem(this._rows, JSON.stringify(view)); }
        this._storage.setItem(this._at, at.toISOString());
      } catch (refused) {
        // Then this screen starts without a board.
      }
      this._isChanged = false;
      this._written = ms;
      this._due = ms + STILL_MS;
    }

    /** Once: a board is worth nothing without the page that shows it. */
    _keepPage() {
      if (this._isPageKept) { return; }
      this._isPageKept = true;
      const fonts = () => (document.fonts ? document.fonts.ready : Promise.resolve());
      setTimeout(() => fonts().then(() => keepShell(document.documentElement.getAttribute("data-build"))), SHELL_MS);
    }
  }

  // -- the page -----------------------------------------------------------------------------------------------------------

  const address = () => location.pathname + location.search;

  /** So that this page starts without the server. Promise of whether it will; never rejects. */
  function keepShell(build) {
    const workers = navigator.serviceWorker;
    if (!workers || !global.caches) { return Promise.resolve(false); }
    return workers.register(WORKER, { scope: "/display/" })
      .then(() => keepPage(build)).then(keepVoice).then(() => true).catch(() => false);
  }

  /** Everything that this page loaded, and itself last: whatever is kept is whole, and of one release. */
  function keepPage(build) {
    return Promise.all([caches.open(SHELLS + build), fetch(address(), { credentials: "same-origin" })]).then((both) => {
      const cache = both[0];
      const page = both[1];
      return page.clone().text().then((html) => {
        if (!page.ok || html.indexOf('data-build="' + build + '"') < 0) { throw new Error("another release"); }
        return addMissing(cache, loaded());
      }).then(() => cache.put(address(), page)).then(() => forgetOthers(SHELLS + build));
    });
  }

  function loaded() {
    const names = performance.getEntriesByType("resource").map((entry) => entry.name);
    const own = Array.from(document.querySelectorAll("script[src], link[href], img[src]")).map((one) => one.src || one.href);
    const isStatic = (name) => name.indexOf(location.origin + "/static/") === 0 && name.indexOf("/voice/") < 0;
    return names.concat(own).filter((name, i, all) => isStatic(name) && all.indexOf(name) === i);
  }

  function addMissing(cache, names) {
    const isThere = (name) => cache.match(name, { ignoreVary: true }).then(Boolean);
    return Promise.all(names.map(isThere)).then((there) => cache.addAll(names.filter((name, i) => !there[i])));
  }

  function forgetOthers(kept) {
    return caches.keys().then((names) => {
      const old = names.filter((name) => name.indexOf(SHELLS) === 0 && name !== kept);
      return Promise.all(old.map((name) => caches.delete(name)));
    });
  }

  /** Of each clip the file that browsers of today play. */
  function keepVoice() {
    return caches.open(VOICE).then((cache) => Promise.all(PACKS.map((pack) => {
      const manifest = pack + "manifest.json";
      return cache.add(manifest).then(() => cache.match(manifest)).then((answer) => answer.json()).then((told) => {
        return addMissing(cache, Object.keys(told.clips).map((name) => pack + told.clips[name].files[0]));
      });
    })));
  }

  LaySo.storage = storage;
  LaySo.wasPaired = wasPaired;
  LaySo.KeptBoard = KeptBoard;
})(window);
