"""The rules of following a channel: feed.js (run in node) and its Python twin, on the same cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from queue_server.protocol import feed, frames
from tests.node import run_node

JS = Path(__file__).parents[2] / "queue_server" / "protocol" / "js"
SCRIPTS_JS = [str(JS / name) for name in ("wires.js", "feed.js")]

# A world in which feed.js has a connection: frames go in by hand, and what it sends is kept.
WORLD = """
const fs = require("fs"), vm = require("vm");
const [files, task, cases] = JSON.parse(fs.readFileSync(0, "utf8"));
const sent = [];
let socket = null;
class Socket {
  constructor() { socket = this; this.readyState = 0; }
  send(text) { sent.push(JSON.parse(text)); }
  close() {}
}
const sandbox = {
  WebSocket: Socket, document: {documentElement: {lang: "vi", getAttribute: () => null}}, location: {origin: "http://x"},
  crypto: require("crypto").webcrypto, setTimeout, clearTimeout, setInterval, clearInterval,
};
sandbox.globalThis = sandbox;
vm.createContext(sandbox);
files.forEach((file) => vm.runInContext(fs.readFileSync(file, "utf8"), sandbox, {filename: file}));
const LaySo = sandbox.LaySo;

function play(script) {
  const feed = new LaySo.Feed({});
  const seen = [];
  for (const name of script.channels) {
    feed.subscribe(name, (view, changes) => seen.push([name, JSON.parse(JSON.stringify(view)), changes]));
  }
  socket.readyState = 1;
  const steps = script.frames.map((frame) => {
    sent.length = seen.length = 0;
    if (frame === "lost") {
      socket.onclose({code: 1006});
      feed._connect();
      socket.readyState = 1;
    } else {
      socket.onmessage({data: JSON.stringify(frame)});
    }
    return [[...sent], [...seen], script.channels.map((name) => feed.position(name))];
  });
  feed.stop();
  return steps;
}

