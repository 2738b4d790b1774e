"""L9: processes that write to one log are killed, four at a time: no decision that was acknowledged is lost."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.checkout import ROOT

WRITERS = 4


def started(where: str | Path, name: str, spool: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.soak.l09_writer", str(where), name, str(spool), *more]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert running.stdout is not None
    assert running.stdout.readline() == "ready\n"
    return running


@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_no_acknowledged_decision_is_lost(tmp_path: Path, rounds: int) -> None:
    draw, path = random.Random(9), tmp_path / "decisions.db"
    acknowledged: set[str] = set()
    for number in range(rounds):
        running = [started(path, f"{number}-{i}", tmp_path / "spool.db") for i in range(WRITERS)]
        for one in running:
            # They write at once and all the time: what is read here says that this one is in the midst of it.
            acknowledged |= {one.stdout.readline().strip() for _ in range(draw.randrange(20, 200))}
        for one in running:
            one.kill()
        for one in running:
            said, _ = one.communicate()
            # The last line may be torn: its process was killed while it spoke.
            acknowledged |= set(said.rpartition("\n")[0].split("\n")) - {""}
        with closing(sqlite3.connect(path)) as log:
            assert log.execute("PRAGMA quick_check").fetchone() == ("ok",)
    with closing(sqlite3.connect(path)) as log:
        held = {row[0] for row in log.execute("SELECT decision_id FROM decisions")}
        ((attempts,),) = log.execute("SELECT count(*) FROM attempts")
    lost = acknowledged - held
    print(f"L9: {rounds} rounds of {WRITERS} writers killed: {len(acknowledged):,} acknowledged, {len(lost)} lost")
    assert acknowledged
    assert not lost
    assert attempts == 2 * len(held), "a decision is there with its attempts, or not at all"
