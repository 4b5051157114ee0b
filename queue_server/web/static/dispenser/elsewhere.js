/**
 * Where a field may be done anywhere: which other branch would call sooner. It is asked once for each citizen and field,
 * since every question counts as somebody who may be under way. Nothing waits for the answer, and without one nothing is
 * missing.
 */

import { LaySo } from "./parts.js";

export class Elsewhere {
  /** @param onFound  called when there may be something new to show */
  constructor(branch, onFound) {
    Object.assign(this, { branch, onFound, found: {}, foundAt: 0 });
  }

  /** The branch that would call sooner, or null. */
  of(field) {
    return this.found[field] ?? null;
  }

  /** Somebody else stands here. */
  forget() {
    this.found = {};
  }

  seek(field) {
    const { found } = this;
    if (field in found) {
      return;
    }
    found[field] = null;
    LaySo.ask("GET", `/branches/suggest?field=${encodeURIComponent(field)}&from=${encodeURIComponent(this.branch)}`).then(
      ({ branches }) => {
        found[field] = branches.find((each) => each.is_advised) ?? null;
        this.foundAt = Date.now();
        this.onFound();
      },
      () => {}
    );
  }
}
