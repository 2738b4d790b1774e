"""Probes: different, wrong, of every kind, and the same for the same samples and seed."""

from __future__ import annotations

from collections import Counter

import pytest

from calibration.judges.probes import SHARES, dressings, make_probes
from cascade.exchange import Request, Response
from cascade.samples.sample import Recording, Sample


def samples(n: int, *, wrong: bool = True, gold: bool = True) -> list[Sample]:
    made = []
    for i in range(n):
        answer = Recording(rung="small", model="m/small", response=Response(text=f"It is {i}.x"), correct=0.0)
        made.append(
            Sample(
                request=Request.of(f"question {i}", id=f"q{i}"),
                gold=str(i) if gold else None,
                recordings={"small": answer} if wrong else {},
            )
        )
    return made


@pytest.mark.parametrize("n", [1, 3, 40, 300])
@pytest.mark.parametrize(("wrong", "gold"), [(True, True), (False, True), (True, False), (False, False)])
def test_there_are_two_hundred_different_ones_of_every_kind(n: int, *, wrong: bool, gold: bool) -> None:
    made = make_probes(samples(n, wrong=wrong, gold=gold), n=200, n_repeated=50).wrong
    assert len({(str(one.request.messages), one.candidate) for one in made}) == len(made) == 200
    assert set(SHARES) <= {one.kind for one in made}


def test_kinds_have_their_shares_where_there_are_samples_enough() -> None:
    made = make_probes(samples(300), n=200, n_repeated=0)
    assert Counter(one.kind for one in made.wrong) == {kind: 200 * share for kind, share in SHARES.items()}
    assert made.n_samples == 300


def test_they_are_the_same_for_the_same_seed_whatever_the_order() -> None:
    first = make_probes(samples(60), n=200, n_repeated=50)
    assert make_probes(reversed(samples(60)), n=200, n_repeated=50) == first
    assert make_probes(samples(60), n=200, n_repeated=50, seed=1).wrong != first.wrong


def test_no_right_answer_is_among_them() -> None:
    made = make_probes(samples(40, wrong=False), n=200, n_repeated=50)
    gold = {str(one.request.messages): str(one.gold) for one in samples(40)}
    plain = [one for one in made.wrong if one.kind == "wrong_answer"]
    assert plain
    assert not [one for one in plain if one.candidate == gold[str(one.request.messages)]]


def test_ordinary_answers_are_right_and_wrong_ones() -> None:
    made = make_probes(samples(40), n=200, n_repeated=50).repeated
    assert len(made) == 50
    assert Counter(one.candidate.endswith(".x") for one in made) == {True: 25, False: 25}


def test_every_dressing_but_the_master_keys_holds_a_place_for_the_answer() -> None:
    found = dressings()
    assert set(found) == {*SHARES, "stand_in"} - {"wrong_answer"}
    alone = ("master_key", "stand_in")
    assert all("{}" in text or "{0}" in text for kind, texts in found.items() if kind not in alone for text in texts)
    assert all(len(set(texts)) == len(texts) for texts in found.values())


def test_without_samples_there_are_none() -> None:
    made = make_probes([], n=200, n_repeated=50)
    assert (made.wrong, made.repeated, made.n_samples) == ((), (), 0)
