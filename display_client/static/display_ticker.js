/**
 * The bar below: one notice after the other, each for as long as it takes to read.
 *
 * A classic ES2015 script for Chrome 53.
 */
(function (global) {
  "use strict";

  const LaySo = (global.LaySo = global.LaySo || {});
  const monotonic = () => performance.now();

  class Ticker {
    constructor() {
      this._at = { index: -1, until: 0, key: "" };
    }

    /** Begin anew, as when the screen has another size. */
    again() {
      this._at.until = 0;
    }

    /** `notices` as of `displayView.notices`, the most urgent first. */
    step(notices) {
      const key = JSON.stringify(notices);
      const isSame = key === this._at.key;
      if (isSame && (monotonic() < this._at.until || (notices.length < 2 && !this._isOver()))) { return; }
      const index = isSame ? (this._at.index + 1) % Math.max(1, notices.length) : 0;
      const lasts = LaySo.displayBoard.notice(notices[index] || null);
      this._at = { index: index, until: monotonic() + lasts, key: key };
    }

    /** A single notice that fits stays as it is; one that scrolls begins again. */
    _isOver() {
      return this._at.until === 0 || Boolean(document.querySelector(".bar__text.is-moving"));
    }
  }

  LaySo.DisplayTicker = Ticker;
})(window);
