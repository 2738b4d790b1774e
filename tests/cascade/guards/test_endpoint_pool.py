"""A rung with several endpoints: sideways first, in time, at the right price, and never past a wrong key."""

from __future__ import annotations

import asyncio
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.clients.scripted import ScriptedClient, scripted
from cascade.endpoint import Endpoint
from cascade.errors import ConfigError
from cascade.exchange import Request
from cascade.failure import TREATMENTS, CallFailure, FailureKind
from cascade.guards.breaker import Breaker
from cascade.guards.call_recorder import call_key
from cascade.guards.endpoint_pool import EndpointPool, RetryBudget
from cascade.guards.rate_limit import RateLimit
from cascade.guards.retry import MOST_TRIES, ask_with_retry
from cascade.ladder import Ladder, Rung
from cascade.usage import Price
from tests.opinions import Says

TWO = (Endpoint(name="eu", api_base="https://eu.test/v1"), Endpoint(name="us", api_base="https://us.test/v1"))


def failure(kind: FailureKind = FailureKind.SERVER, **fields) -> CallFailure:
    return CallFailure(kind=kind, message="down", **fields)


class Site:
    """A pool on a clock that only sleeping moves, and what each endpoint says."""

    def __init__(self, endpoints=TWO, balance="order", **rules) -> None:
        self.now, self.slept = 0.0, []
        self.rung = Rung("test/a", name="a", verify=(Says(),), endpoints=endpoints, timeout_s=5.0, balance=balance)
        self.pool = EndpointPool(clock=lambda: self.now, **rules)
        self.asked: list[str] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def ask(self, left_s: float | None = None, jitter: float = 0.0, **says):
        """Ask once; what an endpoint says is a reply, or a list of them in turn."""
        turns = {name: iter(said) if isinstance(said, list) else None for name, said in says.items()}

        def reply(call):
            self.asked.append(call.endpoint)
            turn = turns[call.endpoint]
            return says[call.endpoint] if turn is None else next(turn)

        until = None if left_s is None else self.now + left_s
        asking = ask_with_retry(
            ScriptedClient({"a": reply}),
            self.rung.call(Request.of("?")),
            left_s=lambda: None if until is None else until - self.now,
            pool=self.pool,
            sleep=self.sleep,
            jitter=lambda: jitter,
        )
        return asyncio.run(asking)


def test_the_first_endpoint_is_asked_as_long_as_it_answers():
    site = Site()
    reply = site.ask(eu=scripted("yes"), us=scripted("no"))
    assert (reply.text, reply.endpoint, reply.flags) == ("yes", "eu", ())


@pytest.mark.parametrize("kind", [kind for kind in FailureKind if TREATMENTS[kind].sideways])
def test_what_is_out_of_reach_goes_sideways_at_once_and_says_so(kind):
    site = Site()
    reply = site.ask(eu=failure(kind, retry_after_s=7.0), us=scripted("yes"))
    assert (reply.text, reply.endpoint, reply.tries, reply.flags) == ("yes", "us", 2, ("availability:eu",))
    assert site.slept == []


@pytest.mark.parametrize("kind", [kind for kind in FailureKind if not TREATMENTS[kind].sideways])
def test_everything_else_ends_at_the_endpoint_where_it_happened(kind):
    site = Site()
    reply = site.ask(eu=failure(kind), us=scripted("yes"))
    assert (reply.kind, reply.endpoint, site.asked) == (kind, "eu", ["eu"])


@pytest.mark.parametrize("kind", ["auth", "quota", "not_found"])
def test_a_wrong_key_or_spent_quota_at_the_second_endpoint_is_told_though_the_first_was_only_down(kind):
    reply = Site().ask(eu=failure(), us=failure(FailureKind(kind)))
    assert reply.kind == kind, "so the dearer rung is not asked"


def test_a_spent_quota_at_the_first_endpoint_is_told_if_the_second_is_down():
    site = Site()
    reply = site.ask(eu=failure(FailureKind.QUOTA), us=failure())
    assert (reply.kind, site.asked[:2]) == ("quota", ["eu", "us"])
    assert site.ask(us=scripted("yes")).text == "yes", "and left alone by the next request"
    assert site.ask(us=failure(FailureKind.DEADLINE)).kind == "deadline"
    assert site.ask(us=failure()).kind == "quota", "which is told the same as long as nobody answers"


