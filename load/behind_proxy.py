"""The province of docs/how-to/province.md on loopback: two hosts of two workers behind a real proxy with TLS.

    python -m load.behind_proxy --proxy nginx      (or caddy; the program must be installed)

The hosts are 127.0.0.11 and 127.0.0.12; the proxy runs the file of config/deploy/province with its names and paths
replaced. People take numbers by HTTPS, each with a key and repeating what failed, and screens listen, while: nothing
happens; a worker is killed; one is stopped for six seconds; both hosts are replaced worker by worker; a host is
restarted; a host is killed.
At the end every acknowledged number is looked for in the journal. A fault ends it with status 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from http.client import HTTPException, HTTPSConnection
from itertools import cycle
from pathlib import Path
from uuid import uuid4

from msgspec import Struct, field
from msgspec.json import decode, encode, format
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from load.fleet.notes import BranchNotes, FleetNotes
from load.fleet.prepare import prepare
from load.fleet.scenario import plan, read_scenario
from load.fleet.servers import ROOT, clean_environment
from queue_server.journal.port import Database
from queue_server.journal.postgres import PostgresJournal
from queue_server.serving import Served
from queue_server.settings import Settings
from tests.databases.postgres import Postgres
from tests.databases.sentinels import Sentinels
from tests.databases.tls import Certificate
from tests.databases.valkey import free_port
from tests.staff import eventually

PROVINCE = ROOT / "config" / "deploy" / "province"
HOSTS = ("127.0.0.11", "127.0.0.12")
WORKERS = 2
WORKER_PORT = 9001
PEOPLE = 8
PAUSE_S = 0.02
WATCHED_S = 10.0
"""Each thing is done after a second and watched for so long."""


class Phase(Struct):
    """`unlike` are answers that were not the number: by status, or what happened to the line."""

    name: str
    took_s: float = 0.0
    numbers: int = 0
    unlike: dict[str, int] = field(default_factory=dict)
    slowest_s: float = 0.0
    screens_lost: int = 0
    screens_back_within_s: float = 0.0


# -- what is served ----------------------------------------------------------------------------------------------------


class Host:
    """`serve --workers 2 --worker-port 9001` at an address of its own."""

    def __init__(self, address: str, folder: Path, environment: dict[str, str]) -> None:
        self._command = [
            *(sys.executable, "-m", "queue_server", "serve", "--json", "--host", address, "--port", "8000"),
            *("--data", str(folder / address), "--workers", str(WORKERS), "--worker-port", str(WORKER_PORT)),
        ]
        self._log = folder / f"{address}.log"
        self._environment = clean_environment(environment)

    def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, stderr=log
            )
        assert self.process.stdout is not None
        self.pids = [worker.pid for worker in decode(self.process.stdout.readline(), type=Served).workers]

    def is_replaced(self) -> bool:
        """Whether a rolling restart has come to its end."""
        return "All workers were replaced." in self._log.read_text()

    def restart(self) -> None:
        self.stop()
        self.start()

    def stop(self) -> None:
        with self.process:
            self.process.terminate()


def certificate_of(folder: Path) -> Certificate:
    return Certificate(folder / "tls")


@contextmanager
def nginx(folder: Path, port: int, certificate: Certificate) -> Iterator[Path]:
    """The shipped file inside a minimal main file; what is yielded is its log of requests."""
    log = folder / "requests.log"
    site = _replaced("nginx.conf", {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "listen 80": f"listen 127.0.0.1:{free_port()}",
        "/etc/layso/tls/fullchain.pem": str(certificate.file),
        "/etc/layso/tls/privkey.pem": str(certificate.key),
        "/var/log/nginx/layso.log layso buffer=64k flush=5s": f"{log} layso",
    })  # fmt: skip
    (folder / "site.conf").write_text(site)
    (folder / "nginx.conf").write_text(
        f"worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log warn;\n"
        f"events {{ worker_connections 8192; }}\n"
        f"http {{ include /etc/nginx/mime.types; include {folder}/site.conf; }}\n"
    )
    command = [shutil.which("nginx") or "nginx", "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
    with _running(command, folder):
        yield log


@contextmanager
def caddy(folder: Path, port: int, certificate: Certificate) -> Iterator[Path]:
    """The same of Caddy; it logs as JSON."""
    log = folder / "requests.log"
    site = _replaced("Caddyfile", {
        "layso.example.vn {": (
            f"https://127.0.0.1:{port} {{\n\ttls {certificate.file} {certificate.key}\n"
            f"\tlog {{\n\t\toutput file {log}\n\t}}"
        ),
    })  # fmt: skip
    if not _knows_stream_close_delay():
        site = re.sub(r".*stream_close_delay.*\n", "", site)
    (folder / "Caddyfile").write_text(f"{{\n\tadmin off\n\tauto_https off\n}}\n{site}")
    command = [shutil.which("caddy") or "caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    with _running(command, folder):
        yield log


def _knows_stream_close_delay() -> bool:
    """Caddy 2.7 and newer."""
    said = subprocess.run(["caddy", "version"], capture_output=True, text=True, check=True).stdout
    found = re.match(r"v?(\d+)\.(\d+)", said)
    return found is not None and (int(found[1]), int(found[2])) >= (2, 7)


def _replaced(name: str, pairs: dict[str, str]) -> str:
    text = (PROVINCE / name).read_text()
    for old, new in (pairs | {"layso-app-1": HOSTS[0], "layso-app-2": HOSTS[1]}).items():
        assert old in text, f"{name} has no {old}"
        text = text.replace(old, new)
    return text


@contextmanager
def _running(command: Sequence[str], folder: Path) -> Iterator[None]:
    environment = dict(os.environ, XDG_DATA_HOME=str(folder), XDG_CONFIG_HOME=str(folder))
    with (folder / "proxy.log").open("ab") as log, subprocess.Popen(command, stderr=log, env=environment) as process:
        try:
            yield
        finally:
            process.terminate()


# -- people and screens ------------------------------------------------------------------------------------------------


class People:
    """Take numbers at all branches in turn. What fails is repeated with its key."""

    def __init__(self, port: int, trusted: ssl.SSLContext, branches: Sequence[BranchNotes]) -> None:
        self._port, self._trusted = port, trusted
        self.given: dict[str, str] = {}
        self.phase = Phase("")
        self._lock = threading.Lock()
        self._over = threading.Event()
        shares = [branches[number::PEOPLE] for number in range(PEOPLE)]
        self._threads = [threading.Thread(target=self._take, args=[share]) for share in shares if share]

    def _take(self, branches: Sequence[BranchNotes]) -> None:
        turns = cycle(branches)
        while not self._over.wait(PAUSE_S):
            branch, key, began = next(turns), uuid4().hex, time.monotonic()
            while not self._take_one(branch, key):
                if time.monotonic() - began > 60:
                    raise RuntimeError(f"no number at {branch.code} within a minute")
            with self._lock:
                self.phase.numbers += 1
                self.phase.slowest_s = max(self.phase.slowest_s, time.monotonic() - began)

    def _take_one(self, branch: BranchNotes, key: str) -> bool:
        body = encode({"field": branch.fields[0].code})
        headers = {
            "Authorization": f"Bearer {branch.dispensers[0]}",
            "Idempotency-Key": key,
            "Content-Type": "application/json",
        }
        line = HTTPSConnection("127.0.0.1", self._port, timeout=15, context=self._trusted)
        try:
            line.request("POST", f"/api/v1/branches/{branch.code}/tickets", body, headers)
            answer = line.getresponse()
            content = answer.read()
        except (OSError, HTTPException) as fault:
            return self._note(type(fault).__name__)
        finally:
            line.close()
        if answer.status != 201:
            return self._note(str(answer.status))
        with self._lock:
            self.given[key] = json.loads(content)["id"]
        return True

    def _note(self, what: str) -> bool:
        with self._lock:
            self.phase.unlike[what] = self.phase.unlike.get(what, 0) + 1
        return False

    def __enter__(self) -> People:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()


class Screen:
    """A lobby screen: it subscribes to its branch's board, and comes back when its line ends."""

    def __init__(self, url: str, trusted: ssl.SSLContext, branch: BranchNotes) -> None:
        self._url = f"{url}/ws/v1?branch={branch.code}"
        self._trusted = trusted
        self._branch = branch
        self.lost_at: float | None = None
        self.breaks: list[tuple[float, float]] = []
        """When a line ended, and when the next had its snapshot."""
        self.is_live = False

    async def run(self) -> None:
        while True:
            with suppress(ConnectionClosed, WebSocketException, OSError, TimeoutError):
                await self._listen()
            if self.is_live:
                self.is_live, self.lost_at = False, time.monotonic()
            await asyncio.sleep(0.3)

    async def _listen(self) -> None:
        headers = {"Authorization": f"Bearer {self._branch.displays[0]}"}
        async with connect(
            self._url, subprotocols=[Subprotocol("layso.v1")], additional_headers=headers, ssl=self._trusted,
            compression=None, ping_interval=None, open_timeout=5, close_timeout=1, proxy=None,
        ) as line:  # fmt: skip
            await line.send(json.dumps({"type": "subscribe", "channel": f"board:{self._branch.code}"}))
            while True:
                async with asyncio.timeout(9):  # as the pages do: silence is a dead line
                    frame = json.loads(await line.recv())
                if frame["type"] == "snapshot":
                    self._is_back()

    def _is_back(self) -> None:
        now = time.monotonic()
        if self.lost_at is not None:
            self.breaks.append((self.lost_at, now))
        self.is_live, self.lost_at = True, None


