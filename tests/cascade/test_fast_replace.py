"""The fast copy of a frozen value is what `dataclasses.replace` gives."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest

from cascade.fast_replace import fast_replace
from cascade.result import Result
from cascade.verdict import Verdict


def test_a_copy_differs_in_what_was_changed_only() -> None:
    for value, fields in (
        (Verdict(score=0.5, signals={"mean": -1.0}), {"name": "logprob", "calls": 2}),
        (Result(request_id="r-1", outcome="accepted", flags=("uncalibrated",)), {"latency_s": 2.0}),
    ):
        assert fast_replace(value, **fields) == replace(value, **fields) != value


def test_a_copy_is_frozen_and_a_field_that_does_not_exist_is_refused() -> None:
    verdict = fast_replace(Verdict(score=0.5), calls=1)
    with pytest.raises(FrozenInstanceError):
        verdict.calls = 2
    with pytest.raises(AttributeError):
        fast_replace(verdict, call=1)
