"""Kill the server at random moments under load, and see what is left.

    python -m load.kills [--kills 30] [--seed 1]
    python -m load.kills --starts          # how long a start takes with a full day in the journal

A kill counts when a command was sent and not yet answered. Each time: every acknowledged command is in the journal's
file (read by SQL before the server starts again), displays and consoles resume by themselves and show what a fresh
reader gets, and each unanswered command, sent again with its key, has happened exactly once. Exit status 0: all held.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter as Tally
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener
from uuid import uuid4

from msgspec import Struct, field
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from load.proof import ROOT, Desk, Gone, HttpDesk, Product, Refused, WebSocketDesk, opened, read_books
from queue_server.protocol.client import Client
from queue_server.protocol.feed import View

COUNTERS = {1: "chung-thuc", 2: "chung-thuc", 6: "ho-tich", 9: "dat-dai", 12: "kinh-doanh", 16: "phi-dia-gioi"}
"""The counters that work, and the field of the tickets that their clerks also issue."""
CERTIFYING = (1, 2, 3, 4, 5)
"""Counters that take one field, for a day that is made quickly."""
DISPLAYS = 8
RESUMED_WITHIN_S = 3.0
AGREED_WITHIN_S = 20.0
"""When to give up waiting and say what differs."""

_opener = build_opener(ProxyHandler({}))


class Report(Struct):
    """What a run has found. `faults` are sentences; none when all held."""

    kills: int = 0
    idle_kills: int = 0
    """Nothing was under way: these do not count."""
    acknowledged: int = 0
    unanswered: int = 0
    had_happened: int = 0
    """Unanswered commands that were in the journal nevertheless."""
    longest_resume_s: float = 0.0
    longest_start_s: float = 0.0
    faults: list[str] = field(default_factory=list)


class Screen:
    """A display or a console: follows one channel by the public client, which comes back by itself."""

    def __init__(self, product: Product, token: str, channel: str) -> None:
        self.channel = channel
        self.view: View = {}
        self._client = Client(f"http://127.0.0.1:{product.port}", token)
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        await self._client.__aenter__()
        self._task = asyncio.ensure_future(self._follow())

    async def close(self) -> None:
        await self._client.__aexit__(None, None, None)
        if self._task is not None:
            await self._task

    async def _follow(self) -> None:
        async for update in self._client.subscribe(self.channel):
            self.view = update.view

    @property
    def is_live(self) -> bool:
        return self._client.status == "live"


def rows_of(view: View) -> View:
    return {table: rows for table, rows in view.items() if rows}


class Kills:
    """One run: a load that never rests, and a server that is killed under it."""

    def __init__(self, product: Product, *, seed: int = 1) -> None:
        self._product = product
        self._random = random.Random(seed)
        self._under_way: dict[str, tuple[str, dict[str, Any]]] = {}
        self._told: dict[str, tuple[str, Any]] = {}
        self.report = Report()
        tokens = product.tokens
        self._screens = [Screen(product, tokens["display"], f"board:{product.branch}") for _ in range(DISPLAYS)]
        self._consoles = {
            no: Screen(product, tokens["integration"], f"counter:{product.branch}/{no}") for no in COUNTERS
        }
        self._screens += self._consoles.values()

    async def run(self, kills: int) -> Report:
        for screen in self._screens:
            await screen.open()
        try:
            await self._until_all_agree()
            while self.report.kills < kills and not self.report.faults:
                await self._kill_once()
        finally:
            for screen in self._screens:
                await screen.close()
        self._product.kill()
        self.report.acknowledged = len(self._told)
        self._check_books()
        return self.report

    async def _kill_once(self) -> None:
        clerks = [asyncio.ensure_future(self._work(no)) for no in COUNTERS]
        await asyncio.sleep(self._random.uniform(0.05, 0.8))
        was_under_way = bool(self._under_way)
        self._product.kill()
        await asyncio.wait(clerks)
        for clerk in clerks:
            clerk.result()
        unanswered = dict(self._under_way)
        self._under_way.clear()
        self.report.kills += was_under_way
        self.report.idle_kills += not was_under_way
        self._check_acknowledged()
        began = time.monotonic()
        self._product.launch()
        await asyncio.to_thread(self._product.await_ready)
        self.report.longest_start_s = max(self.report.longest_start_s, time.monotonic() - began)
        self.report.longest_resume_s = max(self.report.longest_resume_s, await self._until_all_agree())
        await self._ask_again(unanswered)
        await self._clear_counters()

    # -- the load ------------------------------------------------------------------------------------------------------

    def _desk(self, no: int) -> Desk:
        kind = HttpDesk if no % 2 else WebSocketDesk
        return kind(self._product.port, self._product.tokens["integration"], self._product.branch)

    async def _work(self, no: int) -> None:
        """A clerk who also issues, until the line is lost."""
        desk = self._desk(no)
        try:
            while True:
                await self._serve_somebody(no, desk)
        except Gone:
            await desk.close()

    async def _serve_somebody(self, no: int, desk: Desk) -> None:
        with suppress(Refused):
            await self._give(desk, "open", {"counter": no})
            await self._give(desk, "issue", {"field": COUNTERS[no]})
            called = await self._give(desk, "call-next", {"counter": no})
            if called is not None:
                for name in ("start", "finish") if self._random.random() < 0.7 else ("recall", "no-show"):
                    await self._give(desk, name, {"ticket": called["id"]})

    async def _give(self, desk: Desk, name: str, args: dict[str, Any], key: str = "") -> Any:
        """A command with a key of its own; what is not answered stays under way."""
        key = key or uuid4().hex
        self._under_way[key] = (name, args)
        try:
            answer = await desk.ask(name, args, key)
        except Refused:
            del self._under_way[key]
            raise
        del self._under_way[key]
        self._told[key] = (name, answer)
        return answer

    async def _ask_again(self, unanswered: dict[str, tuple[str, dict[str, Any]]]) -> None:
        """Each of them with its key: it happens now, or it had happened; and the same again is the same."""
        self.report.unanswered += len(unanswered)
        before = self._keys()
        desk, other = (
            HttpDesk(self._product.port, self._product.tokens["integration"], self._product.branch),
            self._desk(2),
        )
        for key, (name, args) in unanswered.items():
            had_happened = key in before
            self.report.had_happened += had_happened
            try:
                answer = await self._give(desk, name, args, key)
            except Refused as refusal:
                if had_happened:
                    self._fault(f"{name} had happened and is refused now: {refusal}")
                continue
            if answer is not None and not await self._is_same(other, name, args, key, answer):
                self._fault(f"{name} with one key got two answers")
        await desk.close()
        await other.close()

    async def _is_same(self, desk: Desk, name: str, args: dict[str, Any], key: str, answer: Any) -> bool:
        """An answer that changed nothing ("open" of an open counter) may name a later position."""
        again = await desk.ask(name, args, key)
        return bool(again == answer or key not in self._keys())

    async def _clear_counters(self) -> None:
        """Whoever was left at a counter goes, so that its clerk can go on."""
        desk = self._desk(2)
        for console in self._consoles.values():
            for row in list(console.view.get("tickets", {}).values()):
                with suppress(Refused):
                    await self._give(
                        desk, {"called": "no-show", "serving": "finish"}[row["state"]], {"ticket": row["id"]}
                    )
        await self._probe(desk)
        await desk.close()

    async def _probe(self, desk: Desk) -> None:
        """One more call: everybody who has resumed sees it."""
        await self._give(desk, "open", {"counter": 20})
        await self._give(desk, "issue", {"field": "phi-dia-gioi"})
        called = await self._give(desk, "call-next", {"counter": 20})
        await self._give(desk, "no-show", {"ticket": called["id"]})
        await self._until_all_agree()

    # -- what must hold ------------------------------------------------------------------------------------------------

    def _fault(self, sentence: str) -> None:
        self.report.faults.append(f"kill {self.report.kills}: {sentence}")

    async def _until_all_agree(self) -> float:
        """Seconds until every screen is live and shows what a fresh reader gets."""
        began = time.monotonic()
        while True:
            fresh = await self._fresh()
            differing = [s.channel for s in self._screens if not (s.is_live and rows_of(s.view) == fresh[s.channel])]
            took = time.monotonic() - began
            if not differing:
                return took
            if took > AGREED_WITHIN_S:
                self._fault(f"after {took:.0f} s these do not show what a fresh reader gets: {differing}")
                return took
            await asyncio.sleep(0.01)

    async def _fresh(self) -> dict[str, View]:
        """What GET …/board and new connections show."""
        desk = HttpDesk(self._product.port, self._product.tokens["integration"], self._product.branch)
        _, board = await desk.request("GET", f"/branches/{self._product.branch}/board")
        await desk.close()
        found: dict[str, View] = {f"board:{self._product.branch}": rows_of(board["data"])}
        token = {"Authorization": f"Bearer {self._product.tokens['integration']}"}
        url = f"ws://127.0.0.1:{self._product.port}/ws/v1"
        async with connect(url, subprotocols=[Subprotocol("layso.v1")], additional_headers=token, proxy=None) as line:
            for screen in self._consoles.values():
                await line.send(json.dumps({"type": "subscribe", "channel": screen.channel}))
            while len(found) <= len(self._consoles):
                frame = json.loads(await line.recv())
                if frame["type"] == "snapshot":
                    found[frame["channel"]] = rows_of(frame["data"])
        return found

    def _keys(self) -> set[str]:
        with opened(self._product.database) as db:
            return {key for (key,) in db.execute("SELECT key FROM command")}

    def _check_acknowledged(self) -> None:
        """Read from the file that the kill left behind."""
        keys = self._keys()
        lost = [
            f"{name} {key}"
            for key, (name, answer) in self._told.items()
            if _left_events(name, answer) and key not in keys
        ]
        if lost:
            self._fault(f"acknowledged and not in the journal: {lost}")

    def _check_books(self) -> None:
        books = read_books(self._product.database)
        self.report.faults += books.faults
        for key, (name, answer) in self._told.items():
            if name == "issue" and books.numbers.get(answer["id"]) != answer["number"]:
                self._fault(f"number {answer['number']} was given, and the journal has another one")
            if name == "call-next" and answer is not None and books.calls.get(answer["id"]) != [answer["counter"]]:
                self._fault(f"{answer['number']} was called to {answer['counter']}: {books.calls.get(answer['id'])}")
            if _left_events(name, answer) and key not in books.commands:
                self._fault(f"{name} was acknowledged and is not in the journal")
        numbers = Tally(answer["number"] for name, answer in self._told.values() if name == "issue")
        self.report.faults += [
            f"number {number} was given {count} times" for number, count in numbers.items() if count > 1
        ]


def _left_events(name: str, answer: Any) -> bool:
    """Opening an open counter, or calling when nobody waits, leaves nothing in the journal."""
    return name != "open" and answer is not None


def kill_often(folder: Path, kills: int, *, seed: int = 1) -> Report:
    with Product(folder) as product:
        return asyncio.run(Kills(product, seed=seed).run(kills))


# -- starting ----------------------------------------------------------------------------------------------------------

REPLAY = """
import asyncio, sys, time
from queue_server.branches.clock import WallClock, Watch
from queue_server.branches.host import BranchHost
from queue_server.journal.sqlite import SqliteJournal

