"""The background lane is bounded in money, queue and time, and says what it dropped."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.errors import ConfigError
from cascade.guards.accounts import pico
from cascade.guards.background import LEAST_SHARE, BackgroundLane
from cascade.hashing import unit
from cascade.settings import ObserveLimits, Settings

HOUR = 3_600.0
MIDNIGHT = 20_000 * 24 * HOUR


class Clock:
    """A clock that is set by hand, from a midnight on."""

    def __init__(self, hours: float = 0.0) -> None:
        self.now = MIDNIGHT + hours * HOUR

    def __call__(self) -> float:
        return self.now


async def done(usd: float = 0.0) -> float:
    return usd


def counted(lane: BackgroundLane) -> Counter[str]:
    return Counter({reason: n for (_, _, reason), n in lane.take_dropped().items()})


def test_work_begins_after_its_offer_has_returned_and_its_caller_has_gone_on() -> None:
    order: list[str] = []

    async def work() -> float:
        order.append("work")
        return 0.0

    async def answer() -> None:
        lane.offer("t", work)
        order.append("answer")

    async def serve() -> None:
        await asyncio.create_task(answer())
        await asyncio.sleep(0)
        order.append("gone out")
        await lane.drain()

    lane = BackgroundLane(ObserveLimits())
    asyncio.run(serve())
    assert order == ["answer", "gone out", "work"]


def test_no_more_run_at_once_and_no_more_wait_than_is_allowed() -> None:
    running, most = 0, 0

    async def work() -> float:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return 0.0

    async def serve() -> list[bool]:
        taken = [lane.offer("t", work) for _ in range(10)]
        await lane.drain()
        return taken

    lane = BackgroundLane(ObserveLimits(concurrency=2, queue=3))
    assert asyncio.run(serve()) == [True] * 5 + [False] * 5
    assert most == 2
    assert counted(lane) == {"queue": 5}


async def broken() -> float:
    message = "a bug"
    raise RuntimeError(message)


async def unpaid() -> None:
    return None


@pytest.mark.parametrize(("work", "reason"), [(broken, "failed"), (unpaid, "budget")])
def test_work_that_comes_to_nothing_is_counted_and_harms_nothing(
    work: Callable[[], Awaitable[float | None]], reason: str
) -> None:
    async def serve() -> None:
        assert lane.offer("t", work)
        assert lane.offer("t", done)
        await lane.drain()

    lane = BackgroundLane(ObserveLimits(concurrency=1))
    asyncio.run(serve())
    assert counted(lane) == {reason: 1}


def test_what_hangs_is_broken_off_when_the_time_to_close_is_over_and_what_waits_is_counted() -> None:
    async def hangs() -> float:
        await asyncio.Event().wait()
        return 0.0

    async def serve() -> None:
        for work in (hangs, done, done):
            lane.offer("t", work)
        await lane.drain(timeout_s=0.05)

    lane = BackgroundLane(ObserveLimits(concurrency=1))
    asyncio.run(serve())
    assert lane.idle
    assert counted(lane) == {"closing": 3}


def test_drops_are_told_by_hour_and_task() -> None:
    clock = Clock(hours=5.5)
    lane = BackgroundLane(ObserveLimits(), clock=clock, wall=clock)
    lane.drop("a", "queue")
    clock.now += HOUR
    lane.drop("b", "queue")
    hours = [(at - int(MIDNIGHT * 1000)) / 3_600_000 for at, _, _ in lane.take_dropped()]
    assert hours == [5.0, 6.0]
    assert not lane.take_dropped()


def day(budget_usd: float, cost_usd: float, a_minute: int) -> tuple[list[int], float, float]:
    """Return the observations by hour of a day of even traffic, what was spent, and the last share."""

    async def pays() -> float | None:
        if lane.account.left < pico(cost_usd):
            return None
        lane.account.settle(0, pico(cost_usd))
        return cost_usd

    async def serve() -> tuple[list[int], float]:
        hours, share = [0] * 24, 1.0
        for minute in range(24 * 60):
            clock.now = MIDNIGHT + 60.0 * minute
            for one in range(a_minute):
                share = lane.share()
                u = unit(salt="s", purpose="observe", task="t", rung="", request_id=f"{minute}.{one}")
                if u < share:
                    paid = await pays()
                    if paid is not None:
                        hours[minute // 60] += 1
                        lane.paid(paid)
        return hours, share

    clock = Clock()
    lane = BackgroundLane(ObserveLimits(max_usd_per_day=budget_usd), clock=clock, wall=clock)
    hours, share = asyncio.run(serve())
    return hours, lane.account.spent_usd, share


def test_the_share_is_lowered_ahead_so_that_the_days_budget_lasts_the_day() -> None:
    hours, spent, share = day(budget_usd=1.0, cost_usd=0.001, a_minute=10)
    assert sum(hours) <= 1000
    assert spent <= 1.0
    assert min(hours) > 0.5 * max(hours[1:]), "no hour without observations, though the day would cost 14 times as much"
    assert spent > 0.9, "nor is the budget left over"
    assert LEAST_SHARE <= share < 0.2


def test_a_budget_that_suffices_lowers_nothing() -> None:
    hours, _, share = day(budget_usd=100.0, cost_usd=0.001, a_minute=2)
    assert hours == [120] * 24
    assert share == 1.0


@given(st.floats() | st.integers() | st.none())
def test_a_share_is_in_0_to_1(share: float | None) -> None:
    usable = share is not None and 0.0 <= share <= 1.0
    for kind in (ObserveLimits, Settings):
        if usable:
            assert kind(share=share).share == share  # type: ignore[arg-type]
        else:
            with pytest.raises(ConfigError, match="share"):
                kind(share=share)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "limits", [{"concurrency": 0}, {"queue": -1}, {"max_usd_per_day": float("inf")}, {"queue": 1.5}]
)
def test_limits_that_cannot_be_kept_to_are_refused(limits: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(limits))):
        ObserveLimits(**limits)  # type: ignore[arg-type]
