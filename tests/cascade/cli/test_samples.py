"""Claims about `cascade samples LOG`."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cascade.clients.scripted import ScriptedClient, scripted
from cascade.engine.cascade import Cascade
from tests.cascade.cli.conftest import read_lines
from tests.opinions import ladder, policy

RUNGS = ladder("small", "large")


@pytest.fixture
def log(folder):
    """Return a log without texts, of twenty decisions of two tasks."""
    client = ScriptedClient({"small": lambda call: scripted(str(call.messages[0]["content"])), "large": "0.9"})
    fitted = policy(RUNGS, (0.5, 0.0))
    fitted = replace(fitted, tasks=dict.fromkeys(("default", "other"), fitted.tasks["default"]))
    with Cascade(RUNGS, policy=fitted, client=client, log=folder / "decisions.db") as app:
        for i in range(20):
            app.run(str(i / 20), task="default" if i % 2 else "other")
    return folder / "decisions.db"


def test_a_log_becomes_a_file_of_samples(log, cli) -> None:
    ended = cli("samples", log, "-o", "samples.jsonl", "--task", "default")
    assert ended.exit_code == 0, ended.stderr
    assert ended.stdout.strip() == "samples.jsonl"
    assert "store_text" in ended.stderr, "that there are no texts is said, with the setting"
    lines = read_lines(log.with_name("samples.jsonl"))
    assert len(lines) == 10
    assert lines[0]["recordings"][0]["served_features"]["says"] == 0.05


def test_as_json_what_was_left_out_is_counted(log, cli) -> None:
    found = json.loads(cli("samples", log, "-o", "samples.jsonl", "--json").stdout)
    assert (found["samples"], found["textless"], found["skipped"]) == (20, 20, {})


def test_an_empty_period_writes_no_file(log, cli) -> None:
    ended = cli("samples", log, "-o", "samples.jsonl", "--until", "2001-01-01")
    assert ended.exit_code == 2
    assert "no decision" in ended.stderr
    assert not log.with_name("samples.jsonl").exists()


def test_a_compressed_output_is_refused(log, cli) -> None:
    assert cli("samples", log, "-o", "samples.jsonl.gz").exit_code == 2
