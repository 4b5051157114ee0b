"""The floor of connections: accepts the sub-protocol and keeps the line, no more. ASGI on uvicorn, no framework.

    .venv/bin/python -m load.bare_socket --workers 6 [--ports P1,P2,...] [--restart-after-s 1]

Each worker is a process with a port of its own (with fewer ports than workers some share one). One line of JSON says
ports and pids, and another one whenever a worker that died has been started anew. They end with this process.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NoReturn

import uvicorn

from load.measure import free_port, raise_file_limit

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PARENT_DIES = 1  # PR_SET_PDEATHSIG


async def app(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] != "websocket":
        raise RuntimeError("WebSockets only")
    await receive()
    await send({"type": "websocket.accept", "subprotocol": "layso.v1"})
    while (await receive())["type"] != "websocket.disconnect":
        pass


def server_config() -> uvicorn.Config:
    """The flags of `queue_server/serving.py`, which a test compares; its protocol class is the product's own, this is
    the one that it is derived from."""
    return uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=4 * 16 * 1024,
        ws_per_message_deflate=False,
        ws_ping_interval=300.0,
        ws_ping_timeout=30.0,
        backlog=2048,
        access_log=False,
        log_level="warning",
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=5,
    )


def serve(port: int, *, is_shared: bool) -> None:
    """One worker, in this process, with the product's settings of the collector."""
    ctypes.CDLL(None).prctl(PARENT_DIES, signal.SIGKILL)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if is_shared:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", port))
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    uvicorn.Server(server_config()).run([listener])


def start(port: int, *, is_shared: bool) -> int:
    """A worker in a process of its own, which listens already."""
    pid = os.fork()
    if pid == 0:
        serve(port, is_shared=is_shared)
        os._exit(1)
    for _ in range(1000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return pid
        time.sleep(0.01)
    raise TimeoutError(f"no worker at port {port}")


def one_that_died(*, is_waiting: bool) -> int:
    """The pid of a worker that has ended; 0 when none has."""
    try:
        return os.waitpid(-1, 0 if is_waiting else os.WNOHANG)[0]
    except ChildProcessError:
        return 0


def supervise(ports: Sequence[int], workers: int, restart_after_s: float) -> NoReturn:
    """Keep the workers alive; who dies comes back after about as long as a start of the product takes."""
    is_shared = len(ports) < workers
    places = [ports[number % len(ports)] for number in range(workers)]
    pids = [start(port, is_shared=is_shared) for port in places]
    print(json.dumps({"ports": places, "pids": pids}), flush=True)
    due: dict[int, float] = {}
    while True:
        died = one_that_died(is_waiting=not due)
        if died:
            due[pids.index(died)] = time.monotonic() + restart_after_s
            continue
        number = min(due, key=due.__getitem__)
        time.sleep(max(0.0, min(0.02, due[number] - time.monotonic())))
        if time.monotonic() >= due[number]:
            del due[number]
            pids[number] = start(places[number], is_shared=is_shared)
            print(json.dumps({"ports": places, "pids": pids}), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--ports", help="free ones unless given", default="")
    parser.add_argument("--restart-after-s", type=float, default=1.0)
    options = parser.parse_args()
    raise_file_limit()
    wanted = [int(port) for port in options.ports.split(",") if port]
    supervise(wanted or [free_port() for _ in range(options.workers)], options.workers, options.restart_after_s)
