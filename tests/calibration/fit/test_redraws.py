"""How far cost and loss move with another draw of labels."""

from __future__ import annotations

import pytest

from calibration import ExpectedLoss, MaxLoss, calibrate
from calibration.pages.blocks import block
from calibration.targets.by_task import Target
from tests.recordings import recorded_samples


@pytest.mark.parametrize(
    ("target", "how"), [(ExpectedLoss(0.02), "bootstrap draws"), (MaxLoss(0.1), "other splits")], ids=["aim", "bound"]
)
def test_cost_and_loss_have_an_interval_over_redraws_and_what_is_served_is_the_same(target: Target, how: str) -> None:
    samples = recorded_samples(150)
    plain = calibrate(samples, ("small", "large"), target=target, verifiers=["sure"]).tasks["sums"]
    task = calibrate(samples, ("small", "large"), target=target, verifiers=["sure"], redraws=4).tasks["sums"]
    assert task.points == plain.points
    assert "redraws" not in plain.measured
    found = task.measured["redraws"]
    assert (found["how"], found["draws"]) == (how, 4)
    assert 0.0 < found["cost_vs_top"]["low"] <= found["cost_vs_top"]["high"] <= 1.5
    assert -1.0 <= found["loss"]["low"] <= found["loss"]["high"] <= 1.0
    assert any(name == "with other labels" and how in text for name, text in block(task))
