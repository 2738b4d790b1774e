"""`cascade calibrate LOG` is the same as calibrating the samples that `cascade samples LOG` writes."""

from __future__ import annotations

import json

import pytest

from cascade.clients.scripted import ScriptedClient, scripted
from cascade.engine.cascade import Cascade
from cascade.hashing import unit
from cascade.log import open_log
from cascade.settings import ObserveLimits, Settings
from tests.opinions import ladder, policy

RUNGS = ladder("small", "large")


def observed(path, n=120, share=1.0):
    """Log observed decisions, of which each rung's answer is labelled: the small rung is right as often as it says."""
    client = ScriptedClient({"small": lambda call: scripted(str(call.messages[0]["content"])), "large": "0.9"})
    settings, limits = Settings(mode="observe"), ObserveLimits(share=share, queue=1000)
    fitted = policy(RUNGS, (0.5, 0.0))
    with Cascade(RUNGS, policy=fitted, client=client, log=path, settings=settings, observe=limits) as app:
        results = [app.run(str((i % 20) / 20), id=f"r-{i}") for i in range(n)]
    with open_log(path) as log:
        for i, result in enumerate(results):
            right = unit(salt="test", purpose="", task="", rung="", request_id=str(i)) < (i % 20) / 20
            log.label(result.decision_id, float(right), rung="small")
            log.label(result.decision_id, 1.0, rung="large")
    return path


def test_a_log_gives_the_policy_that_its_samples_give(folder, cli, monkeypatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    monkeypatch.setenv("CASCADE_SAMPLES_KEY", "ab" * 32)
    observed(folder / "decisions.db")
    given = ("--rungs", "small,large", "--verifiers", "says", "--target-escalation", "0.3")
    first = cli("calibrate", "decisions.db", *given, "-o", "a.json")
    assert first.exit_code == 0, first.stderr
    assert cli("samples", "decisions.db", "-o", "samples.jsonl").exit_code == 0
    assert cli("calibrate", "samples.jsonl", *given, "-o", "b.json").exit_code == 0
    assert (folder / "a.json").read_bytes() == (folder / "b.json").read_bytes()
    assert json.loads((folder / "a.json").read_text())["tasks"]["default"]["n"] == 120


def test_only_observed_decisions_are_fitted_on(folder, cli) -> None:
    observed(folder / "decisions.db", share=0.7)
    ended = cli("calibrate", "decisions.db", "--rungs", "small,large", "--verifiers", "says", "--target-loss", "0.05")
    assert ended.exit_code == 0, ended.stderr
    assert "that were not observed are left out" in ended.stderr


def test_hours_in_which_observations_were_dropped_are_named_and_many_are_refused(folder, cli) -> None:
    path = observed(folder / "decisions.db", 100)
    given = ("--rungs", "small,large", "--verifiers", "says", "--target-escalation", "0.3")
    with open_log(path) as log:
        log.write_unobserved({(1_700_000_000_000 // 3_600_000 * 3_600_000, "default", "queue"): 2})
    few = cli("calibrate", "decisions.db", *given)
    assert few.exit_code == 0, few.stderr
    assert "2023-11-14 22:00 (2) UTC" in few.stderr
    with open_log(path) as log:
        log.write_unobserved({(1_700_000_000_000 // 3_600_000 * 3_600_000, "default", "queue"): 10})
    many = cli("calibrate", "decisions.db", *given)
    assert many.exit_code == 2
    assert "no fair sample" in many.stderr


@pytest.mark.parametrize("target", ["--target-escalation", "--target-cost"])
def test_decisions_that_were_not_observed_say_what_they_cannot_tell(folder, cli, target) -> None:
    client = ScriptedClient({"small": lambda call: scripted(str(call.messages[0]["content"])), "large": "0.9"})
    with Cascade(RUNGS, policy=policy(RUNGS, (0.5, 0.0)), client=client, log=folder / "decisions.db") as app:
        for i in range(60):
            app.run(str((i % 20) / 20), id=f"r-{i}")
    ended = cli("calibrate", "decisions.db", "--rungs", "small,large", "--verifiers", "says", target, "0.3",
                "--combiner", "absent.json")  # fmt: skip
    assert ended.exit_code == 2
    policy(RUNGS, (0.5, 0.0)).save(folder / "present.json")
    ended = cli("calibrate", "decisions.db", "--rungs", "small,large", "--verifiers", "says", target, "0.3",
                "--combiner", "present.json")  # fmt: skip
    assert "none of its 60 decisions was observed" in ended.stderr


def test_looks_at_a_log_are_recorded_beside_the_log_and_counted_the_next_time(folder, cli) -> None:
    observed(folder / "decisions.db")
    given = ("--rungs", "small,large", "--verifiers", "says")
    for eps in ("0.3", "0.4"):
        ended = cli("calibrate", "decisions.db", *given, "--max-disagreement", eps)
        assert ended.exit_code == 0, ended.stderr
    kept = json.loads((folder / "decisions.db.looks.json").read_text())
    assert len(kept["tasks"]["default"]) == 2


def test_decisions_without_texts_that_lack_a_rung_are_taken_as_they_are_and_explored_by_nobody(folder, cli) -> None:
    observed(folder / "decisions.db")
    (folder / "cascade.yaml").write_text(
        "ladder:\n"
        "  - {model: test/small, name: small, price: {input_per_mtok: 1, output_per_mtok: 1}}\n"
        "  - {model: test/large, name: large, price: {input_per_mtok: 2, output_per_mtok: 2}}\n"
        "verify: []\n"
    )
    assert cli("samples", "decisions.db", "-o", "samples.jsonl").exit_code == 0
    lines = [json.loads(line) for line in (folder / "samples.jsonl").read_text().splitlines()]
    lines[0]["recordings"] = [one for one in lines[0]["recordings"] if one["rung"] == "large"]
    (folder / "samples.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    ended = cli("calibrate", "samples.jsonl", "-c", "cascade.yaml", "--max-disagreement", "0.3")
    assert ended.exit_code == 0, ended.stderr
    assert "1 of 120 samples lack a recording of some rung and have no texts" in ended.stderr
    refused = cli("explore", "samples.jsonl", "-c", "cascade.yaml", "-o", "explored.jsonl", "--yes")
    assert refused.exit_code == 2
    assert "has no texts" in refused.stderr
