"""Load and the end: slots, the queue, and what runs when the server is to end."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from cascade.serve.gateway.keyring.key import Key, digest
from cascade.settings import ServeSettings
from tests.cascade.serve.gateway.served import HI, Gate, Reply, cascade_of, gate
from tests.faults.server import Server

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
CHAT = "/v1/chat/completions"


def asking(made: Gate, replies: list[Reply], number: int, **headers: str) -> threading.Thread:
    """Begin to ask for something else than the others."""
    body = {"model": "cascade/default", "messages": [*HI, {"role": "user", "content": f"And {number}?"}]}
    thread = threading.Thread(target=lambda: replies.append(made.post(CHAT, body, **headers)))
    thread.start()
    return thread


def until(reached: object) -> None:
    while not reached():  # type: ignore[operator]
        time.sleep(0.002)


def test_beyond_slots_and_queue_a_request_is_told_to_come_again(server: Server) -> None:
    with gate(cascade_of(server), ServeSettings(concurrency=1, queue=1)) as made:
        server.hold(after=0)
        replies: list[Reply] = []
        threads = []
        for number in range(2):
            threads.append(asking(made, replies, number))
            until(lambda wanted=number + 1: made.serving.lifecycle.in_flight == wanted)
        until(lambda: made.serving.admission.waiting == 1)
        refused = made.chat()
        assert (refused.status, refused.code, refused.headers["retry-after"]) == (429, "queue_full", "1")
        server.release()
        for thread in threads:
            thread.join()
    assert [one.status for one in replies] == [200, 200]
    assert len(server.hits) == 2


def test_a_full_key_waits_and_does_not_hold_up_others(server: Server) -> None:
    keys = (Key(id="a", sha256=digest("of a"), concurrency=1), Key(id="b", sha256=digest("of b")))
    with gate(cascade_of(server), keys=lambda: keys) as made:
        server.hold(after=0)
        replies: list[Reply] = []
        threads = [asking(made, replies, number, x_api_key="of a") for number in range(2)]
        until(lambda: made.serving.admission.waiting == 1)
        threads.append(asking(made, replies, 2, x_api_key="of b"))
        until(lambda: made.serving.admission.running == 2)
        server.release()
        for thread in threads:
            thread.join()
    assert [one.status for one in replies] == [200] * 3


def test_the_deadline_counts_in_the_queue_too(server: Server) -> None:
    with gate(cascade_of(server), ServeSettings(concurrency=1)) as made:
        server.hold(after=0)
        replies: list[Reply] = []
        first = asking(made, replies, 1)
        until(lambda: made.serving.admission.running == 1)
        waited = made.post(CHAT, {"model": "cascade", "messages": HI}, x_cascade_deadline_ms="100")
        assert (waited.status, waited.code) == (504, "deadline_exceeded")
        assert made.serving.admission.waiting == 0
        server.release()
        first.join()
    assert len(server.hits) == 1


def test_what_still_runs_after_the_grace_period_is_cancelled_told_and_logged(server: Server, tmp_path: Path) -> None:
    replies: list[Reply] = []
    with gate(cascade_of(server, log=tmp_path / "log.db"), drain_s=0.1) as made:
        server.mode = "hang"
        thread = asking(made, replies, 1)
        until(lambda: server.hits)
        made.end()
        thread.join()
        made.thread.join()
    assert (replies[0].status, replies[0].code) == (503, "shutting_down")
    with closing(sqlite3.connect(tmp_path / "log.db")) as log:
        assert log.execute("SELECT outcome FROM decisions").fetchall() == [("cancelled",)]


@pytest.mark.slow  # SQLite waits five seconds for a lock
def test_readiness_tells_a_log_that_cannot_be_written(server: Server, tmp_path: Path) -> None:
    with gate(cascade_of(server, log=tmp_path / "log.db")) as made:
        assert made.chat().status == made.ask("GET", "/readyz").status == 200
        with closing(sqlite3.connect(tmp_path / "log.db", isolation_level=None)) as locking:
            locking.execute("BEGIN EXCLUSIVE")
            assert made.chat().status == 200
            until(lambda: made.ask("GET", "/readyz").status == 503)
            assert b"log cannot be written" in made.ask("GET", "/readyz").body
            locking.execute("ROLLBACK")
        until(lambda: made.ask("GET", "/readyz").status == 200)
