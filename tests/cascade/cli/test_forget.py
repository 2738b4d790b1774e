"""A principal that is forgotten is in no row of the log and in no line of a file that came from it."""

from __future__ import annotations

import fcntl
import gzip
import json

import pytest

from cascade.clients.scripted import ScriptedClient
from cascade.engine.cascade import Cascade
from cascade.exchange import Request
from cascade.log import open_log
from tests.cascade.cli.conftest import read_lines, write_lines
from tests.opinions import ladder, policy

RUNGS = ladder("small", "large")


@pytest.fixture
def log(folder):
    client = ScriptedClient({"small": "0.9", "large": "0.9"})
    options = {"policy": policy(RUNGS, (0.5, 0.0)), "client": client, "log": folder / "decisions.db"}
    with Cascade(RUNGS, store_text="full", **options) as app:
        app.run_many([Request.of(f"canary-{i % 2} {i}", id=f"r-{i}", principal=f"p-{i % 2}") for i in range(6)])
    return folder / "decisions.db"


def test_it_is_gone_from_the_log_and_from_files(log, cli, folder) -> None:
    cli("samples", log, "-o", "samples.jsonl")
    write_lines(folder / "requests.jsonl", [{"id": f"r-{i}", "prompt": f"canary-{i % 2}"} for i in range(6)])
    ended = cli("forget", log, "samples.jsonl", "requests.jsonl", "--principal", "p-1", "--yes", "--json")
    assert ended.exit_code == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert (found["decisions"], found["lines"]) == (3, {"samples.jsonl": 3, "requests.jsonl": 3})
    for path in folder.iterdir():
        assert b"canary-1" not in path.read_bytes(), path
    assert [line["id"] for line in read_lines(folder / "samples.jsonl")] == ["r-0", "r-2", "r-4"]


def test_it_is_gone_from_exports_and_packed_files_and_all_others_stay_byte_for_byte(log, cli, folder) -> None:
    pytest.importorskip("pyarrow")
    cli("samples", log, "-o", "samples.jsonl")
    (folder / "samples.jsonl.gz").write_bytes(gzip.compress((folder / "samples.jsonl").read_bytes()))
    (folder / "table.csv").write_text('principal,prompt\np-0,"a\nb, ""c"""\np-1,canary-1\n')
    cli("export", log, "--csv", "csv")
    cli("export", log, "--parquet", "parquet")
    others = [f"csv/{name}.csv" for name in ("decisions", "attempts", "verdicts", "calls")]
    others += [f"parquet/{name}.parquet" for name in ("decisions", "attempts", "calls")]
    named = ("samples.jsonl", "samples.jsonl.gz", "table.csv", *others)
    ended = cli("forget", log, *named, "--principal", "p-1", "--yes", "--json")
    assert ended.exit_code == 0, ended.stderr
    found = json.loads(ended.stdout)["lines"]
    assert {found[name] for name in named if "verdicts" not in name and name != "table.csv"} == {3}
    assert (folder / "table.csv").read_text() == 'principal,prompt\np-0,"a\nb, ""c"""\n'
    assert b"canary-1" not in gzip.decompress((folder / "samples.jsonl.gz").read_bytes())
    for path in [folder / "samples.jsonl", *(folder / "csv").iterdir(), *(folder / "parquet").iterdir()]:
        assert b"canary-1" not in path.read_bytes(), path
        assert b"p-1" not in path.read_bytes(), path
    again = cli("forget", log, *named, "--principal", "p-1", "--yes", "--json")
    assert set(json.loads(again.stdout)["lines"].values()) == {0}


def test_it_is_gone_from_the_journal_of_a_run_that_was_stopped(log, cli, folder) -> None:
    with open_log(log, read_only=True) as held, held.reading() as connection:
        rows = connection.exec_driver_sql("SELECT decision_id, request_id, principal FROM decisions").all()
        calls = connection.exec_driver_sql("SELECT call_id, principal FROM calls").all()
    entries = [{"journal": 2, "kind": "run"}]
    entries += [{"open": ["default", request], "decision": decision} for decision, request, _ in rows]
    entries += [{"answered": "a", "call": call, "reply": {"text": f"canary-{who[-1]}"}} for call, who in calls]
    entries += [{"task": "default", "id": request, "content": "c", "item": {"decision_id": decision, "answer": "x"}}
                for decision, request, _ in rows]  # fmt: skip
    path = write_lines(folder / "results.jsonl.part", entries)
    with path.open("rb") as running:
        fcntl.flock(running, fcntl.LOCK_EX)
        busy = cli("forget", log, path.name, "--principal", "p-1", "--yes")
    assert busy.exit_code == 2
    assert "goes on" in busy.stderr
    ended = cli("forget", log, path.name, "--principal", "p-1", "--yes", "--json")
    assert json.loads(ended.stdout)["lines"] == {path.name: 9}
    assert b"canary-1" not in path.read_bytes()
    assert len(read_lines(path)) == 10


def test_a_file_that_does_not_tell_whose_a_row_is_is_refused(log, cli, folder) -> None:
    (folder / "bare.csv").write_text("prompt\ncanary-1\n")
    for name, why in (("bare.csv", "no column that tells"), ("notes.txt", "no known form"), ("gone.csv", "cannot be")):
        ended = cli("forget", log, name, "--principal", "p-1", "--yes")
        assert ended.exit_code == 2
        assert why in ended.stderr


def test_a_dry_run_and_a_question_without_an_answer_change_nothing(log, cli, folder) -> None:
    cli("samples", log, "-o", "samples.jsonl")
    before = (folder / "samples.jsonl").read_bytes()
    assert "3 lines of samples.jsonl would be" in cli("forget", log, "samples.jsonl", "--principal", "p-1",
                                                      "--dry-run").stderr  # fmt: skip
    assert cli("forget", log, "samples.jsonl", "--principal", "p-1").exit_code == 2
    assert (folder / "samples.jsonl").read_bytes() == before


def test_a_file_that_cannot_be_understood_stops_it_before_anything_is_deleted(log, cli, folder) -> None:
    (folder / "odd.jsonl").write_text('{"id": "r-1"}\nno json\n')
    ended = cli("forget", log, "odd.jsonl", "--principal", "p-1", "--yes")
    assert ended.exit_code == 2
    assert "line 2" in ended.stderr
    assert "3 decisions" in cli("forget", log, "--principal", "p-1", "--dry-run").stderr
