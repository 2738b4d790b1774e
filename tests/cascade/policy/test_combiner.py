"""The served combiner: one request and a batch give the same bits, and JSON gives back the same combiner."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.errors import ConfigError
from cascade.policy.combiner import MAX_EDGES, Combiner, Feature

weights = st.floats(-50, 50)
anything = st.one_of(st.none(), st.floats(), st.floats(0, 1))


@st.composite
def combiners(draw):
    columns = []
    for index in range(draw(st.integers(0, 4))):
        edges = tuple(sorted(draw(st.sets(st.floats(-2, 2), max_size=4))))
        columns.append(
            Feature(
                name=f"f{index}",
                median=draw(st.floats(allow_nan=False, allow_infinity=False)),
                sd=draw(st.floats(1e-9, 1e9)),
                weight=draw(weights),
                missing_weight=draw(weights),
                edges=edges,
                evidence=tuple(draw(weights) for _ in range(len(edges) + 2)),
            )
        )
    return Combiner(columns=tuple(columns), intercept=draw(weights))


def _fitted():
    column = Feature(
        name="judge",
        median=0.5,
        sd=0.25,
        weight=1.0,
        missing_weight=-0.5,
        edges=(0.3, 0.6),
        evidence=(-1.0, 0.0, 1.0, 0.1),
    )
    return Combiner(columns=(column,), intercept=0.2)


@given(combiners(), st.lists(st.lists(anything, min_size=4, max_size=4), min_size=1, max_size=20))
def test_a_batch_and_a_single_request_give_the_same_bits(combiner, rows):
    width = len(combiner.features)
    batch = combiner.confidences(np.array([[np.nan if v is None else v for v in row[:width]] for row in rows]))
    single = [combiner.confidence(dict(zip(combiner.features, row, strict=False))) for row in rows]
    assert batch.tolist() == single


def test_a_large_batch_gives_the_bits_of_its_rows():
    rng = np.random.default_rng(0)
    combiner = _fitted()
    rows = rng.normal(0.5, 1.0, (200_003, 1))
    batch = combiner.confidences(rows)
    for at in (0, 1, 65_535, 65_536, 131_077, 200_002):
        assert combiner.confidence({"judge": float(rows[at, 0])}) == batch[at]
        assert combiner.confidences(rows[at : at + 3])[0] == batch[at]


@given(combiners())
def test_json_gives_back_the_same_combiner(combiner):
    assert Combiner.from_json(json.loads(json.dumps(combiner.to_json()))) == combiner


@given(combiners(), st.lists(anything, min_size=4, max_size=4))
def test_a_confidence_is_a_probability_whatever_comes_in(combiner, values):
    found = combiner.confidence(dict(zip(combiner.features, values, strict=False)))
    assert 0 <= found <= 1
    assert found == round(found, 9)


def test_a_confidence_is_the_sigmoid_of_what_the_features_say():
    said = 0.2 + 1.0 * (0.75 - 0.5) / 0.25 + 1.0
    assert _fitted().confidence({"judge": 0.75}) == pytest.approx(1 / (1 + math.exp(-said)), abs=1e-9)


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
def test_none_nan_infinite_and_absent_are_missing(value):
    assert _fitted().confidence({"judge": value}) == _fitted().confidence({})
    assert _fitted().confidence({}) == pytest.approx(1 / (1 + math.exp(-(0.2 - 0.5 + 0.1))), abs=1e-9)


def test_a_value_on_an_edge_lies_above_it():
    combiner = Combiner.from_json(
        _fitted().to_json() | {"features": [_fitted().to_json()["features"][0] | {"weight": 0}]}
    )
    assert (
        combiner.confidence({"judge": 0.6})
        == combiner.confidence({"judge": 0.9})
        > combiner.confidence({"judge": 0.59})
    )


def test_columns_are_found_by_name():
    rows = np.array([[9.0, 0.75], [9.0, np.nan]])
    assert np.array_equal(_fitted().confidences(rows, ["other", "judge"]), _fitted().confidences(rows[:, 1:]))
    assert set(_fitted().confidences(rows, ["other", "more"])) == {_fitted().confidence({})}
    with pytest.raises(ValueError, match="expected"):
        _fitted().confidences(rows)


def test_a_single_feature_is_its_own_confidence_and_missing_is_doubt():
    combiner = Combiner.single("judge")
    rows = np.array([[0.3], [1.7], [-2.0], [np.nan], [np.inf], [0.1234567894], [-0.0]])
    expected = [0.3, 1.0, 0.0, 0.0, 0.0, 0.123456789, 0.0]
    assert combiner.confidences(rows).tolist() == expected
    assert [combiner.confidence({"judge": float(row[0])}) for row in rows] == expected
    assert combiner.features == ("judge",)
    assert Combiner.from_json(combiner.to_json()) == combiner


def test_a_constant_gives_every_answer_the_same_confidence():
    combiner = Combiner.constant(0.9)
    assert combiner.confidence({"anything": 1.0}) == 0.9
    assert combiner.confidences(np.empty((3, 0))).tolist() == [0.9] * 3
    with pytest.raises(ConfigError, match="between 0 and 1"):
        Combiner.constant(1.0)


FITTED = _fitted().to_json()
FEATURE = FITTED["features"][0]


@pytest.mark.parametrize(
    ("broken", "key"),
    [
        (None, "combiner.form"),
        ({"form": "pickle"}, "combiner.form"),
        ({"form": "single"}, "combiner.feature"),
        ({"form": "single", "feature": 3}, "combiner.feature"),
        ({"form": "single", "feature": ""}, "name"),
        (FITTED | {"extra": 1}, "combiner.extra"),
        (FITTED | {"intercept": math.nan}, "combiner.intercept"),
        (FITTED | {"intercept": True}, "combiner.intercept"),
        (FITTED | {"intercept": 10**400}, "combiner.intercept"),
        (FITTED | {"intercept": 1e300}, "1e\\+300"),
        (FITTED | {"features": {}}, "combiner.features"),
        (FITTED | {"features": [FEATURE] * 201}, "201"),
        (FITTED | {"features": [FEATURE, FEATURE]}, "twice"),
        (FITTED | {"features": ["judge"]}, r"combiner.features\[0\]"),
        (FITTED | {"features": [FEATURE | {"name": ""}]}, "empty name"),
        (FITTED | {"features": [FEATURE | {"sd": 0}]}, "sd"),
        (FITTED | {"features": [FEATURE | {"weight": "1"}]}, r"combiner.features\[0\].weight"),
        (FITTED | {"features": [FEATURE | {"edges": [0.6, 0.3]}]}, "edges"),
        (FITTED | {"features": [FEATURE | {"evidence": [0.0]}]}, "evidence"),
        (FITTED | {"features": [FEATURE | {"edges": [float(e) for e in range(MAX_EDGES + 1)]}]}, "edges"),
        (FITTED | {"features": [{key: FEATURE[key] for key in FEATURE if key != "median"}]}, "median"),
    ],
)
def test_json_that_cannot_be_served_is_refused_by_its_key(broken, key):
    with pytest.raises(ConfigError, match=key):
        Combiner.from_json(broken)
