"""By which way a page reaches the server: wires.js and feed.js in node, with lines and a clock in our hands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from queue_server.domain import commands as c
from queue_server.web import dispatch
from tests.node import run_node

JS = Path(__file__).parents[2] / "queue_server" / "protocol" / "js"

WORLD = """
const fs = require("fs"), vm = require("vm");
const [files, task, cases] = JSON.parse(fs.readFileSync(0, "utf8"));

/* A browser whose lines are opened by hand. `opened` are they, each with its url; `asked` what went by HTTP. */
function browser(kept, hasStreams) {
  const world = {at: 0, timers: [], opened: [], asked: [], store: kept ? {"layso.way": kept} : {}};
  class Line {
    constructor(url) { this.url = url; this.readyState = 0; this.sent = []; world.opened.push(this); }
    send(text) { this.sent.push(JSON.parse(text)); }
    close() { this.isClosed = true; }
    say(frame) { this.readyState = 1; this.onmessage({data: JSON.stringify(frame)}); }
    fail() { return this.onclose ? this.onclose({code: 1006}) : this.onerror(); }
  }
  class Socket extends Line {}
  class Source extends Line {}
  class Now extends Date { static now() { return world.at; } }
  const timer = (work, ms, again) => world.timers.push({work, at: world.at + (ms || 0), again});
  const stop = (no) => { if (no) world.timers[no - 1] = null; };
  const sandbox = {
    WebSocket: Socket, EventSource: hasStreams ? Source : undefined, Date: Now, Promise,
    document: {documentElement: {lang: "vi", getAttribute: () => "b"}}, location: {origin: "http://x"},
    localStorage: {getItem: (key) => world.store[key] || null, setItem: (key, value) => { world.store[key] = value; }},
    crypto: require("crypto").webcrypto,
    fetch: (url, options) => new Promise((resolve, reject) => world.asked.push({url, options, resolve, reject})),
    setTimeout: (work, ms) => timer(work, ms), clearTimeout: stop,
    setInterval: (work, ms) => timer(work, ms, ms), clearInterval: stop,
  };
  sandbox.globalThis = sandbox;
  vm.createContext(sandbox);
  files.forEach((file) => vm.runInContext(fs.readFileSync(file, "utf8"), sandbox, {filename: file}));
  vm.runInContext("Math.random = () => 0", sandbox);
  world.LaySo = sandbox.LaySo;
  world.pass = (ms) => {
    for (const until = world.at + ms; ;) {
      const due = world.timers.filter(Boolean).filter((each) => each.at <= until).sort((a, b) => a.at - b.at)[0];
      if (!due) { world.at = until; return; }
      world.at = Math.max(world.at, due.at);
      if (due.again) { due.at += due.again; } else { world.timers[world.timers.indexOf(due)] = null; }
      due.work();
    }
  };
  world.way = (line) => (line instanceof Source ? "stream" : "socket");
  world.last = () => world.opened[world.opened.length - 1];
  return world;
}
const welcome = {type: "welcome", at: "2026-01-05T08:00:00Z", reconnect_window_s: 0, clock_speed: 1, actor: "nobody"};
const answer = (status, kind, data) => ({
  status, ok: status < 300, headers: {get: () => kind}, json: () => Promise.resolve(data),
});

