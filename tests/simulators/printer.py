"""A thermal printer on a TCP port, with the faults that real ones have. It imports nothing of the product.

What matters and is easily forgotten:
- A real-time request (DLE EOT n) is answered when it *arrives*, in the middle of a picture too, even if the bytes were
  meant as dots. GS r is answered when the printer *gets to it*, behind everything sent before.
- A printer without paper, with its cover open or offline goes on receiving into its buffer, answers real-time requests
  and prints the rest of its buffer as soon as the fault is gone, whoever has hung up meanwhile.
- It serves one client at a time; a second one waits in silence.
"""

from __future__ import annotations

import re
import select
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from types import TracebackType

from .escpos_decoder import Decoder, Paper

_PORTION = 512  # bytes taken from the buffer at a time, so that faults fall where a test wants them
_ONLY_QUESTIONS = re.compile(rb"(\x10\x04[\x01-\x04])+")
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER 0: closing sends RST, as a cable pulled from a print server does


class Fault(StrEnum):
    PAPER_OUT = "paper_out"
    NEAR_END = "near_end"
    COVER_OPEN = "cover_open"
    OFFLINE = "offline"
    CUTTER = "cutter"
    SWALLOW = "swallow"  # takes everything, answers real-time requests, prints nothing
    MUTE = "mute"  # takes everything, answers nothing: a print server whose printer has no power


_HALTING = {Fault.PAPER_OUT, Fault.COVER_OPEN, Fault.OFFLINE, Fault.CUTTER}