@given(st.lists(st.sampled_from(sorted(FailureKind)), min_size=4, max_size=4), st.integers(1, 4))
def test_a_rung_is_tried_three_times_at_most_over_all_its_endpoints(kinds, count):
    endpoints = tuple(Endpoint(name=str(i), api_base=f"https://{i}.test") for i in range(count))
    site = Site(endpoints)
    reply = site.ask(**{str(i): failure(FailureKind(kinds[i])) for i in range(count)})
    assert len(site.asked) == reply.tries <= MOST_TRIES


def test_after_a_full_round_the_one_that_may_be_asked_soonest_is_asked_again():
    site = Site()
    limited = [failure(FailureKind.RATE_LIMITED, retry_after_s=7.0), scripted("never asked")]
    reply = site.ask(eu=limited, us=[failure(FailureKind.RATE_LIMITED, retry_after_s=2.0), scripted("yes")])
    assert (reply.text, site.asked, site.slept) == ("yes", ["eu", "us", "us"], [2.0])


def test_one_that_asked_for_patience_is_not_the_first_choice_of_the_next_request():
    site = Site()
    site.ask(eu=failure(FailureKind.RATE_LIMITED, retry_after_s=7.0), us=scripted("yes"))
    assert site.ask(eu=scripted("no"), us=scripted("yes")).endpoint == "us"
    site.now += 8
    assert site.ask(eu=scripted("yes"), us=scripted("no")).endpoint == "eu"


def test_an_endpoint_whose_breaker_is_open_is_not_asked_and_the_other_one_is():
    site = Site(breaker=Breaker(window=2, least=2))
    for _ in range(2):
        site.ask(eu=failure(), us=scripted("yes"))
    site.asked.clear()
    assert site.ask(eu=failure(), us=scripted("yes")).flags == ()
    assert site.asked == ["us"]
    assert [(one.endpoint, one.state, one.cause) for one in site.pool.health()] == [
        ("eu", "open", "server"),
        ("us", "closed", None),
    ]


def test_where_every_breaker_is_open_nobody_is_asked():
    site = Site(breaker=Breaker(window=2, least=2))
    for _ in range(2):
        site.ask(eu=failure(), us=failure())
    site.asked.clear()
    reply = site.ask(eu=scripted("yes"), us=scripted("yes"))
    assert (reply.kind, reply.tries, site.asked) == ("breaker", 0, [])


def test_another_model_at_the_same_address_is_not_held_responsible():
    site = Site(TWO[:1], breaker=Breaker(window=2, least=2), retry_budget=RetryBudget(burst=0))
    for _ in range(2):
        site.ask(eu=failure())
    site.rung = Rung("test/b", name="a", verify=(Says(),), endpoints=TWO[:1])
    assert site.ask(eu=scripted("yes")).text == "yes"


def test_a_pace_steers_to_the_endpoint_that_has_room_and_waits_where_none_has():
    paced = (Endpoint(name="eu", rpm=10), Endpoint(name="us", rpm=20, api_base="https://us.test"))
    site = Site(paced)
    served = [site.ask(eu=scripted("yes"), us=scripted("yes")).endpoint for _ in range(4)]
    assert served == ["eu", "us", "us", "us"]
    assert site.slept == [pytest.approx(60 / 18)]


@pytest.mark.parametrize(("left_s", "rpm"), [(1.0, 20), (None, 0.5)])
def test_a_pace_that_has_no_room_in_time_fails_over_without_a_hit(left_s, rpm):
    site = Site((Endpoint(name="eu", rpm=rpm),))
    site.ask(eu=scripted("yes"))
    for _ in range(2):
        reply = site.ask(left_s, eu=scripted("yes"))
    assert (reply.kind, reply.tries) == ("rate_limited", 0)
    assert "rpm" in reply.message
    assert TREATMENTS[reply.kind].then == "fail_over"


def test_with_no_time_left_it_is_the_deadline_and_not_the_pace_that_ended_it():
    assert Site(TWO, providers={"test": RateLimit(rpm=10)}).ask(0.0, eu=scripted("yes")).kind == "deadline"


def test_a_whole_providers_pace_holds_for_all_its_models():
    site = Site(TWO, providers={"test": RateLimit(rpm=10)})
    site.ask(eu=scripted("yes"))
    site.rung = Rung("test/b", name="a", verify=(Says(),), endpoints=TWO)
    site.ask(eu=scripted("yes"))
    assert site.slept == [pytest.approx(60 / 9)]