const tasks = {
  judge: ([position, seq, prev]) => LaySo.judge(position, {seq, prev}),
  apply: ([view, changes]) => LaySo.applyChanges(view, changes),
  play,
  // How long feed.js waits for its tries, in ms, when the server named this window and these chances come up.
  waits: ([window, chances]) => {
    const waits = [];
    sandbox.setTimeout = (_, ms) => waits.push(ms);
    sandbox.Math = {...plainMath, random: () => chances[waits.length]};
    const feed = welcomed(window);
    chances.forEach(() => feed._onClose(1006));
    feed.stop();
    return waits;
  },
  // When feed.js tries again, in ms after a loss in a window of a minute: left alone; with a command on its way; when
  // these presses come while it waits, or a command; after a press during a try, which goes on.
  hurries: () => {
    const found = [];
    const scene = (options, before, ...happenings) => {
      let at = 0, listeners = {}, timers = [];
      sandbox.Date = class extends Date { static now() { return at; } };
      sandbox.setTimeout = (work, ms) => timers.push({work, at: at + ms});
      sandbox.clearTimeout = (no) => { if (no) timers[no - 1] = null; };
      sandbox.Math = {...plainMath, random: () => 0.5};
      sandbox.document.addEventListener = (name, work) => { listeners[name] = work; };
      const feed = new LaySo.Feed(options);
      socket.onmessage({data: JSON.stringify(welcome(60))});
      before(feed);
      const here = socket;
      feed._onClose(1006);
      while (socket === here) {
        const next = timers.filter(Boolean).reduce((one, other) => (other.at < one.at ? other : one));
        const happening = happenings[0];
        if (happening && happening[0] <= next.at) {
          at = happenings.shift()[0];
          happening[1](feed, listeners);
        } else {
          timers[timers.indexOf(next)] = null;
          at = next.at;
          next.work();
        }
      }
      found.push(at);
      const during = timers.filter(Boolean).length;
      feed.hurry();
      found.push(timers.filter(Boolean).length - during);
      feed.stop();
    };
    const command = (feed) => { feed.command("call-next", {}).catch(() => {}); };
    const press = (name) => (_, listeners) => listeners[name] && listeners[name]();
    scene({}, () => {});
    scene({}, command);
    scene({}, () => {}, [5000, command]);
    scene({}, () => {}, [100, command]);
    scene({isWorkedAt: true}, () => {}, [4000, press("keydown")]);
    scene({isWorkedAt: true}, () => {}, [4000, press("pointerdown")]);
    scene({isWorkedAt: true}, () => {}, [60, press("touchstart")], [70, press("touchstart")]);
    scene({}, () => {}, [4000, press("keydown")]);
    return found;
  },
  // What each try after a loss begins with: "socket", or "question" with these answers, and then perhaps a socket.
  questions: (answers) => {
    const found = [];
    sandbox.setTimeout = () => {};
    sandbox.XMLHttpRequest = class {
      open(_, address) { this.address = address; }
      send() { question = this; found.push("question " + this.address + " " + this.timeout); }
    };
    let question = null;
    const feed = welcomed(1.5);
    feed._onClose(1006);
    while (answers.length) {
      const here = socket;
      question = null;
      feed._connect();
      if (question) {
        const status = answers.shift();
        if (status) { question.status = status; question.onload(); } else { question.ontimeout(); }
      }
      if (socket !== here) { found.push("socket"); feed._onClose(1006); }
    }
    return found;
  },
  // What it asks for when the page came with a snapshot, and what it shows then.
  known: (frames) => {
    const seen = [];
    const feed = new LaySo.Feed({});
    feed.subscribe("board:b", (view) => seen.push(JSON.parse(JSON.stringify(view))), undefined, frames[0]);
    socket.readyState = 1;
    sent.length = 0;
    [welcome(1.5), ...frames.slice(1)].forEach((frame) => socket.onmessage({data: JSON.stringify(frame)}));
    feed.stop();
    return [[...sent], seen, feed.position("board:b")];
  },
  // How long it waits before it asks again for a channel that the server could not tell, in ms.
  asks: ([window, chance]) => {
    const feed = welcomed(window);
    const waits = [];
    feed.subscribe("board:b", () => {});
    sandbox.setTimeout = (_, ms) => waits.push(ms);
    sandbox.Math = {...plainMath, random: () => chance};
    socket.onmessage({data: JSON.stringify({type: "error", channel: "board:b", problem: {code: "x", status: 503}})});
    feed.stop();
    return waits;
  },
  // For how many whole halves of a second of silence a connection lives: before any welcome, after it, after a loss.
  patience: (window) => {
    let at = 0, look;
    sandbox.Date = class extends Date { static now() { return at; } };
    sandbox.setInterval = (work) => { look = work; };
    sandbox.setTimeout = () => {};
    const feed = new LaySo.Feed({});
    const until = () => {
      const began = at, here = feed._wire;
      for (; feed._wire === here; at += 500) look();
      return (at - began - 1000) / 1000;
    };
    const found = [until()];
    feed._connect();
    socket.onmessage({data: JSON.stringify(welcome(window))});
    found.push(until());
    feed._connect();
    found.push(until());
    return found;
  },
};
const plainMath = Object.fromEntries(Object.getOwnPropertyNames(Math).map((name) => [name, Math[name]]));
const welcome = (window) => ({type: "welcome", at: "2026-01-05T08:00:00Z", reconnect_window_s: window, clock_speed: 1});
function welcomed(window) {
  const feed = new LaySo.Feed({});
  socket.onmessage({data: JSON.stringify(welcome(window))});
  return feed;
}
process.stdout.write(JSON.stringify(cases.map(tasks[task])), () => process.exit(0));
"""


def in_node(task: str, cases: list[Any]) -> list[Any]:
    found: list[Any] = json.loads(run_node(WORLD, json.dumps([SCRIPTS_JS, task, cases]), is_module=False))
    return found


# -- one event at a position -------------------------------------------------------------------------------------------

JUDGED = [
    ("e1.5", "e1.6", "e1.5", "take"),
    ("e1.5", "e1.9", "e1.5", "take"),  # a filtered channel: the numbers between belong to others
    ("e1.5", "e1.9", "e1.3", "take"),  # a snapshot at 5, made after the channel's last frame at 3
    ("e1.5", "e1.5", "e1.4", "ignore"),
    ("e1.5", "e1.2", "e1.1", "ignore"),
    ("e1.5", "e1.9", "e1.6", "gap"),
    ("e1.5", "e2.6", "e2.5", "gap"),
    ("e1.5", "e2.1", "e2.0", "gap"),
    ("e1.9", "e1.10", "e1.9", "take"),  # numbers, not texts
    ("e1.10", "e1.9", "e1.8", "ignore"),
    ("e1.999999999999999", "e1.999999999999998", "e1.7", "ignore"),
]


@pytest.mark.parametrize(("position", "seq", "prev", "verdict"), JUDGED)
def test_an_event_is_taken_ignored_or_shows_a_gap(position: str, seq: str, prev: str, verdict: str) -> None:
    assert feed.judge(position, seq, prev) == verdict


def test_the_browser_judges_the_same() -> None:
    found = in_node("judge", [case[:3] for case in JUDGED])
    assert found == [case[3] for case in JUDGED]


# -- changes -----------------------------------------------------------------------------------------------------------

APPLIED: list[tuple[feed.View, list[tuple[str, str, Any]], feed.View]] = [
    ({}, [], {}),
    ({}, [("jobs", "a", {"n": 1})], {"jobs": {"a": {"n": 1}}}),
    ({"jobs": {"a": {"n": 1}}}, [("jobs", "a", {"n": 2})], {"jobs": {"a": {"n": 2}}}),
    ({"jobs": {"a": {"n": 1}, "b": {}}}, [("jobs", "a", None)], {"jobs": {"b": {}}}),
    ({"jobs": {}}, [("jobs", "gone", None)], {"jobs": {}}),
    ({}, [("new", "gone", None)], {"new": {}}),
    ({"t": {"a": 1}}, [("t", "a", None), ("t", "a", 3), ("u", "a", 4)], {"t": {"a": 3}, "u": {"a": 4}}),
]


@pytest.mark.parametrize(("view", "changes", "after"), APPLIED)
def test_changes_set_and_remove_rows(view: feed.View, changes: list[tuple[str, str, Any]], after: feed.View) -> None:
    assert feed.apply_changes(json.loads(json.dumps(view)), changes) == after


def test_the_browser_applies_the_same() -> None:
    assert in_node("apply", [case[:2] for case in APPLIED]) == [case[2] for case in APPLIED]


# -- whole conversations -----------------------------------------------------------------------------------------------

BOARD, LIVE = "board:b", "live:b"
WELCOME = {
    "type": "welcome", "build": "x", "at": "2026-11-23T02:00:00Z", "reconnect_window_s": 1.5, "beat_s": 4.0,
    "actor": "nobody", "clock_speed": 1.0,
}  # fmt: skip


def snapshot(seq: str, data: Any, channel: str = BOARD) -> dict[str, Any]:
    return {"type": "snapshot", "channel": channel, "seq": seq, "data": data}


def event(seq: str, prev: str, *changes: Any, channel: str = BOARD) -> dict[str, Any]:
    return {"type": "event", "channel": channel, "seq": seq, "prev": prev, "changes": list(changes)}


def beat(**positions: str) -> dict[str, Any]:
    return {"type": "beat", "at": "2026-11-23T02:00:09Z", "positions": {BOARD: positions["board"]}}


SCRIPTS: dict[str, dict[str, Any]] = {
    "what is already known is ignored": {
        "channels": [BOARD],
        "frames": [WELCOME, snapshot("e.5", {"t": {"a": 1}}), event("e.5", "e.4", ["t", "a", 9]), event("e.6", "e.5")],
    },
    "an event before the first snapshot is left out": {
        "channels": [BOARD],
        "frames": [WELCOME, event("e.5", "e.4", ["t", "a", 1]), snapshot("e.5", {"t": {}})],
    },
    "a reconnect resumes where it was": {
        "channels": [BOARD],
        "frames": [
            WELCOME, snapshot("e.5", {"t": {}}), event("e.7", "e.5", ["t", "a", 1]), "lost", WELCOME,
            event("e.7", "e.5", ["t", "a", 1]), event("e.8", "e.7", ["t", "a", None]),
        ],
    },
    "a gap asks for everything, and nothing is taken until it comes": {
        "channels": [BOARD],
        "frames": [
            WELCOME, snapshot("e.5", {"t": {}}), event("e.9", "e.8", ["t", "a", 1]),
            event("e.10", "e.9", ["t", "b", 2]), snapshot("e.10", {"t": {"a": 1, "b": 2}}),
            event("e.11", "e.10", ["t", "a", None]),
        ],
    },
    "another epoch asks for everything": {
        "channels": [BOARD],
        "frames": [
            WELCOME, snapshot("e.5", {"t": {}}), event("f.6", "f.5", ["t", "a", 1]), snapshot("f.6", {"t": {"a": 1}})
        ],
    },
    "a beat that is ahead asks for everything, one that is not asks for nothing": {
        "channels": [BOARD],
        "frames": [
            WELCOME, snapshot("e.5", {"t": {}}), beat(board="e.5"), beat(board="e.4"), beat(board="e.6"),
            beat(board="e.6"), snapshot("e.6", {"t": {}}), beat(board="f.1"),
        ],
    },
    "the newest live frame wins and is never resumed": {
        "channels": [LIVE, BOARD],
        "frames": [
            WELCOME, snapshot("e.5", {"waiting": 3}, LIVE), snapshot("e.5", {"t": {}}),
            snapshot("e.6", {"waiting": 4}, LIVE), "lost", WELCOME,
        ],
    },
    "other channels' frames are nobody's": {
        "channels": [BOARD],
        "frames": [WELCOME, snapshot("e.5", {"t": {}}, "board:c"), event("e.6", "e.5", channel="board:c")],
    },
}  # fmt: skip


def played(script: dict[str, Any]) -> list[Any]:
    """What the Python twin sends, shows and remembers after each frame, as the browser's is recorded."""
    channels = feed.Channels()
    for name in script["channels"]:
        channels.follow(name)
    return [_step(channels, script["channels"], frame) for frame in script["frames"]]


