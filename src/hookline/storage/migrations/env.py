"""Run by Alembic, on the connection and within the transaction that `hookline.storage.migrate` hands over."""

from alembic import context

from hookline.storage.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
