"""A wall clock that jumps changes nothing: deadlines, breakers and windows are monotonic, the log has its sequence."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from cascade.clients.scripted import ScriptedClient
from cascade.engine.cascade import Cascade
from cascade.exchange import ModelCall
from cascade.failure import CallFailure, FailureKind
from cascade.guards.breaker import Breaker
from cascade.guards.escalation_cap import EscalationCap
from cascade.guards.limits import Limits
from cascade.ladder import Ladder
from cascade.usage import Price
from tests.opinions import ladder

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
DOWN = CallFailure(kind=FailureKind.SERVER, message="down")
RUNGS: Ladder = ladder("small", "large")


@pytest.fixture
def jump(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Give a function that sets the wall clock so many seconds away from the truth."""
    wall, off = time.time_ns, [0]
    monkeypatch.setattr(time, "time_ns", lambda: wall() + off[0])
    monkeypatch.setattr(time, "time", lambda: (wall() + off[0]) / 1e9)

    def to(seconds: float) -> None:
        off[0] = int(seconds * 1e9)

    return to


def test_a_deadline_neither_passes_early_nor_late(jump: Callable[[float], None]) -> None:
    async def before(call: ModelCall) -> None:
        jump(3600 if call.rung == "small" else -3600)

    client = ScriptedClient({"small": "0.1", "large": "0.9"}, before=before)
    with Cascade(RUNGS, client=client) as app:
        assert app.run("?", deadline_s=30).rung == "large"


def test_a_breaker_stays_open_and_a_cap_stays_reached(jump: Callable[[float], None]) -> None:
    limits = Limits(breaker=Breaker(least=3, window=3), escalation_cap=EscalationCap(rate=0.5, window=4))
    with Cascade(RUNGS, client=ScriptedClient({"small": DOWN, "large": "0.9"}), limits=limits) as app:
        app.run("opens it")
        ends = []
        for hours in (1, -1, 24, -24):
            jump(hours * 3600)
            ends.append(app.run("?").outcome)
        assert app.health()[0].state == "open"
        assert len([call for call in app.client.calls if call.rung == "small"]) == 3
    assert ends.count("accepted") <= 2


def test_a_days_budget_does_not_begin_anew(jump: Callable[[float], None]) -> None:
    price = Price(input_usd=0.0, output_usd=0.0, call_usd=0.01)
    rungs = Ladder(*(type(rung)(rung.model, name=rung.name, verify=rung.verify, price=price) for rung in RUNGS[:1]))
    client = ScriptedClient({"small": "0.9"})
    with Cascade(rungs, client=client, limits=Limits(usd_per_day=0.015)) as app:
        app._runner.day_budgets.accounts(None)[0].settle(0, 10**10)
        jump(3 * 86_400)
        assert app.run_many([app.request("?")])[0].outcome == "budget"


def test_the_logs_order_is_its_sequence(jump: Callable[[float], None], tmp_path: Path) -> None:
    with Cascade(RUNGS, client=ScriptedClient({"small": "0.9"}), log=tmp_path / "log.db") as app:
        for hours in (0, 1, -1):
            jump(hours * 3600)
            app.run(str(hours), id=str(hours))
    with closing(sqlite3.connect(tmp_path / "log.db")) as connection:
        rows = connection.execute("select request_id, at_ms from decisions order by sequence").fetchall()
    assert [name for name, _ in rows] == ["0", "1", "-1"]
    assert rows[2][1] < rows[0][1] < rows[1][1], "times of day are told as they were"
