"""Migrations of the PostgreSQL schema, by Alembic; each revision is named by its schema version."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from cascade.extras import require_extra


def migrate(connection: Connection) -> None:
    """Upgrade a database to the current schema, inside the open transaction."""
    require_extra("postgres", "alembic", use="A log on PostgreSQL")
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
