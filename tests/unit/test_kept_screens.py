"""What a lobby screen keeps to start without its server, and what it says of itself: its scripts, run in node."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.node import run_node
from tests.unit.test_old_screens import file_of

WORLD = """
const fs = require("fs"), vm = require("vm");
const [file, script, given] = JSON.parse(fs.readFileSync(0, "utf8"));
const stored = {}, writes = [];
const storage = {
  getItem: (key) => (key in stored ? stored[key] : null),
  setItem: (key, text) => { if (given.isFull) { throw new Error("full"); } writes.push(key); stored[key] = text; }
};
const timers = [];
const world = {
  storage, stored, writes, given, timers, console, URL, Promise,
  navigator: given.isPlain ? {} : {serviceWorker: {}},
  document: {documentElement: {getAttribute: () => "0.1.0+ab"}},
  location: {origin: "http://centre"}, innerWidth: 960, innerHeight: 540, devicePixelRatio: 2,
  setTimeout: (work) => { timers.push(work); }, setInterval: (work) => { timers.push(work); }
};
world.window = world.self = world;
vm.createContext(world);
vm.runInContext("self.addEventListener = (name, work) => { self['on_' + name] = work; };", world);
vm.runInContext(fs.readFileSync(file, "utf8"), world);
Promise.resolve(vm.runInContext(`(() => { ${script} })()`, world)).then((answer) => {
  console.log(JSON.stringify(answer === undefined ? null : answer));
});
"""


def run(address: str, script: str, **given: Any) -> Any:
    said = json.dumps([str(file_of(f"/static/display/{address}")), script, given])
    return json.loads(run_node(WORLD, said, is_module=False))


# -- the board ---------------------------------------------------------------------------------------------------------

KEEP = """
const board = new LaySo.KeptBoard(storage, "go-vap");
board.keep({calls: {a: 1}}, new Date("2026-11-23T02:41:00Z"), 0);
"""
READ = "const found = board.read(new Date(given.now)); return found && [found.view, found.at.toISOString()];"
BOARD = [{"calls": {"a": 1}}, "2026-11-23T02:41:00.000Z"]


@pytest.mark.parametrize("now", ["2026-11-23T02:42:00Z", "2026-11-23T14:41:00Z", "1970-01-01T00:00:10Z"])
def test_the_last_board_comes_with_its_time_for_twelve_hours_or_under_a_clock_that_is_behind(now: str) -> None:
    assert run("display_kept.js", KEEP + READ, now=now) == BOARD


def test_a_board_of_another_day_is_none() -> None:
    assert run("display_kept.js", KEEP + READ, now="2026-11-23T14:41:01Z") is None


def test_nothing_was_kept_in_an_empty_or_refusing_storage_or_without_workers() -> None:
    now = "2026-11-23T02:42:00Z"
    assert run("display_kept.js", 'const board = new LaySo.KeptBoard(storage, "go-vap");' + READ, now=now) is None
    assert run("display_kept.js", 'const board = new LaySo.KeptBoard(null, "go-vap");' + READ, now=now) is None
    assert run("display_kept.js", KEEP + READ, now=now, isFull=True) is None
    assert run("display_kept.js", KEEP + READ, now=now, isPlain=True) is None


def test_a_change_is_written_within_a_second_and_that_nothing_changed_once_a_minute() -> None:
    script = """
      const board = new LaySo.KeptBoard(storage, "go-vap"), at = new Date("2026-11-23T02:41:00Z"), view = {calls: {}};
      const written = [];
      for (let ms = 0; ms <= 130000; ms += 250) {
        if (ms === 20250 || ms === 20500) { board.change(); }
        writes.length = 0;
        board.keep(view, at, ms);
        if (writes.length) { written.push([ms, writes.length]); }
      }
      return written;
    """
    # Two entries: rows and time; one: the time alone.
    assert run("display_kept.js", script) == [[0, 2], [20250, 2], [21250, 2], [81250, 1]]


# -- the worker --------------------------------------------------------------------------------------------------------

FETCH = """
self.caches = {match: () => Promise.resolve(given.kept)};
self.fetch = () => (given.status ? Promise.resolve({from: "server", status: given.status})
  : given.status === 0 ? Promise.reject(new Error("refused")) : new Promise(() => undefined));
