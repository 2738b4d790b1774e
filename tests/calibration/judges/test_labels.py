"""Labels by a judge: a paid model that is shown the gold answer."""

from __future__ import annotations

import json

import pytest

from calibration.judges.labels import judge_samples
from cascade import BudgetExceeded, ConfigError, ScriptedClient, UnknownPrice
from cascade.bulk.exploration import exploring
from cascade.clients.scripted import scripted
from cascade.samples.jsonl import read_samples
from tests.cascade.cli.conftest import recorded, write_lines

JUDGE = "openai/gpt-5"


@pytest.fixture
def samples(tmp_path):
    lines = recorded(3)
    for line in lines:
        del line["recordings"][0]["correct"]
    return list(read_samples(write_lines(tmp_path / "s.jsonl", lines)))


def by_reference(call):
    """Judge by whether the answer holds the right answer that the question ends with."""
    data = json.loads(call.messages[-1]["content"])
    wanted = data["conversation"][-1]["text"].split()[-1]
    score = 10 if f"is {wanted}." in data["candidate"] else 0
    return scripted(json.dumps({"nonce": data["nonce"], "score": score}), cost_usd=0.001)


def test_a_judge_labels_what_has_no_label_by_the_gold_answer(tmp_path, samples):
    client = ScriptedClient({"grader": by_reference})
    graded = judge_samples(samples, JUDGE, output=tmp_path / "s.jsonl", client=client)
    assert [s.recordings["small"].correct for s in graded.samples] == [0.0, 1.0, 1.0]
    assert graded.samples[0].recordings["small"].label_source == f"judge:{JUDGE}"
    assert (graded.filled, graded.kept) == (3, 3)
    assert [call.model for call in client.calls] == [JUDGE] * 3
    assert graded.samples[0].recordings["small"].response.text == samples[0].recordings["small"].response.text
    assert not list(tmp_path.glob("*.judged*"))


def test_an_interrupted_judge_is_not_paid_twice(tmp_path, samples):
    broken = ScriptedClient({"grader": [by_reference, by_reference]})
    with pytest.raises(ConfigError, match="script"):
        judge_samples(samples, JUDGE, output=tmp_path / "s.jsonl", client=broken)
    again = ScriptedClient({"grader": by_reference})
    judge_samples(samples, JUDGE, output=tmp_path / "s.jsonl", client=again)
    assert len(broken.calls) + len(again.calls) <= 4


def test_nothing_to_grade_and_no_price_are_errors(tmp_path, samples):
    labelled = list(read_samples(write_lines(tmp_path / "l.jsonl", recorded(2))))
    with pytest.raises(ConfigError, match="--overwrite"):
        judge_samples(labelled, JUDGE, output=tmp_path / "l.jsonl", client=ScriptedClient())
    with pytest.raises(UnknownPrice):
        judge_samples(samples, "nobody/nothing", output=tmp_path / "s.jsonl", client=ScriptedClient())


def test_a_judge_over_budget_stops(tmp_path, samples):
    client = ScriptedClient({"grader": by_reference})
    with pytest.raises(BudgetExceeded):
        judge_samples(samples, JUDGE, output=tmp_path / "s.jsonl", client=client, explore=exploring(max_cost_usd=1e-6))
    assert client.calls == []


def test_a_declined_bill_asks_nobody(tmp_path, samples):
    client = ScriptedClient({"grader": by_reference})
    bills = []
    with pytest.raises(BudgetExceeded, match="Judging: the cost estimate was declined"):
        judge_samples(
            samples, JUDGE, output=tmp_path / "s.jsonl", client=client, explore=exploring(confirm=bills.append)
        )
    assert client.calls == []
    assert [bill.calls for bill in bills] == [3]