def _step(channels: feed.Channels, names: list[str], frame: Any) -> list[Any]:
    sent: list[frames.Subscribe] = []
    if frame != "lost":
        match frames.server_decoder.decode(json.dumps(frame)):
            case frames.Welcome():
                sent = channels.on_welcome()
            case frames.Snapshot() as snap:
                channels.on_snapshot(snap)
            case frames.Event() as change:
                sent = channels.on_event(change)
            case frames.Beat() as sign:
                sent = channels.on_beat(sign)
    seen = [[name, *_shown(update)] for name in names for update in _updates(channels, name)]
    return [[_said(request) for request in sent], seen, [_channel(channels, name).position for name in names]]


def _channel(channels: feed.Channels, name: str) -> feed.Channel:
    channel = channels.get(name)
    assert channel is not None
    return channel


def _updates(channels: feed.Channels, name: str) -> list[feed.Update]:
    update = _channel(channels, name).next()
    return [update] if update is not None else []


def _shown(update: feed.Update) -> Any:
    return json.loads(json.dumps([update.view, update.changes]))


def _said(request: frames.Subscribe) -> Any:
    said = msgspec.to_builtins(request)
    return {name: value for name, value in said.items() if value is not None}


@pytest.mark.parametrize("name", SCRIPTS)
def test_browser_and_program_follow_alike(name: str) -> None:
    assert played(SCRIPTS[name]) == in_node("play", [SCRIPTS[name]])[0]


