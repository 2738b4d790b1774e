"""calibrate_files(): in Python what `cascade calibrate` does, files in and a policy out."""

from __future__ import annotations

import json
import re

import pytest

from calibration import GRADERS, EscalationRate, MaxLoss, calibrate_files
from cascade import BudgetExceeded, ConfigError, Policy, ScriptedClient
from cascade.config import load_config
from cascade.samples.jsonl import read_samples
from tests.cascade.cli.conftest import recorded, write_lines

RUNGS = ("small", "large")
CONFIG = """\
ladder:
  - {model: m/small, name: small, price: {input_usd: 1e-6, output_usd: 1e-6}}
  - {model: m/large, name: large, price: {input_usd: 1e-5, output_usd: 1e-5}}
verify: [refusal, hedging]
"""


def without_recordings(n, task="default"):
    return [{**line, "recordings": []} for line in recorded(n, task)]


def answers(call):
    number = int(re.sub(r"\D", "", call.messages[-1]["content"]))
    return str(number) if call.rung == "large" or number % 3 else f"Perhaps {number + 1}, I am not sure."


@pytest.fixture
def configured(tmp_path):
    (tmp_path / "cascade.yaml").write_text(CONFIG)
    return tmp_path


def test_recordings_that_are_missing_are_made_once_and_graded_by_gold(configured):
    path = write_lines(configured / "s.jsonl", without_recordings(60))
    how = {"config": configured / "cascade.yaml", "target": EscalationRate(0.25), "out": configured / "p.json"}
    client, told = ScriptedClient({"m/small": answers, "m/large": answers}), []
    policy = calibrate_files(path, client=client, say=told.append, **how)
    assert len(client.calls) == 120
    assert policy.tasks["default"].measured["n_labelled"] == 60
    assert Policy.load(configured / "p.json") == policy
    assert [sentence.split(" ", 1)[0] for sentence in told] == ["60", "120"]
    calibrate_files(path, client=client, **how)
    assert len(client.calls) == 120


def test_a_bill_that_is_declined_or_too_small_a_budget_stops_before_the_first_call(configured):
    path = write_lines(configured / "s.jsonl", without_recordings(30))
    how = {"config": configured / "cascade.yaml", "target": EscalationRate(0.25)}
    client, bills = ScriptedClient({"m/small": answers, "m/large": answers}), []
    with pytest.raises(BudgetExceeded, match="declined"):
        calibrate_files(path, client=client, confirm=bills.append, **how)
    with pytest.raises(BudgetExceeded):
        calibrate_files(path, client=client, max_cost_usd=1e-9, **how)
    assert [bill.calls for bill in bills] == [60]
    assert client.calls == []


def test_tasks_of_different_targets_are_joined_in_one_policy(tmp_path):
    (tmp_path / "cascade.yaml").write_text(
        CONFIG + "tasks: {a: {target: {escalation_rate: 0.2}}, b: {target: {max_loss: 0.2}}}\n"
    )
    lines = recorded(60, "a") + recorded(60, "b")
    for line in lines:
        for recording in line["recordings"]:
            recording["rung"], recording["model"] = recording["model"], f"m/{recording['model']}"
    policy = calibrate_files(write_lines(tmp_path / "s.jsonl", lines), config=load_config(tmp_path / "cascade.yaml"))
    assert {name: task.target["kind"] for name, task in policy.tasks.items()} == {
        "a": "escalation_rate", "b": "max_loss",
    }  # fmt: skip
    assert set(policy.ladder.verifiers) <= set(RUNGS)


def test_samples_are_shown_complete_before_they_are_fitted_on(tmp_path):
    lines = recorded(60)
    for line in lines:
        for recording in line["recordings"]:
            del recording["correct"]
            recording["content"] = re.sub(r"\D", "", recording["content"])
    seen, done = [], []
    calibrate_files(
        [write_lines(tmp_path / "s.jsonl", lines)],
        rungs=RUNGS,
        target=MaxLoss(0.2),
        progress=lambda task, count, total: done.append((task, total)),
        on_samples=lambda samples, found: seen.extend([*samples, found]),
    )
    *samples, found = seen
    assert found.counts == {"default": 60}
    assert all(recording.correct is not None for sample in samples for recording in sample.recordings.values())
    assert set(done) == {("default", 60)}
    assert next(iter(read_samples(tmp_path / "s.jsonl"))).recordings["small"].correct is None


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"rungs": RUNGS, "config": "cascade.yaml", "target": EscalationRate(0.25)}, "both given"),
        ({"rungs": "small,large", "target": EscalationRate(0.25)}, "a list of names"),
        ({"rungs": [], "target": EscalationRate(0.25)}, "a list of names"),
        ({"rungs": RUNGS}, "No target for task 'default'"),
        ({"rungs": RUNGS, "new_tasks": ["b"]}, "Task 'b'"),
        ({"rungs": RUNGS, "target": EscalationRate(0.25), "tasks": ["b"]}, "No sample belongs to task 'b'"),
    ],
)
def test_what_cannot_be_calibrated_is_a_configuration_error(tmp_path, options, says):
    path = write_lines(tmp_path / "s.jsonl", recorded(60))
    with pytest.raises(ConfigError, match=says):
        calibrate_files(path, **options)


def test_no_file_at_all_is_a_configuration_error():
    with pytest.raises(ConfigError, match="samples is empty"):
        calibrate_files([], rungs=RUNGS, target=EscalationRate(0.25))


def test_graders_are_found_by_the_names_that_cascade_grade_takes():
    assert set(GRADERS) == {"auto", "contains", "exact", "json", "normalized", "numeric"}
    assert GRADERS["numeric"]("It is 1,000.", 1000) == 1.0
    assert GRADERS["json"](json.dumps({"a": 1}), {"a": 1.0}) == 1.0