async def main():
    journal = await SqliteJournal.open(sys.argv[1])
    clock = WallClock()
    times = []
    for _ in range(3):
        host = BranchHost(sys.argv[2], journal, clock, Watch(clock), lambda host, changes, own: None)
        began = time.perf_counter()
        await host.load()
        times.append(time.perf_counter() - began)
        host.close()
    print(min(times), len(host.state.tickets), host.state.seq)
    await journal.close()

asyncio.run(main())
"""


class Start(Struct, frozen=True):
    """How long a start took: until the first answer, and the replay of the day alone."""

    events: int
    tickets: int
    first_answer_s: float
    replay_s: float


def _desk_of(product: Product, who: str) -> Desk:
    return WebSocketDesk(product.port, product.tokens[who], product.branch)


async def fill(product: Product, visits: int) -> None:
    """A day of visits, some seven events each."""
    share = len(CERTIFYING)
    numbers = [visits // share + (place < visits % share) for place in range(share)]
    await asyncio.gather(*[_visits(product, no, count) for no, count in zip(CERTIFYING, numbers, strict=True)])


async def _visits(product: Product, no: int, visits: int) -> None:
    """Issued, printed, called, called again, served, every third held for a while, finished."""
    desk, printer, dispenser = (_desk_of(product, who) for who in ("integration", "printer", "dispenser"))

    async def give(by: Desk, name: str, **args: Any) -> Any:
        return await by.ask(name, args, uuid4().hex)

    await give(desk, "open", counter=no)
    for number in range(visits):
        issued = await give(dispenser, "issue", field="chung-thuc")
        job = f"{issued['id']}-{issued['position'].rpartition('.')[2]}"
        await give(printer, "report-paper", job=job, outcome="printed")
        called = await give(desk, "call-next", counter=no)
        pause = ("hold", "resume", "start") if number % 3 == 0 else ()
        for name in ("recall", "start", *pause, "finish"):
            await give(desk, name, ticket=called["id"])
    for each in (desk, printer, dispenser):
        await each.close()


def time_start(product: Product) -> Start:
    """Kill the server, and measure how the next one comes up. The least of three: the machine has other work."""
    product.kill()
    argv = [sys.executable, "-c", REPLAY, str(product.database), product.branch]
    said = subprocess.run(argv, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    answers = [_time_first_answer(product) for _ in range(3)]
    return Start(int(said[2]), int(said[1]), min(answers), float(said[0]))


def _time_first_answer(product: Product) -> float:
    """From the start of the process (`serve`) to the board in somebody's hands."""
    argv = [sys.executable, "-m", "queue_server", "serve", "--data", str(product.data), "--port", str(product.port)]
    url = f"http://127.0.0.1:{product.port}/api/v1/branches/{product.branch}/board"
    began = time.monotonic()
    process = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        while not _answers(url):
            if time.monotonic() - began > AGREED_WITHIN_S or process.poll() is not None:
                raise RuntimeError("the server did not come up")
            time.sleep(0.005)
        return time.monotonic() - began
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        with _opener.open(url, timeout=5) as answer:
            return bool(answer.status == 200 and json.loads(answer.read())["data"]["day"])
    except (URLError, OSError):
        return False


