"""Rung names: a recorded model is the rung that the ladder means."""

from __future__ import annotations

import pytest

from cascade.errors import ConfigError
from cascade.importing.rung_names import RungNames, parse_rungs

RUNGS = {
    "small": ("openai/gpt-4o-mini",),
    "large": ("openai/gpt-4o", "prod-gpt4"),
    "top": ("anthropic/claude-opus-4-5",),
}


@pytest.mark.parametrize(
    ("model", "others", "expected"),
    [
        ("openai/gpt-4o", (), "large"),
        ("gpt-4o", (), "large"),
        ("gpt-4o-2024-08-06", (), "large"),
        ("gpt-4o-mini-2024-07-18", (), "small"),
        ("prod-gpt4", (), "large"),
        ("my-deployment", ("gpt-4o-mini",), "small"),
        ("claude-opus-4-5-20251101", (), "top"),
        ("gpt-4.1", (), "gpt-4.1"),
        ("gpt-4o", ("claude-opus-4-5",), "gpt-4o"),
    ],
)
def test_a_model_is_found_by_provider_snapshot_and_other_names(
    model: str, others: tuple[str, ...], expected: str
) -> None:
    rung, found = RungNames(RUNGS).find(model, others)
    assert rung == expected
    assert found == RUNGS.get(expected, (model,))[0]


def test_a_snapshot_that_is_named_is_that_one() -> None:
    names = RungNames({"old": ("gpt-4o-2024-05-13",), "new": ("gpt-4o-2024-08-06",)})
    assert names.find("gpt-4o-2024-08-06")[0] == "new"
    assert names.find("gpt-4o")[0] == "gpt-4o"


def test_rungs_are_given_by_name_model_and_other_names() -> None:
    assert parse_rungs(["a=x/y", "b = z , w"]) == {"a": ("x/y",), "b": ("z", "w")}


@pytest.mark.parametrize("given", [["a"], ["=x"], ["a="], ["a=x", "a=y"], ["a=x", "b=x"]])
def test_rungs_that_cannot_be_meant_are_refused(given: list[str]) -> None:
    with pytest.raises(ConfigError, match="--rung"):
        parse_rungs(given)
