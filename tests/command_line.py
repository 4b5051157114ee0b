"""The command line, as an administrator runs it, and the backup that the server left for it."""

from __future__ import annotations

from pathlib import Path
from subprocess import CompletedProcess

from tests.forks import run
from tests.server import DemoServer
from tests.staff import eventually


def queue_server(*arguments: object, given: str = "") -> CompletedProcess[str]:
    """Run it to its end; `given` is what a pipe brings."""
    return run("queue_server.cli", *map(str, arguments), given=given)


def backup_of(centre: DemoServer) -> Path:
    """The backup that the end of the day brings."""
    return eventually(lambda: sorted((centre.data / "backups").glob("journal-*.db")))[0]
