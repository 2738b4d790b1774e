"""What the policy that serves promises, and what it was made from, stands in the report."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

from rich.console import Console

from calibration import EscalationRate, MaxError, calibrate
from cascade.clients.recorded import RecordedClient
from cascade.engine.cascade import Cascade
from cascade.ladder import Ladder, Rung
from cascade.log import open_log
from cascade.report import report
from tests.calibration.gate.test_replays import Sure
from tests.recordings import recorded_samples


def test_what_a_policy_certifies_is_in_the_report(tmp_path: Path) -> None:
    samples = recorded_samples(1000)
    for bound, said in ((MaxError(0.2), "at most 20.0 %, with 90.0 % confidence"), (MaxError(0.001), "Not certified")):
        policy = calibrate(samples, ("small", "large"), target=bound, verifiers=["sure"])
        ladder = Ladder(*(Rung(f"test/{name}", name=name, verify=(Sure(samples),)) for name in ("small", "large")))
        path = tmp_path / f"{bound.alpha}.db"
        with Cascade(ladder, policy=policy, client=RecordedClient(samples), log=path) as app:
            app.run_many([sample.request for sample in samples[:50]])
        with open_log(path) as log:
            found = report(log)
        console = Console(width=300, record=True, file=StringIO())
        console.print(found)
        assert said in console.export_text()
        (task,) = found.to_json()["tasks"].values()
        assert task["policies"][0]["certificate"]["certified"] is (bound.alpha == 0.2)
        assert "tests" not in task["policies"][0]["certificate"]


def test_a_task_that_started_from_the_others_is_flagged_in_the_report(tmp_path: Path) -> None:
    samples = [one for k, task in enumerate("abc") for one in recorded_samples(100, seed=k, task=task)]
    fresh = recorded_samples(30, seed=9, task="new")
    pair = ("small", "large")
    policy = calibrate(samples, pair, target=EscalationRate(0.3), verifiers=["sure"], new_tasks=["new"])
    ladder = Ladder(*(Rung(f"test/{name}", name=name, verify=(Sure(fresh),)) for name in pair))
    with Cascade(ladder, policy=policy, client=RecordedClient(fresh), log=tmp_path / "log.db") as app:
        app.run_many([sample.request for sample in fresh])
    with open_log(tmp_path / "log.db") as log:
        task = report(log).tasks["new"]
    assert task.policies[0].borrowed["n"] == 0
    assert any("comes from 3 other tasks" in sentence for sentence in task.findings)
