"""The process that plays: `python -m queue_server.foreseeing.player`.

It reads scenes and writes outlooks, or reads questions and writes advice, each as four bytes of length and MessagePack,
and ends when its input ends: with whoever started it, however that one ended.
"""

from __future__ import annotations

import os
import sys
from typing import BinaryIO

import msgspec

from queue_server.domain.advice import Advices, Question, consider
from queue_server.domain.foresight import Outlook, Scene, foresee

POLITE = 5
"""So much more willing than the server to wait for a processor."""


def read_frame(stream: BinaryIO) -> bytes | None:
    """None at the end."""
    head = stream.read(4)
    if len(head) < 4:
        return None
    size = int.from_bytes(head, "big")
    body = stream.read(size)
    return body if len(body) == size else None


def frame(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


def main() -> None:
    os.nice(POLITE)
    asked = msgspec.msgpack.Decoder(Scene | Question)
    answers = msgspec.msgpack.Encoder()
    while (body := read_frame(sys.stdin.buffer)) is not None:
        sys.stdout.buffer.write(frame(answers.encode(answer(asked.decode(body)))))
        sys.stdout.buffer.flush()


def answer(asked: Scene | Question) -> Outlook | Advices:
    """By plays whose chances are those of the moment that is asked about."""
    if isinstance(asked, Question):
        return consider(asked, seed=asked.scene.at.isoformat())
    return foresee(asked, seed=asked.at.isoformat())


if __name__ == "__main__":
    main()
