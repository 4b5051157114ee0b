/**
 * What presses do. One command at a time is under way; its buttons wait until the answer has come and the channel shows
 * it, so that a second press can never mean something else than what the screen says.
 */
import { withCode } from "./paperwork.js";
import { SHEETS, spaced } from "./sheets.js";
import { t } from "./texts.js";
import { alarmOf } from "./view.js";
import * as undo from "./undo.js";

const SETTLE_MS = 400; // the primary button means something else now: a bouncing key must not press it
const SHOWN_WITHIN_MS = 1000;
const LOOK_MS = 10;
const QUIET = "quiet"; // nothing will change on the counter's channel

/**
 * @param {any} store the model and what may be done with it (main.js)
 * @param {any} feed
 */
export function makeActions(store, feed) {
  // -- one at a time ----------------------------------------------------------------------------------------------------------

  /** Carry out `work` under the name of the button that was pressed; nothing else starts before it has ended. */
  async function underWay(name, work) {
    if (store.model.busy || !store.isLive()) {
      return;
    }
    const before = store.model.shown;
    store.set({ busy: name });
    try {
      if ((await work()) !== QUIET) {
        await untilShown(before);
      }
    } catch (problem) {
      onProblem(problem);
    } finally {
      store.set({ busy: null, settled: name, settledAt: Date.now() + SETTLE_MS });
      setTimeout(store.draw, SETTLE_MS + 1);
    }
  }

  async function untilShown(before) {
    const giveUpAt = Date.now() + SHOWN_WITHIN_MS;
    while (store.model.shown === before && Date.now() < giveUpAt) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  function onProblem(problem) {
    if (problem instanceof Error) {
      throw problem;
    }
    if (problem.code === "unauthenticated") {
      store.signIn();
    } else if (store.model.paperwork) {
      return; // it says so itself
    } else if (store.model.sheet) {
      store.set({ sheet: { ...store.model.sheet, problem: problem.detail } });
    } else {
      LaySo.toast(problem.detail, "bad");
    }
  }

  // -- commands ---------------------------------------------------------------------------------------------------------------

  /** Send a command and remember what may be taken back. */
  async function send(command) {
    const answer = await feed.command(command.name, command.args);
    if (answer && command.did) {
      remember(command.did, command.ticket, answer.at);
    }
    return answer;
  }

  function remember(did, ticket, instant) {
    const { row } = store.desk();
    const until = new Date(new Date(instant).getTime() + row.undo_s * 1000).toISOString();
    store.keep({ done: { ticket: ticket.id, number: ticket.number, did, until } });
  }

  async function callNext({ hand }) {
    const { branch, no } = store.model;
    const answer = await feed.command("call-next", { branch, counter: no });
    if (answer) {
      if (hand) {
        remember("finish", hand, answer.at);
      }
      remember("call", answer, answer.at);
      return null;
    }
    if (hand) {
      await send({ name: "finish", args: { ticket: hand.id }, did: "finish", ticket: hand });
    }
    LaySo.toast(hand ? t("finishedNobody", { n: spaced(hand.number) }) : t("nobody", { no }));
    return hand ? null : QUIET;
  }

  async function takeBack({ hand }) {
    const deed = undo.undoable(store.model.deeds, hand, store.now());
    if (!deed) {
      LaySo.toast(t("nothingToUndo"));
      return QUIET;
    }
    try {
      await feed.command("undo", { ticket: deed.ticket });
    } finally {
      store.keep({ without: deed.ticket });
    }
    LaySo.toast(t("undone", { n: t(`did.${deed.did}`, { n: spaced(deed.number) }) }));
    return null;
  }

  /** Call quietly for somebody; a second press says that nobody need come. */
  async function callForSomebody({ row }) {
    const name = alarmOf(row, store.now()) === "raised" ? "answer-alarm" : "raise-alarm";
    await feed.command(name, { branch: store.model.branch, counter: row.no });
  }

  async function recall({ hand }) {
    await send({ name: "recall", args: { ticket: hand.id } });
    LaySo.toast(t("recalled", { n: spaced(hand.number) }));
  }

  const open = (no, takeOver) => feed.command("open", { branch: store.model.branch, counter: no, take_over: takeOver });
  const plain = (button, name) => ({ hand }) =>
    underWay(button, () => send({ name, args: { ticket: hand.id }, did: name, ticket: hand }));

  const PRIMARY = {
    choose: goChoosing,
    open: () => openHere(store.model.no),
    reopen: () => underWay("primary", () => open(store.model.no, false)),
    next: (desk) => underWay("primary", () => callNext(desk)),
    "finish-next": (desk) => underWay("primary", () => callNext(desk)),
    start: plain("primary", "start"),
    finish: plain("primary", "finish"),
    step: () => showSheet("step"),
  };
  const DIRECT = {
    recall: (desk) => underWay("recall", () => recall(desk)),
    noshow: plain("noshow", "no-show"),
    return: plain("return", "return"),
    undo: (desk) => underWay("undo", () => takeBack(desk)),
    paperwork: ({ hand }) => showPaperwork(hand, []),
    alarm: (desk) => underWay("alarm", () => callForSomebody(desk)),
    change: goChoosing,
    help: () => store.set({ isHelping: true }),
  };

  /** A press of a button or key. Presses that make no sense now do nothing. */
  function press(action) {
    const desk = store.desk();
    const { busy, settled, settledAt } = store.model;
    if (busy || (action === settled && Date.now() <= settledAt)) {
      return; // the second press of a double one
    }
    if (action === "primary") {
      if (desk.primary && Date.now() > settledAt) {
        PRIMARY[desk.primary](desk);
      }
    } else if (desk.mode === "paused" && action === "pause") {
      PRIMARY.reopen();
    } else if (desk.can[action]) {
      (DIRECT[action] || (() => showSheet(action)))(desk);
    }
  }

  // -- sheets -----------------------------------------------------------------------------------------------------------------

  function showSheet(name, values = {}) {
    if (!store.isLive() || store.model.busy) {
      return;
    }
    const { hand } = store.desk();
    store.set({ sheet: { name, values, about: hand ? hand.id : null, problem: null }, absent: null });
    store.loadPeople();
    if (name === "reinstate") {
      store.ask("/clerk/absent").then(({ tickets }) => store.set({ absent: tickets }), onProblem);
    }
  }

  function closeSheet() {
    if (!store.model.busy) {
      store.set({ sheet: null, issued: null });
    }
  }

  /** Carry out what the sheet asks for; it stays, with the reason, when that is refused. */
  function confirm() {
    const { model } = store;
    const { name, values } = model.sheet;
    const { command } = SHEETS[name]({ model, desk: store.desk(), values });
    if (!command) {
      return;
    }
    underWay("sheet", async () => {
      store.set({ sheet: { ...store.model.sheet, problem: null } });
      const answer = await send(command);
      store.set({ sheet: null, issued: name === "issue" ? answer : null });
      return afterwards(name, command);
    });
  }

  function afterwards(name, command) {
    if (name === "takeover") {
      store.stay(command.args.counter);
      return QUIET;
    }
    if (command.name === "close") {
      goChoosing();
      return QUIET;
    }
    return name === "issue" || name === "reinstate" ? QUIET : null;
  }

  // -- what is written down -----------------------------------------------------------------------------------------------------

  function showPaperwork({ id, number }, codes) {
    store.set({ paperwork: { ticket: { id, number }, codes, problem: null } });
  }

  /** A scanner has read the code of a dossier: one more for the number in hand. */
  function scanned(text) {
    const { paperwork, sheet } = store.model;
    const { hand, can } = store.desk();
    const codes = withCode(paperwork ? paperwork.codes : [], text);
    if (codes.length === 0) {
      LaySo.toast(t("paperwork.wrong"));
    } else if (paperwork) {
      store.set({ paperwork: { ...paperwork, codes } });
    } else if (can.paperwork && !sheet) {
      showPaperwork(hand, codes);
    } else {
      LaySo.toast(t("paperwork.nobody"));
    }
  }

  function writeDown({ ticket, codes, note }) {
    return underWay("writing", async () => {
      try {
        if (codes.length > 0) {
          await feed.command("record-dossiers", { ticket: ticket.id, codes });
          store.set({ paperwork: { ...store.model.paperwork, codes: [] } }); // what is done is not asked for twice
        }
        if (note) {
          await feed.command("note", { ticket: ticket.id, text: note });
        }
      } catch (problem) {
        store.set({ paperwork: { ...store.model.paperwork, problem: problem.detail } });
        throw problem;
      }
      store.set({ paperwork: null });
      LaySo.toast(t("paperwork.done", { n: spaced(ticket.number) }), "ok");
      return QUIET;
    });
  }

  // -- counters ---------------------------------------------------------------------------------------------------------------

  function goChoosing() {
    const { no } = store.model;
    store.loadPeople();
    store.set({ isChoosing: true, typed: no ? String(no) : "" });
  }

  function choose(no) {
    if (store.model.busy) {
      return;
    }
    const counter = store.counters().find((row) => row.no === no);
    if (!counter) {
      store.set({ typed: "" });
      LaySo.toast(t("chooseNone", { no }));
      return;
    }
    if (counter.isMine) {
      store.stay(no);
    } else if (counter.clerk) {
      store.set({ typed: "" });
      showSheet("takeover", { no });
    } else {
      openHere(no);
    }
  }

  /** Open a counter. Somebody may have sat down there a moment ago: then it is asked whether to take it over. */
  function openHere(no) {
    return underWay("primary", async () => {
      try {
        await open(no, false);
      } catch (problem) {
        store.set({ typed: "" });
        await store.loadPeople(); // whoever was refused sees why
        if (problem.code !== "counter-taken") {
          throw problem;
        }
        store.set({ sheet: { name: "takeover", values: { no }, about: null, problem: null } });
        return QUIET;
      }
      store.stay(no);
      return QUIET;
    });
  }

  return { press, showSheet, closeSheet, confirm, choose, scanned, writeDown, onProblem };
}
