"""Claims about labels that are too few for the features."""

from __future__ import annotations

from calibration.fit.warnings import warn_scarcity
from calibration.samples.recorded import recorded_ladder
from calibration.samples.table import Table, lay_out
from tests.calibration.assess.test_worth import with_verdicts
from tests.recordings import recorded_samples


def laid(n: int, *, labelled: bool = True) -> Table:
    samples = with_verdicts(recorded_samples(n, seed=1, labelled=labelled), 2, 0.0)
    return lay_out("sums", samples, recorded_ladder(samples, ("small", "large"), ["sure", "coin", "judge"]))


def test_few_labels_for_many_features_are_named() -> None:
    # Three verdicts and the answer's length.
    (said,) = warn_scarcity(laid(25))
    assert "25 labels for 4 features" in said


def test_enough_labels_or_none_are_not() -> None:
    assert warn_scarcity(laid(200)) == ()
    assert warn_scarcity(laid(25, labelled=False)) == ()
