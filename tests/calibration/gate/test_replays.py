"""replay(): the same decisions as a live climb, for every row at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calibration import EscalationRate, MeanCost, calibrate, replay
from calibration.gate.replays import policy_ladder
from cascade.clients.recorded import RecordedClient
from cascade.engine.cascade import Cascade
from cascade.errors import DataError, PolicyMismatch
from cascade.flow.climb import climb, drive
from cascade.ladder import Ladder, Rung
from cascade.policy.policy import SALT
from cascade.samples.sample import Recording, Sample
from tests.opinions import Says
from tests.recordings import recorded_samples
from verifiers.agreement import Agreement

RUNGS = ("small", "middle", "large")


class Sure(Says):
    """Serves the recorded verdict, as the live verifier of that name would."""

    def __init__(self, samples: list[Sample]) -> None:
        super().__init__(name="sure")
        self.known = {
            recording.response.text: recording.verdicts["sure"]
            for sample in samples
            for recording in sample.recordings.values()
        }

    def check(self, exchange):  # type: ignore[no-untyped-def]
        """Look the answer up."""
        return self.known[exchange.response.text]


@pytest.mark.parametrize(("levels", "veto"), [(None, 0.0), (3, 0.0), (2, 0.2)])
def test_replay_decides_as_a_live_climb_does(levels: int | None, veto: float) -> None:
    samples = recorded_samples(300, rungs=RUNGS, levels=levels, veto_share=veto)
    policy = calibrate(samples, RUNGS, target=EscalationRate([0.5, 0.4]), verifiers=["sure"])
    fresh = recorded_samples(200, seed=8, rungs=RUNGS, levels=levels, veto_share=veto)
    rows = replay(fresh, policy).tasks["sums"]
    ladder = Ladder(*(Rung(f"test/{name}", name=name, verify=(Sure(fresh),)) for name in RUNGS))
    client = RecordedClient(fresh)
    live = [drive(climb(sample.request, ladder, policy), client.answer) for sample in fresh]
    assert [int(row.sum()) for row in rows.reach] == [len(result.attempts) for result in live]
    assert rows.cost_usd.tolist() == pytest.approx([result.cost_usd for result in live])
    assert rows.rate.tolist() == [float(result.escalated) for result in live]


def test_a_mix_of_two_points_on_sub_ladders_is_replayed_as_a_live_climb_does() -> None:
    samples = recorded_samples(300, rungs=RUNGS)
    verifiers = ["sure", "agreement"]
    policy = calibrate(samples, RUNGS, target=MeanCost(0.004), choose_rungs=True, verifiers=verifiers)
    assert len(policy.tasks["sums"].points) == 2
    fresh = recorded_samples(200, seed=8, rungs=RUNGS)
    rows = replay(fresh, policy).tasks["sums"]
    ladder = Ladder(*(Rung(f"test/{name}", name=name, verify=(Sure(fresh), Agreement())) for name in RUNGS))
    client = RecordedClient(fresh)
    live = [drive(climb(sample.request, ladder, policy), client.answer) for sample in fresh]
    asked = [[float(any(one.rung == name for one in result.attempts)) for name in RUNGS] for result in live]
    assert rows.reach.tolist() == asked
    assert rows.cost_usd.tolist() == pytest.approx([result.cost_usd for result in live])


def test_serving_from_recordings_through_the_engine_gives_the_replayed_bill() -> None:
    samples = recorded_samples(200)
    policy = calibrate(samples, ("small", "large"), target=EscalationRate(0.25), verifiers=["sure"])
    ladder = Ladder(*(Rung(f"test/{name}", name=name, verify=(Sure(samples),)) for name in ("small", "large")))
    with Cascade(ladder, policy=policy, client=RecordedClient(samples)) as cascade:
        results = cascade.run_many([sample.request for sample in samples])
    total = replay(samples, policy).to_json()["total"]
    assert sum(result.cost_usd for result in results) / 200 == pytest.approx(total["cost_usd_per_request"])
    # What was saved is estimated where the top was not asked; over the samples that it was fitted on it is right.
    saved = sum(result.saved_usd or 0.0 for result in results)
    assert saved == pytest.approx(200 * (total["top_usd_per_request"] - total["cost_usd_per_request"]), rel=0.15)


def test_rows_that_lack_a_needed_recording_are_skipped_counted_and_warned_about() -> None:
    samples = recorded_samples(200)
    policy = calibrate(samples, ("small", "large"), target=EscalationRate(0.25))
    halved = [
        replace(sample, recordings={"small": sample.recordings["small"]}) if i % 2 else sample
        for i, sample in enumerate(samples)
    ]
    done = replay(halved, policy)
    figures = done.to_json()["tasks"]["sums"]
    assert figures["n"] + figures["n_skipped"] == 200
    assert 0 < figures["n_skipped"] < 100, "accepted rows need no recording of the top"
    assert "skipped" in done.warnings[0]


def test_unknown_tasks_are_skipped_and_nothing_left_is_an_error() -> None:
    policy = calibrate(recorded_samples(100), ("small", "large"), target=EscalationRate(0.25))
    mixed = [*recorded_samples(50, seed=2), *recorded_samples(50, task="other")]
    assert "does not have the task" in replay(mixed, policy).warnings[0]
    with pytest.raises(DataError, match="of its tasks sums"):
        replay(recorded_samples(50, task="other"), policy)


def test_replay_on_another_ladder_is_refused() -> None:
    samples = recorded_samples(100)
    policy = calibrate(samples, ("small", "large"), target=EscalationRate(0.25))
    with pytest.raises(PolicyMismatch, match="large"):
        replay(samples, policy, Ladder(Rung("test/small", name="small", verify=(Sure(samples),))))


def test_a_verifiers_own_cost_counts_where_it_was_used() -> None:
    samples = [_judged(sample, 0.5) for sample in recorded_samples(100)]
    policy = calibrate(samples, ("small", "large"), target=EscalationRate(0.25), verifiers=["sure"])
    figures = replay(samples, policy).to_json()["total"]
    assert figures["verifier_cost_usd_per_request"] == pytest.approx(0.5 * sum(figures["reach"]))
    assert figures["cost_vs_top"] > 1.0, "a judge that is dearer than the top saves nothing, and it shows"


def test_paid_verdicts_are_used_only_when_they_are_named() -> None:
    samples = [_judged(sample, 0.5) for sample in recorded_samples(100)]
    free = policy_ladder(samples, calibrate(samples, ("small", "large"), target=EscalationRate(0.25)), None)
    assert "sure" not in {verifier.name for verifier in free[0].verifiers}


def _judged(sample: Sample, usd: float) -> Sample:
    def paid(recording: Recording) -> Recording:
        return replace(recording, verdicts={"sure": replace(recording.verdicts["sure"], cost_usd=usd)})

    return replace(sample, recordings={name: paid(recording) for name, recording in sample.recordings.items()})


def test_the_salt_is_that_of_the_policy() -> None:
    assert calibrate(recorded_samples(50), ("small", "large"), target=EscalationRate(0.25)).salt == SALT
