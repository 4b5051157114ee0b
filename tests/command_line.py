"""The command line, as an administrator runs it, and the backup that the server left for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.server import ROOT, DemoServer
from tests.staff import eventually


def queue_server(*arguments: object, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run it to its end; `given` is what a pipe brings."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LAYSO_")}
    command = [sys.executable, "-m", "queue_server", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=environment, input=given, capture_output=True, text=True, timeout=60)


def backup_of(centre: DemoServer) -> Path:
    """The backup that the end of the day brings."""
    return eventually(lambda: sorted((centre.data / "backups").glob("journal-*.db")))[0]