const tasks = {
  choose: ([past, now]) => browser(null, true).LaySo.wires.choose(past, now),
  paths: ([name, args]) => browser(null, true).LaySo.wires.pathOf(name, args),
  counterCommands: () => browser(null, true).LaySo.wires.counterCommands,
  // The first lines of a page of which none gets through, by their ways.
  tries: ([kept, hasStreams, count]) => {
    const world = browser(kept, hasStreams);
    new world.LaySo.Feed({});
    while (world.opened.length < count) { world.pass(1000); world.last().fail(); }
    return world.opened.map(world.way);
  },
  // A page behind a proxy that swallows sockets: what it opens, with times in s, and what it keeps for the next start.
  behindProxy: () => {
    const world = browser(null, true);
    const states = [];
    const feed = new world.LaySo.Feed({onStatus: (status) => states.push(status.state)});
    feed.subscribe("board:b", () => {});
    feed.subscribe("live:b", () => {});
    const seen = [];
    const note = () => { seen.push([world.at / 1000, world.way(world.last()), decodeURIComponent(world.last().url)]); };
    while (!world.opened.length || world.way(world.last()) === "socket") { world.pass(500); }
    world.pass(10);
    note();
    world.last().say(welcome);
    world.last().say({type: "snapshot", channel: "board:b", seq: "e.5", data: {}});
    const stream = world.last();
    const beat = () => { world.pass(5000); stream.say({type: "beat", at: "2026-01-05T08:00:00Z", positions: {}}); };
    while (world.last() === stream) { beat(); }
    note();
    const probe = world.last();
    beat(); beat();
    return {seen, states, kept: world.store, isProbeClosed: probe.isClosed, isStreamClosed: Boolean(stream.isClosed)};
  },
  // The same page when a socket gets through again.
  mended: () => {
    const world = browser("stream", true);
    const feed = new world.LaySo.Feed({});
    feed.subscribe("board:b", () => {});
    world.pass(10);
    const stream = world.last();
    stream.say(welcome);
    stream.say({type: "snapshot", channel: "board:b", seq: "e.5", data: {}});
    while (world.last() === stream) {
      world.pass(5000);
      stream.say({type: "beat", at: "2026-01-05T08:00:00Z", positions: {}});
    }
    const probe = world.last();
    probe.readyState = 1;
    probe.say(welcome);
    const sent = [...probe.sent];
    world.pass(1000);
    probe.fail();
    world.pass(1000);
    return {first: world.way(stream), isStreamClosed: stream.isClosed, sent, then: world.way(world.last()),
            kept: world.store["layso.way"]};
  },
  // What a stream's address asks for, as it goes on.
  addresses: () => {
    const world = browser("stream", true);
    const feed = new world.LaySo.Feed({});
    feed.subscribe("board:b", () => {});
    world.pass(0);
    world.last().say(welcome);
    world.last().say({type: "snapshot", channel: "board:b", seq: "e.5", data: {}});
    world.last().say({type: "event", channel: "board:b", seq: "e.7", prev: "e.5", changes: []});
    feed.report({screen: "sanh", shown: 3});
    world.pass(0);
    world.last().say(welcome);
    world.last().say({type: "event", channel: "board:b", seq: "e.9", prev: "e.8", changes: []});
    world.pass(0);
    feed.unsubscribe("board:b");
    world.pass(0);
    return world.opened.map((line) => decodeURIComponent(line.url));
  },
  goodbye: ([code]) => {
    const world = browser("stream", true);
    const codes = [];
    new world.LaySo.Feed({onStatus: (status) => codes.push(status.code)});
    world.pass(0);
    world.last().say(welcome);
    world.last().say({type: "goodbye", code, reason: ""});
    world.pass(5000);
    return [codes[codes.length - 1], world.opened.length];
  },
  commands: async () => {
    const world = browser("stream", true);
    const feed = new world.LaySo.Feed({});
    world.pass(0);
    world.last().say(welcome);
    const told = [];
    const tell = (promise) => promise.then((data) => told.push(["done", data]), (problem) => told.push([problem.code]));
    const settle = () => new Promise((resolve) => setImmediate(resolve));
    tell(feed.command("call-next", {branch: "b", counter: 5}));
    const first = world.asked[0];
    first.reject(new Error("no line"));
    await settle();
    world.last().fail();  // the stream has gone too; the command goes on
    world.pass(750);
    const second = world.asked[1];
    second.resolve(answer(502, "text/html"));
    await settle();
    world.pass(750);
    const third = world.asked[2];
    third.resolve(answer(200, "application/json", {number: "A001"}));
    await settle();
    world.pass(2000);
    world.last().say(welcome);
    tell(feed.command("call-next", {branch: "b", counter: 5}));
    world.asked[3].resolve(answer(204, null));
    await settle();
    tell(feed.command("recall", {ticket: "t"}));
    world.asked[4].resolve(answer(409, "application/problem+json", {code: "ticket-state"}));
    await settle();
    const keys = world.asked.map((each) => each.options.headers["idempotency-key"]);
    const {body, headers} = first.options;
    return {told, count: world.asked.length, isSameKey: keys[0] === keys[1] && keys[1] === keys[2], url: first.url,
            isOther: keys[3] !== keys[0], body: JSON.parse(body), deadline: headers.deadline};
  },
};
Promise.all(cases.map(tasks[task])).then((found) =>
  process.stdout.write(JSON.stringify(found), () => process.exit(0)));
