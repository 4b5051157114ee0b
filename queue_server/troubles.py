"""What keeps a command from its work, as one sentence for the administrator that says what to do."""

from __future__ import annotations

from queue_server.journal.migrations import NewerDatabase
from queue_server.journal.port import JournalUnavailable
from queue_server.settings import BadSettings

TROUBLES = (BadSettings, JournalUnavailable, NewerDatabase, OSError, ModuleNotFoundError)
"""Everything else is a fault of ours."""


def sentence(fault: Exception) -> str:
    """What happened, and what to do.

    Raises:
        OSError, ModuleNotFoundError: again, where an administrator can do nothing about it.
    """
    match fault:
        case JournalUnavailable() if fault.detail.startswith("another process"):
            stop = "If a server runs there, stop it first (systemctl stop queue-server) and start it again afterwards."
            return f"The database cannot be used: {fault.detail}. {stop}"
        case JournalUnavailable():
            return f"The database cannot be used: {fault.detail}. `queue-server doctor` says what to do."
        case NewerDatabase():
            return f"The database cannot be used: {fault}."
        case PermissionError():
            return f"You may not use {fault.filename}. Run this as the user whom the data folder belongs to."
        case OSError() if fault.filename:
            return f"{fault.filename} cannot be used: {fault.strerror}. Name another folder, or mend that."
        case ModuleNotFoundError() if fault.name == "asyncpg":
            return "PostgreSQL needs one more package: .venv/bin/pip install 'asyncpg>=0.32,<0.33'"
        case BadSettings():
            return str(fault)
    raise fault
