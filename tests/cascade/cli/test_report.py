"""`cascade report`, on a log that `cascade run` wrote."""

from __future__ import annotations

import json

import pytest

from tests.cascade.cli.conftest import write_lines


@pytest.fixture
def logged(cli, configured):
    write_lines(configured / "in.jsonl", [{"id": f"r{i}", "prompt": f"q{i}", "task": "t"} for i in range(8)])
    assert cli("run", "--input", "in.jsonl", "--output", "out.jsonl", "--tag", "team=a").exit_code == 0
    return configured


def test_the_log_of_the_configuration_is_the_default(cli, logged):
    assert json.loads(cli("report", "--json").stdout) == json.loads(cli("report", "decisions.db", "--json").stdout)
    assert json.loads(cli("report", "--json").stdout)["total"]["n"] == 8


def test_it_is_a_table_or_markdown(cli, logged):
    assert "escalation rate" in cli("report").stdout
    assert cli("report", "--markdown").stdout.startswith("# ")


def test_period_task_and_tag_narrow_it_down(cli, logged):
    assert json.loads(cli("report", "--json", "--since", "1h", "--task", "t").stdout)["total"]["n"] == 8
    assert json.loads(cli("report", "--json", "--until", "2020-01-01").stdout)["total"]["n"] == 0
    by_team = json.loads(cli("report", "--json", "--by", "team", "--hourly").stdout)
    assert [segment["value"] for segment in by_team["segments"]] == ["a"]


@pytest.mark.parametrize(
    "args",
    [["absent.db"], ["in.jsonl"], ["--since", "soon"], ["--json", "--markdown"], ["--task", "nope"]],
)
def test_what_cannot_be_reported_is_one_sentence(cli, logged, args):
    done = cli("report", *args)
    assert done.exit_code in {2, 3}
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr


def test_without_a_log_it_says_where_one_is_named(cli, folder):
    (folder / "cascade.yaml").write_text("ladder: [{model: embedded/small}]\n")
    done = cli("report")
    assert (done.exit_code, "names no `log`" in done.stderr) == (2, True)
