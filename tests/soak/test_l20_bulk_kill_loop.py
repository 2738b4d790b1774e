"""L20: a bulk run killed again and again: journal and log agree afterwards, and nothing answered is paid twice."""

from __future__ import annotations

import itertools
import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cascade.guards.accounts import PICO
from tests.checkout import ROOT
from tests.faults.completion import completion
from tests.faults.hit import Hit
from tests.faults.reply import Reply, as_json
from tests.faults.server import Server

CONCURRENCY, DELAY_S = 16, 0.02
PRICES = {"small": 1e-6, "large": 1e-5}
CONFIG = """\
ladder:
{rungs}
verify: [refusal, hedging]
log: {log}
"""
RUN = ("run", "--input", "in.jsonl", "--output", "out.jsonl", "--concurrency", str(CONCURRENCY))


def answer(hit: Hit) -> Reply:
    """Answer, on the small rung unsurely to every third question."""
    name, number = rung_of(hit), int(question_of(hit).split()[-1])
    sure = name == "large" or number % 3
    return as_json(completion(hit, f"The answer is {number}." if sure else "I am not sure, but maybe it is so."))


def rung_of(hit: Hit) -> str:
    return str(hit.body["model"]).rsplit("/", 1)[-1]


def question_of(hit: Hit) -> str:
    return str(hit.body["messages"][-1]["content"])


