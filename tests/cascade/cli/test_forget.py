"""A principal that is forgotten is in no row of the log and in no line of a file that came from it."""

from __future__ import annotations

import json

import pytest

from cascade.clients.scripted import ScriptedClient
from cascade.engine.cascade import Cascade
from cascade.exchange import Request
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
