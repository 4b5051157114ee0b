/**
 * What stands where: the number in the light, the other called numbers, the last ones, or a sentence about the day. Pure.
 *
 * On a wide screen few called numbers stand beside the large one; many share the whole hall of the screen, each still a
 * twelfth of its height. A tall screen always has the large one, with the others under it. A classic ES2015 script.
 */
(function (global) {
  "use strict";

  const LaySo = (global.LaySo = global.LaySo || {});

  const CROWD_ABOVE = 6; // more called numbers than this do not fit beside the large one
  const CROWD_UNTIL = 4; // back only when it is clearly calmer, so that the screen does not flap
  const TILES = [9, 12, 16, 20]; // sizes of the crowd: 3×3, 4×3, 4×4, 4×5
  const MOST = TILES[TILES.length - 1];
  const PAGE_MS = 8000;
  const MOST_WIDE = 9; // fields on one page of the waiting overview
  const MOST_TALL = 8;
  const WALL_MS = 12000;

  // Heights in hundredths of the screen's height, as in display.css.
  const SIDE = { height: 66, head: 6, row: 13.1, recent: 8.7, columns: 1 };
  const TALL = { height: 34, full: 56, head: 3.6, row: 6.8, short: 5.6, recent: 5, columns: 2 };

  // Beside notices: two rows of two under the large one, and three tiles in a row.
  const SPLIT = {
    side: { height: 31, head: 6, row: 13.1, recent: 8.7, columns: 2 }, tall: Object.assign({}, TALL, { height: 24 }),
    crowdAbove: 5, crowdUntil: 3, tiles: [9, 12], others: 6
  };

  const RESTS_WITH_RECENT = ["lunch", "pause", "open"];
  const OVER = ["closed", "ended", "dayOff", "noDay"]; // nobody waits any more

  /**
   * `{mode: "hero" | "crowd" | "rest" | "waiting" | "desk", hero, isCalm, others, recent, isShort, isFull, tiles, size, page, pages, rest}`;
   * `isFull` when the strip of fields makes room.
   * board: `{calls, turns, phase, kind, fields, madeAt, desk}`, `kind` the configured layout; screen: `{isTall, isSplit,
   * wasCrowded, now}`, `now` in ms; it `isSplit` while notices stand beside the calls.
   */
  function arrange(board, screen) {
    if (board.kind === "counter" && board.desk) { return desk(board); }
    if (board.kind === "waiting" && board.fields.length && OVER.indexOf(board.phase.kind) < 0) { return waiting(board, screen); }
    const turns = board.turns;
    const inTurn = (call) => LaySo.displayTurns.isLit(turns, call.number) || LaySo.displayTurns.isWaiting(turns, call.number);
    const active = board.calls.filter((call) => call.isActive || inTurn(call));
    const recent = board.calls.filter((call) => active.indexOf(call) < 0);
    if (!active.length && (board.phase.kind !== "open" || !recent.length)) { return rest(board.phase, recent, screen); }
    const most = screen.isSplit ? [SPLIT.crowdUntil, SPLIT.crowdAbove] : [CROWD_UNTIL, CROWD_ABOVE];
    const isCrowded = !screen.isTall && active.length > most[screen.wasCrowded ? 0 : 1];
    return isCrowded ? crowd(active, turns, screen) : hero(active, recent, turns, screen);
  }

  /** Every field with who waits, in tiles that fill the screen. */
  function waiting(board, screen) {
    const pages = LaySo.displayView.pagesOf(board.fields, screen.isTall ? MOST_TALL : MOST_WIDE);
    const page = Math.floor(screen.now / WALL_MS) % pages.length;
    return {
      mode: "waiting", fields: pages[page], madeAt: board.madeAt, page: page, pages: pages.length, others: [], recent: [], isFull: true,
      columns: screen.isTall || pages[page].length <= 3 ? 1 : pages[page].length <= 6 ? 2 : 3
    };
  }

  /** One counter's own screen. */
  function desk(board) {
    return { mode: "desk", desk: board.desk, others: [], recent: [], isFull: true };
  }

  /** Nobody is called: a sentence about the day, and the last numbers where they still matter. */
  function rest(phase, recent, screen) {
    const shown = RESTS_WITH_RECENT.indexOf(phase.kind) >= 0 ? recent.slice(0, slots(0, screen)) : [];
    return { mode: "rest", rest: phase, recent: shown, others: [], isFull: OVER.indexOf(phase.kind) >= 0 };
  }

  function hero(active, recent, turns, screen) {
    const called = active.length > 0;
    const candidates = called ? active : recent;
    const last = turns.last && candidates.find((call) => call.number === turns.last.number);
    const large = called && last || candidates[0];
    const waiting = active.filter((call) => call !== large);
    const pages = LaySo.displayView.pagesOf(waiting, screen.isSplit ? SPLIT.others : MOST);
    const others = pages[pageOf(pages, turns, screen.now)];
    const before = recent.filter((call) => call !== large).slice(0, Math.max(0, slots(others.length, screen)));
    const shape = screen.isTall ? tall(others.length, sizeOf(screen)) : { isShort: false, isFull: false };
    return Object.assign({ mode: "hero", hero: large, isCalm: !called, others: others, recent: before }, shape);
  }

  /** How many of the last numbers fit under so many called ones. */
  function slots(others, screen) {
    const size = sizeOf(screen);
    const shape = screen.isTall ? tall(others, size) : {};
    const isOneByOne = screen.isTall && !shape.isShort;
    const row = shape.isShort ? size.short : size.row;
    const rows = (isOneByOne ? others : Math.ceil(others / size.columns)) * row;
    const height = shape.isFull ? size.full : size.height;
    return Math.floor((height - rows - size.head) / size.recent) * size.columns;
  }

  function sizeOf(screen) {
    if (screen.isSplit) { return screen.isTall ? SPLIT.tall : SPLIT.side; }
    return screen.isTall ? TALL : SIDE;
  }

  /** A tall screen with many called numbers shows them in two columns of shorter rows, with still more over its strip. */
  function tall(others, size) {
    const room = size.height;
    const isShort = others * size.row > room;
    return { isShort: isShort, isFull: isShort && Math.ceil(others / size.columns) * size.short > room };
  }

  /** All called numbers side by side in the order of their calls, so that each keeps its place; more than 20 in pages. */
  function crowd(active, turns, screen) {
    const inOrder = active.slice().reverse();
    const sizes = screen.isSplit ? SPLIT.tiles : TILES;
    const pages = LaySo.displayView.pagesOf(inOrder, sizes[sizes.length - 1]);
    const page = pageOf(pages, turns, screen.now);
    const size = sizes.find((tiles) => tiles >= pages[page].length);
    return {
      mode: "crowd", tiles: pages[page], size: size, page: page, pages: pages.length, isFull: size > 12,
      others: [], recent: []
    };
  }

  /** The page with the number that came into the light last; without one, one page after the other. */
  function pageOf(pages, turns, now) {
    const number = turns.lit.length && turns.last ? turns.last.number : null;
    const found = pages.findIndex((page) => page.some((call) => call.number === number));
    return found >= 0 ? found : Math.floor(now / PAGE_MS) % pages.length;
  }

  LaySo.displayLayout = { arrange: arrange };
})(window);
