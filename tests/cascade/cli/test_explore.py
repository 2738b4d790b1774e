"""`cascade explore`: the bill, the recordings, what it never does twice."""

from __future__ import annotations

import json
import re

import pytest

from tests.cascade.cli.conftest import read_lines, write_lines


def questions(n: int) -> list[dict]:
    return [{"id": f"q{i}", "prompt": f"question {i}", "gold": "fine"} for i in range(n)]


def test_it_prints_a_cost_estimate_first_and_writes_samples(cli, configured, server):
    write_lines(configured / "in.jsonl", questions(3))
    done = cli("explore", "in.jsonl")
    assert (done.exit_code, done.stdout) == (0, "in.samples.jsonl\n")
    assert done.stderr.index("Cost estimate for 3 requests") < done.stderr.index("Exploring")
    assert len(server.hits) == 6
    sample = read_lines(configured / "in.samples.jsonl")[2]
    assert [recording["rung"] for recording in sample["recordings"]] == ["small", "large"]
    assert set(sample["recordings"][0]["verdicts"]) == {"refusal", "hedging"}


def test_it_pays_only_for_what_is_missing(cli, configured, server):
    write_lines(configured / "in.jsonl", questions(3))
    cli("explore", "in.jsonl", "--limit", "2", "-o", "out.jsonl")
    assert len(server.hits) == 4
    done = json.loads(cli("explore", "in.jsonl", "-o", "out.jsonl", "--json").stdout)
    assert (len(server.hits), done["n"], done["resumed"]) == (6, 3, 2)
    cli("explore", "out.jsonl", "-o", "third.jsonl")
    assert len(server.hits) == 6


def test_max_cost_stops_it_with_exit_code_3_and_keeps_what_is_paid(cli, configured, server):
    write_lines(configured / "in.jsonl", questions(40))
    done = cli("explore", "in.jsonl", "--max-cost", "0.0012", "--concurrency", "1")
    assert done.exit_code == 3
    assert "--max-cost" in done.stderr
    paid = len(server.hits)
    assert 0 < paid < 80
    assert cli("explore", "in.jsonl", "--concurrency", "4").exit_code == 0
    assert len(server.hits) <= 80 + 1


def test_calls_that_fail_are_named_and_exit_code_3(cli, configured, server):
    write_lines(configured / "in.jsonl", questions(1))
    server.script("server-error", "ok", *["server-error"] * 2)
    done = cli("explore", "in.jsonl")
    assert done.exit_code == 3
    assert "server" in done.stderr
    assert cli("explore", "in.jsonl").exit_code == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"prompt": 5}', "line 1: prompt"),
        ("{}", "neither"),
        ('{"prompt": "a", "recordings": [{"model": "m", "correct": NaN}]}', "NaN"),
        ('{"id": "1", "prompt": "a"}\n{"id": "1", "prompt": "b"}', "line 2.*twice"),
        ("not JSON", "line 1"),
        ("", "no sample"),
    ],
)
def test_bad_input_is_exit_code_2_with_its_line_and_nothing_written(cli, configured, server, content, words):
    (configured / "in.jsonl").write_text(content)
    done = cli("explore", "in.jsonl")
    assert done.exit_code == 2
    assert re.search(rf"in\.jsonl.*{words}", done.stderr)
    assert server.hits == []
    assert not list(configured.glob("in.samples*"))
