"""Lines and tables as other programs write them: taken, or refused in one sentence with line and field."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade import DataError
from cascade.cli.schema import schema_of
from cascade.exchange import Response, TokenLogProb
from cascade.samples.jsonl import read_samples, sample_line, sample_of
from cascade.samples.line_types import RecordingLine, SampleLine, UsageLine, VerdictLine
from cascade.samples.reader import read_files
from cascade.samples.sample import Recording, SampleWarning
from cascade.samples.table import parse_mapping

MAP = parse_mapping("id=i,prompt=q,gold=g,recordings.small=a,recordings.small.correct=c,recordings.small.cost_usd=u")


def line(**fields):
    recording = {"model": "small", "content": "4", **fields.pop("recording", {})}
    return {"id": "x", "prompt": "2+2?", "gold": "4", "recordings": [recording], **fields}


def fields_of(form, *but):
    return sorted(form.__annotations__.keys() - {"__pydantic_config__", *but})


@pytest.mark.parametrize(
    "null",
    [
        *({name: None} for name in fields_of(SampleLine, "prompt")),
        *({"recording": {name: None}} for name in fields_of(RecordingLine, "model")),
        *({"recording": {"usage": {name: None}}} for name in fields_of(UsageLine)),
        *({"recording": {"verdicts": {"v": {name: None}}}} for name in fields_of(VerdictLine)),
        {"recording": {"verdicts": {"v": None}}},
        {"tags": {"team": None}},
        {"params": {"temperature": None}},
    ],
    ids=json.dumps,
)
def test_a_null_field_is_an_absent_one(null):
    made = sample_of(line(**null))
    assert made.request.prompt == "2+2?"
    assert sample_of(json.loads(json.dumps(sample_line(made)))) == made
    assert None not in [*made.request.params.values(), *made.request.tags.values()]


def test_null_fields_of_messages_and_their_parts_are_not_sent():
    picture = {"type": "image_url", "image_url": {"url": "data:,x", "detail": None}, "text": None}
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}, "custom": None}
    use = {"type": "tool_use", "id": "c", "name": "f", "input": {"when": None}}
    messages = [
        {"role": "user", "content": [picture], "name": None, "tool_calls": None},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "assistant", "content": [use]},
    ]
    one, two, three = sample_of({"id": "x", "messages": messages}).request.messages
    assert one == {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,x"}}]}
    assert two["content"] is None
    assert set(two["tool_calls"][0]) == {"id", "type", "function"}
    assert three["content"] == [use], "what a tool was given may be null"


@pytest.mark.parametrize("field", ["id", "task", "group", "session"])
@pytest.mark.parametrize(("value", "text"), [(7, "7"), (7.0, "7"), (2**70, str(2**70)), (0, "0")])
def test_a_number_is_a_name(field, value, text):
    assert getattr(sample_of(line(**{field: value})).request, field) == text


@pytest.mark.parametrize("value", [True, 1.5, [], {"a": 1}])
@pytest.mark.parametrize("field", ["id", "task", "group", "session"])
def test_what_is_no_name_is_refused_by_field(tmp_path, field, value):
    (tmp_path / "s.jsonl").write_text(json.dumps(line(**{field: value})) + "\n")
    with pytest.raises(DataError, match=rf"s\.jsonl, line 1: {field} is "):
        list(read_samples(tmp_path / "s.jsonl"))


def test_an_id_as_number_and_as_text_is_the_same_id(tmp_path):
    (tmp_path / "s.jsonl").write_text(json.dumps(line(id=7)) + "\n" + json.dumps(line(id="7")) + "\n")
    with pytest.raises(DataError, match=r"line 2: id '7'.* appears twice"):
        list(read_samples(tmp_path / "s.jsonl"))


@pytest.mark.parametrize(("label", "share"), [(True, 1.0), (False, 0.0), (1, 1.0), (0.5, 0.5)])
def test_a_label_may_be_true_or_false(label, share):
    (recording,) = sample_of(line(recording={"correct": label})).recordings.values()
    assert recording.correct == share
    assert isinstance(recording.correct, float)


def test_whole_numbers_of_a_column_with_gaps_are_counts():
    (recording,) = sample_of(line(recording={"usage": {"input_tokens": 12.0}})).recordings.values()
    assert recording.response.usage.input_tokens == 12
    with pytest.raises(ValueError, match="input_tokens"):
        sample_of(line(recording={"usage": {"input_tokens": 12.5}}))


@pytest.mark.parametrize("written", ["null", "-Infinity"])
def test_minus_infinity_is_a_log_probability_and_so_is_the_null_that_it_becomes(tmp_path, written):
    text = json.dumps(line(recording={"tokens": ["4", None], "logprobs": [-0.1, "LOW"]})).replace('"LOW"', written)
    (tmp_path / "s.jsonl").write_text(text)
    (sample,) = read_samples(tmp_path / "s.jsonl")
    assert [item.logprob for item in sample.recordings["small"].response.logprobs] == [-0.1, -9999.0]
    assert sample_of(json.loads(json.dumps(sample_line(sample)))) == sample


def test_the_first_token_of_an_echo_has_no_log_probability_and_is_left_out():
    made = sample_of(line(recording={"tokens": ["<s>", "4"], "logprobs": [None, -0.1]}))
    assert made.recordings["small"].response.logprobs == (TokenLogProb(token="4", logprob=-0.1),)


@given(st.lists(st.floats(max_value=1e-6) | st.just(math.nan) | st.floats(min_value=0.1), min_size=1))
def test_every_answer_that_was_recorded_can_be_written_and_read(logprobs):
    response = Response(text="x", logprobs=tuple(TokenLogProb(token=None, logprob=value) for value in logprobs))
    made = sample_of(line())
    written = json.dumps(
        sample_line(
            type(made)(request=made.request, recordings={"m": Recording(rung="m", model="m", response=response)})
        ),
        allow_nan=False,
    )
    (read,) = sample_of(json.loads(written)).recordings.values()
    usable = all(value <= 1e-6 for value in logprobs)
    assert (read.response.logprobs is not None, "unusable_logprobs" in read.extra) == (usable, not usable)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e400"])
@pytest.mark.parametrize(
    ("place", "template"),
    [
        ("gold", '{"prompt": "?", "gold": #}'),
        ("gold.a.1", '{"prompt": "?", "gold": {"a": [1, #]}}'),
        ("metadata.x", '{"prompt": "?", "metadata": {"x": #}}'),
        ("later", '{"prompt": "?", "later": #}'),
        ("params.temperature", '{"prompt": "?", "params": {"temperature": #}}'),
        ("messages.0.x", '{"messages": [{"role": "user", "content": "?", "x": #}]}'),
        ("recordings.0.cost_usd", '{"prompt": "?", "recordings": [{"model": "m", "cost_usd": #}]}'),
        ("recordings.0.usage.x", '{"prompt": "?", "recordings": [{"model": "m", "usage": {"x": #}}]}'),
    ],
)  # fmt: skip
def test_a_number_that_is_not_finite_is_refused_by_line_and_field(tmp_path, place, template, number):
    (tmp_path / "s.jsonl").write_text(json.dumps(line()) + "\n" + template.replace("#", number) + "\n")
    with pytest.raises(DataError, match=rf"s\.jsonl, line 2: {place} is .*finite number was expected"):
        list(read_samples(tmp_path / "s.jsonl"))


@pytest.mark.parametrize("packed", [False, True])
def test_a_line_with_pictures_is_read(tmp_path, packed):
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 5_000_000}}
    data = (json.dumps({"id": "i", "messages": [{"role": "user", "content": [picture] * 2}]}) + "\n").encode()
    path = tmp_path / ("s.jsonl.gz" if packed else "s.jsonl")
    path.write_bytes(gzip.compress(data, 1) if packed else data)
    (sample,) = read_files([path])
    assert sample.request.messages[0]["content"] == [picture] * 2


def test_half_a_surrogate_pair_survives_and_does_not_stop_a_file(tmp_path):
    (tmp_path / "s.jsonl").write_text(json.dumps(line(id="\ud83d", prompt="well \ud83d", gold="\ude00")) + "\n")
    (sample,) = read_files([tmp_path / "s.jsonl"])
    assert (sample.request.id, sample.request.prompt, sample.gold) == ("\ud83d", "well \ud83d", "\ude00")


def test_a_broken_archive_is_named_whatever_broke(tmp_path):
    data = bytearray(gzip.compress(b"x" * 10_000))
    data[12:16] = b"\xff\xff\xff\xff"
    for name in ("s.jsonl.gz", "s.csv.gz"):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(DataError, match=rf"{name} cannot be read"):
            read_files([tmp_path / name])


def test_turns_of_a_session_share_a_group_unless_one_is_given():
    assert sample_of(line(session="s")).request.group == "s"
    assert sample_of(line(session="s", group="g")).request.group == "g"
    assert sample_line(sample_of(line(session="s")))["session"] == "s"


def test_the_published_schema_takes_what_the_reader_takes():
    import jsonschema

    check = jsonschema.Draft202012Validator(schema_of("samples"))
    full = line(id=7, tags=None, recording={"correct": True, "logprobs": [None, -0.1], "usage": {"input_tokens": 1.0}})
    check.validate(full)
    with pytest.raises(jsonschema.ValidationError):
        check.validate(line(recording={"correct": "yes"}))


# Tables: the same rows as CSV, TSV, either gzipped, and Parquet.


def csv_text(rows, delimiter=","):
    import io

    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerow(rows[0])
    writer.writerows([["" if cell is None else cell for cell in row.values()] for row in rows])
    return file.getvalue().encode()


def parquet(path, rows):
    arrow = pytest.importorskip("pyarrow")
    import pyarrow.parquet

    pyarrow.parquet.write_table(arrow.Table.from_pylist(rows), path)


@pytest.fixture(params=[".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet"])
def table(request, tmp_path):
    def written(rows):
        path = tmp_path / f"t{request.param}"
        if request.param == ".parquet":
            parquet(path, rows)
        else:
            data = csv_text(rows, "\t" if "tsv" in request.param else ",")
            path.write_bytes(gzip.compress(data) if request.param.endswith(".gz") else data)
        return path

    return written


def row(i, a="4", c=None, u=None, q="2+2?", g="4"):
    return {"i": i, "q": q, "g": g, "a": a, "c": c, "u": u}


def test_an_empty_answer_with_a_label_or_a_cost_is_an_answer(table):
    rows = [row(1, a=None, c=0.0), row(2, a="4", c=1.0), row(3, a=None, u=0.01)]
    found = [sample.recordings["small"] for sample in read_files([table(rows)], MAP)]
    assert [(one.response.text, one.correct, one.response.cost_usd) for one in found] == [
        ("", 0.0, None),
        ("4", 1.0, None),
        ("", None, 0.01),
    ]


def test_an_empty_cell_without_label_and_cost_is_not_asked_and_said(table):
    rows = [row(1, a=None), row(2, c=1.0), row(3, a=None, u=None)]
    with pytest.warns(SampleWarning, match=r"2 rows without an answer, a label and a cost of small"):
        found = read_files([table(rows)], MAP)
    assert [len(sample.recordings) for sample in found] == [0, 1, 0]


def test_a_label_without_its_answer_s_column_is_refused(table):
    with pytest.raises(DataError, match=r"recordings\.small\.correct.*add recordings\.small=COLUMN"):
        read_files([table([row(1, c=1.0)])], parse_mapping("prompt=q,recordings.small.correct=c"))


def test_a_prompt_over_a_megabyte_is_read(table):
    (sample,) = read_files([table([row(1, q="A" * 3_000_000)])], parse_mapping("prompt=q"))
    assert len(sample.request.prompt) == 3_000_000


@pytest.mark.parametrize("bad", ["inf", "-inf", "1e999", "maybe"])
def test_a_figure_that_is_no_number_is_refused_by_line_and_column(tmp_path, bad):
    (tmp_path / "t.csv").write_bytes(csv_text([row(1, c=1), row(2, c=bad)]))
    with pytest.raises(
        DataError, match=rf"t\.csv, line 3: column 'c' \(recordings\.small\.correct\) is '{bad}'; a number"
    ):
        read_files([tmp_path / "t.csv"], MAP)


def test_bytes_that_are_no_utf8_are_named_by_line_and_column(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"i,q\n1,fine\n2,caf\xe9\n")
    with pytest.raises(DataError, match=r"t\.csv, line 3: column 'q' is not UTF-8"):
        read_files([tmp_path / "t.csv"], parse_mapping("prompt=q"))


def test_a_column_that_is_there_twice_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("q,q\na,b\n")
    with pytest.raises(DataError, match="the column 'q' is there twice"):
        read_files([tmp_path / "t.csv"], parse_mapping("prompt=q"))


@pytest.mark.parametrize(
    ("cell", "gold"),
    [
        (4, 4),
        (4.5, 4.5),
        (True, True),
        (Decimal("12.340"), "12.340"),
        (dt.date(2024, 2, 29), "2024-02-29"),
        (dt.datetime.fromisoformat("2024-02-29"), "2024-02-29"),
        (dt.datetime.fromisoformat("2024-02-29T13:05"), "2024-02-29T13:05:00"),
        (dt.datetime(2024, 2, 29, tzinfo=dt.UTC), "2024-02-29T00:00:00+00:00"),
        (dt.time(13, 5), "13:05:00"),
        (b"four", "four"),
        ([Decimal("1.50")], ["1.50"]),
        ([1, 2], [1, 2]),
        ({"n": 4, "d": dt.date(2024, 2, 29)}, {"n": 4, "d": "2024-02-29"}),
        ('{"n": 6}', {"n": 6}),
        ("[not json", "[not json"),
    ],
    ids=repr,
)
def test_gold_answers_of_parquet_are_what_they_say(tmp_path, cell, gold):
    parquet(tmp_path / "t.parquet", [row(1, g=cell)])
    (sample,) = read_files([tmp_path / "t.parquet"], MAP)
    assert sample.gold == gold
    assert sample_of(json.loads(json.dumps(sample_line(sample)))) == sample


@pytest.mark.parametrize(
    ("field", "cell"),
    [
        ("g", math.inf),
        ("g", b"\xff\xfe"),
        ("g", [math.inf]),
        ("g", dt.timedelta(seconds=3)),
        ("q", ["a", "b"]),
        ("q", {"role": "user"}),
        ("q", b"\xff"),
        ("a", math.inf),
        ("c", math.inf),
        ("u", "cheap"),
        ("i", [1]),
    ],
    ids=repr,
)
def test_cells_of_parquet_that_cannot_be_read_are_named_by_line_and_column(tmp_path, field, cell):
    parquet(tmp_path / "t.parquet", [{**row(1), field: cell}])
    with pytest.raises(DataError, match=rf"t\.parquet, line 1: column '{field}' .* expected"):
        read_files([tmp_path / "t.parquet"], MAP)


def test_a_date_that_python_cannot_hold_is_named_by_line_and_column(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    import pyarrow.parquet

    columns = {"q": ["a", "b"], "g": arrow.array([0, 10**17], arrow.timestamp("ms"))}
    pyarrow.parquet.write_table(arrow.table(columns), tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"t\.parquet, line 2: column .g. holds a timestamp.* cannot be read"):
        read_files([tmp_path / "t.parquet"], parse_mapping("prompt=q,gold=g"))


@pytest.mark.parametrize("cell", [7, 7.0, "7", Decimal(7)])
def test_ids_of_parquet_are_texts(tmp_path, cell):
    parquet(tmp_path / "t.parquet", [row(cell)])
    (sample,) = read_files([tmp_path / "t.parquet"], MAP)
    assert sample.request.id == "7"
