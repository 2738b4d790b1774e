"""Claims about whether a cascade is worth it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from calibration.assess.assessment import Assessment, Overheads, assess_table
from calibration.combine.held_out import hold_out
from calibration.samples.recorded import recorded_ladder
from calibration.samples.table import Table, lay_out
from cascade.errors import DataError
from cascade.samples.sample import Sample
from tests.recordings import recorded_samples

RUNGS = ("small", "large")


def laid(samples: list[Sample]) -> Table:
    return lay_out("sums", samples, recorded_ladder(samples, RUNGS, ["sure"]))


def assessed(table: Table, **overheads: float) -> Assessment:
    return assess_table(table, hold_out(table), Overheads(**overheads))


def test_a_good_verifier_between_a_cheap_and_a_dear_model_is_worth_it() -> None:
    found = assessed(laid(recorded_samples(600, seed=1)))
    assert found.verdict == "worth it"
    (rung,) = found.rungs
    assert rung.net_usd is not None
    assert rung.gross_usd is not None
    assert rung.gross_usd > rung.net_usd.value > 0.0
    assert json.dumps(found.to_json(), allow_nan=False)


def test_a_verifier_that_says_nothing_is_not_worth_it() -> None:
    table = laid(recorded_samples(3000, seed=2))
    noise = {"small": np.random.default_rng(0).random(3000)}
    table.verifier_usd[:] = table.answer_usd[:, -1].mean() * 0.3
    assert assess_table(table, noise).verdict == "not worth it"


def test_with_few_samples_it_cannot_be_told_and_says_how_many_more_would_tell() -> None:
    found = assessed(laid(recorded_samples(24, seed=3)))
    assert found.verdict == "cannot tell"
    assert found.rungs[0].more_labels


def test_dear_labels_on_few_requests_outweigh_what_is_saved() -> None:
    table = laid(recorded_samples(600, seed=1))
    assert assessed(table, label_usd=10.0, labels=1200, requests=1000).verdict == "not worth it"
    assert assessed(table, label_usd=10.0, labels=1200, requests=10**10).verdict == "worth it"


def test_a_reference_that_is_no_better_or_no_dearer_is_not_worth_escalating_to() -> None:
    table = laid(recorded_samples(600, seed=4))
    table.correct[:, 1] = np.minimum(table.correct[:, 0], table.correct[:, 1])
    assert "no better" in assessed(table).why
    cheap = laid(recorded_samples(600, seed=4))
    cheap.answer_usd[:, 1] = 0.0
    assert "costs no more" in assessed(cheap).why


def test_sessions_make_it_less_sure() -> None:
    samples = recorded_samples(300, seed=5)
    grouped = [replace(one, request=replace(one.request, group=f"g{i // 30}")) for i, one in enumerate(samples)]
    alone, together = (assessed(laid(rows)).rungs[0].area for rows in (samples, grouped))
    assert together.low != alone.low


def test_without_labels_nothing_is_said() -> None:
    table = laid(recorded_samples(50, labelled=False))
    with pytest.raises(DataError, match="cascade grade"):
        assess_table(table, {"small": np.zeros(50)})