def test_a_gap_forgets_the_position_and_asks_without_it() -> None:
    """So that the scripts above compare something: the expected conversation, spelt out once."""
    steps = played(SCRIPTS["a gap asks for everything, and nothing is taken until it comes"])
    assert [step[0] for step in steps] == [
        [{"type": "subscribe", "channel": BOARD}], [], [{"type": "subscribe", "channel": BOARD}], [], [], [],
    ]  # fmt: skip
    assert [step[2][0] for step in steps] == [None, "e.5", None, None, "e.10", "e.11"]
    assert steps[-1][1] == [[BOARD, {"t": {"b": 2}}, [["t", "a", None]]]]


# -- what only pages have ----------------------------------------------------------------------------------------------


def test_who_came_with_a_snapshot_asks_only_for_what_is_newer() -> None:
    brought = snapshot("e.5", {"t": {"a": 1}})
    ask, anew = {"type": "subscribe", "channel": BOARD, "since": "e.5"}, {"type": "subscribe", "channel": BOARD}
    goes_on, too_old = in_node(
        "known", [[brought, event("e.6", "e.5", ["t", "b", 2])], [brought, event("e.9", "e.8", ["t", "b", 2])]]
    )
    assert goes_on == [[ask], [{"t": {"a": 1, "b": 2}}], "e.6"]
    assert too_old == [[ask, anew], [], None]


