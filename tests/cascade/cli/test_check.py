"""Claims about `cascade check`, the gate."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from calibration.fit.fit import calibrate
from calibration.targets.bound import MaxLoss
from calibration.targets.target import EscalationRate
from cascade.exchange import Request
from cascade.samples.jsonl import sample_line
from cascade.samples.sample import Sample
from tests.cascade.cli.conftest import write_lines
from tests.recordings import recorded_samples


@pytest.fixture
def gated(folder):
    """Give a folder with a policy and samples that it was not fitted on."""
    calibrate(recorded_samples(300, seed=1), ("small", "large"), target=EscalationRate(0.3)).save("policy.json")
    write_lines(folder / "held_out.jsonl", [sample_line(sample) for sample in recorded_samples(500, seed=2)])
    return folder


CHECK = ("check", "held_out.jsonl", "--policy", "policy.json")


def test_a_policy_inside_its_limits_passes_with_exit_0(gated, cli) -> None:
    ended = cli(*CHECK, "--min-accuracy", "0.7", "--max-loss", "0.2", "--escalation-tolerance", "0.15")
    assert ended.exit_code == 0, ended.stderr
    assert ended.stdout.count("pass: ") == 3


def test_a_broken_limit_fails_with_exit_1(gated, cli) -> None:
    ended = cli(*CHECK, "--min-accuracy", "0.99")
    assert ended.exit_code == 1
    assert "fail: accuracy" in ended.stdout


def test_undecided_fails_unless_it_is_allowed(gated, cli) -> None:
    found = json.loads(cli(*CHECK, "--min-accuracy", "0.8", "--json").stdout)["findings"][0]
    near = f"{found['value'] - 0.005:.4f}"
    assert cli(*CHECK, "--min-accuracy", near).exit_code == 1
    ended = cli(*CHECK, "--min-accuracy", near, "--allow-undecided")
    assert ended.exit_code == 0
    assert "more samples would decide" in ended.stdout


def test_json_says_every_figure_with_its_bounds_and_level(gated, cli) -> None:
    found = json.loads(cli(*CHECK, "--max-cost", "0.5", "--confidence", "0.95", "--json").stdout)
    assert found["outcome"] == "pass"
    assert found["confidence"] == 0.95
    (finding,) = found["findings"]
    assert finding["low"] < finding["value"] < finding["high"] < 0.5
    assert finding["method"] == "t"


def test_junit_has_a_case_for_each_limit_and_a_failure_for_each_broken_one(gated, cli) -> None:
    assert cli(*CHECK, "--min-accuracy", "0.99", "--max-loss", "0.3", "--junit", "out.xml").exit_code == 1
    root = ET.parse(gated / "out.xml").getroot()  # noqa: S314 - our own file
    assert root.attrib["tests"] == "2"
    assert root.attrib["failures"] == "1"
    cases = {case.attrib["name"]: case for case in root.iter("testcase")}
    assert cases["min_accuracy"].find("failure") is not None
    assert cases["max_loss"].find("failure") is None


def test_a_baseline_fails_only_a_policy_that_is_worse(gated, cli) -> None:
    calibrate(recorded_samples(300, seed=1), ("small", "large"), target=EscalationRate(0.9)).save("dear.json")
    assert cli(*CHECK, "--baseline", "policy.json").exit_code == 0
    assert cli(*CHECK, "--baseline", "dear.json").exit_code == 1
    assert cli("check", "held_out.jsonl", "--policy", "dear.json", "--baseline", "policy.json").exit_code == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "nothing to check"),
        (("--min-accuracy", "1.2"), "min_accuracy"),
        (("--max-drop", "0.01"), "--baseline"),
        (("--min-accuracy", "0.5", "--confidence", "1"), "--confidence"),
        (("--min-accuracy", "0.5", "--task", "other"), "'other'"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_2(gated, cli, options, said) -> None:
    ended = cli(*CHECK, *options)
    assert ended.exit_code == 2
    assert said in ended.stderr


def test_a_policy_below_the_hull_of_single_models_is_the_first_sentence_of_replay_and_check(gated, cli) -> None:
    dear = [sample_line(overpriced(sample)) for sample in recorded_samples(500, seed=2)]
    write_lines(gated / "dear.jsonl", dear)
    for command in (
        ("replay", "dear.jsonl", "--policy", "policy.json", "--report", "page.html"),
        ("check", "dear.jsonl", "--policy", "policy.json", "--max-cost", "1", "--report", "page.html"),
    ):
        ended = cli(*command)
        assert ended.exit_code == 0, ended.stderr
        said = [line for line in ended.stderr.splitlines() if line.startswith("Warning: ")]
        assert said[0].startswith("Warning: sums: Below the hull of single models: always large")
        assert "Below the hull of single models: always large" in (gated / "page.html").read_text()
    found = json.loads(cli(*CHECK[:1], "dear.jsonl", *CHECK[2:], "--max-cost", "1", "--json").stdout)
    assert found["single_models"]["sums"]["hull"]["below"] is True
    found = json.loads(cli("replay", "dear.jsonl", "--policy", "policy.json", "--json").stdout)
    assert found["tasks"]["sums"]["hull"]["mix"] == {"large": 1.0}


def overpriced(sample: Sample) -> Sample:
    """Return the sample with a small model that costs as much as the large one and is never right."""
    small, large = (sample.recordings[rung] for rung in ("small", "large"))
    dear = replace(small, correct=0.0, response=replace(small.response, cost_usd=large.response.cost_usd))
    return replace(sample, recordings={"small": dear, "large": large})


def test_disagreement_is_checked_without_a_label_by_the_reader_or_by_a_function(gated, cli) -> None:
    plain = [{key: value for key, value in json.loads(line).items() if key != "gold"}
             for line in (gated / "held_out.jsonl").read_text().splitlines()]  # fmt: skip
    for line in plain:
        for recording in line["recordings"]:
            recording["correct"] = None
    write_lines(gated / "bare.jsonl", plain)
    (gated / "mine.py").write_text("def always(one, other):\n    return True\n")
    given = ("bare.jsonl", "--policy", "policy.json")
    failed = cli("check", *given, "--max-disagreement", "0.5")
    assert failed.exit_code == 1
    assert "fail: share of answers that are not the same as the reference's" in failed.stdout
    passed = cli("check", *given, "--max-disagreement", "0.5", "--same", "mine:always")
    assert passed.exit_code == 0, passed.stdout + passed.stderr
    assert "of 500 requests, with always-top" in cli("replay", *given).stdout
    by_mine = json.loads(cli("replay", *given, "--same", "mine:always", "--json").stdout)["tasks"]["sums"]
    assert by_mine["disagreement"]["value"] == 0.0


def test_where_the_top_was_asked_only_in_doubt_the_disagreement_is_not_known(gated, cli) -> None:
    lines = [json.loads(line) for line in (gated / "held_out.jsonl").read_text().splitlines()]
    for line in lines[:100]:
        line["recordings"] = [one for one in line["recordings"] if one["rung"] == "small"]
    write_lines(gated / "partly.jsonl", lines)
    said = cli("replay", "partly.jsonl", "--policy", "policy.json")
    assert "too few answers of the top" in said.stdout


def test_samples_that_a_policy_was_fitted_on_are_refused_unless_asked_for(folder, cli) -> None:
    write_lines(folder / "own.jsonl", [sample_line(sample) for sample in recorded_samples(100, seed=1)])
    write_lines(folder / "other.jsonl", [sample_line(renamed(sample)) for sample in recorded_samples(100, seed=2)])
    fitted = ("--rungs", "small,large", "--target-escalation", "0.3", "--out", "policy.json")
    assert cli("calibrate", "own.jsonl", *fitted).exit_code == 0
    limits = ("--policy", "policy.json", "--min-accuracy", "0.5")
    ended = cli("check", "own.jsonl", *limits)
    assert ended.exit_code == 2
    assert "was fitted on 100 of these 100 requests" in ended.stderr
    assert cli("check", "own.jsonl", *limits, "--allow-fitted").exit_code == 0
    assert cli("check", "other.jsonl", *limits).exit_code == 0
    (folder / "policy.json.samples-key").unlink()
    ended = cli("check", "own.jsonl", *limits)
    assert ended.exit_code == 0
    assert "cannot be told" in ended.stderr


def renamed(sample: Sample) -> Sample:
    """Return the sample with another question."""
    return replace(sample, request=Request.of(f"another {sample.request.id}", id=sample.request.id, task="sums"))


def test_an_unshown_drop_against_a_baseline_is_not_called_a_pass(gated, cli) -> None:
    calibrate(recorded_samples(300, seed=1), ("small", "large"), target=EscalationRate(0.32)).save("dear.json")
    ended = cli("check", "held_out.jsonl", "--policy", "policy.json", "--baseline", "dear.json")
    assert ended.exit_code == 0
    assert "no drop shown: accuracy lost against the baseline" in ended.stdout
    assert "pass" not in ended.stdout
    found = json.loads(
        cli("check", "held_out.jsonl", "--policy", "policy.json", "--baseline", "dear.json", "--json").stdout
    )
    assert found["findings"][0]["shows_nothing"] is True


def test_a_policy_of_one_model_is_not_said_to_escalate_nothing(gated, cli) -> None:
    calibrate(recorded_samples(60, seed=1), ("small", "large"), target=MaxLoss(0.001)).save("top.json")
    said = cli("replay", "held_out.jsonl", "--policy", "top.json").stdout
    assert "served by the top  100 %" in " ".join(said.split("\n")).replace("   ", "  ")
    assert "escalation rate" not in said
