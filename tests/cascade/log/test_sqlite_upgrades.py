"""Logs of earlier releases are upgraded without loss."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from cascade.errors import LogUnavailable
from cascade.log import open_log
from cascade.log.purge import purge
from cascade.log.receipts import verify
from cascade.log.tables import SCHEMA_VERSION, metadata
from cascade.policy.policy import Policy
from cascade.report import report
from tests.cascade.log.decisions import POLICY, decided, without_later

FIRST = Path(__file__).with_name("schema_1.sql")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(FIRST.read_text())
    return path


def columns(path: Path) -> dict[str, set[str]]:
    engine = create_engine(f"sqlite:///{path}")
    try:
        found = inspect(engine)
        return {table: {column["name"] for column in found.get_columns(table)} for table in found.get_table_names()}
    finally:
        engine.dispose()


def test_a_log_of_the_first_release_is_upgraded_when_it_is_opened_for_writing(old: Path) -> None:
    with open_log(old) as log:
        log.write(*decided("r-3", "0.9"))
    with closing(sqlite3.connect(old)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        ids = [row[0] for row in connection.execute("SELECT request_id FROM decisions ORDER BY sequence")]
        assert connection.execute("SELECT count(*), sum(n) FROM losses").fetchone() == (1, 2)
    assert ids == ["r-1", "r-2", "r-3"]
    assert columns(old) == {table.name: set(table.c.keys()) for table in metadata.sorted_tables}


def test_reading_one_says_how_to_upgrade_it(old: Path) -> None:
    with pytest.raises(LogUnavailable, match=r"cascade log upgrade .*old\.db"):
        open_log(old, read_only=True)


def test_a_log_of_schema_2_is_upgraded_and_its_estimates_are_not_known(tmp_path: Path) -> None:
    path = tmp_path / "two.db"
    with open_log(path) as log:
        log.write(*decided("r-1", "0.9"))
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in without_later(2):
            connection.execute(statement)
        connection.execute("UPDATE decisions SET maybe_charged_usd = 0.5")
        connection.execute("PRAGMA user_version = 2")
    with open_log(path) as log:
        log.write(*decided("r-2", "0.9"))
        log.flush()
        (month,) = report(log).total.months
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT maybe_charged_estimate_usd FROM decisions ORDER BY sequence").fetchall()
    assert found == [(None,), (0.0,)]
    assert (month.maybe_charged_usd, month.maybe_charged_estimate_usd) == (0.5, 0.5), "unknown, it is the worst case"


@pytest.mark.parametrize("version", [2, 3, 4, 5, 6, 7])
def test_a_log_of_an_earlier_schema_is_upgraded_and_what_it_lacks_is_null(tmp_path: Path, version: int) -> None:
    path = tmp_path / "earlier.db"
    with open_log(path) as log:
        log.remember_policy(POLICY)
        log.write(*decided("r-1", "0.9"))
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in without_later(version):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {version}")
    with open_log(path) as log:
        log.remember_policy(POLICY)
        log.write(*decided("r-2", "0.9"))
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT mode, propensity FROM decisions ORDER BY sequence").fetchall()
        features = connection.execute("SELECT features IS NULL FROM attempts ORDER BY decision_id").fetchall()
        (content,) = connection.execute("SELECT content FROM policies").fetchone()
    first = (None, None) if version < 4 else ("enforce", 1.0)
    assert (found, features) == ([first, ("enforce", 1.0)], [(int(version < 4),), (0,)])
    assert Policy.from_json(json.loads(content)) == POLICY, "a policy known before gets its content"


def reused_numbers(connection: sqlite3.Connection) -> None:
    """Make a log's tables such that SQLite gives the number of a deleted row again, as before schema 5."""
    for table in ("decisions", "losses", "observations"):
        ((made,),) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchall()
        indexes = connection.execute(
            "SELECT name FROM sqlite_master WHERE tbl_name = ? AND type = 'index' AND sql IS NOT NULL", (table,)
        ).fetchall()
        for (index,) in indexes:
            connection.execute(f"DROP INDEX {index}")
        connection.execute(f"ALTER TABLE {table} RENAME TO newer")
        connection.execute(made.replace("AUTOINCREMENT", ""))
        connection.execute(f"INSERT INTO {table} SELECT * FROM newer")  # noqa: S608 - fixed names
        connection.execute("DROP TABLE newer")


def test_the_purges_of_schema_4_become_links_and_its_numbers_are_never_given_again(tmp_path: Path) -> None:
    path = tmp_path / "four.db"
    open_log(path).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO sqlite_sequence VALUES ('decisions', 10)")
    with open_log(path, receipts=True) as log:
        for i in range(4):
            log.write(*decided(f"r-{i}", "0.9"), at_s=1_800_000_000 + i)
        log.flush()
        purge(log, before_ms=1_800_000_002_000)
    with open_log(path) as log:
        log.write(*decided("before", "0.9"), at_s=2_000_000_000)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE decisions SET sequence = 1 WHERE decision_id = 'd-before'")
        reused_numbers(connection)
        connection.execute("DELETE FROM receipts WHERE decision_id LIKE 'purge %'")
        for statement in without_later(4):
            connection.execute(statement)
        connection.execute("PRAGMA user_version = 4")
    with open_log(path, receipts=True) as log:
        purge(log, before_ms=1_800_000_005_000)
        log.write(*decided("later", "0.9"), at_s=1_800_000_010)
        log.flush()
        with log.reading() as connection:
            found = verify(connection)
    assert (found.receipts, found.purged, found.unchained, found.broken) == (5, 4, 1, None)
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT sequence, decision_id FROM decisions ORDER BY sequence").fetchall()
        (indexes,) = connection.execute("SELECT count(*) FROM sqlite_master WHERE name LIKE 'decisions_%'").fetchone()
    assert (found, indexes) == ([(1, "d-before"), (15, "d-later")], 3)
