"""The change that would have turned a decision does turn it, and no smaller one does."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from cascade.policy.combiner import Combiner, Feature
from cascade.policy.flip import smallest_flip
from cascade.policy.operating_point import Threshold

NAMES = ("one", "two.margin", "length")
WEIGHTS = st.floats(-3, 3)
EDGES = st.lists(st.sampled_from([0.1, 0.25, 0.5, 0.75, 2.0]), unique=True, max_size=3).map(sorted)
THRESHOLDS = st.builds(lambda t, g: Threshold(t=t, g=g), st.floats(0.0, 1.0), st.sampled_from([0.0, 0.5, 1.0]))
FEATURES = st.fixed_dictionaries(
    {"one": st.none() | st.floats(0, 1), "two.margin": st.none() | st.floats(-6, 6), "length": st.floats(0, 9)}
)


@st.composite
def combiners(draw: st.DrawFn) -> Combiner:
    columns = []
    for name in NAMES:
        edges = tuple(draw(EDGES))
        evidence = tuple(draw(st.lists(WEIGHTS, min_size=len(edges) + 2, max_size=len(edges) + 2)))
        columns.append(
            Feature(name=name, median=0.5, sd=0.5, weight=draw(WEIGHTS), missing_weight=0.1, edges=edges,
                    evidence=evidence)
        )  # fmt: skip
    return Combiner(columns=tuple(columns), intercept=draw(WEIGHTS))


@given(combiners(), FEATURES, THRESHOLDS, st.floats(0, 0.999))
def test_the_change_turns_the_decision_and_no_smaller_one_does(
    combiner: Combiner, features: dict[str, float | None], threshold: Threshold, u: float
) -> None:
    before = threshold.escalates(combiner.confidence(features), u)

    def turned(name: str, value: float) -> bool:
        return threshold.escalates(combiner.confidence({**features, name: value}), u) is not before

    flip = smallest_flip(combiner, features, threshold, u)
    size = math.inf
    if flip is not None:
        assert turned(flip.signal, flip.needed)
        assert flip.confidence == combiner.confidence({**features, flip.signal: flip.needed})
        assert flip.signal != "one" or 0.0 <= flip.needed <= 1.0
        size = math.inf if flip.was is None else abs(flip.needed - flip.was) / 0.5
    for name in NAMES:
        was = features[name]
        if was is None:
            continue
        ends = {"one": (0.0, 1.0), "two.margin": (-6.0, 6.0), "length": (0.0, 9.0)}[name]
        for step in range(61):
            value = ends[0] + (ends[1] - ends[0]) * step / 60
            if abs(value - was) / 0.5 < size - 1e-9:
                assert not turned(name, value), f"{name} = {value} is nearer than {flip}"


@given(st.floats(0, 1), THRESHOLDS, st.floats(0, 0.999))
def test_a_score_that_is_the_confidence_itself_flips_at_the_threshold(
    score: float, threshold: Threshold, u: float
) -> None:
    combiner = Combiner.single("one")
    flip = smallest_flip(combiner, {"one": score}, threshold, u)
    escalated = threshold.escalates(combiner.confidence({"one": score}), u)
    if flip is not None:
        assert threshold.escalates(combiner.confidence({"one": flip.needed}), u) is not escalated
    else:
        ends = {threshold.escalates(combiner.confidence({"one": value}), u) for value in (0.0, 1.0)}
        assert ends == {escalated}


def test_a_confidence_of_an_earlier_rung_is_no_signal_of_this_answer() -> None:
    column = Feature(
        name="earlier.small", median=0.5, sd=0.5, weight=3.0, missing_weight=0.0, edges=(), evidence=(0.0, 0.0)
    )
    assert smallest_flip(Combiner(columns=(column,)), {"earlier.small": 0.1}, Threshold(t=0.5), 0.5) is None


def test_a_log_probability_is_never_said_to_need_a_value_above_zero() -> None:
    column = Feature(
        name="logprob.min", median=-0.5, sd=0.4, weight=1.0, missing_weight=0.0, edges=(), evidence=(0.0, 0.0)
    )
    combiner = Combiner(columns=(column,))
    within = smallest_flip(combiner, {"logprob.min": -0.9}, Threshold(t=0.6), 0.5)
    assert within is not None
    assert within.needed <= 0.0
    assert smallest_flip(combiner, {"logprob.min": -0.9}, Threshold(t=0.9), 0.5) is None
