"""Claims about `cascade plan`."""

from __future__ import annotations

import json

from cascade.samples.jsonl import sample_line
from tests.cascade.cli.conftest import write_lines
from tests.recordings import recorded_samples


def test_a_plan_from_assumptions(folder, cli) -> None:
    ended = cli("plan", "--max-error", "0.05", "--confidence", "0.9", "--label-cost", "0.5", "--json")
    assert ended.exit_code == 0, ended.stderr
    (plan,) = json.loads(ended.stdout)["plans"]
    assert plan["least"] == 150
    assert plan["labels_usd"] == plan["labels"] / 2


def test_a_plan_from_a_pilot_tells_each_share(folder, cli) -> None:
    write_lines(folder / "pilot.jsonl", [sample_line(one) for one in recorded_samples(200, seed=1)])
    ended = cli("plan", "--max-error", "0.1", "--max-loss", "0.05", "--pilot", "pilot.jsonl", "--rungs", "small,large")
    assert ended.exit_code == 0, ended.stderr
    assert ended.stdout.count("max_error") == 4
    assert ended.stdout.count("max_loss") == 4


def test_a_plan_from_a_pilot_of_sessions_says_that_these_take_more(folder, cli) -> None:
    lines = [sample_line(one) for one in recorded_samples(200, seed=1)]
    given = ("plan", "--max-loss", "0.05", "--pilot", "pilot.jsonl", "--rungs", "small,large")
    for group, said in ((None, False), ("s-{}", False), ("s", True)):
        named = [{**line, "group": group.format(i)} if group else line for i, line in enumerate(lines)]
        write_lines(folder / "pilot.jsonl", named)
        ended = cli(*given)
        assert ended.exit_code == 0, ended.stderr
        assert ("share groups" in " ".join(ended.stderr.split())) is said


def test_a_plan_without_a_promise_is_refused(folder, cli) -> None:
    ended = cli("plan")
    assert ended.exit_code == 2
    assert "--max-error" in ended.stderr


def test_a_plan_opens_with_one_recommendation_that_keeps_every_promise(folder, cli) -> None:
    asked = ("plan", "--max-error", "0.1", "--max-loss", "0.02")
    told = json.loads(cli(*asked, "--json").stdout)
    most = max(plan["labels"] for plan in told["plans"])
    assert told["recommended"] == {"samples": most, "labels": most}
    assert cli(*asked).stdout.startswith(f"Record {most:,} samples of each task, and label {most:,}")


def test_a_promise_that_no_number_keeps_is_said_first(folder, cli) -> None:
    ended = cli("plan", "--max-error", "0.05", "--expected", "0.05")
    assert ended.stdout.startswith("No number of samples that is practical")
