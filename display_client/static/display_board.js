/**
 * Draws the lobby display: takes what display_layout.js and display_view.js say and changes only what differs, so that
 * nothing flickers, flashes run to their end, and a screen that runs for weeks holds no more nodes than it shows.
 *
 * A classic ES2015 script for Chrome 53.
 */
(function (global) {
  "use strict";

  const LaySo = (global.LaySo = global.LaySo || {});
  const say = LaySo.words(LaySo.displayTexts);
  const setText = LaySo.setText;
  const get = (id) => document.getElementById(id);

  function show(element, isShown) {
    if (element.hidden === isShown) { element.hidden = !isShown; }
  }

  function setClass(element, name, isOn) {
    if (element.classList.contains(name) !== Boolean(isOn)) { element.classList.toggle(name, Boolean(isOn)); }
  }

  /** Begin an element's flashing anew. */
  function flash(element) {
    element.classList.remove("is-flashing");
    void element.offsetWidth; // the style must be computed once without the class, else nothing begins anew
    element.classList.add("is-flashing");
  }

  /** Make an element as large as its style says, or as its box allows, but no smaller than `least` of its size. */
  function fit(element, least) {
    element.style.fontSize = "";
    const box = getComputedStyle(element.parentNode);
    const room = element.parentNode.clientWidth - parseFloat(box.paddingLeft) - parseFloat(box.paddingRight) - 1; // widths are rounded
    const need = element.offsetWidth;
    if (room > 0 && need > room) {
      const scale = Math.max(typeof least === "number" ? least : 0, room / need);
      element.style.fontSize = Math.floor(parseFloat(getComputedStyle(element).fontSize) * scale) + "px";
    }
  }

  // -- lists --------------------------------------------------------------------------------------------------------------

  /** Make a list's elements those of `items`, each found again by its key. */
  function patch(list, items, make, update) {
    const old = {};
    Array.from(list.children).forEach((element) => { old[element.getAttribute("data-key")] = element; });
    items.forEach((item, i) => {
      const element = old[item.key] || make(item);
      delete old[item.key];
      element.setAttribute("data-key", item.key);
      if (list.children[i] !== element) { list.insertBefore(element, list.children[i] || null); }
      update(element, item);
    });
    Object.keys(old).forEach((key) => list.removeChild(old[key]));
  }

  const part = (element, name) => element.querySelector("." + name);

  /** A called number as a row or a tile: number, counter, where, why. */
  function makeCall() {
    const el = LaySo.el;
    return el("li", { class: "call" }, [
      el("div", { class: "call__room" }, [
        el("span", { class: "number call__number" }, [
          el("span", { class: "number__letter" }), el("span", { class: "number__digits" })
        ])
      ]),
      el("div", { class: "call__to" }, [
        el("p", { class: "call__hints" }, [
          el("span", { class: "tag tag--why" }), el("span", { class: "tag tag--again" }), el("span", { class: "call__place" })
        ]),
        el("p", { class: "call__counter" }, [el("span", { class: "call__word" }), el("span", { class: "call__no" })]),
        el("p", { class: "call__time" })
      ])
    ]);
  }

  function updateCall(element, item) {
    const isNew = element.getAttribute("data-call") !== String(item.call);
    setNumber(element, item);
    setText(part(element, "call__word"), say("counter"));
    setText(part(element, "call__no"), String(item.counter));
    setText(part(element, "call__place"), item.place);
    setTag(part(element, "tag--why"), item.tag, item.reason);
    setTag(part(element, "tag--again"), item.times > 1 ? say("times", { times: item.times }) : "", "again");
    show(part(element, "call__hints"), item.place + item.tag + item.again !== "");
    setText(part(element, "call__time"), item.time || "");
    setClass(element, "is-lit", item.isLit);
    fitAnew(element, [item.call, item.place, element.parentNode.className].join(" "));
    if (isNew) {
      element.setAttribute("data-call", String(item.call));
      if (item.isLit) { flash(element); }
    }
  }

  /** Measuring is dear: only when what is in it, or the room for it, has changed since it was fitted. */
  function fitAnew(element, what) {
    const now = () => [what, part(element, "call__room").clientWidth, element.clientWidth].join(" ");
    if (element.getAttribute("data-fit") === now()) { return; }
    fitCall(element);
    element.setAttribute("data-fit", now());
  }

  function fitCall(element) {
    fit(part(element, "call__number"));
    if (element.parentNode.id === "crowd") { fit(part(element, "call__to")); }
  }

  function setNumber(element, item) {
    const letters = part(element, "number__letter");
    setText(letters, item.letters);
    show(letters, item.letters !== "");
    setText(part(element, "number__digits"), item.digits);
  }

  function setTag(element, text, kind) {
    setText(element, text);
    show(element, text !== "");
    setClass(element, "tag--priority", kind === "priority");
    setClass(element, "tag--appointment", kind === "appointment");
  }

  function list(element, calls, isLit, options) {
    const items = calls.map((call) => Object.assign({}, call, {
      key: call.number, isLit: isLit(call), time: options && options.hasTime ? LaySo.time(call.at) : ""
    }));
    patch(element, items, makeCall, updateCall);
  }

  // -- the large number -------------------------------------------------------------------------------------------------------

  function drawHero(layout, label, isLit) {
    const hero = get("hero");
    const call = layout.hero;
    setText(get("hero-label"), label);
    setNumber(hero, call);
    setText(get("hero-word"), say("counter"));
    setText(get("hero-no"), String(call.counter));
    setText(get("hero-name"), call.name);
    setText(get("hero-place"), call.place);
    show(get("hero-where"), call.name + call.place !== "");
    setTag(get("hero-why"), call.tag, call.reason);
    setTag(get("hero-again"), call.again, "again");
    setClass(hero, "is-calm", layout.isCalm);
    const key = call.number + " " + call.call + " " + call.counter;
    if (hero.getAttribute("data-call") !== key) {
      hero.setAttribute("data-call", key);
      fit(get("hero-number"));
      if (isLit(call)) { flash(hero); }
    }
  }

  function drawRest(rest) {
    const texts = { "rest-title": rest.title, "rest-lead": rest.lead, "rest-time": rest.time, "rest-how": rest.how };
    Object.keys(texts).forEach((id) => {
      setText(get(id), texts[id]);
      show(get(id), texts[id] !== "");
    });
  }

  /** The zone of calls. `staleLabel` takes the place of "Đang gọi" while nothing is known to be current. */
  function drawMain(layout, turns, staleLabel) {
    const isLit = (call) => LaySo.displayTurns.isLit(turns, call.number);
    const main = get("main");
    ["hero", "crowd", "rest", "waiting", "desk"].forEach((mode) => setClass(main, "main--" + mode, layout.mode === mode));
    setClass(main, "has-side", layout.others.length + layout.recent.length > 0);
    setClass(document.body, "is-full", layout.isFull);
    if (layout.mode === "hero") { drawHero(layout, staleLabel || say(layout.isCalm ? "called" : "calling"), isLit); }
    if (layout.mode === "rest") { drawRest(layout.rest); }
    if (layout.mode === "waiting") { LaySo.displayOther.wall(layout, staleLabel); }
    if (layout.mode === "desk") { LaySo.displayOther.desk(layout.desk, staleLabel); }
    drawSide(layout, isLit);
    drawCrowd(layout, isLit, staleLabel);
  }

  function drawSide(layout, isLit) {
    setText(get("recent-label"), say("called"));
    show(get("recent-label"), layout.recent.length > 0);
    setClass(get("others"), "list--short", layout.isShort);
    list(get("others"), layout.others, isLit);
    list(get("recent"), layout.recent, () => false, { hasTime: true });
  }

  function drawCrowd(layout, isLit, staleLabel) {
    const crowd = get("crowd");
    const isCrowd = layout.mode === "crowd";
    [9, 12, 16, 20].forEach((size) => setClass(crowd, "crowd--" + size, isCrowd && layout.size === size));
    setText(get("crowd-label"), staleLabel || say("calling"));
    setText(get("crowd-page"), isCrowd && layout.pages > 1 ? say("page", { page: layout.page + 1, pages: layout.pages }) : "");
    list(crowd, isCrowd ? layout.tiles : [], isLit);
  }

  // -- strip, ticker, head ------------------------------------------------------------------------------------------------

  const LEAST_NAME = 0.7; // a longer name of a field ends in dots

  function makeField() {
    const el = LaySo.el;
    return el("li", { class: "field" }, [
      el("p", { class: "field__name" }, [el("span", { class: "field__fit" })]),
      el("p", { class: "field__now" }, [
        el("span", { class: "field__count figures" }), el("span", { class: "field__people" })
      ]),
      el("p", { class: "field__wait" })
    ]);
  }

  function updateField(element, item) {
    const name = part(element, "field__fit");
    if (name.textContent !== item.name) {
      setText(name, item.name);
      fit(name, LEAST_NAME);
    }
    setText(part(element, "field__count"), String(item.waiting));
    setText(part(element, "field__people"), say(item.waiting === 1 ? "person" : "people"));
    setText(part(element, "field__wait"), item.wait);
    setClass(element, "field--off", item.state === "suspended");
    setClass(element, "field--unknown", item.state === "unknown");
  }

  function drawStrip(fields, madeAt, page, pages) {
    setText(get("strip-label"), say("waiting"));
    setText(get("strip-at"), madeAt ? say("madeAt", { time: madeAt }) : "");
    setText(get("strip-page"), pages > 1 ? say("page", { page: page + 1, pages: pages }) : "");
    patch(get("fields"), fields.map((field) => Object.assign({ key: field.code }, field)), makeField, updateField);
    show(get("strip"), fields.length > 0);
  }

  const SCREENS_PER_S = 0.11; // the ticker's speed: a ninth of the screen's width in a second
  const LONG = 130; // letters of something urgent that fit in large type
  const STANDS = 0.1; // the share of its time for which it stands still first, as in display.css

  /** Show a notice; how long it takes to read, in ms. */
  function drawNotice(notice) {
    const bar = get("bar");
    const text = get("bar-text");
    ["urgent", "warn", "info", "plain"].forEach((kind) => setClass(bar, "bar--" + kind, notice !== null && notice.kind === kind));
    setClass(document.body, "is-urgent", notice !== null && notice.kind === "urgent");
    setClass(bar, "bar--long", notice !== null && notice.text.length > LONG);
    setText(get("bar-label"), notice ? notice.label : "");
    show(get("bar-label"), notice !== null);
    setText(text, notice ? notice.text : "");
    drawPlain();
    text.classList.remove("is-moving");
    const room = text.parentNode.clientWidth;
    if (text.scrollWidth <= room + 1) { return 10000; }
    const seconds = text.scrollWidth / (global.innerWidth * SCREENS_PER_S) / (1 - STANDS);
    text.style.animationDuration = seconds + "s";
    void text.offsetWidth;
    text.classList.add("is-moving");
    return seconds * 1000;
  }

  function drawHead(now, day) {
    const parts = LaySo.time(now).split(":");
    setText(get("clock-hour"), parts[0]);
    setText(get("clock-minute"), parts[1]);
    setText(get("date"), LaySo.displayView.date(now));
    if (day) {
      LaySo.displayOther.mark(day.logo || "");
      setText(get("organisation"), LaySo.name(day.organisation));
      const branch = get("branch");
      if (branch.textContent !== LaySo.name(day.branch)) {
        setText(branch, LaySo.name(day.branch));
        fit(branch);
      }
    }
  }

  function drawLink(text, isLive) {
    setText(get("link-text"), text);
    setClass(get("link"), "is-live", isLive);
  }

  function drawSound(text) {
    setText(get("sound-text"), text);
    show(get("sound"), text !== "");
    drawPlain();
  }

  /** Without anything in the bar the rest is larger. */
  function drawPlain() {
    const isPlain = get("bar-label").hidden && get("sound").hidden;
    if (document.body.classList.contains("is-plain") === isPlain) { return; }
    setClass(document.body, "is-plain", isPlain);
    refit();
  }

  function refit() {
    Array.from(document.querySelectorAll(".call")).forEach(fitCall);
    Array.from(document.querySelectorAll("#hero-number, #desk-number, #branch")).forEach((element) => fit(element));
    Array.from(document.querySelectorAll(".field__fit")).forEach((element) => fit(element, LEAST_NAME));
  }

  LaySo.displayBoard = {
    main: drawMain, strip: drawStrip, notice: drawNotice, head: drawHead, link: drawLink, sound: drawSound, refit: refit,
    parts: { patch: patch, makeField: makeField, updateField: updateField, setNumber: setNumber, fit: fit, flash: flash, show: show, setClass: setClass }
  };
})(window);
