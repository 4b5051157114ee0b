"""Fuzz a fresh server of two branches with everybody who may ask it, and hold its journal against the rights matrix.

.venv/bin/python -m load.fuzz --requests 50000 --frames 50000 --seed 1
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from load.fuzz.play import play


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="load.fuzz", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int, default=50_000)
    parser.add_argument("--frames", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=math.inf, help="no longer than this, however many it comes to")
    asked = parser.parse_args(arguments)
    began = time.monotonic()
    with TemporaryDirectory(prefix="layso-fuzz-") as folder:
        counts = {"requests": asked.requests, "frames": asked.frames, "seed": asked.seed, "within_s": asked.seconds}
        found = play(Path(folder), **counts)
    print("\n".join(found.lines()))
    print(f"took {time.monotonic() - began:.0f} s")
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main())
