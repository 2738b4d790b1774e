"""Findings of several tasks are said once where only figures differ, never where they are about other things."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cascade.report.values.finding import grouped, harm


def said(*findings: tuple[str, str]) -> list[str]:
    return [str(one) for one in grouped(replace(harm(1.0, text), task=task) for task, text in findings)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("The rate is 12.5 % (10.0–15.0 %), the target 20 %.", "The rate is 1 % (0.5–1.5 %), the target 2 %."),
        ("1,204 requests cost $0.02.", "3 requests cost $12.04."),
        ("It fell from 2026-11-02 10:00 on (n = 40).", "It fell from 2026-12-24 on (n = 1,000)."),
        ("gpt-4o failed on 5 of 9: connect.", "gpt-4o failed on 500 of 900: connect."),
        ("`cascade tail --only failed -n 3`.", "`cascade tail --only failed -n 20`."),
    ],
)
def test_what_differs_in_figures_only_is_said_once(first: str, second: str) -> None:
    assert said(("a", first), ("b", second)) == [f"a: {first} The same of b."]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("gpt-4 failed on 5 of 9.", "gpt-5 failed on 5 of 9."),
        ("llama-3.1-8b failed on 5 of 9.", "llama-3.3-8b failed on 5 of 9."),
        ("4.1-mini failed on 5 of 9.", "5.1-mini failed on 5 of 9."),
        ("openai/o3 failed on 5 of 9.", "openai/o4 failed on 5 of 9."),
        ("model:7b failed on 5 of 9.", "model:70b failed on 5 of 9."),
        ("judge2 is no better than chance.", "judge3 is no better than chance."),
    ],
)
def test_another_name_is_another_finding_in_one_task_and_in_two(first: str, second: str) -> None:
    assert said(("a", first), ("b", second)) == [f"a: {first}", f"b: {second}"]
    assert said(("a", first), ("a", second)) == [f"a: {first}", f"a: {second}"]


def test_a_task_is_not_named_beside_itself() -> None:
    """Two rungs that are called by bare numbers look alike."""
    assert said(("a", "Rung 1 is down."), ("a", "Rung 2 is down."), ("b", "Rung 1 is down.")) == [
        "a: Rung 1 is down. The same of b.",
        "a: Rung 2 is down.",
    ]
