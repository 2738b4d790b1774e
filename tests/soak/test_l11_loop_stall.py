"""L11: the event loop goes on beating under hostile answers and schemas, huge bodies and a locked log."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from cascade.clients.scripted import ScriptedClient
from cascade.engine.cascade import Cascade
from cascade.errors import CascadeError
from cascade.exchange import ModelCall
from cascade.ladder import Ladder, Rung
from cascade.usage import Price
from tests.faults.completion import completion
from tests.faults.reply import Reply, as_json
from tests.faults.server import Server
from verifiers import Hedging, Refusal, Schema

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")]
PRICE = Price(input_usd=1e-6, output_usd=2e-6)
BEAT_S, LIMIT_S, IDLE_S = 0.005, 0.02, 1.0
SCHEMA = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}
ANSWERS = {
    "newlines in a fence": "```" + "\n" * 100_000,
    "unclosed fences": "```json\n" * 20_000,
    "deep": "[" * 100_000,
    "a long number": "9" * 200_000,
    "hedging words": "maybe " * 50_000,
    "near misses of a pattern": json.dumps({"a": "a" * 50_000 + "b"}),
    "many objects": '{"a": 1} ' * 30_000,
    "a decoy": "<think>" * 20_000 + '{"a": 1}',
    "four megabytes": "x" * (4 << 20),
    "controls": "\x00\x1b[2J\u202e" * 30_000,
}


class Pulse:
    """Beats on a cascade's own loop, and keeps the longest time that a beat came late."""

    def __init__(self) -> None:
        self.most_s, self._beating = 0.0, True

    async def beat(self) -> None:
        while self._beating:
            due = time.monotonic() + BEAT_S
            await asyncio.sleep(BEAT_S)
            self.most_s = max(self.most_s, time.monotonic() - due)

    async def stop(self) -> None:
        self._beating = False


def longest_lag_s(app: Cascade, work) -> float:
    """Return the longest lag of the loop while something is done from another thread."""
    pulse = Pulse()
    beating = threading.Thread(target=app._loop_thread.run, args=(pulse.beat,))
    beating.start()
    work()
    app._loop_thread.run(pulse.stop)
    beating.join()
    return pulse.most_s


def told(app: Cascade, what: str, lag_s: float, limit_s: float = LIMIT_S) -> None:
    idle_s = longest_lag_s(app, lambda: time.sleep(IDLE_S))
    print(f"L11: {what}: the loop lags by at most {lag_s * 1e3:.1f} ms ({idle_s * 1e3:.1f} ms idle)")
    assert lag_s <= idle_s + limit_s


def test_hostile_answers_do_not_stall_the_loop() -> None:
    def named(call: ModelCall) -> str:
        return ANSWERS[call.messages[0]["content"].split("\n", 1)[0]]  # the lines below tell the schema

    client = ScriptedClient({"small": named}, default="fine")
    rungs = [Rung(f"test/{name}", name=name, verify=(Refusal(), Schema(), Hedging())) for name in ("small", "large")]
    worst = {}
    with Cascade(Ladder(*rungs), client=client) as app:
        app.run("deep", schema=SCHEMA)  # what is compiled and imported once
        for name in ANSWERS:
            worst[name] = longest_lag_s(app, lambda name=name: app.run(name, schema=SCHEMA))
        name = max(worst, key=worst.__getitem__)
        told(app, f"{len(ANSWERS)} hostile answers, the worst {name!r}", worst[name])


def test_shared_attacks_do_not_stall_the_loop(shared_data: Path) -> None:
    rows = json.loads((shared_data / "attacks.json").read_text(encoding="utf-8"))
    texts = [row["payload"] if isinstance(row["payload"], str) else json.dumps(row["payload"]) for row in rows]
    client = ScriptedClient({"small": ["fine", *texts]}, default="fine")
    rungs = [Rung(f"test/{name}", name=name, verify=(Refusal(), Schema(), Hedging())) for name in ("small", "large")]

    def attack() -> None:
        for text in texts:
            try:
                app.run(text or "?", schema={"type": "object"})
            except CascadeError:
                continue

    with Cascade(Ladder(*rungs), client=client) as app:
        app.run("warm up", schema={"type": "object"})  # what is compiled and imported once
        told(app, f"{len(texts)} shared attacks", longest_lag_s(app, attack))


def big(hit, megabytes: int) -> Reply:
    return as_json(completion(hit, "x" * (megabytes << 20)))


def test_huge_bodies_do_not_stall_the_loop(server: Server) -> None:
    rung = Rung("openai/ok", api_base=server.url, api_key="none", price=PRICE, verify=(Refusal(),), timeout_s=20)

    def ask() -> None:
        for megabytes in (7, 9):
            server.script(*[lambda hit, size=megabytes: big(hit, size)] * 2)
            app.run("?", deadline_s=30)

    with Cascade(Ladder(rung)) as app:
        app.run("warm up")
        # The server writes them in this process; in one of its own they are held to 20 ms (test_l11_hostile_shapes.py).
        told(app, "bodies of 7 and 9 MiB", longest_lag_s(app, ask), 0.1)


def test_a_locked_log_does_not_stall_the_loop(tmp_path: Path) -> None:
    rung = Rung("test/small", name="small", verify=(Refusal(),))
    locked_s = 5.0
    with Cascade(Ladder(rung), client=ScriptedClient(default="fine"), log=tmp_path / "log.db") as app:
        app.run("warm up")
        app.log.flush()
        other = sqlite3.connect(tmp_path / "log.db", isolation_level=None)

        def serve() -> None:
            other.execute("BEGIN IMMEDIATE")
            until = time.monotonic() + locked_s
            while time.monotonic() < until:
                app.run("?")
                time.sleep(0.005)  # at full speed a log may lose rows after 10,000, which is another test's business
            other.execute("COMMIT")

        told(app, f"a log that is locked for {locked_s:g} s", longest_lag_s(app, serve))
        other.close()
        app.log.flush()
        assert app.log.lost == 0
