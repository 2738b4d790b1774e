"""Certified without a label: how often a policy answers otherwise than the reference, on recordings alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from calibration import calibrate, calibrate_files
from calibration.certify.looks import Looks, level
from calibration.gate.replays import replay
from calibration.samples.recorded import recorded_ladder
from calibration.samples.same_split import split_same
from calibration.samples.sameness import sameness_of
from calibration.targets.bound import MaxDisagreement
from cascade.clients.scripted import scripted
from cascade.errors import ConfigError, DataError
from cascade.exchange import Request
from cascade.policy.policy import Policy
from cascade.samples.jsonl import sample_line
from cascade.samples.sample import Recording, Sample
from cascade.verdict import Verdict

RUNGS = ("small", "large")


def traffic(n: int, *, seed: int = 0, same: float = 0.8, session: int = 0, copies: int = 1) -> Iterator[Sample]:
    """Yield recordings of two rungs, whose verdict `sure` tells more or less where they say the same. No label."""
    rng = np.random.default_rng(seed)
    for i in range(n):
        alike = bool(rng.random() < same)
        sure = float(np.clip(rng.normal(0.75 if alike else 0.4, 0.12), 0.0, 1.0))
        for copy in range(copies):
            recordings = {
                rung: Recording(
                    rung=rung, model=f"test/{rung}", response=scripted(text, cost_usd=usd),
                    verdicts={"sure": Verdict(name="sure", score=sure, source="recorded")},
                )
                for rung, text, usd in (("small", "7" if alike else "8", 0.001), ("large", "The answer is 7.", 0.01))
            }  # fmt: skip
            yield Sample(
                request=Request.of(
                    f"What is {i} + {seed}?", id=f"r-{seed}-{i}-{copy}", task="sums",
                    session=f"s-{i // session}" if session else None,
                ),
                recordings=recordings,
            )  # fmt: skip


def write(path: Path, samples: Iterator[Sample]) -> None:
    path.write_text("".join(json.dumps(sample_line(one)) + "\n" for one in samples), encoding="utf-8")


def disagreement(policy: Policy, samples: list[Sample]) -> float:
    """Return how often a policy answers otherwise than the reference."""
    rows = replay(samples, policy, recorded_ladder(samples, RUNGS, ["sure"])).tasks["sums"]
    return float(np.nanmean(rows.differs))


def fitted(
    samples: list[Sample], eps: float = 0.1, looks: Looks | None = None, seed: int = 0, **more: object
) -> Policy:
    return calibrate(samples, RUNGS, target=MaxDisagreement(eps), verifiers=["sure"], looks=looks, seed=seed, **more)  # type: ignore[arg-type]


def test_recordings_alone_certify_a_cheaper_policy_and_no_label_is_needed() -> None:
    task = fitted(list(traffic(1500))).tasks["sums"]
    assert task.certified is True
    assert task.measured["n_labelled"] == 0
    assert task.measured["cost_vs_top"] < 0.6
    assert task.measured["disagreement"]["value"] < 0.1
    assert task.measured["accuracy"]["value"] is None
    assert task.measured["same"]["small"]["same"]["value"] == pytest.approx(0.8, abs=0.05)
    said = json.dumps(task.certificate)
    assert "No label was used" in said


def test_what_is_certified_holds_on_fresh_traffic() -> None:
    policy = fitted(list(traffic(1500)))
    assert disagreement(policy, list(traffic(4000, seed=9))) < 0.1


def test_too_few_rows_or_too_little_the_same_serve_the_reference_alone_and_say_what_is_missing() -> None:
    few = fitted(list(traffic(60)), eps=0.02).tasks["sums"]
    assert few.certified is False
    assert few.points[0].rungs == ("large",)
    assert few.why is not None
    assert "No label is needed" in few.why
    task = fitted(list(traffic(400, same=0.05)), eps=0.02).tasks["sums"]
    assert task.certified is False
    assert any("Little is the same" in one for one in task.measured["warnings"])


def test_every_further_certification_on_the_same_rows_is_a_look_and_the_same_one_is_not() -> None:
    samples, looks = list(traffic(1500)), Looks()
    deltas = []
    for eps in (0.1, 0.08, 0.1):
        certificate = fitted(samples, eps, looks).tasks["sums"].certificate
        assert certificate is not None
        deltas.append(certificate["delta"])
    assert deltas == pytest.approx([level(0.1, 1), level(0.1, 2), level(0.1, 1)])
    other = fitted(list(traffic(1500, seed=5)), 0.1, looks).tasks["sums"].certificate
    assert other is not None
    assert other["delta"] == pytest.approx(level(0.1, 1)), "other rows are looked at for the first time"


def test_all_looks_together_spend_no_more_than_delta() -> None:
    assert sum(level(0.1, look) for look in range(1, 10_000)) < 0.1


def test_failures_are_looks_too_and_the_record_stands_beside_the_samples(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    write(path, traffic(300))
    for eps in (0.01, 0.02):
        policy = calibrate_files(path, rungs=RUNGS, verifiers=["sure"], target=MaxDisagreement(eps))
        assert policy.tasks["sums"].certified is False
    kept = json.loads((tmp_path / "samples.jsonl.looks.json").read_text())
    assert len(kept["tasks"]["sums"]) == 2
    assert [one["certified"] for one in kept["tasks"]["sums"]] == [False, False]


def test_a_record_that_cannot_be_read_is_an_error_and_no_first_look(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    write(path, traffic(300))
    (tmp_path / "samples.jsonl.looks.json").write_text("{")
    with pytest.raises(DataError, match=r"looks\.json"):
        calibrate_files(path, rungs=RUNGS, verifiers=["sure"], target=MaxDisagreement(0.1))


def test_neither_seed_nor_order_moves_a_row_between_the_parts_and_copies_and_groups_stay_together() -> None:
    contents = [f"c-{i // 2}" for i in range(400)]
    groups = [f"g-{i // 8}" if i < 200 else None for i in range(400)]
    split = split_same("t", contents, groups)
    back = split_same("t", contents[::-1], groups[::-1])
    assert (split.learn == back.learn[::-1]).all()
    assert (split.learn[::2] == split.learn[1::2]).all()
    assert all(len({bool(split.learn[i]) for i in range(start, start + 8)}) == 1 for start in range(0, 200, 8))
    assert 0.25 < split.learn.mean() < 0.55
    one = fitted(list(traffic(800)), seed=1).tasks["sums"].certificate
    two = fitted(list(traffic(800))[::-1], seed=2).tasks["sums"].certificate
    assert one is not None
    assert two is not None
    assert one["n"] == two["n"]


def test_copies_of_a_request_are_no_further_evidence() -> None:
    once = fitted(list(traffic(300))).tasks["sums"].certificate
    often = fitted(list(traffic(300, copies=4))).tasks["sums"].certificate
    assert once is not None
    assert often is not None
    assert once["n"] == often["n"]


def test_a_users_sameness_is_named_and_bounds_no_loss() -> None:
    strict = sameness_of(lambda own, top: own.strip() == top.strip(), "mine:exact")
    task = fitted(list(traffic(600)), sameness=strict).tasks["sums"]
    assert task.certified is False, "to the letter, nothing is the same"
    lenient = sameness_of(lambda own, top: own[-1:] in top, "mine:lenient")
    said = json.dumps(fitted(list(traffic(1500)), sameness=lenient).tasks["sums"].certificate)
    assert "mine:lenient" in said
    assert "Bounds the loss" not in said


def test_a_sameness_that_fails_is_an_error_with_the_sample() -> None:
    broken = sameness_of(lambda own, top: 1 / 0, "mine:broken")  # type: ignore[arg-type, return-value]
    with pytest.raises(DataError, match=r"r-0-0.*mine:broken failed"):
        fitted(list(traffic(50)), sameness=broken)


def test_without_the_references_answers_there_is_nothing_to_compare() -> None:
    alone = [
        Sample(request=one.request, recordings={"small": one.recordings["small"]}) for one in traffic(50)
    ]  # fmt: skip
    with pytest.raises((DataError, ConfigError), match="large"):
        fitted(alone)


@pytest.mark.parametrize("eps", [0.0, 1.0, -0.1, float("nan")])
def test_a_bound_that_is_no_share_is_refused(eps: float) -> None:
    with pytest.raises(ConfigError):
        MaxDisagreement(eps)


def test_the_bound_fails_no_more_often_than_promised() -> None:
    """A policy that truly differs in more than the bound may be certified in 10 % of draws at the most."""
    broken = 0
    for seed in range(40):
        task = fitted(list(traffic(220, seed=seed, same=0.7)), eps=0.15, seed=seed)
        if task.tasks["sums"].certified:
            broken += disagreement(task, list(traffic(1500, seed=1000 + seed, same=0.7))) > 0.15
    assert broken <= 8, "with probability .96 at most 7 of 40, were each at the bound exactly"
