"""Of a log, a fit takes observed decisions, each as likely as the others."""

from __future__ import annotations

import pytest

from calibration.samples.observed import fit_rows, require_observed
from cascade.errors import DataError
from cascade.exchange import Request
from cascade.samples.sample import Sample


def decision(number: int, *, propensity: float | None, labelled: float = 1.0) -> Sample:
    """Return a decision of a log; without a propensity it was the cascade's own."""
    seen = {} if propensity is None else {"observed": True, "propensity": propensity}
    return Sample(
        request=Request.of(f"question {number}", id=f"r-{number}", task="sums"),
        propensity=(propensity or 1.0) * labelled,
        extra={"decision": {"id": f"d-{number}", **seen}},
    )


def fitted(samples: list[Sample]) -> tuple[list[Sample], str]:
    said: list[str] = []
    return list(fit_rows(samples, said.append)), " ".join(said)


def test_decisions_that_were_likelier_to_be_observed_are_thinned() -> None:
    morning = [decision(i, propensity=1.0) for i in range(2000)]
    evening = [decision(i, propensity=0.25) for i in range(2000, 2500)]
    kept, said = fitted(morning + evening)
    names = {one.request.id for one in kept}
    assert all(one.request.id in names for one in evening)
    assert len(kept) - 500 == pytest.approx(500, abs=80)
    assert {one.propensity for one in kept} == {1.0}
    assert "down to 0.25" in said
    assert "2,500 observed decisions are left out" in said


def test_the_probability_of_a_label_stays() -> None:
    kept, _ = fitted([decision(i, propensity=0.5, labelled=0.1) for i in range(20)])
    assert all(one.propensity == pytest.approx(0.1) for one in kept)
    assert len(kept) == 20, "all were observed with the same probability"


def test_samples_of_no_log_are_all_taken_as_they_are() -> None:
    plain = [Sample(request=Request.of("a", id="a", task="sums"), propensity=0.3)]
    assert fitted(plain) == (plain, "")


def test_a_comparison_with_the_reference_needs_observed_decisions() -> None:
    own = [decision(i, propensity=None) for i in range(3)]
    with pytest.raises(DataError, match="no decision of the log was observed"):
        require_observed(own, ["sums"])
    require_observed([*own, decision(9, propensity=1.0)], ["sums"])
    require_observed(own, ["other"])