def test_tokens_that_were_not_used_are_given_back_to_the_pace():
    site = Site((Endpoint(name="eu", tpm=10_000),))
    site.rung = Rung("test/a", name="a", verify=(), endpoints=site.rung.endpoints, params={"max_tokens": 900})
    for _ in range(5):
        site.ask(eu=scripted("yes"))
    assert site.slept == []


@given(st.floats(0, 30), st.lists(st.sampled_from([0.0, 1.0, 7.0, 100.0]), min_size=2, max_size=2))
def test_waiting_never_passes_the_deadline(left_s, asked):
    site = Site()
    limited = [failure(FailureKind.RATE_LIMITED, retry_after_s=seconds) for seconds in asked]
    site.ask(left_s, jitter=0.9, eu=limited[0], us=limited[1])
    assert math.fsum(site.slept) <= left_s


def test_an_endpoints_own_name_and_price_of_the_model_are_used():
    own = Price(input_usd=1.0, output_usd=2.0)
    calls = Rung("openai/x", verify=(), price=own, endpoints=(TWO[0], Endpoint(name="az", model="azure/x"))).call(
        Request.of("?")
    )
    assert [(call.model, call.price) for call in calls.at_each()] == [("openai/x", own), ("azure/x", None)]


def test_an_answer_is_known_again_whichever_endpoint_gave_it():
    call = Rung("openai/x", verify=(), endpoints=(TWO[0], Endpoint(name="az", model="azure/x"))).call(Request.of("?"))
    assert {call_key(one) for one in (call, *call.at_each())} == {call_key(call)}
    other = Rung("openai/y", name="openai/x", verify=()).call(Request.of("?"))
    assert call_key(other) != call_key(call)


def test_addresses_are_no_part_of_what_a_policy_is_fitted_for():
    bare, several = (Ladder(Rung("test/a", verify=(), endpoints=endpoints)) for endpoints in ((), TWO))
    assert bare.fingerprint() == several.fingerprint()


def test_an_endpoint_is_named_after_its_host_and_never_shows_its_key():
    endpoint = Endpoint(api_base="https://user:hunter2-password@eu.test/v1", api_key="key-1234567890")
    assert endpoint.name == "eu.test"
    assert "1234567890" not in repr(endpoint)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"endpoints": (TWO[0], TWO[0])}, "two endpoints are called 'eu'"),
        ({"endpoints": TWO, "api_key": "k"}, "has both endpoints and api_key"),
        ({"rpm": 0}, "rpm is 0"),
    ],
)
def test_endpoints_that_cannot_be_meant_are_refused(fields, words):
    with pytest.raises(ConfigError, match=words):
        Rung("test/a", **fields)


def test_round_robin_asks_each_in_turn_and_passes_over_one_that_fails():
    site = Site(balance="round_robin")
    answers = [site.ask(eu=scripted("yes"), us=scripted("yes")).endpoint for _ in range(4)]
    assert answers == ["eu", "us", "eu", "us"]
    assert site.ask(eu=failure(), us=scripted("yes")).endpoint == "us"


def test_least_busy_asks_where_the_fewest_calls_are_in_flight():
    site = Site(balance="least_busy")
    held: list[str] = []

    async def run() -> None:
        release, full = asyncio.Event(), asyncio.Event()

        async def before(call) -> None:
            held.append(call.endpoint)
            if len(held) == 6:
                full.set()
            await release.wait()

        client = ScriptedClient({"a": scripted("yes")}, before=before)
        calls = [site.rung.call(Request.of(str(n))) for n in range(6)]
        asking = [
            asyncio.create_task(ask_with_retry(client, call, left_s=lambda: None, pool=site.pool)) for call in calls
        ]
        await full.wait()
        release.set()
        await asyncio.gather(*asking)

    asyncio.run(run())
    assert sorted(held) == ["eu"] * 3 + ["us"] * 3
    assert site.ask(eu=scripted("yes"), us=scripted("no")).endpoint == "eu"  # all have been answered


def test_another_word_for_the_balance_is_refused():
    with pytest.raises(ConfigError, match="least_busy"):
        Rung("test/a", endpoints=TWO, balance="random")
