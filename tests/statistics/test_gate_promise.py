"""The gate's promise, by repetition: a figure exactly at its limit passes, or fails, in at most a share δ of cases."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.gate.finding import Criterion, judge_figure
from calibration.stats.area import measure_area

REPETITIONS = 2000
SLACK = 0.016
"""2.3 standard errors of a share of .10 over 2,000 repetitions: one exact case in a hundred lies above."""

pytestmark = pytest.mark.slow


def outcomes(draw, criterion: Criterion, groups: list[str] | None = None) -> tuple[float, float]:
    rng = np.random.default_rng(7)
    known: dict[bytes, str] = {}
    found = []
    for _ in range(REPETITIONS):
        values = draw(rng)
        # The exact test on pairs takes its time and reads counts alone: the same counts are judged once.
        key = np.sort(values).tobytes() if criterion.kind == "max_loss" else values.tobytes()
        if key not in known:
            known[key] = judge_figure("task", criterion, values, groups, delta=0.1, delta_fail=0.1).outcome
        found.append(known[key])
    return found.count("pass") / REPETITIONS, found.count("fail") / REPETITIONS


@pytest.mark.parametrize("n", [50, 200, 300, 500])
@pytest.mark.parametrize(
    ("criterion", "draw"),
    [
        (Criterion("min_accuracy", 0.9), lambda rng, n: (rng.random(n) < 0.9).astype(float)),
        (Criterion("min_accuracy", 0.8), lambda rng, n: rng.beta(4.0, 1.0, n)),
        (Criterion("max_loss", 0.02), lambda rng, n: rng.choice([1.0, -1.0, 0.0], n, p=[0.05, 0.03, 0.92])),
        (Criterion("max_loss", 0.02), lambda rng, n: (rng.random(n) < 0.02).astype(float)),
        (Criterion("max_loss", 0.05), lambda rng, n: rng.choice([1.0, -1.0, 0.0], n, p=[0.08, 0.03, 0.89])),
        (Criterion("max_error", 0.1), lambda rng, n: (rng.random(n) < 0.1).astype(float)),
    ],
    ids=["accuracy", "fractional accuracy", "loss with gains", "loss without gains", "wide loss with gains", "error"],
)
def test_a_bounded_figure_at_its_limit_is_told_apart_in_at_most_one_of_ten_cases(criterion, draw, n) -> None:
    passed, failed = outcomes(lambda rng: draw(rng, n), criterion)
    assert passed <= 0.1 + SLACK
    assert failed <= 0.1 + SLACK


@pytest.mark.parametrize(("right", "unequal"), [(0.8, False), (0.9, True)])
@pytest.mark.parametrize("sessions", [5, 10, 15, 40])
def test_sessions_do_not_break_the_promise(sessions: int, right: float, *, unequal: bool) -> None:
    sizes = np.random.default_rng(1).integers(1, 20, sessions) if unequal else np.full(sessions, 10)
    which = np.repeat(np.arange(sessions), sizes)

    def draw(rng: np.random.Generator) -> np.ndarray:
        p = rng.beta(right * 7 / 3, (1.0 - right) * 7 / 3, sessions)[which]  # correlation .3 within a session
        return (rng.random(len(p)) < p).astype(float)

    passed, failed = outcomes(draw, Criterion("min_accuracy", right), [str(i) for i in which])
    # Effective sizes are approximate: from 40 sessions on, a little over is all that is promised.
    assert passed <= (0.1 + SLACK if sessions < 40 else 0.13)
    assert failed <= (0.1 + SLACK if sessions < 40 else 0.13)


@pytest.mark.parametrize("n", [50, 200, 1000])
@pytest.mark.parametrize(
    ("mean", "draw"),
    [
        (float(np.exp(0.5)), lambda rng, n: rng.lognormal(0.0, 1.0, n)),
        (0.25, lambda rng, n: rng.gamma(0.25, 1.0, n)),
        (1.95, lambda rng, n: np.where(rng.random(n) < 0.05, 20.0, 1.0)),
        (2.5 / 1.5, lambda rng, n: rng.pareto(2.5, n) + 1.0),
    ],
    ids=["lognormal", "gamma", "one in twenty is dear", "Pareto"],
)
def test_a_skewed_cost_at_its_limit_passes_in_about_one_of_ten_cases_and_is_not_called_certified(
    mean: float, draw, n: int
) -> None:
    passed, _ = outcomes(lambda rng: draw(rng, n), Criterion("max_cost", mean))
    assert passed <= 0.1 + SLACK
    found = judge_figure("task", Criterion("max_cost", 1e9), draw(np.random.default_rng(0), n), None, delta=0.1,
                         delta_fail=0.1)  # fmt: skip
    assert found.outcome == "pass"
    assert "not certified" in str(found.note)


def test_the_interval_of_the_area_holds_the_true_one() -> None:
    rng = np.random.default_rng(8)

    def draw(n: int) -> tuple[np.ndarray, np.ndarray]:
        right = rng.random(n) < 0.7
        return rng.normal(right.astype(float), 1.0), (rng.random(n) < 0.85) - right.astype(float)

    truth = float(np.mean([measure_area(*draw(20_000)).value for _ in range(50)]))
    held = []
    for _ in range(REPETITIONS):
        low, high = measure_area(*draw(200)).interval()
        held.append(low <= truth <= high)
    assert np.mean(held) >= 0.88 - SLACK / 2
