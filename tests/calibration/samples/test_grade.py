"""Grading by gold answers."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.samples.grade import GRADERS, by_gold, contains, exact, grade, json_equal, normalized, numeric
from cascade import DataError, Request, Response, Sample
from cascade.samples.sample import Recording

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(-1e6, 1e6) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def sample(answer: str, gold: object = None, correct: float | None = None) -> Sample:
    recording = Recording(rung="small", model="m/small", response=Response(text=answer), correct=correct)
    return Sample(request=Request.of("?"), gold=gold, recordings={"small": recording})


@pytest.mark.parametrize(
    ("grader", "answer", "gold", "right"),
    [
        (exact, " Paris \n", "Paris", 1),
        (exact, "paris", "Paris", 0),
        (normalized, "**Paris.**", "paris", 1),
        (normalized, "Ｐａｒｉｓ  city", "paris city", 1),
        (normalized, "Lyon", "Paris", 0),
        (contains, "It is Paris, of course", "paris", 1),
        (contains, "It is Parisian", "paris", 0),
        (contains, "anything", "", 0),
        (numeric, "She has 3 + 4 = 7. So 1,234.50 dollars", "1234.5", 1),
        (numeric, "It is 3, 4 and 5, as the 12 say.", "12", None),
        (numeric, "5 km", "5000 m", 1),
        (numeric, "5 m", "5 km", 0),
        (numeric, "25 %", "25", 1),
        (numeric, "25 %", ".25", 1),
        (numeric, "2.5e-19", 2.6e-19, 0),
        (numeric, "The answer is 1 234", 1234, 1),
        (numeric, "#### 18", "18", 1),
        (numeric, "-3", "3", 0),
        (numeric, "no number", "3", 0),
        (numeric, '{"answer": "18", "steps": 3}', "18", 1),
        (json_equal, '{"b": 1.0, "a": [2]}', {"a": [2], "b": 1}, 1),
        (json_equal, '{"a": 1}', '{"a": 1}', 1),
        (json_equal, '{"a": 1, "b": 2}', {"a": 1}, 0),
        (json_equal, '{"a": true}', {"a": 1}, 0),
        (json_equal, 'Sure:\n```json\n{"a": 1}\n```', {"a": 1}, 1),
        (json_equal, '{"a": 1} trailing', {"a": 1}, 1),
        (json_equal, '{"a": "x\ny",}', {"a": "x\ny"}, 1),
        (json_equal, '{"a": 1} {"a": 2}', {"a": 1}, 0),
        (json_equal, '{"a": 1', {"a": 1}, 0),
        (json_equal, '{"a": NaN}', {"a": None}, 0),
        (json_equal, '{"a": 1, "a": 1}', {"a": 1}, 0),
        (json_equal, '{"reasoning": "…", "answer": "B"}', "b", 1),
        (json_equal, '{"Answer": 18}', "18", 1),
        (json_equal, '{"reasoning": "B"}', "B", 0),
        (json_equal, "not JSON", "not JSON", 0),
        (by_gold, "so it is 18.", 18, 1),
        (by_gold, "B", "B", 1),
        (by_gold, "Both 3 and 4 would do; 7 in all, or 9.", "9", None),
        (by_gold, "", "9", 0),
        (by_gold, "I cannot tell you that, I am afraid.", "B", 0),
        (by_gold, "I cannot tell you that, I am afraid.", "2024-03-05", 0),
        (by_gold, "I cannot tell you that, I am afraid.", "true", 0),
        (by_gold, "I cannot tell you that, I am afraid.", "Paris", 0),
        (by_gold, "I cannot tell you that, I am afraid.", 9, 0),
        (by_gold, "They met in the year 2024, on March 5, if I remember it right.", "2024-03-05", None),
        (by_gold, "<think>It is 9.</think>8", "9", 0),
        (by_gold, "Yes, since it is even.", "true", 1),
        (by_gold, "The capital is Paris.", "Paris", 1),
        (by_gold, '{"a": 1}', {"a": 1}, 1),
    ],
)
def test_a_grader_grades(grader, answer, gold, right):
    assert grader(answer, gold) == right


@given(answer=st.text(max_size=60), gold=JSON)
def test_every_grader_gives_a_figure_for_anything_or_says_that_it_cannot_tell(answer, gold):
    assert {0.0, 1.0, None}.issuperset(grader(answer, gold) for grader in GRADERS.values())


@given(JSON.filter(lambda value: isinstance(value, dict | list)))
def test_a_json_answer_equals_itself(value):
    assert json_equal(json.dumps(value), value) == 1.0


@given(st.integers(-(10**12), 10**12))
def test_thousands_separators_do_not_change_a_number(number):
    assert numeric(f"It is {number:,}.", number) == 1.0
    assert numeric(f"It is {number:_}.", str(number)) == 1.0


def test_only_missing_labels_are_filled_in():
    graded = grade([sample("A", "A"), sample("A", "B", correct=1.0)], exact)
    assert [s.recordings["small"].correct for s in graded.samples] == [1.0, 1.0]
    assert [s.recordings["small"].label_source for s in graded.samples] == ["gold", None]
    assert (graded.filled, graded.kept, graded.accuracy) == (1, 1, {"small": 1.0})


def test_overwrite_grades_what_has_a_label_too():
    graded = grade([sample("A", "B", correct=1.0)], exact, overwrite=True)
    assert graded.samples[0].recordings["small"].correct == 0.0


def test_without_a_gold_answer_nothing_is_graded():
    graded = grade([sample("A")], exact)
    assert (graded.filled, graded.without_gold) == (0, 1)


@pytest.mark.parametrize("returned", [2, -0.1, "1", float("nan")])
def test_a_grader_that_returns_no_share_is_an_error(returned):
    with pytest.raises(DataError, match=r"number in \[0, 1\]"):
        grade([sample("A", "A")], lambda *_: returned)


def test_what_a_grader_cannot_tell_has_no_label_and_is_counted():
    graded = grade([sample("3 or 4", "4"), sample("5", "4", correct=1.0)], by_gold, overwrite=True)
    assert [s.recordings["small"].correct for s in graded.samples] == [None, 0.0]
    assert [s.recordings["small"].label_source for s in graded.samples] == [None, "gold"]
    assert (graded.filled, graded.unsure, graded.accuracy) == (1, 1, {"small": 0.0})


def test_a_grader_that_fails_is_an_error_that_names_the_sample():
    with pytest.raises(DataError, match="ZeroDivisionError"):
        grade([sample("A", "A")], lambda *_: 1 / 0)


def test_a_long_answer_of_digits_and_brackets_takes_no_time():
    for text in ("1,234," * 20_000, "```" * 50_000, "{" * 100_000, "9" * 100_000):
        assert by_gold(text, "7") != 1.0
