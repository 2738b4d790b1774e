"""L8: calibrate, which explores first, killed again and again: it repeats what was in flight, and ends the same."""

from __future__ import annotations

import hashlib
import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.checkout import ROOT
from tests.faults.completion import completion
from tests.faults.hit import Hit
from tests.faults.reply import Reply, as_json
from tests.faults.server import Server

CONCURRENCY = 8
RUNGS = {"small": (1e-6, 0.6), "middle": (1e-5, 0.8), "large": (1e-4, 1.0)}
CONFIG = """\
ladder:
{rungs}
verify: [refusal, hedging]
log: decisions.db
"""


def answer(hit: Hit) -> Reply:
    """Answer a sum: right or wrong, sure or not, by a hash of what is asked."""
    name, question = str(hit.body["model"]).rsplit("/", 1)[-1], str(hit.body["messages"][-1]["content"])
    drawn = int.from_bytes(hashlib.sha256(f"{name} {question}".encode()).digest()[:4], "big") / 2**32
    right = drawn < RUNGS[name][1]
    total = sum(int(part) for part in question.split() if part.isdecimal()) + (0 if right else 1)
    return as_json(completion(hit, f"{total}" if right or drawn > 0.95 else f"I am not sure, maybe {total}."))


def prepare(folder: Path, url: str, samples: int) -> None:
    price = "{{input_usd: {0}, output_usd: {0}}}"
    rungs = "".join(
        f"  - {{model: openai/{name}, name: {name}, api_base: '{url}', api_key: none, price: {price.format(usd)}}}\n"
        for name, (usd, _) in RUNGS.items()
    )
    folder.mkdir()
    (folder / "cascade.yaml").write_text(CONFIG.format(rungs=rungs))
    lines = [{"id": f"q{i}", "prompt": f"What is {i} plus {2 * i} ?", "gold": str(3 * i)} for i in range(samples)]
    (folder / "in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def started(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "cascade", "calibrate", "in.jsonl", "--target-escalation", "0.3,0.3",
               "--concurrency", str(CONCURRENCY), "--out", "policy.json", "-y"]  # fmt: skip
    path = os.pathsep.join([str(ROOT), os.environ["PYTHONPATH"]])
    environment = {
        **os.environ,
        "SOURCE_DATE_EPOCH": "1800000000",
        "CASCADE_SAMPLES_KEY": "ab" * 32,
        "PYTHONPATH": path,
    }
    return subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def finished(folder: Path) -> None:
    running = started(folder)
    _, said = running.communicate(timeout=600)
    assert running.returncode == 0, said


def open_calls(folder: Path) -> set[str]:
    """Return the calls that the journal says were begun and whose end it does not hold."""
    journal = folder / "policy.samples.jsonl.part"
    begun: set[str] = set()
    for line in journal.read_bytes().split(b"\n")[:-1] if journal.exists() else []:
        entry = json.loads(line)
        begun |= {entry["begun"]} if "begun" in entry else set()
        begun -= {entry.get("answered"), entry.get("ended")}
    return begun


@pytest.mark.parametrize(
    ("kills", "samples"), [(1, 24), pytest.param(30, 500, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])]
)
def test_a_calibration_that_is_killed_repeats_only_what_was_in_flight(tmp_path: Path, kills: int, samples: int) -> None:
    draw, calls = random.Random(8), samples * len(RUNGS)
    with Server(mode=answer, delay_s=0.02) as server:
        prepare(tmp_path / "whole", server.url, samples)
        finished(tmp_path / "whole")
        assert len(server.hits) == calls
        server.reset()
        server.mode = answer
        folder = tmp_path / "killed"
        prepare(folder, server.url, samples)
        in_flight = []
        for kill in range(kills):
            running = started(folder)
            # Most are killed while they explore, a few at any moment of their start.
            until = len(server.hits) + draw.randrange(1, 2 * calls // (kills + 1))
            patience = time.monotonic() + (draw.uniform(0.1, 3.0) if kill % 7 == 6 else 60.0)
            while len(server.hits) < until and time.monotonic() < patience and running.poll() is None:
                server.arrived.wait(0.01)
                server.arrived.clear()
            running.kill()
            running.communicate()
            in_flight.append(len(open_calls(folder)))
        finished(folder)
        hits = len(server.hits)
    again = hits - calls
    print(
        f"L8: {kills} kills, {calls:,} calls, {hits:,} hits: {again} paid again, {sum(in_flight)} were in flight at a "
        f"kill (at most {max(in_flight)} at once)"
    )
    assert all(count <= CONCURRENCY for count in in_flight)
    assert again <= sum(in_flight), "nothing that was answered was asked again"
    assert hits <= calls + kills * CONCURRENCY
    for name in ("policy.json", "policy.samples.jsonl"):
        assert identical(tmp_path / "whole" / name, folder / name), name
    with closing(sqlite3.connect(folder / "decisions.db")) as log:
        assert log.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        states = dict(log.execute("SELECT state, count(*) FROM calls GROUP BY state").fetchall())
    assert sum(states.values()) >= hits, "each hit had its intent on the disk before"
    assert states["answered"] <= calls


MEASURED = {"latency_s", "added_latency", "sha256"}
"""How long each answer took is measured anew, and so is what a policy says of it, over which its hash is taken."""


def identical(one: Path, other: Path) -> bool:
    """Compare two artefacts in everything but what was measured by a clock."""
    return without_times(one) == without_times(other)


def without_times(path: Path) -> list[object]:
    def plain(value: object) -> object:
        if isinstance(value, dict):
            return {key: plain(inner) for key, inner in value.items() if key not in MEASURED}
        return [plain(inner) for inner in value] if isinstance(value, list) else value

    lines = [path.read_text()] if path.suffix == ".json" else path.read_text().splitlines()
    return [plain(json.loads(line)) for line in lines]
