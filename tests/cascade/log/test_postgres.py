"""The log on PostgreSQL: its schema, outages, the spool, and that reports read the same from it as from SQLite."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from sqlalchemy import Connection

from cascade.clients.scripted import scripted
from cascade.errors import LogUnavailable
from cascade.failure import FailureKind
from cascade.log import Log, open_log, upgrade_log
from cascade.log.insertion import loss
from cascade.log.tables import SCHEMA_VERSION, metadata
from cascade.report import report
from tests.cascade.log.decisions import POLICY, decided, failed, without_later
from tests.cascade.log.reading import rows
from tests.cascade.log.wire import Wire

psycopg = pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")

ONE = """
import sys
from cascade.log import open_log
from tests.cascade.log.decisions import decided
with open_log(sys.argv[1], spool=sys.argv[2]) as log:
    for name in sys.argv[3:]:
        log.write(*decided(name, "0.9"))
"""


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool.db"


@pytest.fixture
def wire(postgresql: str) -> Iterator[Wire]:
    parts = urlsplit(postgresql)
    with Wire(parts.hostname or "127.0.0.1", parts.port or 5432) as wire:
        yield wire


@pytest.fixture
def over(wire: Wire, postgresql: str) -> str:
    """Give the address of the same schema, over the wire."""
    parts = urlsplit(postgresql)
    return urlunsplit(parts._replace(netloc=f"{parts.username}@127.0.0.1:{wire.port}"))


def fill(log: Log) -> None:
    log.remember_policy(POLICY)
    for i in range(30):
        about = {"principal": f"p{i % 3}", "tags": {"team": f"t{i % 2}"}}
        first = failed(FailureKind.SERVER) if i % 7 == 0 else "0.2" if i % 3 == 0 else "0.9"
        log.write(*decided(f"r-{i}", first, "0.9", saved_usd=0.001 * i, **about), at_s=1_800_000_000.0 + 7_000 * i)
    log.labels([(f"r-{i}", float(i % 2)) for i in range(10)])


def test_a_report_says_the_same_from_either_database(postgresql: str, path: Path) -> None:
    told = []
    for where in (path, postgresql):
        with open_log(where) as log:
            fill(log)
            made = [report(log, by=by, by_time="hour").to_json() for by in (None, "team", "principal")]
            told.append([{**one, "source": ""} for one in made])
    assert differing(told[0], told[1]) == []


def differing(one: Any, other: Any, where: str = "") -> list[str]:
    """Return where two reports differ by more than the order in which a database adds up."""
    if isinstance(one, float) and isinstance(other, float):
        return [] if math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12) else [f"{where}: {one} {other}"]
    if isinstance(one, dict) and isinstance(other, dict) and list(one) == list(other):
        return [found for key in one for found in differing(one[key], other[key], f"{where}.{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [found for i, (a, b) in pairs for found in differing(a, b, f"{where}[{i}]")]
    return [] if one == other and type(one) is type(other) else [f"{where}: {one!r} {other!r}"]


def test_the_migrations_make_the_tables_that_the_code_writes_to(postgresql: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(
            connection, opts={"version_table": "cascade_schema", "compare_server_default": True}
        )
        return list(compare_metadata(context, metadata))

    with open_log(postgresql, read_only=False) as log, log.reading() as connection:
        assert differences(connection) == []


def test_processes_that_start_together_on_an_empty_database_make_the_tables_once(postgresql: str, spool: Path) -> None:
    command = [sys.executable, "-c", ONE, postgresql, str(spool)]
    running = [subprocess.Popen([*command, f"r-{i}"], stderr=subprocess.PIPE, text=True) for i in range(2)]
    assert [one.communicate()[1] for one in running] == [""] * 2
    assert sorted(row["request_id"] for row in rows(postgresql, "decisions")) == [f"r-{i}" for i in range(2)]


def test_another_schema_version_is_refused_and_says_what_to_do(postgresql: str) -> None:
    open_log(postgresql).close()
    for version, said in (("1", "cascade log upgrade"), ("99", "later release")):
        with psycopg.connect(postgresql) as server:
            server.execute("UPDATE cascade_schema SET version_num = %s", (version,))
        with pytest.raises(LogUnavailable, match=said):
            open_log(postgresql)


def test_an_upgrade_of_what_is_up_to_date_changes_nothing(postgresql: str) -> None:
    with open_log(postgresql) as log:
        log.write(*decided("r-1", "0.9"))
    assert upgrade_log(postgresql)[1] == SCHEMA_VERSION
    assert len(rows(postgresql, "decisions")) == 1


@pytest.mark.parametrize("version", [2, 3, 4])
def test_a_log_of_an_earlier_schema_is_upgraded(postgresql: str, version: int) -> None:
    with open_log(postgresql) as log:
        log.write(*decided("r-1", "0.9"))
    with psycopg.connect(postgresql) as server:
        for statement in without_later(version):
            server.execute(statement)
        server.execute("UPDATE cascade_schema SET version_num = %s", (str(version),))
    upgrade_log(postgresql)
    with open_log(postgresql) as log:
        log.write(*decided("r-2", "0.9"))
    found = rows(postgresql, "decisions")
    assert [row["mode"] for row in found] == [None if version < 4 else "enforce", "enforce"]
    assert [row["maybe_charged_estimate_usd"] for row in found] == [None if version < 3 else 0.0, 0.0]


def test_tables_of_somebody_else_are_left_alone(postgresql: str) -> None:
    with psycopg.connect(postgresql) as server:
        server.execute("CREATE TABLE decisions (theirs text)")
    with pytest.raises(LogUnavailable, match="decisions that are not ours"):
        open_log(postgresql)


def test_a_database_that_does_not_exist_is_an_error_at_once_and_shows_no_password() -> None:
    with pytest.raises(LogUnavailable, match="does not exist") as caught:
        open_log("postgresql://postgres:open-sesame@127.0.0.1:5432/no_such_database")
    assert "open-sesame" not in str(caught.value)


@pytest.fixture
def own_user(postgresql: str) -> Iterator[tuple[str, str]]:
    """Give the address for a user of this test's own, so that its connections can be told from other tests'."""
    name = f"cascade_test_{os.urandom(6).hex()}"
    with psycopg.connect(postgresql, autocommit=True) as server:
        server.execute(f"CREATE ROLE {name} LOGIN SUPERUSER")
        yield postgresql.replace("postgres@", f"{name}@"), name
        server.execute(f"REASSIGN OWNED BY {name} TO postgres")
        server.execute(f"DROP ROLE {name}")


def test_connections_that_die_are_replaced(postgresql: str, own_user: tuple[str, str], spool: Path) -> None:
    address, user = own_user
    with open_log(address, spool=spool) as log:
        log.write(*decided("r-1", "0.9"))
        log.flush()
        with psycopg.connect(postgresql) as server:
            query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s"
            assert len(server.execute(query, [user]).fetchall()) == 1
        log.write(*decided("r-2", "0.9"))
        log.flush()
    assert [row["request_id"] for row in rows(postgresql, "decisions", "sequence")] == ["r-1", "r-2"]


def test_while_the_server_is_down_rows_wait_in_the_spool_and_keep_their_order(
    wire: Wire, over: str, postgresql: str, spool: Path
) -> None:
    with open_log(over, spool=spool) as log:
        log.write(*decided("r-1", "0.9"))
        log.flush()
        wire.cut()
        for number in range(2, 6):
            log.write(*decided(f"r-{number}", "0.2", "0.9"))
            log.flush()
        assert log.spooled == 4
        assert "rows wait in" in log.warnings[0]
        with pytest.raises(LogUnavailable, match="cannot be read"), log.reading():
            pass
        wire.mend()
        while log.spooled:
            log._database._again_at = 0.0  # type: ignore[union-attr] # its patience is no part of the claim
            log.write(*decided("r-6", "0.9"))
            log.flush()
        assert log.lost == 0
    assert [row["request_id"] for row in rows(postgresql, "decisions", "sequence")] == [f"r-{i}" for i in range(1, 7)]
    assert len(rows(postgresql, "attempts")) == 10


def test_a_server_that_turns_read_only_and_back_is_written_to_again(
    postgresql: str, own_user: tuple[str, str], spool: Path
) -> None:
    """What a failover does: the old connections stay read-only for ever, new ones are not."""
    address, user = own_user
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s"
    with open_log(address, spool=spool) as log, psycopg.connect(postgresql, autocommit=True) as server:
        log.write(*decided("r-1", "0.9"))
        log.flush()
        server.execute(f"ALTER ROLE {user} SET default_transaction_read_only = on")
        server.execute(ended, [user])
        log.write(*decided("r-2", "0.9"))
        log.flush()
        assert log.spooled == 1
        server.execute(f"ALTER ROLE {user} RESET default_transaction_read_only")
        while log.spooled:
            log._database._again_at = 0.0  # type: ignore[union-attr] # its patience is no part of the claim
            log.write(*decided("r-3", "0.9"))
            log.flush()
        assert log.lost == 0
    assert [row["request_id"] for row in rows(postgresql, "decisions", "sequence")] == ["r-1", "r-2", "r-3"]


def test_the_next_process_hands_on_what_the_last_one_spooled(
    wire: Wire, over: str, postgresql: str, spool: Path
) -> None:
    open_log(over).close()
    wire.cut()
    subprocess.run([sys.executable, "-c", ONE, over, str(spool), "r-1", "r-2"], check=True, capture_output=True)
    assert rows(postgresql, "decisions") == []
    wire.mend()
    with open_log(over, spool=spool) as log:
        log.flush()
    assert [row["request_id"] for row in rows(postgresql, "decisions", "sequence")] == ["r-1", "r-2"]


def test_what_is_handed_on_twice_is_there_once(wire: Wire, over: str, postgresql: str, spool: Path) -> None:
    command = [sys.executable, "-c", ONE, over]
    open_log(over).close()
    wire.cut()
    subprocess.run([*command, str(spool), "r-1", "r-2"], check=True, capture_output=True)
    twice = spool.with_name("twice.db")
    for suffix in ("", "-wal"):
        if Path(f"{spool}{suffix}").exists():
            shutil.copy(f"{spool}{suffix}", f"{twice}{suffix}")
    wire.mend()
    for one in (spool, twice):
        with open_log(over, spool=one) as log:
            assert log.spooled in {0, 2}
            log._database.tend()
            assert log.spooled == 0
    assert [len(rows(postgresql, table)) for table in ("decisions", "attempts", "verdicts")] == [2, 2, 2]


def test_a_loss_that_is_handed_on_twice_is_counted_once(postgresql: str) -> None:
    entry = loss(3, "so it was")
    with open_log(postgresql) as log:
        for _ in range(2):
            log.accept(entry)
            log.flush()
    assert [row["n"] for row in rows(postgresql, "losses")] == [3]


def test_a_server_that_is_down_at_the_start_is_waited_for(wire: Wire, over: str, postgresql: str, spool: Path) -> None:
    wire.cut()
    with open_log(over, spool=spool) as log:
        log.write(*decided("r-1", "0.9"))
        log.flush()
        assert log.spooled == 1
        wire.mend()
        log._database._again_at = 0.0  # type: ignore[union-attr]
        log._database.tend()
        assert log.spooled == 0
    assert len(rows(postgresql, "decisions")) == 1


def test_only_reading_does_not_wait(wire: Wire, over: str) -> None:
    wire.cut()
    with pytest.raises(LogUnavailable, match="cannot be opened"):
        open_log(over, read_only=True)


def test_model_output_that_postgresql_cannot_hold_is_escaped(postgresql: str) -> None:
    from dataclasses import replace

    result, request = decided("r-1", "0.9")
    odd = replace(result, attempts=(replace(result.attempts[0], response=scripted("a\0b\ud800\u2028")),))
    with open_log(postgresql, store_text="full") as log:
        log.write(odd, request)
    (row,) = rows(postgresql, "attempts")
    assert row["answer_text"] == "a\\u0000b\\ud800\u2028"
