"""`cascade grade`, `calibrate` and `replay`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from calibration import EscalationRate, calibrate_files
from cascade.policy.policy import Policy
from tests.cascade.cli.conftest import read_lines, recorded, write_lines

RATE = ("--target-escalation", "0.25")
RUNGS = ("--rungs", "small,large")


@pytest.fixture
def samples(folder):
    return write_lines(folder / "s.jsonl", recorded(120))


def test_json_of_calibrate_is_the_contract(cli, samples):
    done = cli("calibrate", samples, *RUNGS, *RATE, "--verifiers", "hedging", "--out", "p.json", "--json")
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert found["policy"] == "p.json"
    task = found["tasks"]["default"]
    assert (task["n"], task["reference"]) == (120, "large")
    assert task["target"] == {"kind": "escalation_rate", "value": 0.25}
    assert task["points"][0]["rungs"] == ["small", "large"]
    assert set(task["points"][0]["thresholds"][0]) == {"t", "g"}
    assert task["escalation_rate"]["low"] < 0.25 < task["escalation_rate"]["high"]
    assert {"value", "low", "high"} <= set(task["accuracy"])
    assert {"accuracy_top", "cost_usd_per_request", "cost_vs_top", "certified", "why"} <= set(task)
    assert Policy.load("p.json").tasks["default"].n == 120


def test_the_command_writes_what_the_function_returns(cli, samples, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    monkeypatch.setenv("CASCADE_SAMPLES_KEY", "ab" * 32)
    assert cli("calibrate", samples, *RUNGS, *RATE, "--out", "cli.json").exit_code == 0
    calibrate_files(samples, rungs=("small", "large"), target=EscalationRate(0.25), out="python.json")
    assert Path("cli.json").read_bytes() == Path("python.json").read_bytes()


def test_a_policy_replays_at_about_its_rate(cli, samples):
    cli("calibrate", samples, *RUNGS, *RATE, "--out", "p.json")
    found = json.loads(cli("replay", samples, "--policy", "p.json", "--json").stdout)
    assert set(found) == {"tasks", "total"}
    assert found["tasks"]["default"]["escalation_rate"]["value"] == pytest.approx(0.25, abs=0.06)
    assert found["total"]["n"] == 120


def test_for_people_the_figures_are_on_stdout_and_the_advice_on_stderr(cli, samples):
    done = cli("calibrate", samples, *RUNGS, *RATE)
    assert "escalation rate" in done.stdout
    assert "policy.json" in done.stderr
    shown = cli("replay", samples, "--policy", "policy.json")
    assert "escalation rate" in shown.stdout


def test_several_files_and_tasks_make_one_policy(cli, folder):
    one = write_lines(folder / "a.jsonl", recorded(60, "a"))
    two = write_lines(folder / "b.jsonl", recorded(60, "b"))
    cli("calibrate", one, two, *RUNGS, *RATE)
    assert set(Policy.load("policy.json").tasks) == {"a", "b"}
    cli("calibrate", one, two, *RUNGS, *RATE, "--task", "b")
    assert set(Policy.load("policy.json").tasks) == {"b"}


def test_targets_may_stand_in_the_configuration_each_task_its_own(cli, folder):
    (folder / "cascade.yaml").write_text(
        "ladder: [{model: m/s, name: small}, {model: m/l, name: large}]\nverify: [hedging, refusal]\n"
        "tasks: {a: {target: {escalation_rate: 0.2}}, b: {target: {escalation_rate: [0.4]}}}\n"
    )
    lines = recorded(60, "a") + recorded(60, "b")
    for line in lines:
        for recording in line["recordings"]:
            recording["rung"] = recording["model"]
            recording["model"] = f"m/{recording['rung'][0]}"
    write_lines(folder / "s.jsonl", lines)
    done = cli("calibrate", "s.jsonl", "--json")
    assert done.exit_code == 0, done.stderr
    rates = {name: task["escalation_rate"]["expected"] for name, task in json.loads(done.stdout)["tasks"].items()}
    assert rates == {"a": pytest.approx(0.2), "b": pytest.approx(0.4)}


def test_labels_come_from_gold_where_they_are_missing(cli, folder):
    lines = recorded(60)
    for line in lines:
        for recording in line["recordings"]:
            del recording["correct"]
            recording["content"] = re.sub(r"\D", "", recording["content"])
    done = cli("calibrate", write_lines(folder / "s.jsonl", lines), *RUNGS, *RATE)
    assert "120 recordings without a label were graded" in done.stderr


def test_without_labels_one_verifier_or_an_old_combiner_will_do(cli, samples, folder):
    cli("calibrate", samples, *RUNGS, *RATE, "--out", "old.json")
    lines = recorded(60)
    for line in lines:
        line.pop("gold")
        for recording in line["recordings"]:
            del recording["correct"]
    bare = write_lines(folder / "bare.jsonl", lines)
    refused = cli("calibrate", bare, *RUNGS, *RATE)
    assert (refused.exit_code, "--combiner" in refused.stderr) == (2, True)
    assert cli("calibrate", bare, *RUNGS, *RATE, "--combiner", "old.json").exit_code == 0
    assert cli("calibrate", bare, *RUNGS, *RATE, "--verifiers", "hedging").exit_code == 0


def test_samples_without_recordings_are_explored_first(cli, configured, server):
    lines = [{"id": f"q{i}", "prompt": f"q {i}", "gold": "fine" if i % 2 else "Else."} for i in range(30)]
    write_lines(configured / "in.jsonl", lines)
    done = cli("calibrate", "in.jsonl", *RATE, "--config", "cascade.yaml")
    assert done.exit_code == 0, done.stderr
    assert "Cost estimate" in done.stderr
    assert len(server.hits) == 60
    assert cli("calibrate", "in.jsonl", *RATE).exit_code == 0
    assert len(server.hits) == 60


def test_the_policy_that_was_fitted_serves(cli, configured, server):
    lines = [{"id": f"q{i}", "prompt": f"q {i}", "gold": "fine" if i % 2 else "Else."} for i in range(30)]
    write_lines(configured / "in.jsonl", lines)
    cli("calibrate", "in.jsonl", *RATE)
    with (configured / "cascade.yaml").open("a") as config:
        config.write("policy: policy.json\n")
    result = json.loads(cli("run", "a question", "--json").stdout)
    assert result["calibrated"]
    assert result["confidence"] is not None


def test_recordings_of_other_rungs_are_never_paid_over(cli, configured, server, samples):
    lines = recorded(30)
    for line in lines:
        for recording in line["recordings"]:
            recording["model"] = f"other-{recording['model']}"
    write_lines(configured / "s.jsonl", lines)
    refused = cli("calibrate", "s.jsonl", *RATE, "-c", "cascade.yaml")
    assert refused.exit_code == 2
    assert "other-large, other-small" in refused.stderr
    assert server.hits == []


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["absent.jsonl", *RUNGS, *RATE], "absent.jsonl cannot be read"),
        (["s.jsonl", *RATE], "--rungs"),
        (["s.jsonl", *RUNGS], "--target-escalation"),
        (["s.jsonl", *RUNGS, "--target-escalation", "1.5"], "in [0, 1]"),
        (["s.jsonl", *RUNGS, "--target-escalation", "a lot"], "a number from 0 to 1"),
        (["s.jsonl", *RUNGS, "--target-escalation", "0.1,0.2"], "escalation rates"),
        (["s.jsonl", "--rungs", "small,huge", *RATE], "huge"),
        (["s.jsonl", "--rungs", "small,small", *RATE], "--rungs"),
        (["s.jsonl", *RUNGS, *RATE, "--task", "nope"], "nope"),
        (["s.jsonl", *RUNGS, *RATE, "--verifiers", "nope"], "nope"),
        (["s.jsonl", *RUNGS, *RATE, "--combiner", "s.jsonl"], "is not a policy"),
        (["s.jsonl", *RUNGS, *RATE, "--out", "absent/p.json"], "absent"),
        (["s.jsonl", *RUNGS, *RATE, "--map", "x"], "--map"),
        (["few.jsonl", *RUNGS, *RATE], "at least 20"),
    ],
)
def test_what_cannot_be_calibrated_is_exit_code_2_and_writes_nothing(cli, samples, folder, args, words):
    write_lines(folder / "few.jsonl", recorded(5))
    done = cli("calibrate", *args)
    assert done.exit_code == 2, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(folder.glob("*p*.json"))


def test_labels_of_one_class_are_fitted_and_said(cli, samples, folder):
    same = recorded(40)
    for line in same:
        line["recordings"][0]["correct"] = 1.0
    write_lines(folder / "same.jsonl", same)
    done = cli("calibrate", "same.jsonl", *RUNGS, *RATE)
    assert done.exit_code == 0, done.stderr
    assert "Rung small: all 40 labels are right" in done.stderr


def test_a_policy_for_another_ladder_is_refused(cli, samples, configured):
    cli("calibrate", samples, *RUNGS, *RATE)
    (configured / "cascade.yaml").write_text("ladder: [{model: m/s, name: tiny}, {model: m/l, name: large}]\n")
    refused = cli("replay", samples, "--policy", "policy.json", "--config", "cascade.yaml")
    assert (refused.exit_code, "'small'" in refused.stderr) == (2, True)


def test_rows_that_cannot_be_replayed_are_warned_about(cli, samples, folder):
    cli("calibrate", samples, *RUNGS, *RATE)
    lines = recorded(40)
    lines[0]["recordings"].pop(0)
    done = cli("replay", write_lines(folder / "t.jsonl", lines), "--policy", "policy.json", "--json")
    assert "Warning: " in done.stderr
    assert json.loads(done.stdout)["total"]["n_skipped"] == 1


def test_grade_fills_in_what_is_missing_in_place(cli, folder):
    lines = recorded(4)
    lines[0]["recordings"][0].pop("correct")
    write_lines(folder / "s.jsonl", lines)
    done = cli("grade", "s.jsonl", "--grader", "numeric", "--json")
    assert json.loads(done.stdout)["filled"] == 1
    recording = read_lines(folder / "s.jsonl")[0]["recordings"][0]
    assert (recording["correct"], recording["label_source"]) == (0.0, "gold")


def test_grade_takes_a_function_of_the_user_s_own(cli, folder, samples):
    (folder / "mine_to_grade.py").write_text("def half(answer, gold):\n    return 0.5\n")
    done = cli("grade", samples, "--grader", "mine_to_grade:half", "--overwrite", "-o", "g.jsonl")
    assert done.exit_code == 0
    assert {r["correct"] for s in read_lines(folder / "g.jsonl") for r in s["recordings"]} == {0.5}


@pytest.mark.parametrize("args", [["--grader", "nope"], ["--grader", "no.such:thing"], ["--grader", "judge"]])
def test_a_grader_that_is_none_is_exit_code_2(cli, samples, args):
    before = samples.read_text()
    assert cli("grade", samples, *args).exit_code == 2
    assert samples.read_text() == before


def test_a_dial_is_shown_held_to_account_and_replayed_by_name(cli, samples):
    args = ["calibrate", "s.jsonl", *RUNGS, *RATE, "--dial", "strict=max-loss:0.0001", "--out", "d.json"]
    shown = cli(*args)
    assert "quality strict" in shown.stdout
    assert "quality strict: Not certified" in shown.stderr
    refused = cli(*args, "--require-certified", "--json")
    assert refused.exit_code == 1, "a point of the dial that is not certified counts"
    (fitted,) = json.loads(refused.stdout)["tasks"].values()
    assert fitted["dial"]["strict"]["certified"] is False
    strict = cli("replay", "s.jsonl", "--policy", "d.json", "--quality", "strict", "--json")
    assert json.loads(strict.stdout)["total"]["cost_vs_top"] == 1.0, "the safest policy always asks the top"
    assert cli("replay", "s.jsonl", "--policy", "d.json", "--quality", "none").exit_code == 2


@pytest.mark.parametrize(
    ("command", "args"),
    [
        ("calibrate", ["--max-disagreement", "0.1", "--same", "judge"]),
        ("calibrate", ["--max-disagreement", "0.1", "--judge-model", "openai/gpt-5"]),
        ("calibrate", ["--max-loss", "0.1", "--same", "judge", "--judge-model", "openai/gpt-5"]),
        ("assess", ["--same", "judge"]),
    ],
)
def test_a_judge_of_sameness_goes_with_its_model_and_a_bound_on_disagreement(cli, samples, args, command):
    done = cli(command, samples, "--rungs", "small,large", *args)
    assert done.exit_code == 2
    assert "judge" in done.stderr.lower()


def test_bounds_on_dimensions_are_given_by_name():
    from calibration import MaxLoss
    from calibration.targets.bound import Jointly
    from calibration.targets.by_task import make_target
    from cascade.cli.shared.targets import parse_bounds, parse_dial

    limits = parse_bounds(["correct=0.02", "tone=0.05"], "--max-loss")
    both = make_target({"max_loss": limits, "confidence": 0.95})
    assert both == Jointly(MaxLoss(0.02, 0.95, "correct"), MaxLoss(0.05, 0.95, "tone"))
    assert parse_dial(["kind=max-loss:tone=0.05"])["kind"] == MaxLoss(0.05, dimension="tone")
