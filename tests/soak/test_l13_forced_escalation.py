"""L13: half of the traffic forces every step upwards; the cap holds in every window, and the honest do not notice."""

from __future__ import annotations

from itertools import accumulate

from cascade.clients.scripted import ScriptedClient
from cascade.engine.cascade import Cascade
from cascade.exchange import Request
from cascade.guards.escalation_cap import EscalationCap
from cascade.guards.limits import Limits
from cascade.hashing import unit
from cascade.ladder import Ladder
from cascade.result import Result
from tests.opinions import ladder, policy

RUNGS: Ladder = ladder("small", "large")
CAP = EscalationCap(rate=0.3)
N = 2400


def traffic(*, attacked: bool) -> list[Request]:
    """Return requests: each second one is an attacker's, or left out; of the honest ones a fifth needs the top."""
    requests = []
    for i in range(N):
        if i % 2 == 0:
            hard = unit(salt="", purpose="test", task="", rung="", request_id=str(i)) < 0.2
            requests.append(Request.of("hard" if hard else "easy", id=str(i), principal=f"honest {i % 10}"))
        elif attacked:
            requests.append(Request.of("hard", id=str(i), principal="attacker"))
    return requests


def served(requests: list[Request]) -> list[Result]:
    client = ScriptedClient(
        {"small": lambda call: "0.1" if call.messages[0]["content"] == "hard" else "0.9", "large": "0.9"}
    )
    limits = Limits(escalation_cap=CAP)
    with Cascade(RUNGS, client=client, policy=policy(RUNGS, (0.5, 0.0)), limits=limits) as app:
        return app.run_many(requests, concurrency=50)


def rate_of_the_honest(requests: list[Request], results: list[Result]) -> float:
    own = [r.escalated for q, r in zip(requests, results, strict=True) if q.principal != "attacker"]
    return sum(own) / len(own)


def most(steps: list[bool], size: int) -> int:
    sums = [0, *accumulate(int(step) for step in steps)]
    return max(sums[i + size] - sums[i] for i in range(len(steps) - size + 1))


def test_an_attacker_with_half_of_the_traffic_moves_the_honest_by_less_than_two_points() -> None:
    calm, stormy = traffic(attacked=False), traffic(attacked=True)
    before = rate_of_the_honest(calm, served(calm))
    results = served(stormy)
    after = rate_of_the_honest(stormy, results)
    steps = [result.escalated for result in results]
    own = [r.escalated for q, r in zip(stormy, results, strict=True) if q.principal == "attacker"]
    print(
        f"L13: most in 1,000 requests {most(steps, 1000)}, of the attacker's own {most(own, 1000)}; "
        f"the honest escalate {before:.2%} alone, {after:.2%} beside the attacker"
    )
    assert most(steps, 1000) <= 300
    assert most(own, 1000) <= 300
    assert abs(after - before) <= 0.02


def test_when_all_is_forced_the_cap_holds_in_every_window() -> None:
    requests = [Request.of("hard", id=str(i)) for i in range(2000)]
    steps = [result.escalated for result in served(requests)]
    assert most(steps, 1000) == 300
    assert sum(steps) == 600
