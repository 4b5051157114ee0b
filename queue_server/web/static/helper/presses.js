/**
 * Presses that ask for a number. Each has a key of its own, and is sent with it again and again until it is answered:
 * whatever the line does, one press gives one number or says why not. Not later than its deadline, so that no number is
 * made for somebody who has gone; asked after it, the server tells what became of the press.
 */
const DEADLINE_MS = 60_000; // whoever stands beside a helper waits longer than at a machine
const AGAIN_MS = 1_000;
const PATIENCE_MS = 4_000; // a request that is not answered by then may be lost
const KEPT = 12;

/**
 * @typedef {{key: string, field: string, state: "pending" | "done" | "refused", ticket: ?object, words: string}} Press
 * @param {(key: string, deadline: string, args: object) => Promise<object>} ask sends a press
 * @param {() => Date} now the server's time
 * @param {() => void} onChange
 */
export function makePresses(ask, now, onChange) {
  /** @type {Press[]} the newest first */
  let presses = [];

  function change(key, what) {
    presses = presses.map((press) => (press.key === key ? { ...press, ...what } : press));
    onChange();
  }

  const isPending = (key) => presses.some((press) => press.key === key && press.state === "pending");

  function send(key, deadline, args) {
    if (!isPending(key)) {
      return;
    }
    let isOver = false;
    const again = (wait) => {
      if (!isOver) {
        isOver = true;
        setTimeout(() => send(key, deadline, args), wait);
      }
    };
    const patience = setTimeout(() => again(0), PATIENCE_MS);
    ask(key, deadline, args).then(
      (ticket) => {
        clearTimeout(patience);
        isOver = true;
        settle(key, { state: "done", ticket });
      },
      (problem) => {
        clearTimeout(patience);
        if (isAnswer(problem)) {
          isOver = true;
          settle(key, { state: "refused", words: problem.detail });
        } else {
          again(AGAIN_MS);
        }
      },
    );
  }

  function settle(key, what) {
    if (isPending(key)) {
      change(key, what);
    }
  }

  return {
    /** One more number. */
    take(args) {
      const key = LaySo.newKey();
      const deadline = new Date(now().getTime() + DEADLINE_MS).toISOString();
      const kept = presses.filter((press, i) => i < KEPT || press.state === "pending");
      presses = [{ key, field: args.field, state: "pending", ticket: null, words: "" }, ...kept];
      onChange();
      send(key, deadline, args);
    },
    forget: (key) => {
      presses = presses.filter((press) => press.key !== key);
      onChange();
    },
    all: () => presses,
    hasPending: () => presses.some((press) => press.state === "pending"),
  };
}

/** Whether the server has decided; its own faults pass. */
const isAnswer = (problem) => problem.status >= 400 && problem.status < 500 && problem.status !== 429;
