"""`cascade certify`: from recordings, through a few labels, to a certified policy; each step goes on where it ended."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from calibration import LabelBudget, MaxLoss
from calibration.fit.paired.run import PairedRun
from cascade.bulk.exploration import exploring
from cascade.cli.shared.pair_labels import Work, ask_judge
from cascade.clients.scripted import ScriptedClient, scripted
from cascade.policy.policy import Policy
from cascade.samples.jsonl import read_samples, sample_line
from tests.calibration.fit.test_paired_labels import traffic
from tests.calibration.fit.test_person_confirms import unsure
from tests.cascade.cli.conftest import read_lines, write_lines
from tests.cascade.cli.test_calibrate_log import observed

GIVEN = ("--rungs", "small,large", "--verifiers", "sure", "--max-loss", 0.08, "--labels", 40, "--audit", 30)


def bare(n: int, **more: object) -> list[dict]:
    """Return recordings without labels."""
    lines = [sample_line(one) for one in traffic(n, **more)]  # type: ignore[arg-type]
    for line in lines:
        for recording in line["recordings"]:
            del recording["correct"], recording["label_source"]
    return lines


def truth(n: int) -> dict[tuple[str, str], float]:
    return {
        (one.request.id, rung): float(recording.correct or 0.0)
        for one in traffic(n)
        for rung, recording in one.recordings.items()
    }


@pytest.fixture
def samples(folder: Path) -> Path:
    return write_lines(folder / "s.jsonl", bare(300))


def test_the_bill_and_what_differs_are_said_before_anybody_labels(cli, samples):
    done = cli("certify", samples, *GIVEN, "-a", "ann", input="q")
    assert done.exit_code == 0
    said = done.stderr
    assert said.index("20 rows to learn from") < said.index("1 right · 0 wrong")
    assert "of rows differ" in said
    assert "Not done" in said
    assert not Path("policy.json").exists()


def test_a_file_of_labels_goes_round_by_round_to_a_policy(cli, samples, folder):
    right, rounds, queue = truth(300), 0, "labels.csv"
    while True:
        found = cli("certify", samples, *GIVEN, "--by", queue, "--json")
        assert found.exit_code == 0, found.stderr
        told = json.loads(found.stdout)
        if told["policy"] is not None:
            break
        queue, rounds = told["queue"], rounds + 1
        assert rounds < 6
        with Path(queue).open(newline="") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            row["correct"] = str(right[row["id"], row["rung"]])
        with Path(queue).open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    assert rounds >= 1
    task = told["tasks"]["sums"]
    assert task["certified"] is True
    assert task["certificate"]["label_sources"] == ["human"]
    assert told["labelled_rows"]["sums"] <= 70
    assert Policy.load("policy.json").tasks["sums"].confidence_means == "P(no harm)"
    assert (folder / "s.jsonl.looks.json").exists()
    again = json.loads(cli("certify", samples, *GIVEN, "--json").stdout)
    assert again["tasks"]["sums"]["points"] == task["points"], "all labels are there: nothing is asked again"


def test_a_person_may_stop_at_any_key_and_is_asked_for_the_rest_only(cli, samples):
    cli("certify", samples, *GIVEN, "-a", "ann", input="1111q")
    kept = sum("annotations" in rec for line in read_lines(samples) for rec in line["recordings"])
    assert kept == 4
    again = cli("certify", samples, *GIVEN, "-a", "ann", input="q")
    assert "1 of 4" in again.stderr
    ended = cli("certify", samples, *GIVEN, "-a", "ann", "--json", input="1" * 300 + "q")
    assert json.loads(ended.stdout)["policy"] == "policy.json"
    assert "Next: sums:" in ended.stderr or json.loads(ended.stdout)["tasks"]["sums"]["certified"]


def test_a_single_model_may_be_the_reference_and_none_above_it_is_asked(cli, folder):
    lines = bare(300)
    for line in lines:
        top = line["recordings"][1]
        line["recordings"].append({**top, "rung": "huge", "model": "test/huge", "content": "9", "cost_usd": 1.0})
    write_lines(folder / "three.jsonl", lines)
    given = ("--rungs", "small,large,huge", "--verifiers", "sure", "--labels", 40, "--audit", 30, "--json")
    done = cli("certify", "three.jsonl", *given, "--never-worse-than", "large", "--margin", 0.08, "-a", "ann",
               input="1" * 300 + "q")  # fmt: skip
    assert done.exit_code == 0, done.stderr
    task = Policy.load("policy.json").tasks["sums"]
    assert task.reference == "large"
    assert all("huge" not in point.rungs for point in task.points)
    assert "below always asking large" in json.loads(done.stdout)["tasks"]["sums"]["certificate"]["pairs"]["bounds"]
    assert json.loads(cli("replay", "three.jsonl", "--policy", "policy.json", "--json").stdout)["total"]["n"] == 300
    refused = cli("certify", "three.jsonl", *given, "--never-worse-than", "small", "--margin", 0.08)
    assert refused.exit_code == 2
    assert "large, huge" in refused.stderr


def test_the_best_accuracy_takes_the_same_labels_and_is_not_certified(cli, samples):
    given = [one for one in GIVEN if one not in ("--max-loss", 0.08)]
    done = cli("certify", samples, *given, "--target", "best", "-a", "ann", "--json", input="1" * 300 + "q")
    assert done.exit_code == 0, done.stderr
    task = json.loads(done.stdout)["tasks"]["sums"]
    assert (task["certified"], task["certificate"], task["target"]["kind"]) == (None, None, "best")
    assert "Aims are met in expectation" in cli("certify", samples, *given, "--target", "best").stderr


def test_what_nobody_can_tell_is_asked_once_and_counts_as_harmed(cli, samples):
    done = cli("certify", samples, *GIVEN, "-a", "ann", "--json", input="s" * 400 + "q")
    assert done.exit_code == 2
    assert "too few have labels" in done.stderr
    assert all(one.recordings["small"].correct is None for one in read_samples(samples))
    done = cli("certify", samples, *GIVEN, "-a", "ann", input="q")
    assert done.exit_code == 2, "nothing is asked again"


def test_requests_without_answers_name_the_command_that_comes_first(cli, folder):
    write_lines(folder / "r.jsonl", [{"id": f"r{i}", "prompt": f"question {i}"} for i in range(30)])
    done = cli("certify", "r.jsonl", *GIVEN)
    assert done.exit_code == 2
    assert "cascade explore r.jsonl" in done.stderr


def test_where_little_is_same_it_says_so_before_anybody_labels(cli, folder):
    write_lines(folder / "free.jsonl", bare(120, same=0.1))
    done = cli("certify", "free.jsonl", *GIVEN, "-a", "ann", input="q")
    assert "little to gain" in done.stderr


def test_a_judges_labels_are_its_opinion_and_what_it_cannot_tell_is_not_asked_again(folder, samples):
    client = ScriptedClient({"grader": by_the_seven})
    found = list(read_samples(samples))
    run = PairedRun(found, ("small", "large"), MaxLoss(0.1), LabelBudget(labels=40), verifiers=["sure"])
    work = Work(samples, found, run)
    done = ask_judge(work, run.queue()[1], "openai/gpt-5", rubric=None, config=None, explore=exploring(), client=client)
    assert done is True
    certificate = run.policy().tasks["sums"].certificate
    assert certificate is not None
    assert "as openai/gpt-5 judges" in certificate["pairs"]["bounds"]
    assert "stake" in certificate["method"], "a judge's scores lie between 0 and 1"
    kept = [one.recordings["large"] for one in read_samples(samples)]
    assert any("annotations" in one.extra and one.correct is None for one in kept)
    assert len(client.calls) < 200


@pytest.mark.slow
def test_a_person_confirms_a_judge_by_a_file_and_then_it_is_a_loss(cli, folder):
    samples = write_lines(folder / "j.jsonl", [sample_line(replace(one, recordings={
        name: replace(own, correct=None, label_source=None) for name, own in one.recordings.items()
    })) for one in unsure(300, same=0.65)])  # fmt: skip
    found, budget = list(read_samples(samples)), LabelBudget(labels=150, audit=30, person=12)
    run = PairedRun(found, ("small", "large"), MaxLoss(0.12), budget, verifiers=["sure"])
    labels = {(one.request.messages[-1]["content"], own.response.text): own.correct
              for one in unsure(300, same=0.65) for own in one.recordings.values()}  # fmt: skip

    def grader(call):
        data = json.loads(call.messages[-1]["content"])
        score = 10 * labels[data["conversation"][-1]["text"], data["candidate"]]
        return scripted(json.dumps({"nonce": data["nonce"], "score": score}), cost_usd=0.001)

    client = ScriptedClient({"grader": grader})
    asked = run.queue(judge=True)[1]
    assert ask_judge(Work(samples, found, run), asked, "openai/gpt-5", rubric=None, config=None, explore=exploring(),
                     client=client)  # fmt: skip
    given = ("--rungs", "small,large", "--verifiers", "sure", "--max-loss", 0.12, "--labels", 150, "--audit", 30,
             "--person", 12, "--by", "l.csv", "--json")  # fmt: skip
    first = cli("certify", samples, *given)
    assert "for a person, who confirms the judge" in first.stderr
    right = {
        (one.request.id, rung): own.correct for one in unsure(300, same=0.65) for rung, own in one.recordings.items()
    }
    for _ in range(9):
        with Path("l.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        with Path("l.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows({**row, "correct": right[row["id"], row["rung"]]} for row in rows)
        done = cli("certify", samples, *given)
        told = json.loads(done.stdout)
        if told["policy"]:
            break
    certificate = told["tasks"]["sums"]["certificate"]
    assert "the accuracy is at most 12 points" in certificate["pairs"]["bounds"]
    assert certificate["label_sources"] == ["human"]
    assert 0 < certificate["pairs"]["person"]["labelled"] <= 30
    kept = [own for one in read_samples(samples) for own in one.recordings.values() if "judged" in own.extra]
    assert kept
    assert all(one.label_source == "human" for one in kept)


def by_the_seven(call):
    """Judge 7 right by .9, and 8 wrong; now and then abstain."""
    data = json.loads(call.messages[-1]["content"])
    if len(data["conversation"][-1]["text"]) % 7 == 0 and "0" in data["conversation"][-1]["text"]:
        return scripted("no verdict", cost_usd=0.001)
    score = 9 if "7" in data["candidate"] else 1
    return scripted(json.dumps({"nonce": data["nonce"], "score": score}), cost_usd=0.001)


def test_gold_answers_label_for_nothing(cli, folder):
    lines = bare(300)
    for line in lines:
        line["gold"] = "7"
    write_lines(folder / "g.jsonl", lines)
    found = json.loads(cli("certify", "g.jsonl", *GIVEN, "--json").stdout)
    assert found["tasks"]["sums"]["certificate"]["label_sources"] == ["gold"]
    assert found["waiting"] == {}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--by", "judge"), "--judge-model"),
        (("--target", "best"), "Exactly one of --max-loss"),
        (("--never-worse-than", "small"), "--margin"),
        (("--judge-model", "m"), "--by judge"),
        (("--rubric", "r.txt"), "judge"),
        (("--max-loss", "2"), "between 0 and 1"),
        (("--task", "none"), "none"),
    ],
)
def test_options_that_do_not_fit_are_named(cli, samples, more, said):
    done = cli("certify", samples, *GIVEN, *more)
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_wrong_line_of_labels_is_named_and_changes_nothing(cli, samples):
    before = samples.read_bytes()
    Path("l.csv").write_text("id,rung,correct\nr-0-1,small,maybe\n")
    done = cli("certify", samples, *GIVEN, "--by", "l.csv")
    assert done.exit_code == 2
    assert "l.csv, line 2" in done.stderr
    assert samples.read_bytes() == before


def test_a_file_may_name_decisions_as_label_import_does_and_words_are_labels(cli, folder):
    lines = bare(60)
    for i, line in enumerate(lines):
        line["decision"] = {"id": f"d-{i}", "observed": True}
    write_lines(folder / "s.jsonl", lines)
    rows = [f"d-{i},{rung},{'yes' if i % 2 else 'cannot tell'}" for i in range(60) for rung in ("small", "large")]
    Path("l.csv").write_text("\n".join(["decision_id,rung,label", *rows]) + "\n")
    done = cli("certify", "s.jsonl", *GIVEN, "--by", "l.csv")
    assert "rows are labelled from l.csv" in done.stderr
    kept = [one.recordings["large"] for one in read_samples("s.jsonl")]
    assert {one.correct for one in kept if "annotations" not in one.extra} <= {1.0, None}
    assert any("annotations" in one.extra for one in kept)


def test_compressed_samples_need_a_file_for_the_labels(cli, folder):
    done = cli("certify", "s.jsonl.gz", *GIVEN)
    assert done.exit_code == 2
    assert "--labelled" in done.stderr


def test_the_samples_of_a_log_are_drawn_once_and_labelled_beside_it(folder, cli) -> None:
    observed(folder / "decisions.db")
    given = ("--rungs", "small,large", "--verifiers", "says", "--max-loss", "0.3", "--labels", "40", "-a", "ann")
    found = cli("certify", "decisions.db", *given, "--json", input="q")
    assert found.exit_code == 0, found.stderr
    kept = folder / "decisions.db.certify.jsonl"
    assert json.loads(found.stdout)["samples"] == kept.name
    before = kept.read_bytes()
    cli("certify", "decisions.db", *given, input="q")
    assert kept.read_bytes() == before
