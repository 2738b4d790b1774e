"""Ctrl-C and kill: nothing that was paid for is lost, and it says how to go on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from tests.cascade.cli.conftest import CONFIG, read_lines, write_lines


def questions(n: int) -> list[dict]:
    return [{"id": f"q{i}", "prompt": f"question {i}", "gold": "fine"} for i in range(n)]


def command(folder, *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "cascade", *args],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


EXPLORE = ("explore", "in.jsonl", "-o", "out.jsonl", "--concurrency", "4")
RUN = ("run", "--input", "in.jsonl", "--output", "out.jsonl", "--concurrency", "4")


def wait_for_hits(server, n: int) -> None:
    while len(server.hits) < n:
        assert server.arrived.wait(60)
        server.arrived.clear()


def test_ctrl_c_loses_nothing_and_says_how_to_go_on(configured, server):
    write_lines(configured / "in.jsonl", questions(60))
    running = command(configured, *EXPLORE)
    wait_for_hits(server, 20)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Run the same command again" in said
    assert "Traceback" not in said
    assert not (configured / "out.jsonl").exists()
    assert len(server.hits) < 120
    again = command(configured, *EXPLORE)
    again.communicate(timeout=120)
    assert again.returncode == 0
    assert len(server.hits) == 120
    assert [sample["id"] for sample in read_lines(configured / "out.jsonl")] == [f"q{i}" for i in range(60)]
    assert not (configured / "out.jsonl.part").exists()


def test_a_killed_run_pays_again_at_most_for_what_was_in_flight(configured, server):
    write_lines(configured / "in.jsonl", questions(60))
    running = command(configured, *EXPLORE)
    wait_for_hits(server, 20)
    running.kill()
    running.communicate(timeout=60)
    command(configured, *EXPLORE).communicate(timeout=120)
    assert 120 <= len(server.hits) <= 120 + 4 * 2
    assert len(read_lines(configured / "out.jsonl")) == 60


def test_a_bulk_run_goes_on_after_ctrl_c(configured, server):
    write_lines(configured / "in.jsonl", questions(80))
    running = command(configured, *RUN)
    wait_for_hits(server, 20)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)
    assert running.returncode == 130
    assert not (configured / "out.jsonl").exists()
    finished = command(configured, *RUN, "--json")
    told, _ = finished.communicate(timeout=120)
    assert (finished.returncode, json.loads(told)["outcomes"]) == (0, {"accepted": 80})
    assert len(server.hits) == 80


@pytest.mark.parametrize("args", [("run", "hello"), EXPLORE])
def test_ctrl_c_twice_waits_for_nobody(configured, server, args):
    (configured / "cascade.yaml").write_text(CONFIG.format(url=server.url).replace("openai/ok", "openai/hang"))
    write_lines(configured / "in.jsonl", questions(3))
    running = command(configured, *args)
    wait_for_hits(server, 1)
    running.send_signal(signal.SIGINT)
    if args is EXPLORE:
        assert any("Ctrl-C again" in line for line in running.stderr)
        running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "Traceback" not in said
