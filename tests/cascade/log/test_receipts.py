"""Receipts: a hash chain over decisions, on either database; any changed, removed or inserted row breaks it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from cascade.log import Log, open_log
from cascade.log.chain import START
from cascade.log.purge import purge
from cascade.log.receipts import Verified, verify
from tests.cascade.log.decisions import decided
from tests.cascade.log.reading import rows

N = 6
SEVERAL = """
import sys
from cascade.log import open_log
from tests.cascade.log.decisions import decided
with open_log(sys.argv[1], receipts=True) as log:
    for i in range(10):
        log.write(*decided(f"{sys.argv[2]}-{i}", "0.2", "0.9"))
        log.flush()
"""


@pytest.fixture
def chained(where: str | Path, tmp_path: Path) -> Iterator[Log]:
    with open_log(where, receipts=True, spool=tmp_path / "spool.db") as log:
        for i in range(N):
            log.write(*decided(f"r-{i}", "0.2", "0.9", saved_usd=0.001), at_s=1_800_000_000 + i)
            log.flush()
        yield log


def checked(log: Log, head: str | None = None) -> Verified:
    with log.reading() as connection:
        return verify(connection, head=head)


def change(where: str | Path, statement: str) -> None:
    """Do what somebody does who can write to the database."""
    if isinstance(where, Path):
        with closing(sqlite3.connect(where)) as connection:
            connection.execute(statement)
            connection.commit()
        return
    import psycopg

    with psycopg.connect(where) as server:
        server.execute(statement.encode())


def test_a_log_that_nobody_touched_is_whole(chained: Log, where: str | Path) -> None:
    found = checked(chained)
    assert (found.receipts, found.broken, found.unchained, found.purged) == (N, None, 0, 0)
    assert found.head == rows(where, "receipts", "position")[-1]["digest"]
    assert rows(where, "receipts", "position")[0]["previous"] == START


@pytest.mark.parametrize(
    ("statement", "first", "said"),
    [
        ("UPDATE decisions SET cost_usd = 0 WHERE request_id = 'r-2'", 3, "was changed"),
        ("UPDATE decisions SET principal = 'somebody' WHERE request_id = 'r-0'", 1, "was changed"),
        ("UPDATE attempts SET confidence = 0.3 WHERE decision_id = 'd-r-4' AND position = 0", 5, "was changed"),
        ("UPDATE verdicts SET score = 0.200000002 WHERE decision_id = 'd-r-4' AND position = 0", 5, "was changed"),
        ("DELETE FROM verdicts WHERE decision_id = 'd-r-3'", 4, "was changed"),
        ("DELETE FROM decisions WHERE request_id = 'r-1'", 2, "is gone"),
        ("DELETE FROM receipts WHERE position = 2", 3, "receipt 2 is missing"),
        ("UPDATE receipts SET digest = previous WHERE position = 2", 2, "was changed"),
    ],
)
def test_the_first_row_that_is_not_as_it_was_written_is_named(
    path: Path, statement: str, first: int, said: str
) -> None:
    with open_log(path, receipts=True) as log:
        for i in range(N):
            log.write(*decided(f"r-{i}", "0.2", "0.9", saved_usd=0.001))
        log.flush()
        change(path, statement)
        found = checked(log)
    assert found.broken is not None
    assert found.broken.startswith(f"receipt {first}, decision d-r-{first - 1}:")
    assert said in found.broken


def test_a_decision_that_is_slipped_in_is_named(chained: Log, where: str | Path) -> None:
    with open_log(where) as other:
        other.write(*decided("slipped", "0.9"))
    assert "d-slipped is in the log without a receipt" in (checked(chained).broken or "")


def test_an_end_that_was_cut_off_is_noticed_by_the_head_that_was_noted(chained: Log, where: str | Path) -> None:
    head = checked(chained).head
    for table in ("receipts", "decisions", "attempts", "verdicts"):
        change(where, f"DELETE FROM {table} WHERE decision_id = 'd-r-5'")  # noqa: S608 - fixed names
    assert checked(chained).broken is None, "nothing in the log itself tells"
    assert "it was truncated" in (checked(chained, head).broken or "")


def test_a_head_noted_earlier_stays_in_the_chain(chained: Log) -> None:
    head = checked(chained).head
    chained.write(*decided("later", "0.9"))
    assert checked(chained, head).broken is None


def test_what_was_logged_before_the_chain_began_is_counted_apart(where: str | Path) -> None:
    with open_log(where) as log:
        log.write(*decided("before", "0.9"))
    with open_log(where, receipts=True) as log:
        log.write(*decided("after", "0.9"))
        found = checked(log)
    assert (found.receipts, found.unchained, found.broken) == (1, 1, None)


def test_odd_figures_and_texts_read_back_as_they_were_written(where: str | Path) -> None:
    result, request = decided("r\0\ud800", "0.9", tags={"a\ud800": "\0"})
    odd = replace(result, latency_s=1 / 3, saved_usd=-1e-13, error="\ud800\0é", confidence=0.1 + 0.2)
    with open_log(where, receipts=True) as log:
        log.write(odd, request)
        assert checked(log).broken is None


def test_several_processes_continue_one_chain(where: str | Path) -> None:
    command = [sys.executable, "-c", SEVERAL, str(where)]
    running = [subprocess.Popen([*command, name]) for name in "ab"]
    assert [one.wait() for one in running] == [0, 0]
    with open_log(where, read_only=True) as log:
        found = checked(log)
    assert (found.receipts, found.broken) == (20, None)


def test_a_purge_breaks_nothing_and_is_told(chained: Log) -> None:
    purge(chained, before_ms=1_800_000_002_000)
    found = checked(chained)
    assert (found.receipts, found.purged, found.purges, found.broken) == (N, 2, 1, None)
    purge(chained, before_ms=1_800_000_004_000)
    found = checked(chained)
    assert (found.receipts, found.purged, found.purges, found.broken) == (N, 4, 2, None)


DELETED = [f"DELETE FROM {table} WHERE decision_id = 'd-r-3'" for table in ("decisions", "attempts", "verdicts")]  # noqa: S608
SLIPPED = "INSERT INTO decisions ({names}) SELECT {values} FROM decisions WHERE decision_id = 'd-r-3'"


def slip_in(where: str | Path, sequence: int) -> None:
    """Copy a decision under another id to a place in the order."""
    row = rows(where, "decisions")[0]
    given = {"sequence": str(sequence), "decision_id": "'d-slipped'"}
    names = ", ".join(f'"{name}"' for name in row)
    change(where, SLIPPED.format(names=names, values=", ".join(given.get(name, f'"{name}"') for name in row)))


def test_a_receipt_marked_as_purged_does_not_excuse_a_row_that_was_deleted(chained: Log, where: str | Path) -> None:
    head = checked(chained).head
    change(where, "UPDATE receipts SET purged_ms = 1 WHERE decision_id = 'd-r-3'")
    for statement in DELETED:
        change(where, statement)
    assert "no purge in the chain names it" in (checked(chained, head).broken or "")


@pytest.mark.parametrize("sequence", [0, -5, 10_000])
def test_a_row_slipped_in_anywhere_in_the_order_is_named(chained: Log, where: str | Path, sequence: int) -> None:
    slip_in(where, sequence)
    assert "d-slipped is in the log without a receipt" in (checked(chained).broken or "")


def test_a_row_slipped_in_among_those_from_before_the_chain_is_counted(where: str | Path) -> None:
    with open_log(where) as log:
        for i in (1, 2, 3):
            log.write(*decided(f"r-{i}", "0.9"))
    change(where, "DELETE FROM decisions WHERE decision_id = 'd-r-2'")
    with open_log(where, receipts=True) as log:
        log.write(*decided("after", "0.9"))
        log.flush()
        change(where, "DELETE FROM attempts WHERE decision_id = 'd-r-2'")
        change(where, "DELETE FROM verdicts WHERE decision_id = 'd-r-2'")
        assert (checked(log).unchained, checked(log).broken) == (2, None)
        slip_in(where, 2)
        assert "3 decisions have no receipt, and the chain began with 2" in (checked(log).broken or "")


def test_decisions_from_before_the_chain_can_be_purged(where: str | Path) -> None:
    with open_log(where) as log:
        log.write(*decided("before", "0.9"), at_s=1_800_000_000)
    with open_log(where, receipts=True) as log:
        log.write(*decided("after", "0.9"), at_s=1_800_000_100)
        purge(log, before_ms=1_800_000_050_000)
        found = checked(log)
    assert (found.receipts, found.unchained, found.purges, found.broken) == (1, 0, 1, None)


def test_two_decisions_whose_places_were_swapped_are_noticed(chained: Log, where: str | Path) -> None:
    places = {row["decision_id"]: row["sequence"] for row in rows(where, "decisions")}
    for identity, place in (("d-r-1", -1), ("d-r-4", places["d-r-1"]), ("d-r-1", places["d-r-4"])):
        change(where, f"UPDATE decisions SET sequence = {place} WHERE decision_id = '{identity}'")  # noqa: S608
    assert (checked(chained).broken or "").startswith("receipt 2, decision d-r-1: the decision, its place in the order")


def test_a_purge_that_is_rewritten_is_noticed(chained: Log, where: str | Path) -> None:
    purge(chained, before_ms=1_800_000_002_000)
    change(where, "UPDATE receipts SET content = replace(content, '[1, 2]', '[1, 3]') WHERE content IS NOT NULL")
    assert "receipt 7, purge: the link was changed" in (checked(chained).broken or "")


def test_a_purged_decision_that_is_put_back_is_noticed(chained: Log, where: str | Path) -> None:
    purge(chained, before_ms=1_800_000_001_000)
    chained.write(*decided("r-0", "0.2", "0.9", saved_usd=0.001), at_s=1_800_000_000)
    chained.flush()
    assert checked(chained).broken is not None


def test_an_attempt_without_its_decision_is_noticed(chained: Log, where: str | Path) -> None:
    purge(chained, before_ms=1_800_000_001_000)
    change(where, "UPDATE attempts SET decision_id = 'd-r-0' WHERE decision_id = 'd-r-5' AND position = 1")
    assert checked(chained).broken is not None


def test_the_same_decision_twice_has_one_receipt(chained: Log) -> None:
    chained.write(*decided("r-1", "0.2", "0.9", saved_usd=0.001), at_s=1_800_000_001)
    assert checked(chained).receipts == N
