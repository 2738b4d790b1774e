"""Observed, the top answers as ever; what the cascade would have done is logged, after the answer has gone out."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cascade.clients.scripted import ScriptedClient, scripted
from cascade.engine.cascade import Cascade
from cascade.errors import ConfigError
from cascade.exchange import ModelCall
from cascade.failure import CallFailure, FailureKind
from cascade.ladder import Ladder, Rung
from cascade.settings import ObserveLimits, Settings
from cascade.usage import Price
from tests.opinions import Says, Vetoes, ladder, policy

RUNGS = ladder("small", "medium", "large")
FITTED = policy(RUNGS, (0.7, 0.0), (0.7, 0.0))
OBSERVED = Settings(mode="observe")
PRICED = Price(input_usd=1e-6, output_usd=1e-6)


COLUMNS = "rung, outcome, confidence, calibrated, escalated, first_answered, cost_usd, policy_sha256, attempts, flags"
WOULD = f"SELECT {COLUMNS} FROM observations"  # noqa: S608 - ours
DID = f"SELECT {COLUMNS} FROM decisions ORDER BY sequence DESC LIMIT 1"  # noqa: S608 - ours
AT = "SELECT position, rung, action, reason, confidence, t, u FROM"
WOULD_ATTEMPT, DID_ATTEMPT = (
    f"{AT} observed_attempts WHERE reason != 'tour'",
    f"{AT} attempts WHERE reason != 'observed'",
)


def sure(usd: float = 0.001) -> dict[str, Any]:
    """Return scripts by which small is unsure and medium is sure."""
    says = {"small": "0.2", "medium": "0.9", "large": "0.8"}
    return {name: scripted(text, cost_usd=usd, latency_s=0.1) for name, text in says.items()}


def app(tmp_path: Path, scripts: dict[str, Any] | None = None, **options: Any) -> Cascade:
    given = {"policy": FITTED, "settings": OBSERVED, "log": tmp_path / "log.db", **options}
    client = ScriptedClient(sure() if scripts is None else scripts, before=given.pop("before", None))
    return Cascade(given.pop("rungs", RUNGS), client=client, **given)


def rows(tmp_path: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(tmp_path / "log.db")) as connection:
        return connection.execute(query).fetchall()


def test_the_top_answers_alone_and_what_the_cascade_would_have_done_is_logged(tmp_path: Path) -> None:
    with app(tmp_path) as cascade:
        result = cascade.run("?")
        asked = [call.rung for call in cascade.client.calls]  # type: ignore[attr-defined]
    assert asked == ["large"], "what is observed is asked after the answer has gone out"
    assert (result.rung, result.answer, result.mode, result.outcome) == ("large", "0.8", "observe", "accepted")
    assert (result.calibrated, result.flags, result.propensity) == (False, (), 1.0)
    assert result.cost_usd == pytest.approx(0.001)
    assert rows(tmp_path, "SELECT rung, cost_usd, policy_sha256 FROM decisions") == [("large", 0.001, None)]
    ((observed, rung, cost, paid, latency, sha),) = rows(
        tmp_path,
        "SELECT decision_id, rung, cost_usd, paid_usd, latency_s, policy_sha256 FROM observations",
    )
    assert (observed, rung, sha) == (result.decision_id, "medium", FITTED.sha256)
    assert (cost, paid, latency) == (pytest.approx(0.002), pytest.approx(0.002), pytest.approx(0.2))
    attempts = rows(tmp_path, "SELECT rung, action, reason FROM observed_attempts ORDER BY position")
    assert attempts == [
        ("small", "escalate", "confidence"),
        ("medium", "accept", "confidence"),
        ("large", "escalate", "tour"),
    ]
    assert len(rows(tmp_path, "SELECT * FROM observed_verdicts")) == 3
    purposes = rows(tmp_path, "SELECT purpose, rung, decision_id FROM calls ORDER BY purpose, rung")
    assert purposes == [
        ("observe", "medium", result.decision_id), ("observe", "small", result.decision_id),
        ("run", "large", result.decision_id),
    ]  # fmt: skip


def test_what_would_have_been_done_is_what_is_done_when_enforced(tmp_path: Path) -> None:
    rungs = ladder("small", "medium", "large", verify=(Says(), Vetoes("0.9")))
    fitted = policy(rungs, (0.7, 0.0), (0.7, 0.0))
    with app(tmp_path, rungs=rungs, policy=fitted) as cascade:
        cascade.run("?")
    with app(tmp_path, rungs=rungs, policy=fitted, settings=Settings()) as cascade:
        cascade.run("?")
    (would,), (did,) = rows(tmp_path, WOULD), rows(tmp_path, DID)
    assert would == did
    assert rows(tmp_path, WOULD_ATTEMPT) == rows(tmp_path, DID_ATTEMPT)


def test_nothing_is_verified_before_the_top_has_answered_and_no_veto_withholds_its_answer(tmp_path: Path) -> None:
    rungs = ladder("small", "large", verify=(Vetoes("0.8"),))
    settings = Settings(mode="observe", on_exhausted="abstain")
    with app(tmp_path, rungs=rungs, policy=None, settings=settings) as cascade:
        result = cascade.run("?")
    assert (result.answer, result.outcome, result.attempts[0].verdicts) == ("0.8", "accepted", ())
    assert rows(tmp_path, "SELECT veto FROM observed_verdicts WHERE rung = 'large'") == [(1,)]


def test_a_top_that_fails_fails_as_without_a_cascade(tmp_path: Path) -> None:
    down = CallFailure(kind=FailureKind.AUTH, message="wrong key", status=401)
    with app(tmp_path, {**sure(), "large": down}) as cascade, pytest.raises(Exception, match="wrong key"):
        cascade.run("?")
    assert rows(tmp_path, "SELECT outcome FROM decisions") == [("failed",)]
    assert rows(tmp_path, "SELECT * FROM observations") == []


def test_a_cheap_rung_that_hangs_delays_no_answer_and_no_end(tmp_path: Path) -> None:
    async def hang(call: ModelCall) -> None:
        if call.rung == "small":
            await asyncio.Event().wait()

    limits = ObserveLimits(concurrency=2, queue=1)
    cascade = app(tmp_path, before=hang, observe=limits)
    assert [cascade.run(f"{one}?").rung for one in range(5)] == ["large"] * 5
    lane = cascade._runner.observer.lane
    began = time.monotonic()
    cascade._loop_thread.run(lane.drain, 0.05)
    cascade.close()
    assert time.monotonic() - began < 10.0
    dropped = dict(rows(tmp_path, "SELECT reason, sum(n) FROM unobserved GROUP BY reason"))
    assert dropped == {"closing": 3, "queue": 2}


def test_observing_is_paid_from_its_own_account_and_stops_at_its_budget(tmp_path: Path) -> None:
    rungs = Ladder(
        Rung("test/small", name="small", verify=(Says(),), price=PRICED, params={"max_tokens": 1000}),
        Rung("test/large", name="large", verify=(Says(),), price=PRICED, params={"max_tokens": 1000}),
    )
    limits = ObserveLimits(max_usd_per_day=0.0035, concurrency=1)
    with app(tmp_path, rungs=rungs, policy=None, observe=limits) as cascade:
        for one in range(6):
            cascade.run(f"{one}?")
    seen = len(rows(tmp_path, "SELECT * FROM observations"))
    dropped = dict(rows(tmp_path, "SELECT reason, sum(n) FROM unobserved GROUP BY reason"))
    assert seen == 3
    assert dropped == {"budget": 3}
    with app(tmp_path, rungs=rungs, policy=None, observe=limits) as cascade:
        cascade.run("again?")
    assert len(rows(tmp_path, "SELECT * FROM observations")) == seen, "a restart does not forget what was spent today"


def test_a_share_is_enforced_by_principal_and_the_rest_is_observed(tmp_path: Path) -> None:
    with app(tmp_path, settings=Settings(share=0.25)) as cascade:
        results = [(who, cascade.run(f"{one}?", principal=who)) for who in map(str, range(40)) for one in range(2)]
    modes = {who: {result.mode for one, result in results if one == who} for who, _ in results}
    assert all(len(found) == 1 for found in modes.values()), "sticky"
    enforced = [result for _, result in results if result.mode == "enforce"]
    assert 2 <= len(enforced) / 2 <= 20
    assert {result.propensity for result in enforced} == {0.25}
    assert {result.rung for result in enforced} == {"medium"}
    assert len(rows(tmp_path, "SELECT * FROM observations")) == 80 - len(enforced)


def test_without_an_answer_of_the_providers_consent_is_asked_for_by_name() -> None:
    rungs = Ladder(Rung("cheap/small", name="small"), Rung("dear/large", name="large"))
    client = ScriptedClient({})
    with pytest.raises(ConfigError, match=r"to cheap.*observe.providers: \[cheap\]"):
        Cascade(rungs, client=client, settings=OBSERVED)
    Cascade(rungs, client=client, settings=OBSERVED, observe=ObserveLimits(providers=("cheap",))).close()
    Cascade(rungs, client=client).close()
