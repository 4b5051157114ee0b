"""The process that plays: `python -m queue_server.foreseeing.player`.

It reads scenes and writes outlooks, each as four bytes of length and MessagePack, and ends when its input ends: with
whoever started it, however that one ended.
"""

from __future__ import annotations

import os
import sys
from typing import BinaryIO

import msgspec

from queue_server.domain.foresight import Scene, foresee

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
    scenes = msgspec.msgpack.Decoder(Scene)
    outlooks = msgspec.msgpack.Encoder()
    while (body := read_frame(sys.stdin.buffer)) is not None:
        scene = scenes.decode(body)
        sys.stdout.buffer.write(frame(outlooks.encode(foresee(scene, seed=scene.at.isoformat()))))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
