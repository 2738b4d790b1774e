"""Exploring files: what is recorded is never paid for again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cascade import (
    BudgetExceeded,
    Cascade,
    ConfigError,
    DataError,
    Ladder,
    Price,
    Request,
    Rung,
    Sample,
    ScriptedClient,
)
from cascade.bulk.cost_estimate import estimate
from cascade.bulk.exploration import explore_file
from cascade.bulk.journal import journal_of
from cascade.bulk.stop import Stop
from cascade.clients.scripted import scripted
from cascade.endpoint import Endpoint
from cascade.failure import CallFailure, FailureKind
from cascade.samples.jsonl import read_samples
from verifiers import Agreement, Judge

PRICE = Price(input_usd=0.0, output_usd=0.0, call_usd=0.01)
SMALL = Rung("m/small", name="small", price=PRICE, verify=["hedging"])
LARGE = Rung("m/large", name="large", price=PRICE, verify=[])


def cascade_of(client: ScriptedClient, *rungs: Rung) -> Cascade:
    return Cascade(Ladder(*(rungs or (SMALL, LARGE))), client=client)


def client(**scripts) -> ScriptedClient:
    return ScriptedClient(scripts, default=scripted("yes", cost_usd=0.01))


def samples(n: int) -> list[Sample]:
    return [Sample(request=Request.of(f"question {i}", id=f"q{i}"), gold="yes") for i in range(n)]


def test_every_rung_and_verifier_is_recorded_in_order(tmp_path):
    with cascade_of(client()) as app:
        done = explore_file(app, samples(5), tmp_path / "out.jsonl", concurrency=3)
    written = list(read_samples(tmp_path / "out.jsonl"))
    assert [sample.request.id for sample in written] == [f"q{i}" for i in range(5)]
    assert set(written[0].recordings) == {"small", "large"}
    assert written[0].recordings["small"].verdicts["hedging"].score is not None
    assert done.spent_usd == pytest.approx(0.10)
    assert not journal_of(tmp_path / "out.jsonl").exists()


def test_a_run_that_was_stopped_goes_on_and_pays_nothing_twice(tmp_path):
    first, second, stop = client(), client(), Stop()
    output = tmp_path / "out.jsonl"

    def stop_after_four(done: int, _: float) -> None:
        if done >= 4:
            stop.wish()

    with cascade_of(first) as app:
        part = explore_file(app, samples(20), output, concurrency=2, stop=stop, on_done=stop_after_four)
    assert part.stopped
    assert not output.exists()
    with cascade_of(second) as app:
        done = explore_file(app, samples(20), output, concurrency=2)
    assert len(first.calls) + len(second.calls) == 40
    assert len(second.calls) == 40 - 2 * done.resumed
    assert len(list(read_samples(output))) == 20


def test_a_finished_run_pays_nothing_again_and_writes_the_same(tmp_path):
    output, again = tmp_path / "out.jsonl", client()
    with cascade_of(client()) as app:
        explore_file(app, samples(3), output)
    before = output.read_bytes()
    with cascade_of(again) as app:
        explore_file(app, samples(3), output)
    assert again.calls == []
    assert output.read_bytes() == before


def test_a_new_rung_costs_only_its_own_answers(tmp_path):
    output, more = tmp_path / "out.jsonl", client()
    with cascade_of(client(), SMALL) as app:
        explore_file(app, samples(3), output)
    with cascade_of(more) as app:
        explore_file(app, samples(3), output)
    assert [call.rung for call in more.calls] == ["large"] * 3


def test_a_changed_question_is_asked_anew_under_its_old_id(tmp_path):
    output, again = tmp_path / "out.jsonl", client()
    with cascade_of(client()) as app:
        explore_file(app, samples(2), output)
    changed = [samples(2)[0], Sample(request=Request.of("another question", id="q1"))]
    with cascade_of(again) as app:
        explore_file(app, changed, output)
    assert [call.request_id for call in again.calls] == ["q1", "q1"]


def test_a_rung_that_failed_is_asked_again_and_the_rest_is_kept(tmp_path):
    output, again = tmp_path / "out.jsonl", client()
    failure = CallFailure(kind=FailureKind.CONTEXT, message="too long")
    with cascade_of(client(large=failure)) as app:
        done = explore_file(app, samples(2), output)
    assert len(done.failures) == 2
    assert "large: context: too long" in done.failures[0]
    with cascade_of(again) as app:
        explore_file(app, samples(2), output)
    assert [call.rung for call in again.calls] == ["large", "large"]


def test_the_budget_stops_it_before_it_is_passed_and_keeps_what_is_done(tmp_path):
    output, again = tmp_path / "out.jsonl", client()
    with cascade_of(client()) as app, pytest.raises(BudgetExceeded):
        explore_file(app, samples(10), output, concurrency=1, max_cost_usd=0.065)
    assert not output.exists()
    with cascade_of(again) as app:
        done = explore_file(app, samples(10), output)
    assert done.resumed == 3
    assert len(again.calls) == 14


def test_a_wrong_key_stops_it_at_once(tmp_path):
    asked = client(small=CallFailure(kind=FailureKind.AUTH, message="wrong key", status=401))
    with cascade_of(asked) as app, pytest.raises(Exception, match="wrong key"):
        explore_file(app, samples(50), tmp_path / "out.jsonl", concurrency=2)
    assert len(asked.calls) <= 4


def test_a_recording_of_another_model_is_not_taken_for_the_rung_s(tmp_path):
    with cascade_of(client()) as app:
        explore_file(app, samples(1), tmp_path / "out.jsonl")
    other = Rung("m/other", name="small", price=PRICE, verify=[])
    with cascade_of(client(), other) as app, pytest.raises(DataError, match="m/other"):
        explore_file(app, samples(1), tmp_path / "out.jsonl")


def test_an_output_that_is_no_samples_file_is_never_overwritten(tmp_path):
    (tmp_path / "out.jsonl").write_text("my diary\n")
    with cascade_of(client()) as app, pytest.raises(DataError, match="line 1"):
        explore_file(app, samples(1), tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_text() == "my diary\n"


def test_the_bill_counts_missing_answers_by_what_was_recorded(tmp_path):
    with cascade_of(client()) as app:
        done = explore_file(app, samples(4), tmp_path / "out.jsonl")
        assert estimate(samples(4), app).usd == pytest.approx(0.08)
        assert estimate([*done.samples[:3], samples(4)[3]], app).calls == 2
        assert estimate(done.samples, app).usd == 0.0


def test_the_bill_counts_a_judge(tmp_path):
    judged = Rung("m/small", name="small", price=PRICE, verify=[{"judge": {"model": "openai/gpt-5", "votes": 2}}])
    with cascade_of(client(), judged, LARGE) as app:
        bill = estimate(samples(3), app)
    assert [(item.rung, item.calls) for item in bill.items] == [("small", 3), ("small: judge", 6), ("large", 3)]
    assert bill.items[1].usd > 0.0


@pytest.mark.parametrize("verifier", ["judge", "agreement"])
def test_the_bill_takes_the_price_that_a_verifier_names_for_a_model_that_no_table_knows(verifier: str) -> None:
    asks = {verifier: {"model": "hosted_vllm/own", "price": replace(PRICE, call_usd=0.5)}}
    with cascade_of(client(), Rung("m/small", name="small", price=PRICE, verify=[asks]), LARGE) as app:
        (bill,) = (item for item in estimate(samples(2), app).items if item.model == "hosted_vllm/own")
    assert bill.usd == pytest.approx(0.5 * bill.calls)


@pytest.mark.parametrize("price", [{"input_usd": 0.0, "output_usd": 0.0}, "cheap", 3])
@pytest.mark.parametrize("priced", [Rung, Judge, lambda model, price: Agreement(model=model, price=price), Endpoint])
def test_a_price_that_is_no_price_is_refused_where_it_is_given(priced, price) -> None:
    with pytest.raises(ConfigError, match="a Price\\(input_usd=…"):
        priced(model="m/one", price=price)


def test_concurrency_must_be_at_least_one(tmp_path):
    with cascade_of(client()) as app, pytest.raises(ConfigError, match="concurrency"):
        explore_file(app, samples(1), tmp_path / "out.jsonl", concurrency=0)