let answer = "browser";
const request = {method: given.method || "GET", url: given.url};
self.on_fetch({request: request, respondWith: (promise) => { answer = promise; }});
const timeIsOver = () => Promise.resolve().then(() => Promise.resolve()).then(() => timers.forEach((work) => work()));
if (given.status === undefined) { timeIsOver(); }
return answer;
"""
PAGE = "http://centre/display/go-vap?pair=1"


def fetched(url: str, **given: Any) -> Any:
    found = run("worker.js", FETCH, url=url, **given)
    return found if isinstance(found, str) else found["from"]


def test_the_worker_gives_what_is_kept_only_when_the_server_does_not() -> None:
    kept = {"from": "kept"}
    assert fetched(PAGE, kept=kept, status=200) == "server"
    assert fetched(PAGE, kept=kept, status=404) == "server"
    assert fetched(PAGE, kept=kept, status=502) == "kept", "a proxy whose server is away"
    assert fetched(PAGE, kept=kept, status=0) == "kept"
    assert fetched(PAGE, kept=kept) == "kept", "a server that does not answer"
    assert fetched(PAGE, status=200) == "server"
    assert fetched("http://centre/static/page.js?v=0.1.0+ab", kept=kept, status=200) == "kept", "it never changes"


@pytest.mark.parametrize("url", ["http://centre/api/v1/me", "http://elsewhere/display/go-vap", "http://centre/healthz"])
def test_the_worker_leaves_the_rest_alone(url: str) -> None:
    assert fetched(url, kept={"from": "kept"}, status=200) == "browser"
    assert fetched(PAGE, kept={"from": "kept"}, status=200, method="POST") == "browser"


# -- the bridge --------------------------------------------------------------------------------------------------------


def test_a_page_says_how_it_is_and_what_it_leaves_out_is_as_usual() -> None:
    said = run("player.js", "timers[0](); timers[0](); return LaySo.health();")
    usual = {"build": "0.1.0+ab", "state": "", "lastCall": None, "audio": "off", "size": "1920x1080", "ticks": 2}
    assert said == {**usual, "isQuiet": True, "player": None}
    tell = "LaySo.tellHealth({state: () => 'live', isQuiet: () => false, ticks: () => 9});"
    said = run("player.js", f"{tell} window.laysoPlayer = {{restarts: 3}}; return LaySo.health();")
    assert said == {**usual, "state": "live", "isQuiet": False, "ticks": 9, "player": {"restarts": 3}}


def test_the_player_is_asked_once_for_each_and_answers_all_who_wait() -> None:
    script = """
      const asked = [];
      window.laysoAsk = (what) => asked.push(what);
      const both = [LaySo.askPlayer("screenshot"), LaySo.askPlayer("screenshot")];
      LaySo.playerGives("other", "x");
      LaySo.playerGives("screenshot", "JPEG");
      return Promise.all(both).then((got) => [asked, got]);
    """
    assert run("player.js", script) == [["screenshot", "screenshot"], ["JPEG", "JPEG"]]


def test_without_a_player_or_without_its_answer_the_asker_is_told() -> None:
    ask = "LaySo.askPlayer('screenshot').catch((fault) => fault.message)"
    assert run("player.js", f"return {ask};") == "no player here"
    late = f"window.laysoAsk = () => undefined; const answer = {ask}; timers[timers.length - 1](); return answer;"
    assert run("player.js", late) == "the player has not answered"


ORDERED = """
  const sent = [];
  window.laysoAsk = (what) => LaySo.playerGives(what, "/9j/AA==");
  window.fetch = (path, request) => {
    sent.push([path, request.method, Array.from(request.body)]);
    return Promise.reject();
  };
"""


def test_a_picture_that_is_ordered_is_sent_as_the_bytes_of_the_players() -> None:
    world = ORDERED + "window.atob = (text) => (text === '/9j/AA==' ? '\\xff\\xd8\\xff\\0' : '');"
    said = run("player.js", world + "return LaySo.obey('picture').then(() => sent);")
    assert said == [["/api/v1/devices/me/picture", "PUT", [255, 216, 255, 0]]]
    assert run("player.js", world + "return LaySo.obey('dance').then(() => sent);") == []
    without = world + "window.laysoAsk = undefined; return LaySo.obey('picture').then(() => sent);"
    assert run("player.js", without) == []


def test_the_worker_lies_where_its_pages_are() -> None:
    kept = Path(file_of("/static/display/display_kept.js")).read_text()
    assert 'WORKER = "/display/worker.js"' in kept
