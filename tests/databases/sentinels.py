"""A primary, its replica, and three sentinels that promote the one when the other dies."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.databases.valkey import Valkey

SERVICE = "layso"
DOWN_AFTER_MS = 500


class Sentinels:
    """All five on 127.0.0.1, with the same password."""

    def __init__(self, folder: Path, password: str) -> None:
        self._password = password
        self._running = ExitStack()
        secret = ("--requirepass", password, "--masterauth", password, "--repl-diskless-sync-delay", "0")
        try:
            self.primary = self._start(folder / "primary", *secret)
            self.replica = self._start(folder / "replica", *secret, "--replicaof", "127.0.0.1", str(self.primary.port))
            self.sentinels = [self._sentinel(folder / f"sentinel-{number}") for number in range(3)]
        except BaseException:
            self._running.close()
            raise

    def _start(self, folder: Path, *options: str) -> Valkey:
        return self._running.enter_context(Valkey(folder, *options))

    def _sentinel(self, folder: Path) -> Valkey:
        folder.mkdir(parents=True)
        file = folder / "sentinel.conf"
        file.write_text(
            f"sentinel monitor {SERVICE} 127.0.0.1 {self.primary.port} 2\n"
            f"sentinel auth-pass {SERVICE} {self._password}\n"
            f"sentinel down-after-milliseconds {SERVICE} {DOWN_AFTER_MS}\n"
            f"sentinel failover-timeout {SERVICE} 5000\n"
        )
        return self._start(folder, str(file), "--sentinel")

    @property
    def url(self) -> str:
        places = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://:{self._password}@{places}/{SERVICE}"

    def are_ready(self) -> bool:
        """Every sentinel knows the replica and the two others, so that they can promote it."""
        return all(_is_ready(sentinel) for sentinel in self.sentinels)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()


def _is_ready(sentinel: Valkey) -> bool:
    """By its `INFO sentinel`: "master0:name=layso,status=ok,address=…,slaves=1,sentinels=3"."""
    said = sentinel.ask("INFO sentinel")
    return "status=ok" in said and "slaves=1" in said and "sentinels=3" in said
