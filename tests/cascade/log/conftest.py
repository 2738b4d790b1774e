"""A decision log on each of the two databases; what needs PostgreSQL is skipped where none can be reached."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cascade.log import Log, open_log

SERVER = os.environ.get("TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres")


@pytest.fixture(scope="session")
def server_of_postgresql() -> str:
    """Give the address of a PostgreSQL server on which schemas may be made and dropped."""
    psycopg = pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
    try:
        psycopg.connect(SERVER, connect_timeout=5).close()
    except psycopg.OperationalError as error:
        pytest.skip(f"no PostgreSQL on loopback (TEST_POSTGRESQL names another): {str(error).splitlines()[0]}")
    return SERVER


@pytest.fixture
def postgresql(server_of_postgresql: str) -> Iterator[str]:
    """Give the address of an empty schema, which is dropped afterwards."""
    import psycopg

    name = f"cascade_test_{os.urandom(6).hex()}"
    with psycopg.connect(server_of_postgresql, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
        yield f"{server_of_postgresql}?options=-csearch_path%3D{name}"
        connection.execute(f"DROP SCHEMA {name} CASCADE")


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    """Give where a log may be made, on either database."""
    if request.param == "sqlite":
        return tmp_path / "decisions.db"
    address: str = request.getfixturevalue("postgresql")
    return address


@pytest.fixture
def log(where: str | Path, tmp_path: Path) -> Iterator[Log]:
    """Give an open log, on either database."""
    with open_log(where, spool=tmp_path / "spool.db") as log:
        yield log


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give where a SQLite file may be made."""
    return tmp_path / "decisions.db"


@pytest.fixture
def file(path: Path) -> Iterator[Log]:
    """Give an open log on SQLite."""
    with open_log(path) as log:
        yield log