class PrinterSimulator:
    """`with PrinterSimulator() as printer:` listens on `printer.address`. All methods may be called from any thread.

    width             dots of the head
    bytes_per_second  how fast the mechanism takes bytes from its buffer; None: at once
    buffer_bytes      receive buffer; when it is full the socket is not read
    answers_in_order  False: GS r is ignored, as by the cheapest clones
    forgets_half_command  False: half a picture survives the end of the connection and eats the next job's beginning
    greeting          bytes sent to every new client, as by printers that report status without being asked
    changed           shared by several printers, so that `wait_until` of one can look at the others
    """

    def __init__(
        self,
        *,
        width: int = 576,
        bytes_per_second: int | None = None,
        buffer_bytes: int = 65_536,
        answers_in_order: bool = True,
        forgets_half_command: bool = True,
        greeting: bytes = b"",
        changed: threading.Condition | None = None,
    ) -> None:
        self.bytes_per_second = bytes_per_second
        self.received_bytes = 0
        self.connections = 0
        self.real_time_commands: list[bytes] = []
        self._buffer_bytes = buffer_bytes
        self._answers_in_order = answers_in_order
        self._forgets_half_command = forgets_half_command
        self._greeting = greeting
        self._faults: set[Fault] = set()
        self._changed = changed or threading.Condition()
        self._decoder = Decoder(width, self._answer_in_order)
        self._buffer: deque[bytes | None] = deque()  # None: the connection ended here
        self._printed_bytes = 0
        self._due: list[tuple[int, Fault]] = []
        self._drop_at: int | None = None
        self._is_stopped = False
        self._client: socket.socket | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._serve, self._print)]

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._listener.getsockname()
        return host, port

    def __enter__(self) -> PrinterSimulator:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Power off."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()
            _shut(self._client)
        _shut(self._listener)
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=5)

    @property
    def papers(self) -> list[Paper]:
        with self._changed:
            return list(self._decoder.papers)

    @property
    def complaints(self) -> list[str]:
        """What arrived and is no command of this printer."""
        with self._changed:
            return list(self._decoder.complaints)

    @property
    def faults(self) -> frozenset[Fault]:
        with self._changed:
            return frozenset(self._faults)

    def set(self, fault: Fault) -> None:
        with self._changed:
            self._faults.add(fault)
            self._changed.notify_all()

    def clear(self, fault: Fault) -> None:
        """The fault is gone: what waits in the buffer is printed."""
        with self._changed:
            self._faults.discard(fault)
            self._changed.notify_all()

    def set_after(self, count: int, fault: Fault) -> None:
        """The fault comes when `count` more bytes have been taken from the buffer for printing."""
        with self._changed:
            self._due = sorted([*self._due, (self._printed_bytes + count, fault)])

    def drop_after(self, count: int) -> None:
        """The connection breaks when `count` more bytes have arrived."""
        with self._changed:
            self._drop_at = self.received_bytes + count

    def wait_until(self, condition: Callable[[PrinterSimulator], bool], timeout_s: float = 10) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: condition(self), timeout_s):
                raise TimeoutError(f"the printer never got there; complaints: {self._decoder.complaints}")

    def wait_for_papers(self, count: int, timeout_s: float = 10) -> list[Paper]:
        self.wait_until(lambda _: len(self._decoder.papers) >= count, timeout_s)
        return self.papers

    # The socket

    def _serve(self) -> None:
        while not self._is_stopped:
            try:
                client, _ = self._listener.accept()
            except OSError:  # stopped
                return
            with client:
                with self._changed:
                    self._client = client
                    self.connections += 1
                    self._say(self._greeting)
                self._receive(client)
                with self._changed:
                    self._client = None
                    self._buffer.append(None)
                    self._changed.notify_all()

    def _receive(self, client: socket.socket) -> None:
        tail = b""
        while data := _read(client):
            with self._changed:
                data, is_dropped = self._until_drop(data)
                self.received_bytes += len(data)
                tail = self._obey_real_time(tail + data)
                self._changed.notify_all()
                if _ONLY_QUESTIONS.fullmatch(data):
                    continue  # answered on arrival, even by a printer whose buffer is full
                if not self._faults & {Fault.SWALLOW, Fault.MUTE}:
                    self._buffer.append(data)
                if is_dropped:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    return
                if not self._wait_for_room(client):
                    return

    def _until_drop(self, data: bytes) -> tuple[bytes, bool]:
        if self._drop_at is None or self.received_bytes + len(data) < self._drop_at:
            return data, False
        left = self._drop_at - self.received_bytes
        self._drop_at = None
        return data[:left], True

    def _wait_for_room(self, client: socket.socket) -> bool:
        """False: the client hung up while the buffer was full, or the power is off."""
        while sum(len(part or b"") for part in self._buffer) >= self._buffer_bytes:
            if self._is_stopped or _has_hung_up(client):
                return False
            self._changed.wait(0.02)
        return True

    def _obey_real_time(self, data: bytes) -> bytes:
        """Answer every request in `data`; returns what may be the beginning of another one."""
        at = data.find(b"\x10")
        while at >= 0 and at + 3 <= len(data):
            command = data[at : at + 3]
            if command[1] in (0x04, 0x05, 0x14):
                self.real_time_commands.append(command)
            if command[1] == 0x04 and 1 <= command[2] <= 4 and Fault.MUTE not in self._faults:
                self._say(bytes((self._status(command[2]),)))
            at = data.find(b"\x10", at + 1)
        return data[at:] if at >= 0 else b""

    def _say(self, data: bytes) -> None:
        if self._client is None or not data:
            return
        with suppress(OSError):  # the client is gone: nobody to tell
            self._client.sendall(data)

    def _status(self, kind: int) -> int:
        """The status bytes of an Epson (DLE EOT 1–4); bits 1 and 4 are always set."""
        has = self._faults.__contains__
        offline = 0x08 if self._faults & _HALTING else 0
        cover, end = 0x04 * has(Fault.COVER_OPEN), has(Fault.PAPER_OUT)
        near = 0x0C * (has(Fault.NEAR_END) or end)
        answers = {
            1: 0x04 | offline,
            2: cover | 0x20 * end | 0x40 * has(Fault.CUTTER),
            3: 0x08 * has(Fault.CUTTER),
            4: near | 0x60 * end,
        }
        return 0x12 | answers[kind]

    def _answer_in_order(self, kind: int) -> None:
        """GS r 1: bits 0–1 near end, 2–3 paper end."""
        if not self._answers_in_order:
            return
        near = 0x03 if Fault.NEAR_END in self._faults else 0
        self._say(bytes((near if kind in (1, 49) else 0,)))

    # The mechanism

    def _print(self) -> None:
        with self._changed:
            while self._wait_for_work():
                part = self._buffer.popleft()
                if part is None:
                    self._end_of_connection()
                else:
                    self._print_portion(part)
                self._changed.notify_all()

    def _wait_for_work(self) -> bool:
        def has_work() -> bool:
            return self._is_stopped or (bool(self._buffer) and not self._faults & _HALTING)

        self._changed.wait_for(has_work)
        return not self._is_stopped

    def _print_portion(self, part: bytes) -> None:
        size = _PORTION
        if self._due:
            size = min(size, max(1, self._due[0][0] - self._printed_bytes))
        now, later = part[:size], part[size:]
        if later:
            self._buffer.appendleft(later)
        if self.bytes_per_second:
            pause = len(now) / self.bytes_per_second
            self._changed.wait_for(lambda: self._is_stopped, pause)
        self._decoder.feed(now)
        self._printed_bytes += len(now)
        while self._due and self._due[0][0] <= self._printed_bytes:
            self._faults.add(self._due.pop(0)[1])

    def _end_of_connection(self) -> None:
        if self._forgets_half_command or not self._decoder.is_in_command:
            self._decoder.tear()


def _read(client: socket.socket) -> bytes:
    try:
        return client.recv(4096)
    except OSError:
        return b""


def _has_hung_up(client: socket.socket) -> bool:
    """Seen in spite of unread bytes, which an ordinary read would have to take first."""
    poll = select.poll()
    poll.register(client, select.POLLRDHUP)
    return bool(poll.poll(0))


def _shut(end: socket.socket | None) -> None:
    if end is not None:
        with suppress(OSError):  # never connected, or closed by the other side
            end.shutdown(socket.SHUT_RDWR)
