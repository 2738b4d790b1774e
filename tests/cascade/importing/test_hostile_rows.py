"""Rows of any shape: whatever stands in a value's place, a row is imported or counted, and never stops the rest."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cascade.importing.importer import import_files
from cascade.samples.jsonl import read_samples
from tests import foreign_files as made

PLAIN = [
    *([], {}, [[]], [None], [7], {"a": []}, "[1", '{"a": 1}', "[]", '"x"', "\ud800", "1e999", [[], {}], "0x", "-1"),
    *(
        {"role": "user"},
        [{"type": "image_url"}],
        [{"type": []}],
        [{"role": 7}],
        [{"role": []}],
        {"messages": 7},
        "9" * 400,
    ),
]
JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**30), 10**30), st.floats(), st.text(max_size=5), st.sampled_from(PLAIN)
)


def traced(number: int) -> dict[str, Any]:
    """Give a line of spans in which prompt and answer stand in every form."""
    events = [
        {"name": "gen_ai.user.message", "attributes": [made.attribute("content", "Hi")]},
        {"name": "gen_ai.choice", "attributes": [made.attribute("message", '{"content": "Ho"}')]},
    ]
    return made.export(made.span(number, made.parts(number), events), made.span(number + 50, {}, events))


FORMS: dict[str, list[Callable[[int], dict[str, Any]]]] = {
    "openai-batch": [made.batch_input, made.batch_output],
    "anthropic-batch": [made.message_params, made.message_result],
    "litellm-spend": [made.spend_row],
    "langfuse": [made.observation, made.score],
    "promptfoo": [made.evaluation],
    "otel": [traced],
}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value in a row, texts that are JSON entered too."""
    if path:
        yield path
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*path, key))
    elif isinstance(value, str) and value[:1] in ("{", "["):
        with suppress(ValueError):
            yield from places(json.loads(value), (*path, "json"))


def replaced(value: Any, path: tuple[Any, ...], junk: Any) -> Any:
    """Return a row with another value in one place."""
    if not path:
        return junk
    if path[0] == "json" and isinstance(value, str):
        return json.dumps(replaced(json.loads(value), path[1:], junk))
    made_anew = deepcopy(value)
    made_anew[path[0]] = replaced(value[path[0]], path[1:], junk)
    return made_anew


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=40)
@given(data=st.data())
def test_a_row_with_anything_in_any_place_is_imported_or_counted(form: str, data: st.DataObject) -> None:
    rows = [[row(number) for number in range(3)] for row in FORMS[form]]
    for _ in range(data.draw(st.integers(1, 3))):
        lines = data.draw(st.sampled_from(rows))
        path = data.draw(st.sampled_from([*places(lines[1])]))
        try:
            lines[1] = replaced(lines[1], path, data.draw(JUNK))
        except (KeyError, IndexError, TypeError, ValueError):
            continue  # an earlier replacement has taken this place away
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = [made.write_lines(folder / f"{place}.jsonl", lines) for place, lines in enumerate(rows)]
        tally = import_files(files, folder / "samples.jsonl", rungs={}, formats=[form] * len(files))
        samples = [*read_samples(folder / "samples.jsonl")]
    kept = sum(len(sample.recordings) for sample in samples)
    again = sum(repeats.n for repeats in tally.repeats.values())
    assert kept == sum(tally.recordings.values()) >= 1
    assert tally.rows == kept + again + tally.n_skipped + sum(tally.beside.values())
