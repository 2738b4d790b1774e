"""Bulk runs with tables: CSV, TSV and Parquet in and out, and shards."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade import Cascade, ConfigError, Ladder, Rung, ScriptedClient
from cascade.bulk.batch import run_file
from cascade.bulk.journal import journal_of
from cascade.bulk.request_file import RequestFile, read_requests
from cascade.bulk.result_table import COLUMNS, form_of, table_line, table_pieces
from cascade.bulk.shard import Shard
from cascade.bulk.stop import Stop

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
LADDER = Ladder(Rung("m/small", name="small"), Rung("m/large", name="large"))
ENDINGS = [".csv", ".tsv", ".parquet"]


def read_table(path):
    if path.suffix == ".parquet":
        pq = pytest.importorskip("pyarrow.parquet")
        return pq.read_table(path).to_pylist()
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ","))


def write_table(path, n):
    rows = [{"key": f"q{i}", "question": f"question {i}, or\nso"} for i in range(n)]
    if path.suffix == ".parquet":
        pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, ["key", "question"], delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)
    return RequestFile(path, mapping={"id": "key", "prompt": "question"})


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_table_in_is_a_table_out_in_its_order(tmp_path, ending):
    requests, output = write_table(tmp_path / f"in{ending}", 7), tmp_path / f"out{ending}"
    with Cascade(LADDER, client=ScriptedClient(default='He said "4",\nand\tleft.')) as app:
        run_file(app, requests, output, concurrency=3)
    rows = read_table(output)
    assert requests.checked() == 7
    assert list(rows[0]) == list(COLUMNS)
    assert [row["id"] for row in rows] == [f"q{i}" for i in range(7)]
    assert {row["answer"] for row in rows} == {'He said "4",\nand\tleft.'}
    assert json.loads(rows[0]["attempts"])[0]["rung"] == "small"


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_stopped_run_of_tables_goes_on_and_nothing_is_asked_twice(tmp_path, ending):
    requests, output, stop = write_table(tmp_path / f"in{ending}", 20), tmp_path / f"out{ending}", Stop()
    first, second = ScriptedClient(default="It is 4."), ScriptedClient(default="It is 4.")
    with Cascade(LADDER, client=first) as app:
        run_file(app, requests, output, concurrency=2, stop=stop, on_done=lambda n, *_: stop.wish() if n > 4 else None)
    assert not output.exists()
    with Cascade(LADDER, client=second) as app:
        run_file(app, requests, output)
    assert len(first.calls) + len(second.calls) == len(read_table(output)) == 20


def test_csv_as_finished_has_each_row_at_once_and_parquet_is_refused_before_anything_is_asked(tmp_path):
    requests, output = write_table(tmp_path / "in.csv", 5), tmp_path / "out.csv"
    client = ScriptedClient(default="It is 4.")

    def done(_count, _spent, result):
        assert result is None or read_table(output)[-1]["id"] == result.request_id

    with Cascade(LADDER, client=client) as app:
        run_file(app, requests, output, order="as-finished", on_done=done)
        with pytest.raises(ConfigError, match="complete"):
            run_file(app, requests, tmp_path / "out.parquet", order="as-finished")
    assert len(client.calls) == len(read_table(output)) == 5
    assert not journal_of(tmp_path / "out.parquet").exists()


def test_a_compressed_output_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="not compressed"):
        form_of(tmp_path / "out.csv.gz", "input")


@pytest.mark.parametrize("answer", ["=SUM(A1)", "\ud800", None, "'quoted"])
def test_no_answer_is_a_formula_or_breaks_the_file(tmp_path, answer):
    line = json.dumps({**dict.fromkeys(COLUMNS), "answer": answer, "usage": {}}).encode()
    (tmp_path / "row.csv").write_bytes(",".join(COLUMNS).encode() + b"\n" + table_line(line, "csv"))
    assert not read_table(tmp_path / "row.csv")[0]["answer"].startswith("=")


@given(st.lists(st.text(min_size=1), unique=True), st.integers(1, 9))
def test_shards_are_a_partition_whatever_the_order(ids, of):
    shards = [Shard(number=number, of=of) for number in range(1, of + 1)]
    assert all(sum(shard.has(one) for shard in shards) == 1 for one in ids)


def test_shards_of_one_file_are_disjoint_outputs_that_together_are_the_whole(tmp_path):
    write_table(tmp_path / "in.csv", 50)
    mapping, found = {"id": "key", "prompt": "question"}, []
    for number in (1, 2, 3):
        shard = Shard.parse(f"{number}/3")
        with Cascade(LADDER, client=ScriptedClient(default="4")) as app:
            run_file(
                app, RequestFile(tmp_path / "in.csv", mapping=mapping, shard=shard), shard.path(tmp_path / "out.csv")
            )
        found.append({row["id"] for row in read_table(tmp_path / f"out-{number}-of-3.csv")})
    assert all(found)
    assert sum(map(len, found)) == len(set.union(*found)) == 50


@pytest.mark.parametrize("text", ["0/8", "9/8", "3", "3/0", "a/b", "-1/2", "1/2/3"])
def test_what_is_no_shard_is_refused(text):
    with pytest.raises(ConfigError, match="3/8"):
        Shard.parse(text)


def test_a_row_without_an_id_keeps_its_shard_when_the_file_is_turned_round(tmp_path):
    rows = ['{"prompt": "a"}', '{"prompt": "b"}', '{"prompt": "c"}']
    shard, found = Shard(number=1, of=2), []
    for order in (rows, rows[::-1]):
        (tmp_path / "in.jsonl").write_text("\n".join(order) + "\n")
        found.append({one.id for one in RequestFile(tmp_path / "in.jsonl", shard=shard)})
    assert found[0] == found[1] <= {one.id for one in read_requests(tmp_path / "in.jsonl")}


def test_row_groups_of_parquet_are_few_however_many_rows_there_are_for_the_file_keeps_each_in_memory():
    pq = pytest.importorskip("pyarrow.parquet")
    line = json.dumps(dict.fromkeys(COLUMNS) | {"id": "q", "answer": "It is 12. " * 20, "usage": {}, "attempts": []})
    data = b"".join(table_pieces((line.encode() for _ in range(20_000)), "parquet"))
    file = pq.ParquetFile(io.BytesIO(data))
    assert file.metadata.num_rows == 20_000
    assert file.num_row_groups <= 2
