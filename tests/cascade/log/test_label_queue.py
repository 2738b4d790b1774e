"""A label queue keeps the texts of a drawn share of decisions for some days; of all others nothing is stored."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cascade.clients.scripted import ScriptedClient
from cascade.config.loading import load_config
from cascade.engine.cascade import Cascade
from cascade.errors import ConfigError
from cascade.failure import FailureKind
from cascade.labelling.log_draw import log_draw
from cascade.labelling.watched_draw import watched_draw
from cascade.log import Log, open_log
from cascade.log.label_queue import DAY_MS, LabelQueue
from cascade.log.purge import purge, purge_expired
from cascade.log.receipts import verify
from cascade.log.rows import now_ms
from cascade.log.text_expiry import TextExpiry, expire_texts
from cascade.settings import ObserveLimits, Settings
from tests.cascade.log.decisions import decided, failed
from tests.cascade.log.reading import rows
from tests.opinions import ladder, policy

RUNGS = ladder("small", "large")
QUEUE = LabelQueue(share=0.3, days=7.0)
CANARY = "kanarie aan de Keizersgracht 12 in Amsterdam"
N = 200


def filled(where: str | Path, *, queue: LabelQueue = QUEUE, n: int = N, receipts: bool = False) -> Log:
    """Return an open log of decisions that ended now, each with a prompt of its own."""
    log = open_log(where, store_text="label-queue", label_queue=queue, receipts=receipts)
    for number in range(n):
        about = {"prompt": f"{CANARY}, number {number:03}", "principal": f"p-{number % 2}"}
        log.write(*decided(f"r-{number}", "0.2", "0.9", **about))
    log.flush()
    return log


def texts(where: str | Path) -> dict[str, str]:
    """Return the stored prompts by decision."""
    return {row["decision_id"]: row["request_text"] for row in rows(where, "decisions") if row["request_text"]}


def bytes_of(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(f"{path.name}*")))


def test_a_drawn_share_keeps_its_texts_and_says_with_what_probability(tmp_path: Path) -> None:
    path = tmp_path / "d.db"
    filled(path).close()
    kept = texts(path)
    assert 0.2 * N < len(kept) < 0.4 * N
    for row in rows(path, "decisions"):
        drawn = row["decision_id"] in kept
        assert row["text_propensity"] == (0.3 if drawn else None)
        assert (row["text_until_ms"] == row["at_ms"] + 7 * DAY_MS) if drawn else row["text_until_ms"] is None
    answered = {row["decision_id"] for row in rows(path, "attempts") if row["answer_text"] is not None}
    assert answered == set(kept)
    others = [number for number in range(N) if f"d-r-{number}" not in kept]
    held = bytes_of(path)
    assert not [number for number in others if f"number {number:03}".encode() in held]


def test_what_a_provider_or_a_verifier_quotes_is_left_out_of_every_row(tmp_path: Path) -> None:
    path = tmp_path / "d.db"
    with open_log(path, store_text="label-queue", label_queue=LabelQueue(share=1.0)) as log:
        result, request = decided("r", failed(FailureKind.SERVER), failed(FailureKind.SERVER), prompt=CANARY)
        object.__setattr__(result, "error", f"HTTP 500: {CANARY}")
        log.write(result, request)
    (row,) = rows(path, "decisions")
    assert CANARY in row.pop("request_text")
    assert CANARY not in json.dumps([row, rows(path, "attempts"), rows(path, "verdicts")], default=str)


def test_texts_whose_time_is_over_leave_every_file_and_the_chain_still_holds(tmp_path: Path) -> None:
    path = tmp_path / "d.db"
    with filled(path, receipts=True) as log:
        with log.reading() as connection:
            before = verify(connection)
        later = now_ms() + 8 * DAY_MS
        assert purge_expired(log, at_ms=now_ms(), dry_run=True).texts == 0
        n = purge_expired(log, at_ms=later, dry_run=True).texts
        assert n == len(texts(path))
        assert purge_expired(log, at_ms=later).texts == n
        assert CANARY.encode() not in bytes_of(path)
        with log.reading() as connection:
            after = verify(connection)
    assert before.broken is after.broken is None
    assert before.head == after.head
    assert len(rows(path, "decisions")) == N


def test_a_changed_figure_of_a_queued_decision_still_breaks_the_chain(tmp_path: Path) -> None:
    path = tmp_path / "d.db"
    filled(path, receipts=True).close()
    for change in ("text_until_ms = text_until_ms + 1", "cost_usd = cost_usd + 1"):
        copy = tmp_path / "copy.db"
        copy.write_bytes(path.read_bytes())
        with closing(sqlite3.connect(copy)) as connection:
            connection.execute(f"UPDATE decisions SET {change} WHERE text_until_ms IS NOT NULL")  # noqa: S608
            connection.commit()
        with open_log(copy, read_only=True) as log, log.reading() as connection:
            assert verify(connection).broken is not None, change


def test_a_process_that_writes_deletes_what_is_over(tmp_path: Path) -> None:
    path = tmp_path / "d.db"
    filled(path, queue=LabelQueue(share=1.0, days=1e-9), n=3).close()
    with open_log(path) as log:  # as any later process, whatever it stores itself
        log.write(*decided("later", "0.9"))
        log.flush()
        log.close()
    assert not texts(path)
    assert len(rows(path, "decisions")) == 4


def test_where_the_database_cannot_be_changed_the_next_look_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "d.db"
    log = filled(path, queue=LabelQueue(share=1.0), n=3)
    monkeypatch.setattr("cascade.log.text_expiry.the_time_ms", lambda: now_ms() + 31 * DAY_MS)
    looking = TextExpiry()
    kept = texts(path)
    with open_log(path, read_only=True) as reader:
        looking.look(reader)
    assert texts(path) == kept
    looking._again_at = 0.0
    looking.look(log)
    log.close()
    assert (len(kept), texts(path)) == (3, {})


def test_a_look_finds_what_is_over_by_the_index_and_takes_no_lock_where_nothing_is(tmp_path: Path) -> None:
    path = tmp_path / "d.db"
    with filled(path, n=20) as log, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with log.maintaining() as connection:
            assert expire_texts(connection, now_ms=now_ms()) == 0
        other.execute("ROLLBACK")
        query = "SELECT 1 FROM decisions WHERE text_until_ms <= 1 AND request_text IS NOT NULL"
        ((*_, plan),) = other.execute(f"EXPLAIN QUERY PLAN {query}").fetchall()
    assert "decisions_expiring" in plan


def test_a_label_carries_the_probability_of_both_draws(tmp_path: Path) -> None:
    with filled(tmp_path / "d.db") as log:
        everything = log_draw(log, N, annotator="anna")
        assert set(everything.propensity.values()) == {0.3}
        assert everything.n + everything.n_textless == N
        some = log_draw(log, 10, annotator="anna")
        assert len(some.propensity) == 10
        assert max(some.propensity.values()) < 0.3 * 0.5


def test_forget_and_purge_take_queued_texts_along(tmp_path: Path) -> None:
    path = tmp_path / "d.db"
    with filled(path, queue=LabelQueue(share=1.0)) as log:
        purge(log, principal="p-1")
        held = bytes_of(path)
    assert b"number 000" in held
    assert b"number 001" not in held + bytes_of(path)


@pytest.mark.parametrize("share", [0.2, 0.6])
def test_what_is_watched_is_kept_with_what_the_reference_said(tmp_path: Path, share: float) -> None:
    path = tmp_path / "d.db"
    fitted = policy(RUNGS, (0.5, 0.0))
    bound = {"certified": True, "delta": 0.1, "bound": {"kind": "max_loss", "value": 0.1}, "assumptions": []}
    object.__setattr__(fitted.tasks["default"], "certificate", bound)
    object.__setattr__(fitted.tasks["default"], "certified", True)
    options: dict[str, Any] = {
        "policy": fitted, "log": path, "observe": ObserveLimits(watch=0.2, max_usd_per_day=5.0),
        "store_text": "label-queue", "label_queue": LabelQueue(share=share),
    }  # fmt: skip
    with Cascade(RUNGS, client=ScriptedClient({"small": "0.9", "large": "0.8"}), **options) as app:
        for number in range(N):
            app.run(f"{CANARY} {number}", id=f"r-{number}")
    watched = {row["decision_id"]: row for row in rows(path, "watched")}
    assert set(watched) <= set(texts(path))
    assert (len(watched) == len(texts(path))) == (share == 0.2)
    assert {row["reference_text"] for row in watched.values()} == {"0.8"}
    with open_log(path, read_only=True) as log:
        drawn = watched_draw(log, N, annotator="anna")
    assert (drawn.n, drawn.n_textless) == (len(watched), 0)


def test_a_queue_that_would_not_keep_what_is_watched_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"keeps the texts of 0\.01 of all decisions, and 0\.2 are watched"):
        Cascade(
            RUNGS, client=ScriptedClient({}), log=tmp_path / "d.db", store_text="label-queue",
            label_queue=LabelQueue(share=0.01), observe=ObserveLimits(watch=0.2),
        )  # fmt: skip


def test_an_observed_decision_keeps_every_rungs_text_or_none(tmp_path: Path) -> None:
    path = tmp_path / "d.db"
    options: dict[str, Any] = {
        "policy": policy(RUNGS, (0.5, 0.0)), "settings": Settings(mode="observe"), "log": path,
        "observe": ObserveLimits(max_usd_per_day=5.0), "store_text": "label-queue", "label_queue": QUEUE,
    }  # fmt: skip
    with Cascade(RUNGS, client=ScriptedClient({"small": "0.9", "large": "0.8"}), **options) as app:
        for number in range(60):
            app.run(f"{CANARY} {number}", id=f"r-{number}")
    kept = set(texts(path))
    assert 0 < len(kept) < 60
    for row in rows(path, "observed_attempts"):
        assert (row["answer_text"] is not None) == (row["decision_id"] in kept)
    with open_log(path) as log:
        purge_expired(log, at_ms=now_ms() + 31 * DAY_MS)
    assert not [row for row in rows(path, "observed_attempts") if row["answer_text"] is not None]


def test_on_postgresql_texts_expire_too(postgresql: str) -> None:
    with filled(postgresql, n=40) as log:
        kept = texts(postgresql)
        assert kept
        assert purge_expired(log, at_ms=now_ms() + 8 * DAY_MS).texts == len(kept)
    assert not texts(postgresql)
    assert len(rows(postgresql, "decisions")) == 40


CONFIG = "ladder: [{model: openai/gpt-4o}]\nlog: d.db\n"


def test_in_yaml_a_queue_needs_the_setting_that_uses_it(tmp_path: Path) -> None:
    path = tmp_path / "cascade.yaml"
    path.write_text(CONFIG + "store_text: label-queue\nlabel_queue: {share: 0.2, days: 14}\n")
    assert load_config(path).label_queue == LabelQueue(share=0.2, days=14.0)
    path.write_text(CONFIG + "store_text: full\nlabel_queue: {share: 0.2}\n")
    with pytest.raises(ConfigError, match="store_text: label-queue was expected"):
        load_config(path)
    for wrong in ("{share: 0}", "{share: 1.5}", "{days: 0}", "{days: .inf}", "{share: .nan}"):
        path.write_text(CONFIG + f"store_text: label-queue\nlabel_queue: {wrong}\n")
        with pytest.raises(ConfigError):
            load_config(path)
