"""MAPIE answers the same question for one rung (precision control, learn then test): ours is tighter, and valid."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.stats.spending import spend
from tests.scenarios import SCENARIOS

pytestmark = pytest.mark.slow

GRID = np.linspace(0.0, 0.95, 20)


def mapie_threshold(confidence, right, alpha: float, delta: float, method: str) -> float | None:
    """Return the lowest threshold that MAPIE calls valid; None where it calls none so."""
    control = pytest.importorskip("mapie.risk_control", reason="MAPIE is not installed; it is no dependency of ours")
    found = control.BinaryClassificationController(
        lambda x: np.column_stack([1.0 - x[:, 0], x[:, 0]]),
        "precision",
        target_level=1.0 - alpha,
        confidence_level=1.0 - delta,
        list_predict_params=GRID if method != "fixed_sequence" else GRID[::-1],
        fwer_method=method,
    )
    found.calibrate(confidence[:, None], right.astype(int))
    valid = np.ravel(found.valid_predict_params)
    return float(valid.min()) if valid.size else None


@pytest.mark.parametrize("method", ["bonferroni", "bonferroni_holm", "fixed_sequence"])
@pytest.mark.filterwarnings("ignore")
def test_spend_accepts_more_at_the_same_promise(method: str) -> None:
    scenario = SCENARIOS["smooth"]
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(150):
        c, y = scenario.draw(rng, 500)
        both = (
            spend(c, y, scenario.alpha, scenario.delta).threshold,
            mapie_threshold(c, y, scenario.alpha, scenario.delta, method),
        )
        rows.append([scenario.above(t) for t in both])
    errors, shares = np.moveaxis(np.array(rows), 2, 0)
    violations, accepted = (errors > scenario.alpha).mean(axis=0), shares.mean(axis=0)
    assert accepted[0] > accepted[1]
    assert np.all(violations <= scenario.delta + 3 * np.sqrt(0.09 / 150))
