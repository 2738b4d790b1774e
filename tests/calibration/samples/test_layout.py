"""Samples laid out in one pass, task by task, without being kept."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from calibration import EscalationRate, MaxLoss, calibrate, replay
from calibration.samples.layout import lay_out_tasks
from calibration.samples.recorded import recorded_ladder
from calibration.samples.sameness import Sameness, same_answers
from calibration.samples.subladders import lay_out_parts, list_subladders
from calibration.samples.survey import survey
from calibration.samples.table import Table
from cascade.clients.scripted import scripted
from cascade.samples.sample import Sample
from cascade.verdict import Verdict
from tests.recordings import recorded_samples

RUNGS = ("small", "middle", "large")
PARTS = list_subladders(RUNGS, choose=True)


class Streamed(Iterable[Sample]):
    """Makes its samples anew on each pass, and counts the passes."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self.kept = list(samples)
        self.passes = 0

    def __iter__(self) -> Iterator[Sample]:
        self.passes += 1
        return iter([replace(sample) for sample in self.kept])


def _mixed(n: int = 80) -> list[Sample]:
    """Return samples of two tasks in turn, some rungs not recorded."""
    first = recorded_samples(n, rungs=RUNGS, veto_share=0.1)
    other = recorded_samples(n, rungs=RUNGS, seed=1, task="other")
    for sample in first[::7]:
        first[first.index(sample)] = replace(
            sample, recordings={name: one for name, one in sample.recordings.items() if name != "middle"}
        )
    return [sample for pair in zip(first, other, strict=True) for sample in pair]


