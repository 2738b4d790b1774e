"""Ctrl-C and kill: nothing that was paid for is lost, and it says how to go on."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from tests.cascade.cli.conftest import read_lines, write_lines
from tests.cascade.conftest import CONFIG


def questions(n: int) -> list[dict]:
    return [{"id": f"q{i}", "prompt": f"question {i}", "gold": "fine"} for i in range(n)]


def command(folder, *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "cascade", *args],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Where these tests are started in the background of a shell, Ctrl-C is ignored, and that is inherited.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - it takes no lock
    )


EXPLORE = ("explore", "in.jsonl", "-o", "out.jsonl", "--concurrency", "4")
RUN = ("run", "--input", "in.jsonl", "--output", "out.jsonl", "--concurrency", "4")


ANSWERED, IN_FLIGHT = 20, 4
"""What the server answers before it holds the rest: with four at once, four are in flight and nothing moves."""


def started(folder, server, *args: str) -> subprocess.Popen[str]:
    """Start a command, and return it where it is in the midst of its work and can go no further."""
    server.hold(after=ANSWERED)
    running = command(folder, *args)
    wait_for_hits(server, ANSWERED + IN_FLIGHT)
    return running


def stopped(running: subprocess.Popen[str], server, signum: int, answer: str) -> str:
    """Send a signal, let what is in flight come back once the command has answered, and return what it says then."""
    running.send_signal(signum)
    assert any(answer in line for line in running.stderr)
    server.release()
    said = running.stderr.read()
    running.communicate()
    assert len(server.hits) <= ANSWERED + 2 * IN_FLIGHT, "what is begun is finished, on both rungs, and nothing else"
    return said


def wait_for_hits(server, n: int) -> None:
    while len(server.hits) < n:
        assert server.arrived.wait(60)
        server.arrived.clear()


def test_ctrl_c_loses_nothing_and_says_how_to_go_on(configured, server, cli):
    write_lines(configured / "in.jsonl", questions(60))
    said = stopped(running := started(configured, server, *EXPLORE), server, signal.SIGINT, "Ctrl-C again")
    assert running.returncode == 130
    assert "Run the same command again" in said
    assert "Traceback" not in said
    assert not (configured / "out.jsonl").exists()
    assert cli(*EXPLORE).exit_code == 0
    assert len(server.hits) == 120
    assert [sample["id"] for sample in read_lines(configured / "out.jsonl")] == [f"q{i}" for i in range(60)]
    assert not (configured / "out.jsonl.part").exists()


@pytest.mark.parametrize(("args", "calls"), [(EXPLORE, 120), (RUN, 60)])
def test_a_killed_run_pays_again_at_most_for_what_was_in_flight(configured, server, cli, args, calls):
    write_lines(configured / "in.jsonl", questions(60))
    running = started(configured, server, *args)
    running.kill()
    running.communicate(timeout=60)
    server.release()
    said = cli(*args).stderr
    assert calls <= len(server.hits) <= calls + IN_FLIGHT
    assert len(read_lines(configured / "out.jsonl")) == 60
    again = len(server.hits) - calls
    ambiguous = re.search(r"(\d+) calls were in flight", said)
    assert again <= (int(ambiguous.group(1)) if ambiguous else 0)


def test_a_bulk_run_goes_on_after_ctrl_c(configured, server, cli):
    write_lines(configured / "in.jsonl", questions(80))
    stopped(running := started(configured, server, *RUN), server, signal.SIGINT, "Ctrl-C again")
    assert running.returncode == 130
    assert not (configured / "out.jsonl").exists()
    finished = cli(*RUN, "--json")
    assert (finished.exit_code, json.loads(finished.stdout)["outcomes"]) == (0, {"accepted": 80})
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


@pytest.mark.parametrize("args", [RUN, EXPLORE])
def test_sigterm_takes_nothing_new_finishes_what_is_begun_and_says_that_work_is_left(configured, server, cli, args):
    write_lines(configured / "in.jsonl", questions(60))
    said = stopped(running := started(configured, server, *args), server, signal.SIGTERM, "have 10 s")
    assert running.returncode == 143
    assert "Run the same command again" in said
    assert "Traceback" not in said
    kept = read_lines(configured / "out.jsonl.part")
    assert cli(*args).exit_code == 0
    assert len(server.hits) == 60 * (2 if args is EXPLORE else 1), "nothing that was begun was lost or paid again"
    assert len(kept) > 1


@pytest.mark.parametrize("second", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_sigterm_waits_ten_seconds_for_what_hangs_or_until_the_second_signal(configured, server, second):
    (configured / "cascade.yaml").write_text(CONFIG.format(url=server.url).replace("openai/ok", "openai/hang"))
    write_lines(configured / "in.jsonl", questions(3))
    running = command(configured, *RUN)
    wait_for_hits(server, 3)
    running.send_signal(signal.SIGTERM)
    assert any("have 10 s" in line for line in running.stderr)
    if second:
        running.send_signal(signal.SIGTERM)
    _, said = running.communicate(timeout=60)
    assert running.returncode == (130 if second else 143)
    assert "Traceback" not in said
    with closing(sqlite3.connect(configured / "decisions.db")) as log:
        assert log.execute("select outcome, count(*) from decisions group by outcome").fetchall() == [("cancelled", 3)]