class Screens:
    """All screens, in a loop of their own."""

    def __init__(self, url: str, trusted: ssl.SSLContext, branches: Sequence[BranchNotes]) -> None:
        self.all = [Screen(url, trusted, branch) for branch in branches]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._tasks = [self._loop.create_task(screen.run()) for screen in self.all]
        self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        self._loop.close()

    def are_live(self) -> bool:
        return all(screen.is_live for screen in self.all)

    def __enter__(self) -> Screens:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for task in self._tasks:
            self._loop.call_soon_threadsafe(task.cancel)
        self._thread.join()


# -- the walk ----------------------------------------------------------------------------------------------------------


def watch(
    name: str,
    people: People,
    screens: Screens,
    *acts: tuple[float, Callable[[], None]],
    until: Callable[[], bool] = lambda: True,
) -> Phase:
    """Do something after each of the given seconds, and see what people and screens meet `until` it is over."""
    eventually(screens.are_live, within_s=60)
    phase = people.phase = Phase(name)
    began = time.monotonic()
    for at, act in acts:
        time.sleep(max(0.0, began + at - time.monotonic()))
        act()
    time.sleep(max(0.0, began + WATCHED_S - time.monotonic()))
    eventually(lambda: until() and screens.are_live(), within_s=120)
    phase.took_s = round(time.monotonic() - began, 1)
    breaks = [each for screen in screens.all for each in screen.breaks if each[0] >= began]
    phase.screens_lost = len(breaks)
    phase.screens_back_within_s = round(max((back - lost for lost, back in breaks), default=0.0), 2)
    phase.slowest_s = round(phase.slowest_s, 2)
    print(format(encode(phase), indent=0).decode().replace("\n", " "), flush=True)
    return phase


