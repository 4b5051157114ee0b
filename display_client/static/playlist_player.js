/**
 * Shows notices beside the calls, one after another. What comes next is made out of sight and takes the place of what is
 * shown once it can be seen; what cannot be shown is left out for a while, so that the place is never blank.
 *
 * A classic ES2015 script for Chrome 53. Comes after playlist.js and playlist_store.js.
 */
(function (global) {
  "use strict";

  const LaySo = (global.LaySo = global.LaySo || {});
  const LOAD_MS = 8000;
  const STALL_MS = 10000; // a film that does not go on for so long will not
  const BROKEN_MS = 60000;
  const DUCKED = 0.2; // how loud a film is while a call is spoken

  class Player {
    constructor(branch, place) {
      this._store = new LaySo.PlaylistStore(branch);
      this._place = place;
      this._shown = null; // {row, element, address, until, moved}
      this._coming = null; // {row, giveUpAt}
      this._broken = {};
      this._wanted = "";
    }

    /** Whether there is anything to see. */
    get isOn() {
      return this._shown !== null;
    }

    /**
     * To be called often. `table` holds the notices, `code` is the screen's, null where it shows none. `moment` is
     * `{now, at, isLoud, isSpeaking}`: the branch's time; ms, never set back; whether films may be heard here, and
     * whether a call is spoken.
     */
    step(table, code, moment) {
      const at = moment.at;
      const canShow = (row) => !(this._broken[keyOf(row)] > at);
      const rows = code !== null ? LaySo.playlist.shown(table, code, moment.now, canShow) : [];
      if (code !== null) { this._fetch(table, code, moment); }
      this._leave(rows);
      this._watch(moment);
      if (!this._coming && (!this._shown || at >= this._shown.until)) { this._turn(rows, at, canShow); }
    }

    _fetch(table, code, moment) {
      const wanted = LaySo.playlist.wanted(table, code, moment.now);
      const named = LaySo.playlist.named(table);
      const key = JSON.stringify([wanted, named]);
      if (key !== this._wanted) { this._store.keep(wanted, named); }
      this._wanted = key;
      this._store.step(moment.at);
    }

    /** What is not, or no longer just so, to be shown goes: once another is there, or at once when there is none. */
    _leave(rows) {
      const isStill = (one) => one !== null && rows.some((row) => same(row, one.row));
      if (this._coming && !isStill(this._coming)) { this._giveUp(); }
      if (!this._shown || isStill(this._shown)) { return; }
      this._shown.until = 0;
      if (!rows.length) { this._clear(); }
    }

    _watch(moment) {
      const at = moment.at;
      if (this._coming && at >= this._coming.giveUpAt) { this._fail(this._coming, at); }
      if (this._shown && this._shown.poster) { this._shown.poster.turn(at - this._shown.since, this._shown.lasts); }
      const film = this._shown && this._shown.row.kind === "video" ? this._shown.element : null;
      if (!film) { return; }
      film.muted = !moment.isLoud;
      film.volume = moment.isSpeaking ? DUCKED : 1;
      if (film.currentTime !== this._shown.moved.to) { this._shown.moved = { to: film.currentTime, at: at }; }
      if (at - this._shown.moved.at > STALL_MS) { this._fail(this._shown, at); }
    }

    // -- whose turn it is ---------------------------------------------------------------------------------------------

    _turn(rows, at, canShow) {
      const code = this._shown ? this._shown.row.code : null;
      const row = LaySo.playlist.next(rows, code, canShow);
      if (!row) { return this._clear(); }
      const isAlone = this._shown && same(row, this._shown.row);
      return isAlone ? this._again(at) : this._begin(row, at);
    }

    _again(at) {
      const shown = this._shown;
      wait(shown, at);
      if (shown.row.kind === "video") {
        shown.element.currentTime = 0;
        shown.moved = { to: -1, at: at };
        play(shown.element);
      }
    }

    _begin(row, at) {
      const coming = { row: row, giveUpAt: at + LOAD_MS, element: null, address: "" };
      const isMine = () => this._coming === coming;
      this._coming = coming;
      this._make(coming).then((element) => {
        if (!isMine()) { return this._store.release(coming.address); }
        this._coming = null;
        return this._show(coming, element);
      }).catch(() => { if (isMine()) { this._fail(coming, performance.now()); } });
    }

    _show(one, element) {
      const at = performance.now();
      const before = this._shown;
      this._shown = Object.assign(one, { moved: { to: -1, at: at } });
      this._place.appendChild(element);
      wait(one, at);
      if (before) { this._drop(before); }
      if (one.row.kind === "video") {
        element.onended = () => { one.until = 0; };
        play(element);
      }
    }

    // -- what cannot be shown, or no more -----------------------------------------------------------------------------

    _fail(one, at) {
      this._broken[keyOf(one.row)] = at + BROKEN_MS;
      if (one === this._coming) { this._giveUp(); } else { one.until = 0; }
    }

    _giveUp() {
      this._take(this._coming);
      this._coming = null;
    }

    _clear() {
      if (this._shown) { this._drop(this._shown); }
      this._shown = null;
    }

    _drop(one) {
      this._take(one);
      this._store.release(one.address);
    }

    _take(one) {
      const element = one.element;
      if (!element) { return; }
      if (element.pause) {
        element.onended = element.onerror = null;
        element.pause();
      }
      if (element.parentNode) { element.parentNode.removeChild(element); }
    }

    // -- elements -----------------------------------------------------------------------------------------------------

    /** Promise of the element of `one`, once it can be seen. */
    _make(one) {
      const row = one.row;
      if (row.kind === "text") { return Promise.resolve((one.element = (one.poster = new LaySo.Poster(row)).element)); }
      if (row.kind === "html") { return this._store.text(row.media).then((text) => loaded(one, page(row, text), "load")); }
      return this._store.address(row.media).then((address) => {
        one.address = address;
        return row.kind === "video" ? loaded(one, film(row, address), "canplay")
          : loaded(one, picture(row, address), "load");
      });
    }
  }

  /** Promise of an element once it tells so. A page is loaded only where it stands. */
  function loaded(one, element, event) {
    one.element = element;
    return new Promise((resolve, reject) => {
      element.addEventListener(event, () => resolve(element));
      element.addEventListener("error", () => reject(new Error("cannot be shown")));
      if (element.tagName === "IFRAME") {
        element.className += " is-coming";
        document.getElementById("playlist").appendChild(element);
      }
    }).then(() => {
      element.classList.remove("is-coming");
      return element;
    });
  }

  const named = (row) => LaySo.name(row.title);

  function picture(row, address) {
    return LaySo.el("img", { class: "playlist__file", src: address, alt: named(row) });
  }

  function film(row, address) {
    const element = LaySo.el("video", { class: "playlist__file", title: named(row), preload: "auto" });
    element.muted = true;
    element.src = address;
    return element;
  }

  /** Without sound any browser plays; sound is turned on where the voice is heard too. */
  function play(element) {
    const started = element.play();
    if (started) { started.catch(() => undefined); }
  }

  /** A page of somebody else's, which may run nothing and go nowhere. */
  function page(row, text) {
    const element = LaySo.el("iframe", { class: "playlist__file playlist__page", sandbox: "", title: named(row) });
    element.setAttribute("srcdoc", text);
    return element;
  }

  const keyOf = (row) => row.code + " " + row.media;
  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

  /** Until when it is shown: a film to its end, words until all were there for long enough. */
  function wait(one, at) {
    one.since = at;
    one.lasts = one.poster ? one.poster.lasts(one.row.seconds) : one.row.kind === "video" ? Infinity : one.row.seconds * 1000;
    one.until = at + one.lasts;
    if (one.poster) { one.poster.turn(0, one.lasts); }
  }

  LaySo.PlaylistPlayer = Player;
})(window);
