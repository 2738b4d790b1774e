"""Drift without labels is said by report and metrics: confidences against the policy's own, one row a session."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from calibration import EscalationRate, calibrate
from cascade.clients.scripted import ScriptedClient, scripted
from cascade.engine.cascade import Cascade
from cascade.log import open_log
from cascade.policy.confidence_sample import ConfidenceSample
from cascade.policy.feature_sample import FeatureSample
from cascade.policy.policy import Policy
from cascade.report import report
from cascade.report.queries.confidence_query import first_confidences
from cascade.report.values.tally import Promise
from cascade.serve.log_totals import LogTotals
from tests.opinions import ladder, policy
from tests.recordings import recorded_samples

RUNGS = ladder("small", "large")
KEPT = ConfidenceSample(rung="small", n=300, values=tuple((2 * i + 1) / 256 for i in range(128)))


def fitted(kept: ConfidenceSample | None = KEPT, seed: int = 0, lengths: FeatureSample | None = None) -> Policy:
    """Return a policy that keeps confidences, spread evenly over [0, 1], and lengths where they are given."""
    found = policy(RUNGS, (0.0, 0.0))
    measured = {
        "points": [{"rungs": ["small", "large"]}],
        "escalation_rate": {"expected": 0.0, "low": 0.0, "high": 0.0},
    }
    task = replace(found.tasks["default"], confidences=kept, lengths=lengths, measured=measured)
    return replace(found, tasks={"default": task}, seed=seed)


def serve(path: Path, answers: list[str], policy: Policy, **more: Any) -> None:
    told = iter(answers)
    client = ScriptedClient({"small": lambda _: next(told), "large": "1"})
    with Cascade(RUNGS, client=client, policy=policy, log=path) as app:
        for _ in range(len(answers)):
            app.run("How many?", **more)


EVENLY = [f"{(37 * i % 100 + 0.5) / 100:.3f}" for i in range(200)]
SURE = ["0.97"] * 120


def drift(path: Path) -> Any:
    with open_log(path, read_only=True) as log:
        made, totals = report(log), LogTotals(log).refresh()
    use = made.tasks["default"].policies[0]
    streams = {one.name: one for one in use.drift.streams} if use.drift else {}
    assert totals.drifted.get("default", False) == (
        any(streams[name].alarm_at is not None for name in ("confidences", "lengths") if name in streams)
    )
    return made, use, streams


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "decisions.db"


def test_confidences_like_those_of_the_samples_are_quiet(path: Path) -> None:
    serve(path, EVENLY, fitted())
    made, use, streams = drift(path)
    assert (streams["confidences"].n, use.alarm_at, use.drift.unwatched) == (200, None, False)
    assert "drifted" not in made.line.text


def test_shifted_ones_are_an_alarm_in_line_finding_and_json_though_the_rate_is_kept(path: Path, cli: Any) -> None:
    serve(path, EVENLY + SURE, fitted())
    made, use, streams = drift(path)
    assert 200 < use.alarm_after < 320
    assert streams["escalation rate"].alarm_at is None
    assert "traffic has drifted, rate kept" in made.line.text
    assert made.line.tone == "bad"
    assert any("confidences are no longer like those of the samples" in one for one in made.findings)
    assert cli("report", path, "--strict").exit_code == 0, "only a refuted certificate is"
    told = json.loads(cli("report", path, "--json").stdout)["tasks"]["default"]["policies"][0]["drift"]
    assert [one["name"] for one in told["streams"]] == ["escalation rate", "confidences"]
    assert "confidences alarm on" in cli("report", path, "--full").stdout


FIVE = FeatureSample(rung="small", n=300, values=(round(math.log1p(5), 6),) * 128)


def test_longer_answers_are_an_alarm_though_confidences_and_rate_stay(path: Path) -> None:
    serve(path, EVENLY, fitted(lengths=FIVE))
    made, use, streams = drift(path)
    assert (streams["lengths"].n, use.alarm_at) == (200, None)
    serve(path, [f"{one}00000" for one in EVENLY], fitted(lengths=FIVE))
    made, use, streams = drift(path)
    assert streams["confidences"].alarm_at is None
    assert 200 < streams["lengths"].alarm_after < 320
    assert "traffic has drifted, rate kept" in made.line.text
    assert any("answers are no longer as long as on the samples" in one for one in made.findings)


def test_what_a_policy_keeps_of_its_samples_are_the_lengths_that_the_log_tells(path: Path) -> None:
    samples = recorded_samples(120)
    task = calibrate(samples, ("small", "large"), target=EscalationRate(0.25), verifiers=["sure"]).tasks["sums"]
    told = sorted(round(math.log1p(len(one.recordings["small"].response.text)), 6) for one in samples)
    assert set(task.lengths.values) == set(told)
    assert (task.lengths.rung, task.lengths.n) == ("small", 120)


def test_the_arguments_of_tools_count_in_both(path: Path) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"of": "Lyon"}'}}
    told = replace(scripted("0.500"), tool_calls=(call,), finish_reason="tool_calls")
    client = ScriptedClient({"small": told, "large": "1"})
    with Cascade(RUNGS, client=client, policy=fitted(lengths=FIVE), log=path) as app:
        app.run("How many?")
    with open_log(path, read_only=True) as log, log.reading() as connection:
        known = {(fitted(lengths=FIVE).sha256, "default"): Promise(confidences={"rung": "small"})}
        ((*_, length),) = first_confidences(connection, known, lambda query: query)
    assert length == pytest.approx(math.log1p(5 + len(call["function"]["arguments"])))


def test_a_long_session_counts_once(path: Path) -> None:
    serve(path, EVENLY, fitted())
    serve(path, SURE, fitted(), session="one")
    assert drift(path)[2]["confidences"].n == 201


def test_another_policy_starts_anew(path: Path) -> None:
    serve(path, SURE, fitted())
    assert drift(path)[1].alarm_at is not None
    serve(path, EVENLY, fitted(seed=1))
    assert drift(path)[1].alarm_at is None


def test_a_policy_that_keeps_none_says_that_confidences_are_not_watched(path: Path) -> None:
    serve(path, SURE, fitted(None))
    made, use, streams = drift(path)
    assert (use.drift.unwatched, list(streams)) == (True, ["escalation rate"])
    assert any("not watched for drift" in note for note in made.notes)
    assert "confidences" not in json.dumps(fitted(None).to_json()["tasks"])


def test_a_log_of_thousands_of_policies_is_read_all_the_same(path: Path) -> None:
    serve(path, EVENLY[:5], fitted())
    kept = {"rung": "small", "n": 300, "values": [0.5]}
    many = {(f"{number:064x}", f"task-{number}"): Promise(confidences=kept) for number in range(40_000)}
    many[fitted().sha256, "default"] = Promise(confidences=kept)
    with open_log(path, read_only=True) as log, log.reading() as connection:
        assert len(list(first_confidences(connection, many, lambda query: query))) == 5
