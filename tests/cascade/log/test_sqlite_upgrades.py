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


@pytest.mark.parametrize("version", [2, 3])
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
    assert (found, features) == ([(None, None), ("enforce", 1.0)], [(1,), (0,)])
    assert Policy.from_json(json.loads(content)) == POLICY, "a policy known before gets its content"
