"""The key of the service day, by which citizens' cards are told apart: whether it can be read, and is every host's."""

from __future__ import annotations

from collections.abc import Iterator

from queue_server.access.day_key import DamagedKey, KeyFile, is_of_same_day
from queue_server.doctor.findings import Finding
from queue_server.settings import Settings


def examine(settings: Settings, noted: bytes | None = None) -> Iterator[Finding]:
    """`noted` is what the database says of the key, where hosts share one."""
    path = settings.day_key_file
    try:
        key = KeyFile(path).read()
    except (OSError, DamagedKey) as fault:
        yield Finding(
            f"The key of the day cannot be read: {fault}. Until then nobody is asked for a number that they have "
            f"already. Give {path} to the server's user, or remove it: a new one is drawn when the server starts."
        )
        return
    if key is None:
        return
    if path.stat().st_mode & 0o077:
        yield Finding(f"Others may read {path}: chmod 600 {path}")
    if noted is not None and is_of_same_day(noted, key.noted) and noted != key.noted:
        yield Finding(
            f"{path} is not the other hosts' key of the day: a person may take a number at each. Copy the file of one "
            "host to all others (mode 600, owner layso) and start their servers anew."
        )
