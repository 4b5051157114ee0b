/**
 * A notice of words beside the calls, as large as can be read from the back of the hall: what does not fit comes on
 * further pages, each under the same title.
 *
 * A classic ES2015 script for Chrome 53.
 */
(function (global) {
  "use strict";

  const LaySo = (global.LaySo = global.LaySo || {});
  const LEAST_PAGE_MS = 8000;
  const SIZES = ["large", "medium", "small"];

  /** The page's language, and under Vietnamese the English words where there are others. */
  function both(tag, name, text) {
    const isSecond = LaySo.language() === "vi" && text.en !== text.vi;
    const words = [LaySo.el("span", { text: LaySo.name(text) })];
    return LaySo.el(tag, { class: name },
      words.concat(isSecond ? LaySo.el("span", { class: "poster__second", lang: "en", text: text.en }) : []));
  }

  /** How many pages blocks of such heights make, and on which each stands, when `room` is left for them. */
  function pagesOf(heights, room) {
    let page = 0;
    let left = room;
    return heights.map((height) => {
      if (height > left && left < room) {
        page += 1;
        left = room;
      }
      left -= height;
      return page;
    });
  }

  class Poster {
    /** `row` of a notice of kind "text". */
    constructor(row) {
      this._title = both("h2", "poster__title", row.title);
      this._lines = row.lines.map((line) => both("p", "poster__line", line));
      this._page = LaySo.el("p", { class: "poster__page" });
      this._pages = [];
      this._size = "";
      this.element = LaySo.el("article", { class: "playlist__file poster" }, [this._title].concat(this._lines, this._page));
    }

    /** How long it takes to show all of it, in ms; it must stand on the page. */
    lasts(seconds) {
      this._arrange();
      return Math.max(seconds * 1000, this._count() * LEAST_PAGE_MS);
    }

    /** Show the page of the moment `at` of `lasts` ms. */
    turn(at, lasts) {
      this._arrange();
      const count = this._count();
      const page = Math.min(count - 1, Math.floor(Math.max(0, at) / lasts * count));
      this._lines.forEach((line, i) => { line.hidden = this._pages[i] !== page; });
      LaySo.setText(this._page, count > 1 ? page + 1 + "/" + count : "");
    }

    _count() {
      return this._pages.length ? this._pages[this._pages.length - 1] + 1 : 1;
    }

    /** Measure anew where its place has another size; where even one line finds no room everything is smaller. */
    _arrange() {
      const size = this.element.clientWidth + "×" + this.element.clientHeight;
      if (size === this._size) { return; }
      this._size = size;
      SIZES.some((name) => {
        SIZES.forEach((other) => { this.element.classList.toggle("poster--" + other, other === name); });
        return this._measure();
      });
    }

    /** Whether every line finds room on some page. */
    _measure() {
      this._lines.forEach((line) => { line.hidden = false; });
      const heightOf = (element) => element.offsetHeight + parseFloat(getComputedStyle(element).marginBottom);
      const style = getComputedStyle(this.element);
      const frame = parseFloat(style.paddingTop) + parseFloat(style.paddingBottom);
      const room = this.element.clientHeight - frame - heightOf(this._title);
      const heights = this._lines.map(heightOf);
      this._pages = pagesOf(heights, room);
      return heights.every((height) => height <= room);
    }
  }

  LaySo.Poster = Poster;
})(window);
