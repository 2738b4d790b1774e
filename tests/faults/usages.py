"""Behaviours whose usage is missing, absurd or detailed."""

from __future__ import annotations

from typing import Any

from tests.faults.answers import changed
from tests.faults.behaviour import BEHAVIOURS, behaviour
from tests.faults.completion import completion
from tests.faults.hit import Hit
from tests.faults.reply import Reply, as_json


def _usage(name: str, **figures: Any) -> None:
    BEHAVIOURS[name] = lambda hit: changed(hit, usage={**completion(hit)["usage"], **figures})


_usage("negative-usage", prompt_tokens=-100, completion_tokens=-5)
_usage("huge-usage", prompt_tokens=10**12)
_usage("fractional-usage", prompt_tokens=2.5)
_usage("string-usage", prompt_tokens="3", completion_tokens="1")
_usage("word-usage", prompt_tokens="many")
_usage("null-usage", prompt_tokens=None, completion_tokens=None)
_usage("zero-usage", prompt_tokens=0, completion_tokens=0, total_tokens=0)
_usage("cached-usage", prompt_tokens=1000, prompt_tokens_details={"cached_tokens": 900, "image_tokens": 50})


@behaviour
def no_usage(hit: Hit) -> Reply:
    """Leave the usage out."""
    return as_json({key: value for key, value in completion(hit).items() if key != "usage"})