# -- what only programs have -------------------------------------------------------------------------------------------


def test_a_slow_reader_gets_one_whole_view_in_place_of_a_long_backlog() -> None:
    channel = feed.Channel(BOARD)
    channel.on_snapshot(frames.Snapshot(BOARD, "e.0", {"t": {"old": 1}}))
    assert channel.next() is not None
    for seq in range(1, feed.BACKLOG_MAX + 2):
        assert channel.on_event(frames.Event(BOARD, f"e.{seq}", f"e.{seq - 1}", [("t", "n", seq)]))
    update = channel.next()
    assert update == feed.Update({"t": {"old": 1, "n": feed.BACKLOG_MAX + 1}}, None)
    assert channel.next() is None


def test_a_reader_sees_each_view_with_the_changes_that_led_to_it() -> None:
    channel = feed.Channel(BOARD)
    channel.on_snapshot(frames.Snapshot(BOARD, "e.0", {"t": {}}))
    channel.on_event(frames.Event(BOARD, "e.1", "e.0", [("t", "a", 1)]))
    channel.on_event(frames.Event(BOARD, "e.2", "e.1", [("t", "a", 2)]))
    views = [json.loads(json.dumps(update.view)) for update in iter(channel.next, None)]
    assert views == [{"t": {}}, {"t": {"a": 1}}, {"t": {"a": 2}}]


def test_every_try_lies_anywhere_in_the_servers_window() -> None:
    assert [feed.retry_wait(0.25, 30.0, chance) for chance in (0.0, 0.5)] == [0.25, 15.25]
    assert feed.retry_wait(0.5, 1.5, 1.0) == 2.0
    waits = in_node("waits", [[1.5, [0.0, 0.5, 0.0]], [120.0, [0.5, 0.5, 0.5]]])
    assert waits == [[250, 1250, 750], [60250, 60500, 60750]]


def test_who_is_waited_for_does_not_wait_for_its_turn_in_the_window() -> None:
    (found,) = in_node("hurries", [[]])
    assert found[1::2] == [0] * 8, "a try that is under way goes on"
    assert found[::2] == [30_250, 250, 5000, 250, 4000, 4000, 250, 30_250]


def test_in_a_long_outage_it_is_asked_whether_the_server_is_there_before_another_socket_is_tried() -> None:
    question = "question /healthz 2000"
    (found,) = in_node("questions", [[None, 502, 200]])
    assert found == ["socket", "socket", question, question, question, "socket"]


def test_a_channel_that_the_server_could_not_tell_is_asked_for_again_at_any_time_soon() -> None:
    cases = [[1.5, 0.0], [1.5, 1.0], [60.0, 0.5]]
    assert [feed.ask_again_wait(window, chance) for window, chance in cases] == [0.75, 2.25, 5.25]
    assert in_node("asks", cases) == [[750], [2250], [5250]]


def test_who_is_not_let_in_yet_waits_as_long_as_all_may_take_to_come_back() -> None:
    assert feed.patience(60.0, is_welcome=False) == 69.0
    assert feed.patience(60.0, is_welcome=True) == 9.0
    # Seconds of silence that feed.js bears: before any welcome, after it, and after it was lost.
    assert in_node("patience", [60.0, 1.5]) == [[10.5, 9.0, 69.0], [10.5, 9.0, 10.5]]
