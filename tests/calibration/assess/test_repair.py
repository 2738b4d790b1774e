"""Whether asking once more pays is told from recordings that were asked for again."""

from __future__ import annotations

import pytest

from calibration.assess.repair import measure_repair
from cascade.clients.scripted import scripted
from cascade.exchange import Request
from cascade.fast_replace import fast_replace
from cascade.ladder import Ladder, Rung
from cascade.samples.jsonl import sample_line, sample_of
from cascade.samples.sample import Recording, Sample

LADDER = Ladder(Rung("a/small", name="small"), Rung("a/large", name="large"))


def sample(number: int, *, again: str | None, small_usd: float, large_usd: float = 0.1) -> Sample:
    flags = () if again is None else (f"asked_again:{again}",)
    answers = {"small": (small_usd, flags), "large": (large_usd, ())}
    recordings = {
        rung: Recording(rung=rung, model=f"a/{rung}", correct=1.0 if again == "valid" else None,
                        response=fast_replace(scripted("{}", cost_usd=usd), flags=own))
        for rung, (usd, own) in answers.items()
    }  # fmt: skip
    return Sample(request=Request.of(f"q {number}", id=f"r-{number}", task="orders"), recordings=recordings)


def recorded(valid: int, invalid: int, *, extra: float, large_usd: float = 0.1) -> list[Sample]:
    states = ["valid"] * valid + ["invalid"] * invalid + [None] * 40
    return [
        sample(i, again=state, small_usd=0.001 + (extra if state else 0.0), large_usd=large_usd)
        for i, state in enumerate(states)
    ]


def test_it_pays_where_the_next_rung_costs_much_more_than_asking_again() -> None:
    (worth,) = measure_repair(recorded(16, 4, extra=0.001), LADDER)
    assert (worth.rung, worth.n, worth.of, worth.pays) == ("small", 20, 60, True)
    assert worth.valid.value == 0.8
    assert worth.extra_usd == pytest.approx(0.001)
    assert worth.net_usd is not None
    assert worth.net_usd.value == pytest.approx(0.8 * 0.1 - 0.001)
    assert worth.sentence().endswith("it pays.")


def test_it_does_not_pay_where_it_seldom_helps_or_the_next_rung_is_cheap() -> None:
    assert measure_repair(recorded(1, 29, extra=0.02), LADDER)[0].pays is False
    assert measure_repair(recorded(16, 4, extra=0.01, large_usd=0.002), LADDER)[0].pays is False


def test_few_cannot_tell_and_none_says_nothing() -> None:
    assert measure_repair(recorded(3, 1, extra=0.001), LADDER)[0].pays is None
    assert measure_repair(recorded(0, 0, extra=0.0), LADDER) == ()


def test_a_line_of_samples_keeps_what_came_of_asking_again() -> None:
    (one,) = recorded(1, 0, extra=0.001)[:1]
    assert sample_of(sample_line(one)).recordings["small"].response.flags == ("asked_again:valid",)