def first_answers(port: int, trusted: ssl.SSLContext, branch: BranchNotes) -> list[str]:
    """Faults of single requests: pages, signing in over TLS, what is closed."""
    expected = [
        ("GET", "/readyz", 200), ("GET", f"/display/{branch.code}", 200), ("GET", "/clerk", 303),
        ("GET", f"/api/v1/branches/{branch.code}/board", 200), ("POST", "/api/v1/session", 401),
        ("GET", "/metrics", 404),
    ]  # fmt: skip
    faults = []
    for method, path, status in expected:
        line = HTTPSConnection("127.0.0.1", port, timeout=15, context=trusted)
        body = encode({"username": "nobody", "password": "nothing-at-all"}) if method == "POST" else None
        line.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        found = line.getresponse()
        if found.status != status:
            faults.append(f"{method} {path} answers {found.status}: {found.read()[:300]!r}")
        line.close()
    return faults


def places(log: Path) -> dict[str, set[str]]:
    """At which processes a branch's numbers were taken, by nginx's log; the last that a request was sent to."""
    found = defaultdict(set)
    for row in log.read_text().splitlines():
        parts = row.split(" ", 4)
        if len(parts) == 5 and parts[1] == "POST" and parts[2] == "201":
            upstreams, _, branch = parts[4].rpartition(" ")
            found[branch].add(upstreams.rpartition(", ")[2])
    return dict(found)


def _keys(db: Database, branch: str) -> list[tuple[str, int]]:
    statement = "SELECT key, first_seq FROM command WHERE branch_id = ? AND actor LIKE 'device:%'"
    return db.execute(statement, (branch,)).fetchall()


