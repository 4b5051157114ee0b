"""Processes of the system under test: the product's servers, with clocks that can be set, and the proxy."""

from __future__ import annotations

import asyncio
import json
import mmap
import os
import random
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from load.faults.proxy import Mode
from load.proof import ROOT
from tests.databases.family import signal_all

READY_WITHIN_S = 60.0
ENDS_WITHIN_S = 20.0
PORTS = range(12_000, 32_000)
"""Below those from which the system takes the near ends of outgoing connections: a port of ours stays free while its
process is dead."""

_opener = build_opener(ProxyHandler({}))


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    found: list[int] = []
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            break
    return found


class Clock:
    """How far the clock of a process is from the machine's: eight bytes in a file that it has mapped."""

    def __init__(self, file: Path) -> None:
        self.file = file
        file.write_bytes(struct.pack("d", 0.0))
        with file.open("r+b") as opened:
            self._shared = mmap.mmap(opened.fileno(), 8)

    def set(self, offset_s: float) -> None:
        self._shared[:] = struct.pack("d", offset_s)


class Server:
    """One of the product's processes, as a host of its own; whoever ends it starts it again."""

    def __init__(self, name: str, folder: Path, port: int, env: Mapping[str, str]) -> None:
        self.name = name
        self.port = port
        self.data = folder / name
        self.data.mkdir(parents=True, exist_ok=True)
        self.log = folder / f"{name}.log"
        self.clock = Clock(folder / f"{name}.clock")
        self._env = {key: value for key, value in os.environ.items() if not key.startswith("LAYSO_")} | dict(env)
        self._process: subprocess.Popen[bytes] | None = None
        self.was_ready = False

    def launch(self) -> None:
        """Start, and do not wait."""
        self.was_ready = False
        command = [sys.executable, "-m", "load.faults.offset", str(self.clock.file)]
        command += ["serve", "--data", str(self.data), "--port", str(self.port)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, env=self._env, stdout=log, stderr=log)

    async def until_ready(self, within_s: float = READY_WITHIN_S) -> None:
        """Until it answers; one that ends meanwhile (its database is away) is started again, as systemd would."""
        async with asyncio.timeout(within_s):
            while not self.was_ready:
                if not self.is_running:
                    self.launch()
                self.was_ready = await asyncio.to_thread(self._answers)
                await asyncio.sleep(0.03)

    def _answers(self) -> bool:
        try:
            with _opener.open(f"http://127.0.0.1:{self.port}/healthz", timeout=1) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def status(self) -> int:
        """With which it ended."""
        assert self._process is not None
        return self._process.returncode

    def kill(self) -> None:
        if self.is_running:
            signal_all(self.pid, signal.SIGKILL)
            assert self._process is not None
            self._process.wait()

    async def terminate(self) -> int:
        """SIGTERM, and its exit status."""
        process = self._process
        assert process is not None
        process.terminate()
        try:
            return await asyncio.to_thread(process.wait, ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL


class Proxy:
    """The proxy's process. `links` are (name, its own port, where it leads)."""

    def __init__(self, links: Sequence[tuple[str, int, int]]) -> None:
        self._links = [f"{name}:{port}:{target}" for name, port, target in links]
        self.names = [name for name, _, _ in links]
        self._process: subprocess.Popen[str] | None = None
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "load.faults.proxy", *self._links],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._expect("ready")

    def set(self, links: Sequence[str], mode: Mode, delay_s: float = 0.0) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"links": list(links), "mode": mode, "delay_s": delay_s}) + "\n")
        self._process.stdin.flush()
        self._expect("done")

    def _expect(self, word: str) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        said = self._process.stdout.readline().strip()
        if said != word:
            raise RuntimeError(f"the proxy says {said!r} instead of {word!r}")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
