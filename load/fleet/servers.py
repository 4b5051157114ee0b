"""The product as it is served in a load run: `serve --json`, one process on SQLite, or several workers on PostgreSQL
that listen on a port each, so that a branch can stay with one of them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from queue_server.serving import Served

ROOT = Path(__file__).resolve().parents[2]
STOP_WITHIN_S = 30.0


def clean_environment(own: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with no setting of the product but these."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LAYSO_")} | dict(own)


class Servers:
    """Serves from `start`, or the beginning of a `with`, to its end.

    `url` is the common one, `urls` are the workers' own, in an order that does not change; `pids` are those of who
    serves; `pid` is the one to ask for an end.
    """

    def __init__(self, data: Path, log: Path, environment: Mapping[str, str], *, workers: int = 1) -> None:
        """`environment` are the settings (LAYSO_DATABASE, LAYSO_REDIS, LAYSO_CLOCK_START …), and no others count."""
        self.log = log
        self.url = ""
        self.urls: list[str] = []
        self.pids: list[int] = []
        self.started_in_s = 0.0
        own = ["--workers", str(workers), "--worker-port", "0"] if workers > 1 else []
        self._command = [sys.executable, "-m", "queue_server", "serve", "--json", "--data", str(data), "--port", "0"]
        self._command += own
        self._environment = clean_environment(environment)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start, and wait until the first request can be answered."""
        began = time.monotonic()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, stderr=log
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server ended before it was ready:\n{self.log.read_text()[-3000:]}")
        served = msgspec.json.decode(line, type=Served)
        self.url = served.url
        self.urls = [f"http://127.0.0.1:{worker.port}" for worker in served.workers] or [served.url]
        self.pids = [worker.pid for worker in served.workers] or [self._process.pid]
        self.started_in_s = time.monotonic() - began

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        finally:
            if process.stdout is not None:
                process.stdout.close()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
