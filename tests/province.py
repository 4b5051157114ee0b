"""Server processes on one PostgreSQL, and the demo branch in it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from queue_server.app import open_house
from queue_server.settings import Settings
from tests.demo_server import set_up
from tests.server import ROOT, STOP_WITHIN_S, Api


class ServerProcess:
    """`queue-server serve` of the build in `tree`, ready to answer."""

    def __init__(self, folder: Path, database: str, *, tree: Path = ROOT, port: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "server.log"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LAYSO_")}
        environment |= {"LAYSO_DATABASE": database, "LAYSO_DATA": str(folder / "data")}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "queue_server", "serve", "--port", str(port)],
                cwd=tree, env=environment, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        assert self._process.stdout is not None
        said = re.search(r"http://[\d.]+:\d+", self._process.stdout.readline())
        assert said is not None, self.log.read_text()
        self.url = said[0]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process.poll() is None:
            self._process.send_signal(how)
        with self._process:
            self._process.wait(STOP_WITHIN_S)

    def api(self, token: str) -> Api:
        return Api(self.url, token)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def demo_in(database: str, data: Path) -> dict[str, str]:
    """Put the demo branch into a database; the tokens of its devices."""

    async def put() -> dict[str, Any]:
        async with open_house(Settings(database=database, data=data)) as house:
            return await set_up(house)

    with ThreadPoolExecutor(1) as pool:  # whatever loop runs in this thread
        tokens: dict[str, str] = pool.submit(asyncio.run, put()).result()["tokens"]
    return tokens
