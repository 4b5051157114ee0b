"""The database's schema, one numbered step at a time, for the journal, the directory and access alike.

A revision's id is the number that its file begins with (`versions/0002_directory.py` is "0002"), and the history is a
straight line: so the newest revision is known without importing alembic, which the ordinary start never needs.
`python -m queue_server.journal.migrations "directory tables"` writes the next file from what the models lack.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection, Engine, MetaData

HERE = Path(__file__).parent
MODELS = (
    "queue_server.journal.tables",
    "queue_server.access.tables",
    "queue_server.audit.tables",
    "queue_server.directory.tables",
    "queue_server.readers.dossier.tables",
)
"""The modules whose tables share one metadata and one database."""


class NewerDatabase(Exception):
    """A newer release wrote this database; an older one must not touch it."""


def revisions() -> list[str]:
    """All revisions of this build, oldest first."""
    return sorted(file.name[:4] for file in (HERE / "versions").glob("[0-9]*.py"))


def latest() -> str:
    return revisions()[-1]


def refuse_newer(found: str | None, oldest: int | None = None) -> None:
    """Stop before a database that this build does not know, unless a newer release has only added to it: `oldest` is
    the first revision whose release may go on with it.

    Raises:
        NewerDatabase: `found` is none of this build's revisions.
    """
    is_for_us = oldest is not None and oldest <= int(latest())
    if found is not None and found not in revisions() and not is_for_us:
        raise NewerDatabase(
            f"the database is at revision {found}, and this release knows only up to {latest()}: "
            "start the release that wrote it, or a newer one"
        )


def metadata() -> MetaData:
    """The metadata of all models."""
    from sqlmodel import SQLModel

    for name in MODELS:
        if find_spec(name.rpartition(".")[0]) and find_spec(name):
            import_module(name)
    return SQLModel.metadata


def config() -> Config:
    """Alembic's configuration; it needs no ini file."""
    from alembic.config import Config

    found = Config()
    found.set_main_option("script_location", str(HERE).replace("%", "%%"))
    found.set_main_option("path_separator", "os")
    return found


OLDEST_TABLE = "revision"
OLDEST_NAME = "schema/{}"
"""Under this name `revision` holds the oldest revision whose release may go on with the one named: each revision's file
says it as `oldest` (its own by default)."""


def upgrade(bind: Engine | Connection, to: str | None = None) -> None:
    """Bring the database to a revision, this build's newest unless told otherwise, in one transaction; a database that
    is there already is left alone.

    Raises:
        NewerDatabase: the database is ahead of this build.
    """
    from alembic import command
    from alembic.runtime.migration import MigrationContext

    with _connected(bind) as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        refuse_newer(found)
        target = to or latest()
        if found == target:
            return
        settings = config()
        settings.attributes["connection"] = connection
        command.upgrade(settings, target)
        _note_oldest(connection, settings, target)


def _note_oldest(connection: Connection, settings: Config, at: str) -> None:
    """Let processes of an older release know whether they may go on."""
    from alembic.script import ScriptDirectory
    from sqlalchemy import inspect, text

    if not inspect(connection).has_table(OLDEST_TABLE):
        return
    reached = ScriptDirectory.from_config(settings).get_revision(at)
    put = text(
        f"INSERT INTO {OLDEST_TABLE} (name, value) VALUES (:name, :value)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    )
    oldest = int(getattr(reached.module, "oldest", at))
    connection.execute(put, {"name": OLDEST_NAME.format(at), "value": oldest})


@contextmanager
def _connected(bind: Engine | Connection) -> Iterator[Connection]:
    from sqlalchemy import Engine

    if isinstance(bind, Engine):
        with bind.begin() as connection:
            yield connection
    else:
        yield bind
