"""How people sign in: whether administrators need a second factor, and its key."""

from __future__ import annotations

from collections.abc import Iterator

from queue_server.doctor.findings import Finding
from queue_server.settings import Settings


def examine(settings: Settings) -> Iterator[Finding]:
    if settings.second_factor == "off":
        yield Finding(
            "A password alone lets administrators in (LAYSO_SECOND_FACTOR=off), which is for demonstrations. "
            "Remove that setting: each sets up a second factor at the next sign-in."
        )
    path = settings.second_factor_key_file
    try:
        if path.stat().st_mode & 0o077:
            yield Finding(f"Others may read {path}: chmod 600 {path}")
    except FileNotFoundError:
        return
    except OSError as fault:
        yield Finding(f"The key of second factors cannot be read: {fault}. Give {path} to the server's user.")
