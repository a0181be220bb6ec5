"""Runs the migrations from the package, in the transaction of the connection that is given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from reconciler.store.migrations import HEAD, VERSION_TABLE


def scripts() -> ScriptDirectory:
    """The migrations as Alembic sees them."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(Path(__file__).parent / "versions").replace("%", "%%"))
    return ScriptDirectory.from_config(config)


def upgrade(connection: Connection, *, to: str = HEAD) -> None:
    """Brings the schema to `to`. Nothing is committed here: it is the caller's transaction or none."""
    directory = scripts()

    def steps(revision: Any, _context: Any) -> Any:
        return directory._upgrade_revs(to, revision)  # what alembic.command.upgrade does itself

    with EnvironmentContext(Config(), directory, fn=steps) as environment:
        environment.configure(connection=connection, version_table=VERSION_TABLE, transactional_ddl=True)
        environment.run_migrations()
