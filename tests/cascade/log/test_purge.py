"""Purge is permanent: rows leave the tables, the file's free pages and the write-ahead log."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cascade.clients.scripted import ScriptedClient
from cascade.engine.cascade import Cascade
from cascade.errors import ConfigError, LogUnavailable
from cascade.log import Log, open_log
from cascade.log.purge import Purged, purge
from cascade.log.receipts import verify
from tests.cascade.log.decisions import decided
from tests.cascade.log.reading import rows
from tests.opinions import ladder

CANARY = "kanarie"
TABLES = ("decisions", "attempts", "verdicts", "labels")


def written(path: Path, n: int = 40) -> Log:
    """Return an open log: every second decision is of one principal, the first half is old."""
    log = open_log(path, store_text="full")
    for number in range(n):
        odd = number % 2
        about = {"principal": f"{CANARY}-{odd}", "session": f"{CANARY}-session-{number}", "tags": {"who": CANARY}}
        log.write(*decided(f"r-{number}", "0.2", "0.9", **about), at_s=1000.0 if number < n / 2 else 2000.0)
    log.flush()
    log.labels([(f"r-{number}", 1.0) for number in range(n)], source=f"{CANARY}-source")
    return log


def counted(path: Path) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as connection:
        return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}  # noqa: S608


def bytes_of(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(f"{path.name}*")))


def test_by_age_only_what_is_older_goes(tmp_path: Path) -> None:
    path = tmp_path / "d.db"
    with written(path) as log:
        purged = purge(log, before_ms=2_000_000)
    assert purged == Purged(decisions=20, calls=0, scrubbed=True)
    assert counted(path) == {"decisions": 20, "attempts": 40, "verdicts": 40, "labels": 20}


def test_of_a_principal_nothing_is_left_in_any_file_while_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "d.db"
    with written(path) as log:
        assert f"{CANARY}-1".encode() in bytes_of(path)
        purge(log, principal=f"{CANARY}-1")
        held = bytes_of(path)
    assert f"{CANARY}-0".encode() in held
    assert f"{CANARY}-1".encode() not in held + bytes_of(path)
    assert not [number for number in range(1, 40, 2) if f"{CANARY}-session-{number}\0".encode() in held]
    assert counted(path)["decisions"] == 20


def test_when_all_is_purged_a_search_of_the_bytes_finds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "d.db"
    with written(path, 2_000) as log:
        steps: list[tuple[int, int]] = []
        purge(log, before_ms=3_000_000, on_progress=lambda *step: steps.append(step))
        assert CANARY.encode() not in bytes_of(path)
    assert steps[-1] == (2_000, 2_000)
    assert steps == sorted(steps)
    assert counted(path) == dict.fromkeys(TABLES, 0)


def test_both_conditions_hold_together_and_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "d.db"
    with written(path) as log:
        found = purge(log, before_ms=2_000_000, principal=f"{CANARY}-0", dry_run=True)
        assert (found.decisions, found.scrubbed) == (10, False)
        assert counted(path)["decisions"] == 40
        assert purge(log, before_ms=2_000_000, principal=f"{CANARY}-0").decisions == 10
        assert purge(log, before_ms=2_000_000, principal=f"{CANARY}-0").decisions == 0
        assert counted(path)["decisions"] == 30


def test_a_log_is_written_to_while_it_is_purged(tmp_path: Path) -> None:
    path = tmp_path / "d.db"
    with written(path) as log:
        purge(log, before_ms=3_000_000, on_progress=lambda *_: log.write(*decided("new", "0.9")))
        log.flush()
        assert log.lost == 0
    assert counted(path)["decisions"] == 1


def test_somebody_who_still_reads_is_told_of_and_the_next_purge_finishes(tmp_path: Path) -> None:
    path = tmp_path / "d.db"
    with written(path) as log:
        with log.reading() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM decisions").scalar()
            with pytest.raises(LogUnavailable, match="still reads"):
                purge(log, before_ms=3_000_000, patience_s=0.05)
        assert purge(log, before_ms=3_000_000).scrubbed
        assert CANARY.encode() not in bytes_of(path)


def test_on_either_database_the_rows_are_gone_and_the_chain_of_receipts_still_holds(
    where: str | Path, tmp_path: Path
) -> None:
    with open_log(where, receipts=True, spool=tmp_path / "spool.db") as log:
        for number in range(30):
            about = {"principal": f"{CANARY}-{number % 2}"}
            log.write(*decided(f"r-{number}", "0.2", "0.9", **about), at_s=1000.0 if number < 10 else 2000.0)
        log.flush()
        purged = purge(log, principal=f"{CANARY}-0")
        assert (purged.decisions, purged.receipts, purged.scrubbed) == (15, 15, True)
        assert purge(log, before_ms=1_500_000).decisions == 5
        with log.reading() as connection:
            found = verify(connection)
    assert (found.receipts, found.purged, found.broken) == (30, 20, None)
    assert {row["principal"] for row in rows(where, "decisions")} == {f"{CANARY}-1"}
    assert [len(rows(where, table)) for table in ("decisions", "attempts", "verdicts")] == [10, 20, 20]


def test_postgresql_writes_its_tables_anew(postgresql: str, tmp_path: Path) -> None:
    import psycopg

    def files() -> list[tuple[int, ...]]:
        with psycopg.connect(postgresql) as server:
            return server.execute(
                "SELECT pg_relation_filenode('decisions'), pg_relation_filenode('attempts')"
            ).fetchall()

    with open_log(postgresql, spool=tmp_path / "spool.db") as log:
        log.write(*decided("r-1", "0.9"), at_s=1000.0)
        log.flush()
        before = files()
        purge(log, before_ms=2_000_000)
        assert all(old != new for old, new in zip(before[0], files()[0], strict=True))


@pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
def test_calls_go_with_their_own_time_and_principal(tmp_path: Path) -> None:
    path = tmp_path / "d.db"
    rungs = ladder("small", "large")
    with open_log(path) as log, Cascade(rungs, client=ScriptedClient(default="0.9"), log=log) as app:
        for number in range(6):
            app.run("?", id=str(number), principal=f"{CANARY}-{number % 2}")
        log.flush()
        made = len(rows(path, "calls"))
        assert made == 6
        assert purge(log, principal=f"{CANARY}-1").calls == made / 2
        assert {row["principal"] for row in rows(path, "calls")} <= {f"{CANARY}-0"}
        assert f"{CANARY}-1".encode() not in bytes_of(path)


def test_nothing_asked_for_is_an_error_and_so_is_a_log_for_reading(tmp_path: Path) -> None:
    path = tmp_path / "d.db"
    written(path).close()
    with open_log(path, read_only=True) as log:
        with pytest.raises(ConfigError, match="neither"):
            purge(log)
        with pytest.raises(LogUnavailable, match="reading only"):
            purge(log, before_ms=1)
