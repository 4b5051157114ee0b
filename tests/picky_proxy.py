"""A proxy that lets no WebSocket through, as some offices have: it refuses the upgrade, and carries everything else."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

REFUSAL = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class PickyProxy:
    """In front of a port of this machine; `refused` counts upgrades."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.refused = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            head = client.recv(64 * 1024)
            if b"upgrade: websocket" in head.lower():
                self.refused += 1
                client.sendall(REFUSAL)
                return
            with socket.create_connection(("127.0.0.1", self._target)) as server:
                server.sendall(head)
                threading.Thread(target=_carry, args=(server, client), daemon=True).start()
                _carry(client, server)


def _carry(source: socket.socket, target: socket.socket) -> None:
    """Until either side has ended; then both have."""
    with suppress(OSError):
        while data := source.recv(64 * 1024):
            target.sendall(data)
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
