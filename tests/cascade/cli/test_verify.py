"""`cascade verify` and `cascade log upgrade`, on a log that `cascade run` wrote."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cascade.log.tables import SCHEMA_VERSION
from tests.cascade.cli.conftest import write_lines

FIRST = Path(__file__).parent.parent / "log" / "schema_1.sql"


@pytest.fixture
def chained(cli, configured):
    config = configured / "cascade.yaml"
    config.write_text(config.read_text().replace("log: decisions.db", "log: {path: decisions.db, receipts: true}"))
    write_lines(configured / "in.jsonl", [{"id": f"r{i}", "prompt": f"q{i}"} for i in range(4)])
    assert cli("run", "--input", "in.jsonl", "--output", "out.jsonl").exit_code == 0
    return configured


def test_a_whole_chain_is_said_to_be_whole_and_its_head_is_on_stdout(cli, chained):
    done = cli("verify")
    assert (done.exit_code, "4 receipts checked" in done.stderr) == (0, True)
    head = done.stdout.strip()
    assert len(head) == 64
    assert json.loads(cli("verify", "decisions.db", "--head", head, "--json").stdout)["ok"]


def test_a_changed_row_is_named_and_exits_with_1(cli, chained):
    with closing(sqlite3.connect("decisions.db")) as log:
        log.execute("UPDATE decisions SET cost_usd = 0 WHERE request_id = 'r2'")
        log.commit()
    done = cli("verify")
    assert done.exit_code == 1
    assert "was changed" in done.stderr
    told = json.loads(cli("verify", "--json").stdout)
    assert (told["ok"], told["broken"].startswith("receipt ")) == (False, True)


def test_a_head_of_another_log_exits_with_1(cli, chained):
    assert cli("verify", "--head", "f" * 64).exit_code == 1


def test_a_log_without_receipts_says_how_to_get_them(cli, configured):
    assert cli("run", "hello").exit_code == 0
    done = cli("verify")
    assert (done.exit_code, "receipts: true" in done.stderr) == (2, True)


def test_an_upgrade_says_what_came_of_it(cli, folder):
    with closing(sqlite3.connect("old.db")) as log:
        log.executescript(FIRST.read_text())
    assert "cascade log upgrade old.db" in cli("report", "old.db").stderr
    done = cli("log", "upgrade", "old.db")
    assert (done.exit_code, f"old.db has schema {SCHEMA_VERSION}" in done.stderr) == (0, True)
    assert cli("report", "old.db").exit_code == 0


@pytest.mark.parametrize("args", [("verify", "absent.db"), ("log", "upgrade", "absent.db"), ("verify",)])
def test_a_log_that_is_not_there_is_one_sentence(cli, folder, args):
    done = cli(*args)
    assert done.exit_code == 2
    assert done.stderr.startswith("Error: ")
