"""Inputs of a cluster: blocks that are the same in every run, ids that are there and differ. No cluster is needed."""

from __future__ import annotations

import itertools

import pytest

from cascade.bulk.cluster.blocks import MOST_OF_A_GROUP, ParquetInput, _read
from cascade.bulk.cluster.run import _share
from cascade.bulk.cluster.work import Work
from cascade.errors import ConfigError, DataError

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
FIELDS = {"id": "id", "prompt": "prompt"}


def write(path, ids, **how):
    pq.write_table(pa.table({"id": ids, "prompt": ["?"] * len(ids)}), path, **how)


@pytest.mark.parametrize("group", [7, 600, 5_000, 100_000])
def test_blocks_hold_every_row_once_in_order_whatever_the_row_groups(tmp_path, group):
    ids = [f"q{i}" for i in range(12_345)]
    write(tmp_path / "a.parquet", ids[:5_000], row_group_size=group)
    write(tmp_path / "b.parquet", ids[5_000:], row_group_size=group)
    found = ParquetInput(str(tmp_path / "*.parquet"))
    assert found.checked(FIELDS) == len(ids)
    blocks = found.blocks()
    tables = [next(iter(_read(found.filesystem, block, ("id",)))) for block in blocks]
    assert [table.num_rows for table in tables] == [block.rows for block in blocks]
    assert list(itertools.chain.from_iterable(table["id"].to_pylist() for table in tables)) == ids
    of_groups = itertools.groupby(blocks, lambda block: (block.name, block.group))
    assert max(len(list(some)) for _, some in of_groups) <= MOST_OF_A_GROUP


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (["a", "b", "a"], "id 'a' appears twice"),
        (["a", None], "a row has no id"),
        (["a", ""], "a row has no id"),
        ([1, 2], "a column `id` of texts; found one of int64"),
    ],
)
def test_ids_are_texts_that_differ(tmp_path, ids, said):
    write(tmp_path / "in.parquet", ids)
    with pytest.raises(DataError, match=said):
        ParquetInput(str(tmp_path / "in.parquet")).checked(FIELDS)


def test_an_id_twice_is_found_across_files_and_another_column_is_no_id(tmp_path):
    write(tmp_path / "a.parquet", ["a", "b"])
    write(tmp_path / "b.parquet", ["c", "b"])
    found = ParquetInput(str(tmp_path / "?.parquet"))
    with pytest.raises(DataError, match=r"b\.parquet: id 'b' appears twice"):
        found.checked(FIELDS)
    with pytest.raises(DataError, match="column `id`"):
        found.checked({"id": "order", "prompt": "prompt"})


def test_what_is_no_parquet_or_differs_is_refused_by_name(tmp_path):
    (tmp_path / "in.jsonl").write_text("{}\n")
    (tmp_path / "broken.parquet").write_text("no")
    for name in ("in.jsonl", "none-*.parquet", "none.parquet"):
        with pytest.raises(DataError, match="no Parquet files"):
            ParquetInput(str(tmp_path / name))
    with pytest.raises(DataError, match="cannot be read"):
        ParquetInput(str(tmp_path / "broken.parquet"))
    with pytest.raises(ConfigError, match="cannot be reached"):
        ParquetInput("nowhere://bucket/*.parquet")
    write(tmp_path / "x-1.parquet", ["a"])
    pq.write_table(pa.table({"id": ["b"]}), tmp_path / "x-2.parquet")
    with pytest.raises(DataError, match=r"x-2\.parquet has other columns"):
        ParquetInput(str(tmp_path / "x-*.parquet"))


@pytest.mark.parametrize(("cpus", "actors"), [(0, None), (1, None), (1, 1), (1.5, 1), (2, 6), (4, 26), (16, 146)])
def test_a_cluster_with_no_cpu_left_for_reading_is_refused(cpus, actors):
    with pytest.raises(ConfigError, match="no row would ever move"):
        _share(actors, cpus)


@pytest.mark.parametrize("cpus", [2, 3, 4, 8, 64])
def test_actors_leave_room_for_reading_writing_and_resuming(cpus):
    for actors in (None, 1, 2, 5):
        n, each = _share(actors, float(cpus))
        assert n == (actors or cpus - 1)
        assert 0.1 <= each <= 0.5
        assert n * each + 1.5 <= cpus + 1e-9


def test_an_output_goes_on_with_its_own_input_and_no_other(tmp_path):
    work = Work(str(tmp_path / "out"), "this", overwrite=False)
    work.begin()
    assert Work(str(tmp_path / "out"), "this", overwrite=False).resumed
    with pytest.raises(ConfigError, match="another input"):
        Work(str(tmp_path / "out"), "that", overwrite=False)
    work.finish(complete=True)
    (tmp_path / "out").mkdir()
    with pytest.raises(ConfigError, match="already exists"):
        Work(str(tmp_path / "out"), "this", overwrite=False)
    Work(str(tmp_path / "out"), "this", overwrite=True).begin()
    assert (tmp_path / "out").exists()
    begun_again = Work(str(tmp_path / "out"), "this", overwrite=False)
    begun_again.replace()
    assert not (tmp_path / "out").exists()
    (tmp_path / "out").mkdir()
    Work(str(tmp_path / "out"), "this", overwrite=False).replace()
    assert (tmp_path / "out").exists()


def test_a_run_that_is_refused_before_it_asks_leaves_the_output_and_nothing_beside_it(tmp_path):
    (tmp_path / "out").mkdir()
    work = Work(str(tmp_path / "out"), "this", overwrite=True)
    work.begin()
    work.withdraw()
    assert [one.name for one in tmp_path.iterdir()] == ["out"]
