/**
 * Files of notices, kept on the screen in IndexedDB (which needs no https) and fetched a piece at a time, so that after
 * a lost line it goes on where it was. Where a browser keeps nothing, they come from the server each time.
 *
 * A classic ES2015 script for Chrome 53.
 */
(function (global) {
  "use strict";

  const LaySo = (global.LaySo = global.LaySo || {});
  const PIECE = 1024 * 1024;
  const ANSWER_MS = 30000;
  const RETRY_MS = 5000; // the line may be back
  const REST_MS = 600000; // what is not on the server, or does not fit here, may have changed

  const addressOf = (media) => "/media/" + media;

  /** Promise of a request of IndexedDB. */
  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

  /** Promise of what work() promises, rejected after so many ms. */
  const within = (ms, work) => new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no answer")), ms);
    const then = (settle) => (value) => { clearTimeout(timer); settle(value); };
    work().then(then(resolve), then(reject));
  });

  class Store {
    constructor(branch) {
      this._database = null;
      this._files = {}; // media → {media, type, size, has}, has pieces of those that size makes
      this._wanted = [];
      this._named = null;
      this._rests = {}; // media → when to try again
      this._isBusy = true;
      this._retryAt = 0;
      this._open("layso-media-" + branch).then(() => { this._isBusy = false; }, () => undefined);
    }

    _open(name) {
      return new Promise((start) => start(global.indexedDB.open(name, 1))).then((request) => {
        request.onupgradeneeded = () => {
          request.result.createObjectStore("files", { keyPath: "media" });
          request.result.createObjectStore("pieces");
        };
        return done(request);
      }).then((database) => {
        this._database = database;
        return done(this._table("files", "readonly").getAll());
      }).then((files) => files.forEach((file) => { this._files[file.media] = file; }));
    }

    _table(name, mode) {
      return this._database.transaction(name, mode).objectStore(name);
    }

    /** Fetch what is in `wanted`, in this order, and remove what is not in `named`. */
    keep(wanted, named) {
      this._wanted = wanted;
      this._named = named;
    }

    _remove(media) {
      delete this._files[media];
      const change = this._database.transaction(["files", "pieces"], "readwrite");
      change.objectStore("files").delete(media);
      change.objectStore("pieces").delete(piecesOf(media));
    }

    isWhole(media) {
      const file = this._files[media];
      return Boolean(file) && file.has * PIECE >= file.size;
    }

    /** To be called often: fetches one more piece when it is time for it. `now` in ms, never set back. */
    step(now) {
      if (this._isBusy || this._named === null) { return; }
      Object.keys(this._files).filter((media) => this._named.indexOf(media) < 0).forEach((media) => this._remove(media));
      if (now < this._retryAt) { return; }
      const media = this._wanted.find((each) => !this.isWhole(each) && !(this._rests[each] > now));
      if (!media) { return; }
      this._isBusy = true;
      this._fetch(media).catch((fault) => {
        if (fault.isFinal) { this._rests[media] = now + REST_MS; } else { this._retryAt = now + RETRY_MS; }
      }).then(() => { this._isBusy = false; });
    }

    _fetch(media) {
      const file = this._files[media] || { media: media, type: "", size: 0, has: 0 };
      const range = "bytes=" + file.has * PIECE + "-" + ((file.has + 1) * PIECE - 1);
      return within(ANSWER_MS, () => fetch(addressOf(media), { headers: { range: range } }).then((answer) => {
        if (answer.status !== 206 && answer.status !== 200) { throw final("status " + answer.status, answer.status < 500); }
        return answer.blob().then((blob) => this._put(file, answer, blob));
      }));
    }

    /** A piece and how far its file is: both or neither. */
    _put(file, answer, blob) {
      const all = /\/(\d+)$/.exec(answer.headers.get("content-range") || "");
      const more = Object.assign({}, file, {
        type: answer.headers.get("content-type") || "", size: all ? Number(all[1]) : blob.size, has: file.has + 1
      });
      return new Promise((resolve, reject) => {
        const change = this._database.transaction(["files", "pieces"], "readwrite");
        change.objectStore("pieces").put(blob, [file.media, file.has]);
        change.objectStore("files").put(more);
        change.oncomplete = () => { this._files[file.media] = more; resolve(); };
        change.onabort = change.onerror = () => reject(final("no room", true));
      });
    }

    /** Promise of the whole file as a blob; rejected when it is not here. */
    _blob(media) {
      if (!this.isWhole(media)) { return Promise.reject(new Error("not here")); }
      const type = this._files[media].type;
      return done(this._table("pieces", "readonly").getAll(piecesOf(media))).then((pieces) => new Blob(pieces, { type: type }));
    }

    /** Promise of an address that plays the file, which is to be given back to `release`. */
    address(media) {
      return this._blob(media).then((blob) => URL.createObjectURL(blob), () => addressOf(media));
    }

    release(address) {
      if (/^blob:/.test(address)) { URL.revokeObjectURL(address); }
    }

    /** Promise of the file as text. */
    text(media) {
      const fetched = () => fetch(addressOf(media)).then((answer) => (answer.ok ? answer.text() : Promise.reject(answer.status)));
      return this._blob(media).then(textOf, fetched);
    }
  }

  const piecesOf = (media) => global.IDBKeyRange.bound([media, 0], [media, Infinity]);

  function final(words, isFinal) {
    return Object.assign(new Error(words), { isFinal: isFinal });
  }

  function textOf(blob) {
    const reader = new FileReader();
    reader.readAsText(blob);
    return new Promise((resolve, reject) => {
      reader.onload = () => resolve(reader.result);
      reader.onerror = () => reject(reader.error);
    });
  }

  LaySo.PlaylistStore = Store;
})(window);
