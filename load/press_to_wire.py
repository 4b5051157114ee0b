"""From the press to the first byte of the picture on the printer's wire, with several dispensers at once.

    python -m load.press_to_wire [--presses 200] [--dispensers 2] [--goal-ms 150]

Each dispenser has a printer and an agent of its own, as in a hall, and presses again when its paper is out: all of them
press together each time. Counted from before the request is sent; the questions about the printer's state come before
the first byte and are in the time. Exit status 0 when the 99th percentile is within the goal.
"""

from __future__ import annotations

import argparse
import socket
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.demo_server import BRANCH
from tests.printing import AgentProcess, signed_in
from tests.server import Api, DemoServer

WORK = Path(__file__).parent / ".run"
"""On a disk, where a commit costs what it costs."""
WARM_UP = 5
PAPER_WITHIN_S = 30.0
ASK, ASK_IN_ORDER, WELL = b"\x10\x04", b"\x1dr", b"\x12"


class Wire:
    """A printer that is always well, as quick as a socket, and notes when each job's first byte came."""

    def __init__(self) -> None:
        self.began: list[float] = []
        self.ended = threading.Semaphore(0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._listener.getsockname()
        return host, port

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client:
                self._job(client)

    def _job(self, client: socket.socket) -> None:
        """Questions come one at a time and are answered; the picture's first bytes are no question."""
        has_begun, tail = False, b""
        while data := client.recv(65_536):
            now = time.perf_counter()
            if not has_begun and not data.startswith(ASK):
                has_begun = True
                self.began.append(now)
            if ASK_IN_ORDER in tail + data[-3:]:
                client.sendall(b"\0")
            tail = data[-3:]
            if data.startswith(ASK):
                client.sendall(WELL)
        if has_begun:
            self.ended.release()


class Place:
    """A dispenser, its printer, and the agent between server and printer."""

    def __init__(self, centre: DemoServer, folder: Path, stack: ExitStack, number: int) -> None:
        self.wire = stack.enter_context(Wire())
        device, token = _paired(centre, "printer", f"Máy in {number}", None)
        _, key = _paired(centre, "dispenser", f"Máy lấy số {number}", device)
        self._dispenser = Api(centre.url, key)
        agent = AgentProcess(folder / f"agent-{number}", centre.url, token, self.wire.address)
        stack.enter_context(agent).wait_until_live()

    def press(self, together: threading.Barrier) -> float:
        """Seconds from the press to the first byte; waits until the paper is out."""
        together.wait()
        pressed_at = time.perf_counter()
        self._dispenser.issue("chung-thuc")
        if not self.wire.ended.acquire(timeout=PAPER_WITHIN_S):
            raise TimeoutError("no paper came")
        return self.wire.began[-1] - pressed_at


def _paired(centre: DemoServer, kind: str, name: str, printer: str | None) -> tuple[str, str]:
    nobody = centre.api("nobody")
    wait = nobody.post("/pairings", kind=kind)
    body = {"code": wait["code"], "name": name, "branch": BRANCH, "printer": printer}
    signed_in(centre, "quang", "POST", "/pairings/confirm", body)
    token = nobody.post("/pairings/collect", code=wait["code"], secret=wait["secret"])["token"]
    return Api(centre.url, token).get("/me")["actor"].partition(":")[2], token


def measure(folder: Path, *, dispensers: int, presses: int) -> list[float]:
    """Milliseconds of each press, the first few left out, in ascending order."""
    with ExitStack() as stack:
        centre = stack.enter_context(DemoServer(folder))
        places = [Place(centre, folder, stack, number) for number in range(1, dispensers + 1)]
        together = threading.Barrier(dispensers)
        with ThreadPoolExecutor(dispensers) as people:
            work = [
                people.submit(lambda place: [place.press(together) for _ in range(presses + WARM_UP)], place)
                for place in places
            ]
            found = [time_s * 1000 for each in work for time_s in each.result()[WARM_UP:]]
    return sorted(found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presses", type=int, default=200, help="of each dispenser")
    parser.add_argument("--dispensers", type=int, default=2)
    parser.add_argument("--goal-ms", type=float, default=150.0)
    asked = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=WORK) as name:
        found = measure(Path(name), dispensers=asked.dispensers, presses=asked.presses)
    at = {share: found[min(len(found) - 1, int(len(found) * share))] for share in (0.5, 0.95, 0.99)}
    print(f"{len(found)} presses at {asked.dispensers} dispensers, press to first byte of the picture, ms:")
    print(f"p50 {at[0.5]:.0f}, p95 {at[0.95]:.0f}, p99 {at[0.99]:.0f}, longest {found[-1]:.0f}")
    return 0 if at[0.99] <= asked.goal_ms else 1


if __name__ == "__main__":
    sys.exit(main())