async def lost(database: str, given: dict[str, str], branches: Sequence[BranchNotes]) -> list[str]:
    """Faults of the journals: acknowledged numbers that are not there, a number twice, a gap."""
    journal = await PostgresJournal.open(database)
    faults: list[str] = []
    found: dict[str, str] = {}
    for branch in branches:
        head = await journal.head(branch.code)
        assert head is not None
        events = {event.seq: event for event in await journal.read(branch.code, 0, 1_000_000)}
        if list(events) != list(range(1, head.seq + 1)):
            faults.append(f"{branch.code} has a gap")
        rows = await journal.run(partial(_keys, branch=branch.code))
        issued = {key: json.loads(events[seq].body)["event"] for key, seq in rows}
        numbers = [event["number"] for event in issued.values()]
        if len(set(numbers)) != len(numbers):
            faults.append(f"{branch.code} has given a number twice")
        found |= {key: event["ticket"] for key, event in issued.items()}
    await journal.close()
    missing = [key for key, ticket in given.items() if found.get(key) != ticket]
    return faults + ([f"{len(missing)} acknowledged numbers are not there"] if missing else [])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m load.behind_proxy", description=__doc__)
    parser.add_argument("--proxy", choices=("nginx", "caddy"), default="nginx")
    parser.add_argument("--branches", type=int, default=24)
    given = parser.parse_args(arguments)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="layso-proxy-")))
        postgres = stack.enter_context(Postgres(folder / "postgres"))
        redis = stack.enter_context(Sentinels(folder / "redis", "secret"))
        eventually(redis.are_ready, within_s=60)
        environment = {"LAYSO_DATABASE": postgres.url(), "LAYSO_REDIS": redis.url}
        fleet = plan(read_scenario("binhduong"), branches=given.branches)
        settings = Settings(database=postgres.url(), redis=redis.url, data=folder / "prepared")
        notes, _ = asyncio.run(prepare(fleet, settings))
        return _walk(given.proxy, folder, environment, notes, stack)


def _walk(proxy: str, folder: Path, environment: dict[str, str], notes: FleetNotes, stack: ExitStack) -> int:
    hosts = [Host(address, folder, environment) for address in HOSTS]
    for host in hosts:
        host.start()
        stack.callback(host.stop)
    certificate, port = certificate_of(folder), free_port()
    trusted = ssl.create_default_context(cafile=str(certificate.file))
    log = stack.enter_context((nginx if proxy == "nginx" else caddy)(folder, port, certificate))
    eventually(lambda: _answers(port, trusted))
    faults = first_answers(port, trusted, notes.branches[0])
    with (
        Screens(f"wss://127.0.0.1:{port}", trusted, notes.branches) as screens,
        People(port, trusted, notes.branches) as people,
    ):
        calm = watch("nothing happens", people, screens)
        if proxy == "nginx":
            at = places(log)
            faults += [f"{branch} was at {sorted(found)}" for branch, found in at.items() if len(found) > 1]
            counts = {
                place: sum(place in found for found in at.values()) for place in sorted(set().union(*at.values()))
            }
            print(json.dumps({"branches_at_each_process": counts}), flush=True)
        first, second = hosts
        watch("a worker is killed", people, screens, (1, lambda: os.kill(first.pids[0], signal.SIGKILL)))
        victim = second.pids[1]
        watch(
            "a worker is stopped for 6 s", people, screens,
            (1, lambda: os.kill(victim, signal.SIGSTOP)), (7, lambda: os.kill(victim, signal.SIGCONT)),
        )  # fmt: skip
        watch(
            "both hosts are replaced", people, screens,
            *[(1, partial(host.process.send_signal, signal.SIGHUP)) for host in hosts],
            until=lambda: all(host.is_replaced() for host in hosts),
        )  # fmt: skip
        watch("a host is restarted", people, screens, (1, second.restart))
        watch("a host is killed", people, screens, (1, first.process.kill))
    faults += asyncio.run(lost(environment["LAYSO_DATABASE"], people.given, notes.branches))
    if calm.unlike or calm.screens_lost:
        faults.append(f"though nothing happened: {calm}")
    print(json.dumps({"numbers": len(people.given), "faults": faults}, ensure_ascii=False))
    return 1 if faults else 0


def _answers(port: int, trusted: ssl.SSLContext) -> bool:
    line = HTTPSConnection("127.0.0.1", port, timeout=5, context=trusted)
    try:
        line.request("GET", "/readyz")
        return line.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        line.close()


if __name__ == "__main__":
    sys.exit(main())
