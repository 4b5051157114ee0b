"""Runs a module for as long as whoever started it lives: `python -m queue_server.child MODULE [ARG …]`.

The parent keeps the other end of our standard input; when it dies, however it dies, the pipe closes and we end too.
"""

from __future__ import annotations

import os
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path


def start(module: str, *arguments: str, folder: Path, is_heard: bool = False) -> subprocess.Popen[str]:
    """Start `module` as such a child; with `is_heard` its standard output can be read, else it goes to our errors."""
    return subprocess.Popen(
        [sys.executable, "-m", "queue_server.child", module, *arguments],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if is_heard else sys.stderr,
        text=True,
    )


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


def main(arguments: Sequence[str]) -> None:
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    sys.argv = list(arguments)
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
