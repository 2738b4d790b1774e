"""The record of a try: what one try of a call learnt of its connections holds for its later tries, and no other's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cascade.clients.wire import WIRE, wire_of
from cascade.exchange import ModelCall

CALL = ModelCall(rung="small", model="openai/m", messages=({"role": "user", "content": "hi"},), request_id="r-1")


@pytest.fixture(autouse=True)
def _no_earlier_try():
    WIRE.set(None)


def test_a_connection_is_replaced_once_a_call_however_many_tries_it_takes():
    wire_of(CALL, ends_at=1.0).replaced = True
    assert wire_of(CALL, ends_at=2.0).replaced
    assert wire_of(replace(CALL, api_base="http://elsewhere", endpoint="b"), ends_at=3.0).replaced


@pytest.mark.parametrize("other", [{"request_id": "r-2"}, {"rung": "large"}, {"verifier": "judge"}, {"sample": 1}])
def test_another_call_begins_anew(other):
    wire_of(CALL, ends_at=1.0).replaced = True
    assert not wire_of(replace(CALL, **other), ends_at=2.0).replaced


def test_the_record_is_the_current_one():
    assert WIRE.get() is None
    assert wire_of(CALL, ends_at=1.0) is WIRE.get()
