"""Whatever JSON a client sends is read or refused as its own mistake, in every dialect."""

from __future__ import annotations

import contextlib
import json
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.dialects.inbound import chat, messages, responses
from cascade.errors import DataError
from tests.cascade.dialects.inbound.recorded_clients import recorded

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
DIALECTS: dict[str, ModuleType] = {
    "/v1/chat/completions": chat,
    "/v1/responses": responses,
    "/v1/messages": messages,
}
BODIES = {path: [one.body for one in recorded(path)] for path in DIALECTS}


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return every place in a body."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, item in inner for place in places(item, (*at, key)))]


def with_other(value: Any, place: tuple[Any, ...], other: Any) -> Any:
    """Return a body with something else at a place."""
    if not place:
        return other
    copied = json.loads(json.dumps(value))
    here = copied
    for key in place[:-1]:
        here = here[key]
    here[place[-1]] = other
    return copied


@pytest.mark.parametrize("path", DIALECTS)
@given(st.data())
def test_anything_at_any_place_of_a_real_body_is_read_or_refused(path: str, data: st.DataObject) -> None:
    body = data.draw(st.sampled_from(BODIES[path]))
    place = data.draw(st.sampled_from(places(body)))
    with contextlib.suppress(DataError):
        DIALECTS[path].read(with_other(body, place, data.draw(JSON)))


@pytest.mark.parametrize("path", DIALECTS)
@given(st.data())
def test_anything_as_any_parameter_is_read_or_refused(path: str, data: st.DataObject) -> None:
    table = DIALECTS[path].PARAMETERS
    names = sorted(table.passed | table.read | table.accepted.keys() | table.refused.keys())
    body = data.draw(st.sampled_from(BODIES[path]))
    with contextlib.suppress(DataError):
        DIALECTS[path].read({**body, data.draw(st.sampled_from(names)): data.draw(JSON)})
