"""Samples on disk: round trips, and one sentence with file and line for everything that is wrong."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.errors import DataError
from cascade.samples.jsonl import LINE_LIMIT, read_samples, sample_line, sample_of

GOOD = {"id": "a", "task": "t", "prompt": "?", "recordings": [{"model": "m", "content": "x", "correct": 1.0}]}

shares = st.floats(0, 1)
verdicts = st.dictionaries(
    st.sampled_from(["schema", "judge"]),
    st.fixed_dictionaries(
        {"score": shares | st.none()},
        optional={"cost_usd": shares, "veto": st.booleans(), "signals": st.just({"a": 0.5})},
    ),
)
recordings = st.lists(
    st.fixed_dictionaries(
        {"model": st.sampled_from(["small", "large"])},
        optional={
            "content": st.text(),
            "logprobs": st.lists(st.floats(-50, 0)),
            "samples": st.lists(st.text()),
            "usage": st.fixed_dictionaries({"input_tokens": st.integers(0, 99), "output_tokens": st.integers(0, 99)}),
            "cost_usd": shares | st.none(),
            "latency_s": shares,
            "verdicts": verdicts,
            "correct": shares | st.none(),
            "unknown": st.integers(),
        },
    ),
    unique_by=lambda recording: recording["model"],
    max_size=2,
)
samples = st.fixed_dictionaries(
    {"id": st.text(min_size=1), "prompt": st.text(), "recordings": recordings},
    optional={
        "gold": st.none() | st.text() | st.dictionaries(st.text(), st.integers()),
        "schema": st.just({"type": "object"}),
        "tools": st.just([{"type": "function", "function": {"name": "f"}}]),
        "metadata": st.dictionaries(st.text(), st.text()),
        "group": st.text(),
        "propensity": st.floats(0.01, 1),
        "tags": st.dictionaries(st.text(), st.text()),
        "later": st.integers(),
    },
)


@given(samples)
def test_a_sample_survives_its_line(content: dict[str, Any]) -> None:
    sample = sample_of(content)
    line = json.loads(json.dumps(sample_line(sample)))
    assert sample_of(line) == sample
    assert line.get("later") == content.get("later"), "what this release does not know is kept"


def write(path: Path, *lines: Any) -> Path:
    """Write lines, as JSON where they are not text already."""
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "not JSON"),
        ("[]", "should be a valid dictionary"),
        ('{"id": "b", "prompt": "?", "gold": NaN}', "NaN"),
        ('{"id": "b", "prompt": "?", "recordings": [{"model": "m", "cost_usd": -Infinity}]}', "Infinity"),
        ('{"id": "b"}', "neither `messages` nor `prompt`"),
        ({**GOOD, "id": True}, "id is True"),
        (GOOD, "appears twice"),
        ({**GOOD, "id": "b", "task": "../etc"}, "task name"),
        ({**GOOD, "id": "b", "propensity": 0}, "propensity"),
        ({**GOOD, "id": "b", "recordings": {}}, "recordings"),
        ({**GOOD, "id": "b", "recordings": [{"content": "x"}]}, "recordings.0.model: missing"),
        ({**GOOD, "id": "b", "recordings": [{"model": "m", "correct": 1.5}]}, "correct is 1.5"),
        ({**GOOD, "id": "b", "recordings": [{"model": "m", "correct": "yes"}]}, "correct is 'yes'"),
        ({**GOOD, "id": "b", "recordings": [{"model": "m", "logprobs": [0.5]}]}, "logprobs"),
        ({**GOOD, "id": "b", "recordings": [{"model": "m", "verdicts": {"v": {"score": 2}}}]}, "score"),
        ({**GOOD, "id": "b", "recordings": [{"model": "m"}, {"model": "m"}]}, "appears twice"),
        ({**GOOD, "id": "b", "messages": []}, "no messages"),
        ("[" * 100_000, "deep"),
        ('{"id": "' + "b" * LINE_LIMIT + '"}', "over 64 MiB"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_wrong_is_said_with_file_and_line(tmp_path: Path, line: Any, said: str) -> None:
    file = write(tmp_path / "s.jsonl", GOOD, line)
    with pytest.raises(DataError) as error:
        list(read_samples(file))
    assert str(error.value).startswith(f"{file}, line 2:")
    assert said in str(error.value)
    assert len(str(error.value)) < 500


def test_a_gzipped_file_reads_the_same_and_a_broken_one_is_said_to_be(tmp_path: Path) -> None:
    data = gzip.compress(json.dumps(GOOD).encode())
    (tmp_path / "s.jsonl.gz").write_bytes(data)
    assert [sample.request.id for sample in read_samples(tmp_path / "s.jsonl.gz")] == ["a"]
    (tmp_path / "s.jsonl.gz").write_bytes(data[:-8])
    with pytest.raises(DataError, match="cannot be read"):
        list(read_samples(tmp_path / "s.jsonl.gz"))


def test_a_missing_file_and_one_that_is_no_text_are_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read: No such file"):
        list(read_samples(tmp_path / "none.jsonl"))
    (tmp_path / "s.jsonl").write_bytes(b'{"id": "\xff"}')
    with pytest.raises(DataError, match="line 1: it is not UTF-8"):
        list(read_samples(tmp_path / "s.jsonl"))


def test_the_same_id_in_two_tasks_is_two_samples(tmp_path: Path) -> None:
    file = write(tmp_path / "s.jsonl", GOOD, {**GOOD, "task": "u"}, "", "  ")
    assert [sample.key for sample in read_samples(file)] == [("t", "a"), ("u", "a")]


def test_every_shared_set_reads(shared_data: Path) -> None:
    for path in sorted(shared_data.glob("*.jsonl.gz")):
        first = next(read_samples(path))
        assert sample_of(json.loads(json.dumps(sample_line(first)))) == first


@pytest.mark.parametrize(
    "line",
    [
        '{"id": "1", "prompt": "a", "prompt": "b"}',
        '{"id": "1", "prompt": "a", "recordings": [{"model": "m", "content": "x", "correct": 1, "correct": 0}]}',
        '{"id": "1", "prompt": "a", "schema": {"type": "object", "type": "string"}}',
    ],
)
def test_a_key_that_stands_twice_is_refused_wherever_it_stands(tmp_path, line):
    (tmp_path / "s.jsonl").write_text('{"id": "0", "prompt": "fine"}\n' + line + "\n")
    with pytest.raises(DataError, match=r"s\.jsonl, line 2: the key '\w+' is twice in one object"):
        list(read_samples(tmp_path / "s.jsonl"))


def test_a_bad_value_of_a_rung_that_is_not_asked_for_leaves_out_that_recording_only_and_says_so(tmp_path) -> None:
    good = {"model": "a/small", "rung": "small", "content": "1", "correct": 1}
    for bad in (
        {"model": "a/other", "rung": "other", "cost_usd": -1},
        {"model": "a/other", "correct": 2},
        {"model": "a/other", "logprobs": [0.5]},
        {"model": "a/other", "verdicts": {"j": {"score": 1.5}}},
    ):
        path = tmp_path / "s.jsonl"
        path.write_text(json.dumps({"prompt": "x", "recordings": [good, bad]}) + "\n")
        with pytest.raises(DataError, match="line 1"):
            list(read_samples(path))
        said: list[str] = []
        (sample,) = read_samples(path, rungs=["small", "large"], say=said.append)
        assert list(sample.recordings) == ["small"]
        assert len(said) == 1
        with pytest.raises(DataError, match="line 1"):
            list(read_samples(path, rungs=["small", "other", "a/other"]))
