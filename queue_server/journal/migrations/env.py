"""Alembic's environment: it is only ever run by `upgrade`, or by `__main__`, with a connection at hand."""

from alembic import context

from queue_server.journal.migrations import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata(),
    transactional_ddl=True,
    render_as_batch=True,  # SQLite cannot alter most of a table: alembic copies it
)

with context.begin_transaction():
    context.run_migrations()