def _require_equal(one: Table, other: Table) -> None:
    assert (one.task, one.ids, one.groups, one.rungs) == (other.task, other.ids, other.groups, other.rungs)
    assert (one.names, one.use) == (other.names, other.use)
    for name in ("present", "vetoed", "forced", "correct", "answer_usd", "verifier_usd", "output_tokens"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for rung in one.rungs:
        np.testing.assert_array_equal(one.rows[rung], other.rows[rung])


def test_tasks_laid_out_in_one_pass_are_as_each_alone() -> None:
    samples = _mixed()
    ladder = recorded_ladder(samples, RUNGS, ["sure", "agreement"])
    found = lay_out_tasks(samples, ladder, survey(samples).counts, {"sums": PARTS}, sameness=Sameness())
    for task, layout in found.items():
        own = [sample for sample in samples if sample.request.task == task]
        _require_equal(layout.table, lay_out_parts(task, own, ladder, []))
        assert layout.same is not None
        np.testing.assert_array_equal(layout.same, same_answers(own, RUNGS))
        assert layout.label_sources == ("gold",)
    assert set(found["sums"].table.parts) == {("small", "large"), ("middle", "large")}


def test_a_rung_is_seen_on_a_sub_ladder_as_where_no_other_was_recorded() -> None:
    made = recorded_samples(60, rungs=RUNGS)
    samples = [
        replace(
            sample,
            recordings={
                rung: replace(one, response=scripted(f"answer {i % (k + 2)}"))
                for k, (rung, one) in enumerate(sample.recordings.items())
            },
        )
        for i, sample in enumerate(made)
    ]
    whole = lay_out_parts("sums", samples, recorded_ladder(samples, RUNGS, ["sure", "agreement"]), PARTS)
    for part in PARTS[1:]:
        alone = lay_out_parts("sums", samples, recorded_ladder(samples, part, ["sure", "agreement"]), [])
        assert whole.on(part).names == alone.names
        for rung in part:
            np.testing.assert_array_equal(whole.on(part).rows[rung], alone.rows[rung])


@pytest.mark.parametrize("part", [("middle", "large"), ("small", "large")])
def test_a_recorded_verdict_that_read_earlier_answers_is_judged_again_where_those_are_not_asked(
    part: tuple[str, ...],
) -> None:
    agreed = Verdict(name="agreement", score=1.0, signals={"with_previous": 1.0}, source="recorded")
    samples = [
        replace(
            sample,
            recordings={
                rung: replace(one, verdicts={**one.verdicts, **({} if rung == "small" else {"agreement": agreed})})
                for rung, one in sample.recordings.items()
            },
        )
        for sample in recorded_samples(30, rungs=RUNGS)
    ]
    whole = lay_out_parts("sums", samples, recorded_ladder(samples, RUNGS, ["agreement"]), [part])
    alone = lay_out_parts("sums", samples, recorded_ladder(samples, part, ["agreement"]), [])
    for table in (whole.on(part), alone):
        for rung in part:
            column = table.rows[rung][:, list(table.names[rung]).index("agreement")] if rung == "large" else None
            assert column is None or (column == 0.0).all(), "the answers differ, whatever was recorded of others"
            assert rung == "large" or "agreement" not in table.names[rung], "there was no earlier answer"
    assert (whole.rows["middle"][:, list(whole.names["middle"]).index("agreement")] == 1.0).all()


def test_no_sample_is_kept_once_its_row_is_appended() -> None:
    alive: list[weakref.ref[object]] = []

    def passing() -> Iterator[Sample]:
        for sample in recorded_samples(30):
            response = replace(sample.recordings["small"].response)
            alive.append(weakref.ref(memo := _Memo()))
            yield replace(sample, extra={"memo": memo}, gold=response.text)

    ladder = recorded_ladder(recorded_samples(30), ("small", "large"), ["sure"])
    laid = lay_out_tasks(passing(), ladder, {"sums": 30}, {})
    gc.collect()
    assert len(laid["sums"].table) == 30
    assert not any(one() for one in alive), "of a sample only its row is left"


class _Memo:
    """Something whose end can be seen."""


def test_a_source_that_reads_anew_gives_the_policy_of_a_list() -> None:
    samples, source = _mixed(150), Streamed(_mixed(150))
    for target in (EscalationRate(0.3), MaxLoss(0.2)):
        one, other = (
            calibrate(given, RUNGS, target=target, verifiers=["sure", "agreement"], choose_rungs=True)
            for given in (samples, source)
        )
        assert one.tasks == other.tasks
        listed, streamed = (replay(given, one) for given in (samples, Streamed(samples)))
        assert listed.to_json() == streamed.to_json()
    assert source.passes == 4, "twice for each policy: once to see what there is, once to lay it out"


def test_an_iterator_is_read_once_and_will_do() -> None:
    samples = recorded_samples(60)
    policy = calibrate(iter(samples), ("small", "large"), target=EscalationRate(0.3), verifiers=["sure"])
    assert policy.tasks == calibrate(samples, ("small", "large"), target=EscalationRate(0.3), verifiers=["sure"]).tasks
    assert replay(iter(samples), policy).tasks["sums"].rate.size == 60


def test_a_feature_that_comes_late_or_with_gaps_is_missing_elsewhere() -> None:
    absent, samples = [0, 1, 2, 5, 8], recorded_samples(9)
    for i in absent:
        bare = {rung: replace(one, verdicts={}) for rung, one in samples[i].recordings.items()}
        samples[i] = replace(samples[i], recordings=bare)
    laid = lay_out_parts("sums", samples, recorded_ladder(samples, ("small", "large"), ["sure"]), [])
    sure = laid.rows["small"][:, laid.names["small"].index("sure")]
    assert np.flatnonzero(np.isnan(sure)).tolist() == absent


def test_progress_is_told_by_task_and_ends_at_its_total() -> None:
    told: list[tuple[str, int, int]] = []
    calibrate(
        _mixed(300), RUNGS, target=EscalationRate(0.3), verifiers=["sure"], progress=lambda *said: told.append(said)
    )
    assert told[:2] == [("sums", 256, 300), ("other", 256, 300)]
    assert told[2:] == [("sums", 300, 300), ("other", 300, 300)]