def prepare(folder: Path, url: str, requests: int, log: str) -> None:
    rungs = "".join(
        f"  - {{model: openai/{name}, name: {name}, api_base: '{url}', api_key: none, "
        f"price: {{input_usd: {usd}, output_usd: {usd}}}}}\n"
        for name, usd in PRICES.items()
    )
    (folder / "cascade.yaml").write_text(CONFIG.format(rungs=rungs, log=log))
    lines = [{"id": f"q{i}", "prompt": f"What about number {i}"} for i in range(requests)]
    (folder / "in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def started(folder: Path) -> subprocess.Popen[str]:
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-m", "cascade", *RUN], cwd=folder, env={**os.environ, "PYTHONPATH": path}, text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """What a loop of kills left."""

    hits: list[Hit]
    in_flight: list[int]
    """Calls that the journal had as begun only, at each kill."""

    twice: list[float]
    """Answers that were paid twice: seconds between the first one on the wire and the kill."""

    @property
    def billed_usd(self) -> float:
        return sum(PRICES[rung_of(hit)] * (hit.asked + (hit.answered or 0)) for hit in self.hits)


def kill_loop(folder: Path, server: Server, *, kills: int, requests: int, seed: int) -> Killed:
    """Run a file of requests, kill the command at seeded moments, and let it finish then."""
    draw, times, in_flight = random.Random(seed), [], []
    before: set[str] = set()
    for _ in range(kills):
        running = started(folder)
        until = len(server.hits) + draw.randrange(1, max(2, 2 * requests // (kills + 1)))
        while len(server.hits) < until and running.poll() is None:
            server.arrived.wait(0.01)
            server.arrived.clear()
        time.sleep(draw.uniform(0.0, 2 * DELAY_S))
        running.kill()
        times.append(time.monotonic())
        running.communicate()
        in_flight.append(len((left := open_calls(folder)) - before))
        before = left
    running = started(folder)
    _, said = running.communicate(timeout=600)
    assert running.returncode == 0, said
    asked = defaultdict(list)
    for hit in server.hits:
        asked[rung_of(hit), question_of(hit)].append(hit)
    twice = [
        next(kill for kill in times if kill > first.at) - first.sent
        for hits in asked.values()
        for first, _ in itertools.pairwise(hits)
        if first.sent is not None
    ]
    return Killed(hits=list(server.hits), in_flight=in_flight, twice=[seconds for seconds in twice if seconds > 0])


def open_calls(folder: Path) -> set[str]:
    """Return the ids of calls that the journal has as begun, and whose end it does not have."""
    journal = folder / "out.jsonl.part"
    begun: set[str] = set()
    for line in journal.read_bytes().split(b"\n")[:-1] if journal.exists() else []:
        entry = json.loads(line)
        begun |= {entry["call"]} if "begun" in entry else set()
        begun -= {entry["call"]} if "answered" in entry or "ended" in entry else set()
    return begun


def figures(log: Path) -> dict[str, Any]:
    with closing(sqlite3.connect(log)) as connection:
        one = lambda query: connection.execute(query).fetchone()[0]  # noqa: E731
        return {
            "integrity": one("PRAGMA integrity_check"),
            "decisions": one("SELECT count(*) FROM decisions"),
            "requests": one("SELECT count(DISTINCT request_id) FROM decisions"),
            "losses": one("SELECT count(*) FROM losses"),
            "begun": one("SELECT count(*) FROM calls WHERE state = 'begun'"),
            "booked_usd": one("SELECT sum(coalesce(charged_pico, worst_pico)) FROM calls WHERE state <> 'unsent'")
            / PICO,
            "decisions_usd": one("SELECT sum(cost_usd) FROM decisions"),
            "maybe_estimate_usd": one("SELECT sum(maybe_charged_estimate_usd) FROM decisions"),
        }


@pytest.mark.parametrize(
    ("kills", "requests"), [(5, 60), pytest.param(30, 300, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])]
)
def test_after_kills_journal_and_log_agree_and_only_what_was_in_flight_is_paid_again(
    tmp_path: Path, kills: int, requests: int
) -> None:
    with Server(mode=answer, delay_s=DELAY_S) as server:
        prepare(tmp_path, server.url, requests, "decisions.db")
        killed = kill_loop(tmp_path, server, kills=kills, requests=requests, seed=20)
    found = figures(tmp_path / "decisions.db")
    again, late = len(killed.hits) - calls_of(requests), [1000 * t for t in killed.twice]
    print(
        f"L20: {kills} kills, {len(killed.hits)} calls of {calls_of(requests)}: {again} made again, "
        f"{sum(killed.in_flight)} were in flight by the journal; {len(late)} answers were on the wire before the kill, "
        f"at most {max(late, default=0):.0f} ms; billed ${killed.billed_usd:.6f}, booked ${found['booked_usd']:.6f}; "
        f"{found}"
    )
    assert found["integrity"] == "ok"
    assert (found["decisions"], found["requests"], found["losses"]) == (requests, requests, 0)
    assert found["begun"] == 0, "a call is answered, or maybe charged"
    assert again <= sum(killed.in_flight), "nothing that the journal has was asked again"
    assert all(count <= CONCURRENCY for count in killed.in_flight)
    assert killed.billed_usd / 3 <= found["booked_usd"] <= 3 * killed.billed_usd
    assert found["booked_usd"] == pytest.approx(found["decisions_usd"] + found["maybe_estimate_usd"])
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == [f"q{i}" for i in range(requests)]


@pytest.mark.parametrize("store_text", ["full", pytest.param("none", marks=pytest.mark.slow)])
def test_answers_that_a_power_loss_took_from_the_journal_come_from_the_log_or_are_told(
    tmp_path: Path, store_text: str
) -> None:
    """The command is killed, and its journal loses the answers whose decisions the log has."""
    requests, log, journal = 40, tmp_path / "decisions.db", tmp_path / "out.jsonl.part"
    with Server(mode=answer, delay_s=DELAY_S) as server:
        prepare(tmp_path, server.url, requests, f"decisions.db\nstore_text: {store_text}")
        running = started(tmp_path)
        while running.poll() is None and b'"item":' not in (journal.read_bytes() if journal.exists() else b""):
            time.sleep(0.002)
        running.kill()
        running.communicate()
        kept = journal.read_bytes().splitlines(keepends=True)
        journal.write_bytes(b"".join(line for line in kept if b'"answered":' not in line and b'"item":' not in line))
        with closing(sqlite3.connect(log)) as connection:
            logged = {name for (name,) in connection.execute("SELECT request_id FROM decisions")}
            paid = connection.execute("SELECT count(*) FROM calls WHERE state = 'answered'").fetchone()[0]
        before = len(server.hits)
        running = started(tmp_path)
        _, said = running.communicate(timeout=60)
        again = {f"q{question_of(hit).split()[-1]}" for hit in server.hits[before:]}
    assert (running.returncode, bool(logged)) == (0, True), said
    everything = {f"q{number}" for number in range(requests)}
    assert again == (everything - logged if store_text == "full" else everything)
    assert (f"{len(logged)} results were taken from the decision log" in said) == (store_text == "full")
    assert f"{paid} answers of an earlier run were paid ($" in said or store_text == "full"
    assert {json.loads(line)["id"] for line in (tmp_path / "out.jsonl").read_text().splitlines()} == everything


def calls_of(requests: int) -> int:
    """Return the calls that a run makes which nothing breaks off: every third request escalates."""
    return requests + len(range(0, requests, 3))
