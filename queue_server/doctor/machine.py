"""The machine and its settings, whatever the database is."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from queue_server.doctor.findings import Finding
from queue_server.settings import Settings

DISK_LOW_BYTES = 1024**3


def examine(settings: Settings) -> Iterator[Finding]:
    folders = [settings.data, *([settings.backups_folder] if settings.is_backed_up_here else [])]
    for folder in dict.fromkeys(folders):
        yield from disk(folder)
    if _is_unsynchronised():
        yield Finding("The clock is not synchronised with a time server. Turn that on: timedatectl set-ntp true")
    if settings.plain_http:
        yield Finding(
            "Signing in over http is allowed (LAYSO_PLAIN_HTTP): everybody on the network can read passwords. "
            "Put a reverse proxy with https in front and remove the setting."
        )


def disk(folder: Path) -> Iterator[Finding]:
    """Whether there is room left where this folder lies, or will."""
    there = next((each for each in (folder, *folder.parents) if each.exists()), Path("/"))
    free = shutil.disk_usage(there).free
    if free < DISK_LOW_BYTES:
        yield Finding(f"The disk of {folder} has only {free // 1024**2} MB left. Make room, or move the folder.")


def _is_unsynchronised() -> bool:
    """Whether the system says so; where nothing says anything, nothing is claimed."""
    tool = shutil.which("timedatectl")
    if tool is None:
        return False
    try:
        done = subprocess.run(
            [tool, "show", "--property=NTPSynchronized", "--value"], capture_output=True, text=True, timeout=5
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.strip() == "no"
