"""Writes the next migration: what the models have and the migrations have not. Read it before you keep it."""

import argparse

from alembic import command
from sqlalchemy import create_engine

from queue_server.journal.migrations import config, latest, upgrade


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m queue_server.journal.migrations", description=__doc__)
    parser.add_argument("message", help='what it brings, for example "directory tables"')
    message = parser.parse_args().message
    settings = config()
    settings.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    with create_engine("sqlite://").begin() as connection:
        upgrade(connection)
        settings.attributes["connection"] = connection
        number = f"{int(latest()) + 1:04d}"
        command.revision(settings, message=message, autogenerate=True, rev_id=number)


if __name__ == "__main__":
    main()
