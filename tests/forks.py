"""Processes that start quickly: forked from one that has imported the product once, for all that this one starts.

Importing is nearly all of what a start costs, and hundreds of tests start a process. What runs is what `python -m`
would run; that this works too is for the tests of the demo, of workers and of whole days, which start a new Python.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from contextlib import chdir
from importlib import import_module
from multiprocessing.connection import Connection
from multiprocessing.forkserver import ensure_running
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired
from tempfile import TemporaryDirectory
from typing import BinaryIO

from queue_server.journal.migrations import MODELS

ROOT = Path(__file__).parents[1]
ENDS_WITHIN_S = 60.0
IMPORTED = ["tests.forks", "tests.demo_server", "queue_server.cli", "printer_agent.cli", "printer_agent.running"]
IMPORTED += ["alembic.command", *MODELS]  # of a first start on an empty database
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(IMPORTED)


class Forked:
    """A running `module.main(arguments)`, with the ways of a `subprocess.Popen`. Its log is what it writes to its
    standard error. Nothing that is set for a server of this machine (`LAYSO_…`) reaches it."""

    def __init__(self, module: str, *arguments: str, log: Path, given: Path = Path(os.devnull)) -> None:
        """`given` is its standard input."""
        with chdir(ROOT):
            ensure_running()
        self._reader, writer = _context.Pipe(duplex=False)
        self._process = _context.Process(target=_main, args=(module, arguments, given, writer, log), daemon=True)
        self._process.start()
        writer.close()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def stdout(self) -> BinaryIO:
        """What it prints, for one reader."""
        return os.fdopen(os.dup(self._reader.fileno()), "rb")

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


def run(module: str, *arguments: str, given: str = "") -> CompletedProcess[str]:
    """`module.main(arguments)` to its end; `given` is what its standard input brings."""
    with TemporaryDirectory() as folder:
        stdin, log = Path(folder, "in"), Path(folder, "err")
        stdin.write_text(given)
        process = Forked(module, *arguments, log=log, given=stdin)
        try:
            with process.stdout() as out:
                printed = out.read().decode()
            return CompletedProcess(arguments, process.wait(ENDS_WITHIN_S), printed, log.read_text())
        finally:
            process.kill()


def _main(module: str, arguments: tuple[str, ...], given: Path, stdout: Connection, log: Path) -> None:
    os.chdir(ROOT)
    for name in [name for name in os.environ if name.startswith("LAYSO_")]:
        del os.environ[name]
    os.dup2(os.open(given, os.O_RDONLY), 0)
    os.dup2(stdout.fileno(), 1)
    os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT), 2)
    stdout.close()
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.exit(import_module(module).main(arguments))