"""

STREAM = "/sse/v1?lang=vi&branch=b"


def in_node(task: str, *cases: Any) -> list[Any]:
    files = [str(JS / "wires.js"), str(JS / "feed.js")]
    found: list[Any] = json.loads(run_node(WORLD, json.dumps([files, task, cases or [[]]]), is_module=False))
    return found


def past(first: str = "socket", heard: str = "", failed: int = 0, socket_at: int = 0) -> dict[str, Any]:
    return {"first": first, "heard": heard, "failed": failed, "socketAt": socket_at}


FIVE_MINUTES = 300_000
CHOICES = [
    (past(), 0, "socket"),
    (past(failed=1), 0, "socket"),
    (past(failed=2), 0, "stream"),
    (past(failed=3), 0, "socket"),
    (past(failed=5), 0, "stream"),
    (past("stream"), 0, "stream"),
    (past("stream", failed=2), 0, "socket"),
    (past(heard="socket", failed=50), 0, "socket"),  # a server that is down is no proxy
    (past("stream", heard="socket", failed=2), 0, "socket"),
    (past(heard="stream", failed=50), FIVE_MINUTES - 1, "stream"),
    (past(heard="stream"), FIVE_MINUTES, "socket"),
    (past(heard="stream", socket_at=9), FIVE_MINUTES, "stream"),
]


def test_a_way_is_chosen_by_what_has_worked() -> None:
    assert in_node("choose", *(case[:2] for case in CHOICES)) == [case[2] for case in CHOICES]


def test_a_page_that_gets_through_by_neither_tries_both() -> None:
    first, again, without = in_node("tries", [None, True, 6], ["stream", True, 4], [None, False, 4])
    assert first == ["socket", "socket", "stream", "socket", "socket", "stream"]
    assert again == ["stream", "stream", "socket", "stream"]
    assert without == ["socket"] * 4  # a browser without EventSource


def test_a_proxy_that_swallows_sockets_costs_half_a_minute_once() -> None:
    (found,) = in_node("behindProxy")
    (at, way, url), (probe_at, probe_way, _) = found["seen"]
    assert (way, url) == ("stream", f"{STREAM}&channel=board:b&since=&channel=live:b&since=")
    assert at < 30
    assert found["states"] == ["live"]
    assert found["kept"] == {"layso.way": "stream"}
    assert probe_way == "socket"
    assert 285 <= probe_at <= 335
    assert (found["isProbeClosed"], found["isStreamClosed"]) == (True, False)


def test_a_socket_that_gets_through_again_takes_over_where_the_stream_was() -> None:
    (found,) = in_node("mended")
    assert (found["first"], found["isStreamClosed"], found["kept"]) == ("stream", True, "socket")
    assert found["sent"] == [{"type": "subscribe", "channel": "board:b", "since": "e.5"}]
    assert found["then"] == "socket"


def test_another_wish_is_another_address_from_where_the_last_one_led() -> None:
    (found,) = in_node("addresses")
    report = '&report={"type":"report","screen":"sanh","shown":3}'
    assert found == [
        f"{STREAM}&channel=board:b&since=",
        f"{STREAM}&channel=board:b&since=e.7{report}",
        f"{STREAM}&channel=board:b&since={report}",  # after a gap
        f"{STREAM}{report}",
    ]


@pytest.mark.parametrize(("code", "opened"), [(4000, 2), (4401, 1)])
def test_a_goodbye_says_whether_to_come_back(code: int, opened: int) -> None:
    assert in_node("goodbye", [code]) == [[code, opened]]


def test_a_command_goes_by_http_again_and_again_with_one_key() -> None:
    (found,) = in_node("commands")
    assert found["told"] == [["done", {"number": "A001"}], ["done", None], ["ticket-state"]]
    assert (found["count"], found["isSameKey"], found["isOther"]) == (5, True, True)
    assert found["url"] == "/api/v1/branches/b/counters/5/call-next"
    assert found["body"] == {"branch": "b", "counter": 5}
    assert found["deadline"] == "2026-01-05T08:00:15.000Z"


def test_each_command_has_the_path_of_its_kind() -> None:
    kinds: list[tuple[dict[str, type[c.Command]], dict[str, Any], str]] = [
        (dispatch.TICKET_COMMANDS, {"ticket": "t/1", "counter": 5}, "/api/v1/tickets/t%2F1/"),
        (dispatch.COUNTER_COMMANDS, {"branch": "b", "counter": 5}, "/api/v1/branches/b/counters/5/"),
        (dispatch.BRANCH_COMMANDS, {"branch": "b", "counter": 5}, "/api/v1/branches/b/"),
    ]
    for commands, args, start in kinds:
        expected = [start + ("tickets" if name == "issue" else name) for name in commands]
        assert in_node("paths", *([name, args] for name in commands)) == expected
    assert in_node("counterCommands") == [sorted(dispatch.COUNTER_COMMANDS)]
