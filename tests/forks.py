"""Processes that start quickly: forked from one that has imported the product once, for all that this one starts.

Importing is nearly all of what a start costs, and hundreds of tests start a process. What runs is what `python -m`
would run; that this works too is for the tests of the command lines and of the demo, which start a new Python.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from contextlib import chdir
from importlib import import_module
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from multiprocessing.forkserver import ensure_running
from pathlib import Path
from subprocess import TimeoutExpired

ROOT = Path(__file__).parents[1]
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.forks", "tests.demo_server", "printer_agent.cli", "printer_agent.running"])


class Forked:
    """A running `module.main(arguments)`, with the ways of a `subprocess.Popen`. What it writes goes to the log, and
    nothing that is set for a server of this machine (`LAYSO_…`) reaches it."""

    def __init__(self, module: str, *arguments: str, log: Path) -> None:
        with chdir(ROOT):
            ensure_running()
        self._reader, writer = _context.Pipe(duplex=False)
        self._process: ForkServerProcess = _context.Process(
            target=_run, args=(module, arguments, log, writer), daemon=True
        )
        self._process.start()
        writer.close()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def first_line(self) -> bytes:
        """What it prints first; nothing when it ends instead."""
        with self._reader, os.fdopen(os.dup(self._reader.fileno()), "rb") as said:
            return said.readline()

    def poll(self) -> int | None:
        """The exit status, or minus the signal that ended it; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        status = self.poll()
        if status is None:
            assert timeout is not None
            raise TimeoutExpired(self._process.name, timeout)
        return status

    def kill(self) -> None:
        self._process.kill()


def _run(module: str, arguments: tuple[str, ...], log: Path, stdout: Connection) -> None:
    os.chdir(ROOT)
    for name in [name for name in os.environ if name.startswith("LAYSO_")]:
        del os.environ[name]
    with log.open("ab") as file:
        os.dup2(file.fileno(), 2)
    os.dup2(stdout.fileno(), 1)
    stdout.close()
    sys.exit(import_module(module).main(arguments))
