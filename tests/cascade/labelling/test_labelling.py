"""Labelling: blind, by keys alone, resumable, and how far two annotators agree."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.bulk.journal import Journal
from cascade.errors import DataError
from cascade.labelling import Mark, Session, annotate, annotators, by_dimension, lay_items, measure_kappa
from cascade.labelling.kappa import compare_annotators
from cascade.labelling.mark import marked
from cascade.samples.jsonl import sample_line, sample_of
from tests.recordings import recorded_samples

SAMPLES = recorded_samples(20, labelled=False)


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path / "samples.jsonl.anna", kind="label") as journal:
        yield journal


def pressed(session: Session, keys: str) -> Session:
    for key in keys:
        session.press(key)
    return session


def test_what_is_seen_does_not_tell_whose_an_answer_is(journal):
    state = json.dumps(Session(lay_items(SAMPLES, "anna"), journal).state())
    assert not any(word in state for word in ("small", "large", "test/", "sure", "cost", "rung"))


def test_answers_stand_in_an_order_that_tells_nothing():
    first = [item.answers[0].rungs[0] for item in lay_items(recorded_samples(200, labelled=False), "anna")]
    assert 70 < first.count("small") < 130


def test_annotators_share_the_queue_but_not_the_order_of_answers():
    anna, ben = (lay_items(recorded_samples(100, labelled=False), name) for name in ("anna", "ben"))
    assert [item.key for item in anna] == [item.key for item in ben]
    assert [item.answers[0].id for item in anna] != [item.answers[0].id for item in ben]


def test_equal_answers_are_asked_about_once_and_labelled_alike(journal):
    one = replace(SAMPLES[0].recordings["large"], response=SAMPLES[0].recordings["small"].response)
    sample = replace(SAMPLES[0], recordings={**SAMPLES[0].recordings, "large": one})
    session = pressed(Session(lay_items([sample], "anna"), journal), "1")
    assert session.finished
    assert session.labels() == {sample.key: {"small": {"correct": 1.0}, "large": {"correct": 1.0}}}


def test_only_chosen_samples_are_asked_about_where_there_was_a_draw():
    drawn = [marked(s, Mark(round=1, chosen=i < 3), propensity=0.2) for i, s in enumerate(SAMPLES)]
    assert {item.key for item in lay_items(drawn, "anna")} == {sample.key for sample in SAMPLES[:3]}
    assert len(lay_items(drawn, "anna", everything=True)) == len(SAMPLES)


def test_labels_by_gold_are_not_asked_for_again():
    assert lay_items(recorded_samples(5), "anna") == []
    assert len(lay_items(recorded_samples(5), "anna", everything=True)) == 5


def test_every_dimension_of_every_answer_is_asked_in_turn(journal):
    session = Session(lay_items(SAMPLES, "anna"), journal, dimensions=("correct", "tone"))
    seen = []
    for key in "10hs":
        state = session.state()
        seen.append((state["answer"], state["dimension"]))
        session.press(key)
    assert seen == [(0, "correct"), (0, "tone"), (1, "correct"), (1, "tone")]
    item = session.items[0]
    said = session.labels()[item.key]
    assert said == {item.answers[0].rungs[0]: {"correct": 1.0, "tone": 0.0}, item.answers[1].rungs[0]: {"correct": 0.5}}


def test_undo_goes_back_over_samples(journal):
    session = pressed(Session(lay_items(SAMPLES, "anna"), journal), "11")
    assert session.state()["done"] == 1
    pressed(session, "uu")
    assert session.labels() == {}
    assert not session.press("u")


@given(keys=st.text("01hsux", max_size=60))
def test_a_sitting_that_ends_anywhere_goes_on_there(tmp_path_factory, keys):
    output, items = tmp_path_factory.mktemp("sitting") / "s.jsonl.anna", lay_items(SAMPLES, "anna")
    with Journal(output, kind="label") as journal:
        before = pressed(Session(items, journal), keys)
        seen = before.state()
    with Journal(output, kind="label") as journal:
        after = Session(items, journal)
    assert after.labels() == before.labels()
    assert after.state() | {"step": 0} == seen | {"step": 0}


def test_a_key_for_another_step_is_not_taken(journal):
    session = Session(lay_items(SAMPLES, "anna"), journal)
    assert session.press("1", step=0)
    assert not session.press("0", step=0)


def test_labels_go_into_the_recordings_and_through_the_file():
    sample = annotate(SAMPLES[0], "anna", {"small": {"correct": 1.0, "tone": 0.5}})
    sample = annotate(sample, "ben", {"small": {"correct": 0.0}})
    kept = sample_of(json.loads(json.dumps(sample_line(sample)))).recordings["small"]
    assert (kept.correct, kept.label_source) == (0.5, "human")
    assert annotators(kept) == {"anna": {"correct": 1.0, "tone": 0.5}, "ben": {"correct": 0.0}}


def test_without_correct_an_answer_is_as_right_as_its_weakest_side():
    sample = annotate(SAMPLES[0], "anna", {"small": {"complete": 0.5, "tone": 1.0}})
    assert sample.recordings["small"].correct == 0.5


def test_a_dimension_can_be_what_a_target_constrains():
    sample = annotate(SAMPLES[0], "anna", {"small": {"correct": 1.0, "tone": 0.0}})
    by_tone = by_dimension([sample], "tone")[0]
    assert (by_tone.recordings["small"].correct, by_tone.recordings["large"].correct) == (0.0, None)
    with pytest.raises(DataError, match="correct, tone"):
        by_dimension([sample], "style")


def test_kappa_of_a_known_table():
    # Cohen (1960) on 20 + 15 alike of 50, margins 25/25 and 30/20: (.7 - .5) / .5.
    left = [1.0] * 20 + [1.0] * 5 + [0.0] * 10 + [0.0] * 15
    right = [1.0] * 20 + [0.0] * 5 + [1.0] * 10 + [0.0] * 15
    found = measure_kappa(left, right)
    assert found.value == pytest.approx(0.4)
    # Fleiss, Cohen & Everitt's standard error is .1271 here.
    assert (found.high - found.low) / 2 == pytest.approx(1.645 * 0.1271, rel=0.1)


def test_full_agreement_is_no_certainty_and_one_label_no_kappa():
    full = measure_kappa([1.0, 0.0] * 10, [1.0, 0.0] * 10)
    assert full.value == full.high == 1.0
    assert 0.5 < full.low < 1.0
    assert measure_kappa([1.0] * 5, [1.0] * 5).value is None


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 0.5, 1.0])), min_size=1, max_size=60))
def test_kappa_lies_in_its_interval_whoever_comes_first(pairs):
    found = measure_kappa(*zip(*pairs, strict=True))
    other = measure_kappa(*zip(*[(b, a) for a, b in pairs], strict=True))
    if found.value is not None:
        assert -1.0 <= found.low <= found.value + 1e-9 <= found.high + 2e-9 <= 1.0 + 2e-9
        assert other.value == pytest.approx(found.value)


def test_annotators_are_compared_on_what_both_labelled():
    said = {"small": {"correct": 1.0}, "large": {"correct": 0.0}}
    both = [annotate(annotate(s, "anna", said), "ben", said) for s in SAMPLES[:6]]
    found = compare_annotators([*both, annotate(SAMPLES[7], "anna", said)])
    assert found["anna", "ben", "correct"].n == 12


def test_labels_may_lead_to_further_items_and_those_before_them_stay(journal):
    items = lay_items(SAMPLES, "anna")
    rounds = []

    def more(session: Session) -> list:
        rounds.append(len(session.labels()))
        return items[1:2] if len(rounds) == 1 else []

    session = pressed(Session(items[:1], journal, more=more), "11")
    assert rounds == [1]
    assert (session.state()["total"], session.finished) == (2, False)
    assert not session.press("u"), "what led to further items cannot be undone"
    pressed(session, "1u10")
    assert session.finished
    assert rounds == [1, 2]
    assert len(session.labels()) == 2


def test_an_answer_that_nobody_can_tell_is_answered_and_has_no_label(journal):
    session = pressed(Session(lay_items(SAMPLES[:1], "anna"), journal), "s1")
    (said,) = session.answered().values()
    assert sorted(map(len, said.values())) == [0, 1]
    assert list(session.labels().values()) == [{rung: values for rung, values in said.items() if values}]
