"""Sameness by a judge: its verdicts are paid once, people check a uniform draw, and only then is anything certified."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calibration import calibrate_files
from calibration.judges.same_judge import SameJudge
from calibration.samples.checks import Checks
from calibration.targets.bound import MaxDisagreement, MaxLoss
from cascade.bulk.forget import Traces, forget
from cascade.clients.scripted import ScriptedClient, scripted
from cascade.errors import ConfigError, DataError
from cascade.exchange import Request
from cascade.failure import CallFailure, FailureKind
from cascade.samples.jsonl import read_samples, sample_line
from cascade.samples.sample import Recording, Sample
from cascade.verdict import Verdict

JUDGE = SameJudge(model="openai/gpt-5")
TRUE, FALSE = "the town of Bern, on the Aare", "Zurich is what I would say here"


def write(path: Path, samples: list[Sample]) -> Path:
    path.write_text("".join(json.dumps(sample_line(one)) + "\n" for one in samples), encoding="utf-8")
    return path


def traffic(n: int, *, same: float = 0.9, exact: float = 0.0, seed: int = 0) -> list[Sample]:
    """Return recordings in free words that the reader finds no value in; the text shows what is the same."""
    rng, found = np.random.default_rng(seed), []
    for i in range(n):
        alike = bool(rng.random() < same)
        text = (
            f"By far Bern, seat {i} of the Confederation" if rng.random() < exact else f"{TRUE if alike else FALSE} {i}"
        )
        sure = float(np.clip(rng.normal(0.8 if alike else 0.3, 0.1), 0.0, 1.0))
        recordings = {
            rung: Recording(
                rung=rung, model=f"test/{rung}", response=scripted(said, cost_usd=usd),
                verdicts={"sure": Verdict(name="sure", score=sure, source="recorded")},
            )
            for rung, said, usd in (
                ("small", text, 0.001), ("large", f"By far Bern, seat {i} of the Confederation", 0.01)
            )
        }  # fmt: skip
        found.append(Sample(request=Request.of(f"What is {i}?", id=f"r-{i}", task="towns"), recordings=recordings))
    return found


def verdict_of(wrong: int = 0):
    """Return a script that knows what is the same, but for one of `wrong` answers that are not."""

    def verdict(call):
        data = json.loads(call.messages[-1]["content"])
        alike = TRUE in data["candidate"] or (wrong and int(data["candidate"].split()[-1]) % wrong == 0)
        return scripted(json.dumps({"nonce": data["nonce"], "score": 10 if alike else 0}), cost_usd=0.001)

    return verdict


def judge(*, wrong: int = 0) -> ScriptedClient:
    """Return such a judge."""
    return ScriptedClient({"same": verdict_of(wrong)})


def check(path: Path, rows: int | None = None) -> None:
    """Label the file of checks, as a person does."""
    done = []
    for place, row in enumerate(read_samples(path)):
        own = row.recordings["small"]
        known = rows is None or place < rows
        label = {"correct": float(TRUE in own.response.text), "label_source": "human"} if known else {}
        done.append(replace(row, recordings={"small": replace(own, **label)}))
    write(path, done)


def run(path: Path, client: ScriptedClient, eps: float = 0.1, said: list[str] | None = None, **more):
    policy = calibrate_files(
        path, rungs=["small", "large"], verifiers=["sure"], target=MaxDisagreement(eps),
        sameness=replace(JUDGE, **more), client=client, say=[].append if said is None else said.append,
    )  # fmt: skip
    return policy.tasks["towns"]


def checks_of(path: Path) -> Path:
    return path.with_name(path.name + ".checks.jsonl")


def test_nothing_is_certified_before_people_have_checked_and_no_look_is_spent(tmp_path):
    path, client, said = write(tmp_path / "s.jsonl", traffic(330, exact=0.25)), judge(), []
    first = run(path, client, 0.15, said=said)
    assert first.certified is False
    assert "a person has checked 0 of the 200 rows" in first.why
    assert any("cascade label" in one and "200 rows" in one for one in said)
    rows = list(read_samples(checks_of(path)))
    assert all(row.gold.startswith("By far Bern") and set(row.recordings) == {"small"} for row in rows)
    assert not any(one.verdicts for row in rows for one in row.recordings.values()), "blind to what the judge said"
    check(checks_of(path), 150)
    assert "50 are missing" in run(path, client, 0.15).why
    assert not path.with_name("s.jsonl.looks.json").exists()
    check(checks_of(path))
    about = (done := run(path, client, 0.15)).certificate["disagreement"]
    assert done.certified is True, done.why
    assert "as openai/gpt-5 judges" in about["bounds"]
    assert about["bounds_the_loss"] is None
    assert about["look"] == 1
    assert 0.125 < about["tested_bound"] < 0.14, "0 of 200 checked rows: less an upper bound of about 2 % of 3 in 4"
    assert 220 < len(client.calls) < 270, "each pair whose texts differ was paid, once"


def test_labels_of_other_texts_are_no_checks_and_what_is_wrongly_called_the_same_is_taken_off(tmp_path):
    samples = traffic(230, same=0.5)
    path = write(tmp_path / "s.jsonl", samples)
    run(path, judge(wrong=2))
    check(checks_of(path))
    found = run(path, judge(wrong=2))
    assert "leaves nothing of 10.0 %" in found.why
    assert found.certificate["disagreement"]["checks"]["wrong"] > 25
    asked = {row.request.id for row in read_samples(checks_of(path))}
    changed = next(one for one in samples if one.request.id in asked)
    changed.recordings["small"] = replace(changed.recordings["small"], response=scripted("Rome, I am sure 1"))
    again = judge()
    assert "1 are missing" in run(write(path, samples), again).why
    assert len(again.calls) == 1


def test_an_interrupted_judge_goes_on_and_another_rubric_is_another_judge(tmp_path):
    path, whole = write(tmp_path / "s.jsonl", traffic(60)), judge()
    broken = ScriptedClient({"same": [verdict_of()] * 20})
    with pytest.raises(ConfigError, match="script"):
        run(path, broken)
    run(path, whole)
    assert len(whole.calls) <= 60 - 20
    run(path, again := judge(), rubric="Is it the same town?")
    assert len(again.calls) == 60
    # A principal's request is forgotten in verdicts and checks as in the samples that they were made of.
    traces = Traces(names=frozenset(), decisions=frozenset(), requests=frozenset({"r-7"}), calls=frozenset())
    files = [checks_of(path), *tmp_path.glob("s.jsonl.same-*.jsonl")]
    assert [forget(one, traces) for one in files] == [1, 1, 1]
    assert not any("What is 7?" in one.read_text(encoding="utf-8") for one in files)


@pytest.mark.parametrize(
    "reply",
    [
        CallFailure(kind=FailureKind.CONNECT, message="connection refused"),
        scripted("I would rather not say.", cost_usd=0.001),
        scripted('{"nonce": "another", "score": 10}', cost_usd=0.001),
    ],
    ids=["cannot be reached", "says no number", "answers something else"],
)
def test_a_judge_without_any_verdict_is_an_error_and_asks_nobody_to_check_its_work(tmp_path, reply):
    path = write(tmp_path / "s.jsonl", traffic(60))
    with pytest.raises(DataError, match="gave no verdict on any of 60 pairs of answers"):
        run(path, ScriptedClient({"same": reply}))
    assert not checks_of(path).exists()
    # Once it answers, what it has not said is asked again.
    run(path, whole := judge())
    assert len(whole.calls) == 60


def test_a_judge_without_a_bound_on_disagreement_and_few_checks_are_refused(tmp_path):
    path = write(tmp_path / "s.jsonl", traffic(60))
    with pytest.raises(ConfigError, match="--max-disagreement"):
        calibrate_files(path, rungs=["small", "large"], target=MaxLoss(0.1), sameness=JUDGE, client=judge())
    with pytest.raises(ConfigError, match="at least 200"):
        SameJudge(model="openai/gpt-5", checks=100)


def test_the_bound_on_false_sameness_is_a_share_of_all_requests():
    found = Checks(wanted=200, drawn=200, checked=200, wrong=0, missed=0, units=1000, differing=300)
    whole = replace(found, differing=1000)
    assert whole.upper(0.05) == pytest.approx(1 - 0.04 ** (1 / 200))
    assert found.upper(0.05) < 0.36 * whole.upper(0.05)
