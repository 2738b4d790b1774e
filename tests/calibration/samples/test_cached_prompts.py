"""Cost with the provider's prompt cache: the first rung as paid, what is asked after it without the cache."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from calibration import EscalationRate, calibrate, replay
from cascade.prices import PriceBook
from cascade.samples.jsonl import read_samples
from cascade.samples.sample import Sample
from cascade.usage import Price

PRICES = PriceBook(
    {
        f"test/{name}": Price(input_usd=usd, output_usd=4.0 * usd, cached_usd=usd / 2.0)
        for name, usd in (("small", 1e-6), ("large", 9e-6))
    }
)


def recorded(path: Path, *, cached: int, about: Callable[[int], dict[str, object]] = lambda _: {}) -> list[Sample]:
    """Return 40 samples of two rungs, prompts of 1,000 tokens of which `cached` were read from the cache."""
    usage = {"input_tokens": 1000, "output_tokens": 20, "cached_tokens": cached}
    with path.open("w") as out:
        for i in range(40):
            rows = [
                {"rung": rung, "model": f"test/{rung}", "content": f"answer {i}", "usage": usage,
                 "verdicts": {"sure": {"score": i / 40.0, "cost_usd": 0.0}}, "correct": float(i % 3 > 0)}
                for rung in ("small", "large")
            ]  # fmt: skip
            out.write(
                json.dumps({"id": str(i), "task": "t", "prompt": f"say {i}", "recordings": rows, **about(i)}) + "\n"
            )
    return list(read_samples(path))


def test_an_escalated_prompt_counts_as_not_cached_and_both_figures_are_told(tmp_path: Path) -> None:
    samples = recorded(tmp_path / "s.jsonl", cached=800)
    policy = calibrate(samples, ["small", "large"], target=EscalationRate(0.25), verifiers=["sure"], prices=PRICES)
    found = replay(samples, policy, prices=PRICES).to_json()["tasks"]["t"]
    small, large = (each * (200 + 800 / 2) + 4 * each * 20 for each in (1e-6, 9e-6))
    assert found["top_usd_per_request"] == pytest.approx(large)
    assert found["cached"]["cost_usd_per_request"] == pytest.approx(small + 0.25 * large)
    assert found["cost_usd_per_request"] == pytest.approx(small + 0.25 * (large + 9e-6 * 400))
    assert policy.tasks["t"].measured["cost_usd_per_request"] == pytest.approx(found["cost_usd_per_request"])


def test_without_cached_tokens_there_is_one_figure(tmp_path: Path) -> None:
    samples = recorded(tmp_path / "s.jsonl", cached=0)
    policy = calibrate(samples, ["small", "large"], target=EscalationRate(0.25), verifiers=["sure"], prices=PRICES)
    assert replay(samples, policy, prices=PRICES).to_json()["tasks"]["t"]["cached"] is None
    assert policy.tasks["t"].measured["cached"] is None


BEGAN = datetime(2026, 11, 29, 9, tzinfo=UTC)


def every(
    seconds: float, *, session: Callable[[int], str | None] = lambda _: "s", field: str = "at"
) -> Callable[[int], dict[str, object]]:
    """Return what a sample says of its session and time; the ten least sure ones, which escalate, are its first."""

    def about(i: int) -> dict[str, object]:
        at = (BEGAN + timedelta(seconds=seconds * i)).isoformat()
        own = session(i)
        return {
            **({} if own is None else {"group": own}),
            **({"at": at} if field == "at" else {"decision": {"at": at}}),
        }

    return about


@pytest.mark.parametrize(
    ("about", "warm"),
    [
        (every(300), 9),
        (every(300, field="decision"), 9),
        (every(301), 0),
        (every(10, session=lambda i: f"s{i % 2}"), 8),
        (every(10, session=lambda i: f"s{i}"), 0),
        (every(10, session=lambda _: None), 0),
        (every(-10), 9),
        (lambda _: {"group": "s"}, 0),
        (lambda _: {"group": "s", "at": "yesterday"}, 0),
    ],
    ids=["within", "of a log", "after", "two sessions", "each alone", "no session", "backwards", "no time", "no date"],
)
def test_what_the_session_asked_of_that_rung_just_before_is_still_cached(tmp_path: Path, about, warm: int) -> None:
    samples = recorded(tmp_path / "s.jsonl", cached=800)
    policy = calibrate(samples, ["small", "large"], target=EscalationRate(0.25), verifiers=["sure"], prices=PRICES)
    told = recorded(tmp_path / "t.jsonl", cached=800, about=about)
    found = replay(told, policy, prices=PRICES).to_json()["tasks"]["t"]
    cold = 10 - warm
    assert found["cost_usd_per_request"] - found["cached"]["cost_usd_per_request"] == pytest.approx(
        cold * 9e-6 * 400 / 40
    )
