"""`cascade explore`: the bill, the recordings, what it never does twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.cascade.cli.conftest import read_lines, write_lines


def questions(n: int) -> list[dict]:
    return [{"id": f"q{i}", "prompt": f"question {i}", "gold": "fine"} for i in range(n)]


def test_it_prints_a_bill_first_and_writes_samples(cli, configured, server):
    write_lines(configured / "in.jsonl", questions(3))
    done = cli("explore", "in.jsonl")
    assert (done.exit_code, done.stdout) == (0, "in.samples.jsonl\n")
    assert done.stderr.index("Estimated bill for 3 requests") < done.stderr.index("Exploring")
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
    server.script("server-error", "ok", "server-error")
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
        ('{"prompt": "' + "x" * (1 << 20) + '"}', "1 MiB"),
    ],
)
def test_bad_input_is_exit_code_2_with_its_line_and_nothing_written(cli, configured, server, content, words):
    (configured / "in.jsonl").write_text(content)
    done = cli("explore", "in.jsonl")
    assert done.exit_code == 2
    assert pytest.importorskip("re").search(rf"in\.jsonl.*{words}", done.stderr)
    assert server.hits == []
    assert not list(configured.glob("in.samples*"))


def command(folder, *args: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.environ["PYTHONPATH"]}
    return subprocess.Popen(
        [sys.executable, "-m", "cascade", "explore", "in.jsonl", "-o", "out.jsonl", "--concurrency", "4", *args],
        cwd=folder,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def wait_for_hits(server, n: int) -> None:
    while len(server.hits) < n:
        assert server.arrived.wait(60)
        server.arrived.clear()


def test_ctrl_c_loses_nothing_and_says_how_to_go_on(configured, server):
    write_lines(configured / "in.jsonl", questions(120))
    running = command(configured)
    wait_for_hits(server, 40)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Run the same command again" in said
    assert "Traceback" not in said
    assert not (configured / "out.jsonl").exists()
    assert len(server.hits) < 240
    again = command(configured)
    again.communicate(timeout=120)
    assert again.returncode == 0
    assert len(server.hits) == 240
    assert [sample["id"] for sample in read_lines(configured / "out.jsonl")] == [f"q{i}" for i in range(120)]
    assert not (configured / "out.jsonl.part").exists()


def test_a_killed_run_pays_again_at_most_for_what_was_in_flight(configured, server):
    write_lines(configured / "in.jsonl", questions(120))
    running = command(configured)
    wait_for_hits(server, 40)
    running.kill()
    running.communicate(timeout=60)
    command(configured).communicate(timeout=120)
    assert 240 <= len(server.hits) <= 240 + 4 * 2
    assert len(read_lines(configured / "out.jsonl")) == 120
