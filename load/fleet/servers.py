"""The product as processes of a load run: one on SQLite; on PostgreSQL several, each with a port of its own, or one
`serve --workers N`, whichever `options` say."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN_S = 300.0
STOP_WITHIN_S = 30.0

_opener = build_opener(ProxyHandler({}))
"""Never by a proxy, whatever the environment says."""


def clean_environment(own: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with no setting of the product but these."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LAYSO_")} | dict(own)


class ServerProcess:
    """One `queue_server serve`; the same port over `restart`."""

    def __init__(
        self, data: Path, log: Path, environment: Mapping[str, str], options: Sequence[str] = (), port: int = 0
    ) -> None:
        self.log = log
        self._command = [sys.executable, "-m", "queue_server", "serve", "--data", str(data), *options]
        self._environment = clean_environment(environment)
        self._process: subprocess.Popen[str] | None = None
        self.port = port
        self.url = ""

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def launch(self) -> None:
        """Start, and do not wait."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command, "--port", str(self.port)],
                cwd=ROOT,
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def await_ready(self) -> None:
        """Until it has said its address, and answers."""
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server ended before it was ready:\n{self.log.read_text()[-3000:]}")
        self.url = line.split()[-1]
        self.port = int(self.url.rpartition(":")[2])
        until = time.monotonic() + READY_WITHIN_S
        while not self._answers():
            if not self.is_running or time.monotonic() > until:
                raise RuntimeError(f"the server does not answer:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            with _opener.open(f"{self.url}/readyz", timeout=5.0) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def kill(self) -> None:
        """SIGKILL to this one process, as when the power goes."""
        self.end(signal.SIGKILL)

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(how)
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        finally:
            if process.stdout is not None:
                process.stdout.close()


class Servers:
    """So many processes on one data folder or database; they start together, and end with the block."""

    def __init__(
        self,
        data: Path,
        logs: Path,
        environment: Mapping[str, str],
        *,
        processes: int = 1,
        options: Sequence[str] = (),
    ) -> None:
        """`environment` are the settings (LAYSO_DATABASE, LAYSO_REDIS, LAYSO_CLOCK_START …) and nothing else of the
        product's; the file database takes one process."""
        self.processes = [
            ServerProcess(data, logs / f"server-{number}.log", environment, options) for number in range(processes)
        ]
        self.started_in_s = 0.0

    @property
    def urls(self) -> list[str]:
        return [process.url for process in self.processes]

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self.processes if process.is_running]

    def start(self) -> None:
        began = time.monotonic()
        for process in self.processes:
            process.launch()
        for process in self.processes:
            process.await_ready()
        self.started_in_s = time.monotonic() - began

    def stop(self) -> None:
        for process in self.processes:
            process.end()

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