def start_with(folder: Path, visits: int, issue_only: int = 0) -> Start:
    """A start with so many visits, and so many tickets that only wait, in the journal."""
    with Product(folder) as product:
        asyncio.run(fill(product, visits))
        asyncio.run(_issue(product, issue_only))
        return time_start(product)


async def _issue(product: Product, count: int) -> None:
    async def some(count: int) -> None:
        desk = _desk_of(product, "dispenser")
        for _ in range(count):
            await desk.ask("issue", {"field": "ho-tich"}, uuid4().hex)
        await desk.close()

    await asyncio.gather(*[some(count // 10) for _ in range(10)])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--starts", action="store_true")
    asked = parser.parse_args()
    if asked.starts:
        for visits, waiting in ((700, 0), (0, 2000)):
            with tempfile.TemporaryDirectory() as name:
                print(start_with(Path(name), visits, waiting))
        return 0
    with tempfile.TemporaryDirectory() as name:
        report = kill_often(Path(name), asked.kills, seed=asked.seed)
    print(f"{report.kills} kills under load ({report.idle_kills} more met nothing); {report.acknowledged} acknowledged")
    print(f"{report.unanswered} unanswered, of which {report.had_happened} had happened; asked again: once each")
    print(
        f"longest start {report.longest_start_s:.2f} s, longest until all screens agree {report.longest_resume_s:.2f} s"
    )
    print("\n".join(report.faults) or "nothing lost, no number twice, nobody called twice")
    return 1 if report.faults or report.longest_resume_s > RESUMED_WITHIN_S else 0


if __name__ == "__main__":
    sys.exit(main())
