"""A bulk run on Ray is the run of one machine: the same results, resumed after a kill, within shared budgets.

Ray has an environment and a command of its own (`make ray`): each test starts a cluster of two CPUs, in seconds.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.batch_server import BatchServer
from tests.cascade.guards.shared.stores import redis

pytest.importorskip("ray", reason="Ray is in an environment of its own: make ray")
import pyarrow as pa
import pyarrow.parquet as pq

from cascade.bulk.batch import run_file
from cascade.bulk.request_file import RequestFile
from cascade.config import load_config

__all__ = ["redis"]
pytestmark = [pytest.mark.ray, pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")]
ROOT = Path(__file__).parents[2]
N = 4_000
CONFIG = """
ladder:
  - {{model: openai/small, name: small, {place}, price: {{input_usd: 1.0e-7, output_usd: 1.0e-6}}}}
  - {{model: openai/large, name: large, {place}, price: {{input_usd: 2.0e-6, output_usd: 2.0e-5}}}}
verify: [refusal, hedging]
{more}
"""
COSTS = {"small": 2e-5, "large": 4e-4}
CHANGING = {"cost_usd", "latency_s", "decision_id", "answers_usd", "verifiers_usd", "saved_usd", "attempts"}


def answer(model, prompt):
    number = int(prompt.split()[-1])
    return "I am not sure, but maybe it is 4." if model == "small" and number % 4 == 0 else f"The answer is {number}."


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a folder with the requests, in two files of several row groups."""
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-for-the-test-server")
    for part in range(2):
        numbers = range(part, N, 2)
        table = {"id": [f"q{i}" for i in numbers], "prompt": [f"What is number {i}" for i in numbers]}
        pq.write_table(pa.table(table), tmp_path / f"in-{part}.parquet", row_group_size=300)
    return tmp_path


def configured(folder, server, more=""):
    path = folder / "cascade.yaml"
    place = f'api_base: "{server.url}", params: {{max_tokens: 10}}'
    path.write_text(CONFIG.format(place=place, more=more))
    return path


def slowly(model, prompt):
    time.sleep(0.02)
    return answer(model, prompt)


def kill_once(process, are_there):
    """Kill a run once results are there."""
    until = time.monotonic() + 200
    while not are_there():
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    time.sleep(2)  # the cluster ends with its driver


def started(folder, *, actors=2, source=None, output=None):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "ignore", str(ROOT / "tests/ray/runner.py"), str(folder / "cascade.yaml")]
    return subprocess.Popen(
        [*command, source or str(folder / "in-*.parquet"), output or str(folder / "out"), str(actors)],
        env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip


def told(process):
    out, _ = process.communicate(timeout=240)
    return json.loads(out.strip().splitlines()[-1])


def results(path):
    rows = pq.read_table(path).to_pylist()
    kept = [{name: value for name, value in row.items() if name not in CHANGING} for row in rows]
    return sorted(kept, key=lambda row: row["id"])


def on_one_machine(folder):
    whole = pa.concat_tables([pq.read_table(folder / f"in-{part}.parquet") for part in range(2)])
    pq.write_table(whole, folder / "whole.parquet")
    with load_config(folder / "cascade.yaml").open() as app:
        return run_file(app, RequestFile(folder / "whole.parquet"), folder / "one.parquet")


def test_the_results_are_those_of_one_machine(folder):
    with BatchServer(answer) as server:
        configured(folder, server)
        done = told(started(folder))
        assert (done["n"], done["outcomes"], done["resumed"]) == (N, {"accepted": N}, False)
        assert max(server.billed.values()) == 1
        one = on_one_machine(folder)
    assert results(folder / "out") == results(folder / "one.parquet")
    assert done["cost_usd"] == pytest.approx(one.spent_usd)
    assert len(list((folder / "out").glob("*.parquet"))) > 2
    assert not (folder / "out.ray").exists()
    with BatchServer(answer) as server:
        assert "already exists" in told(started(folder))["error"]
        assert not server.billed


def test_killed_and_run_again_it_goes_on_and_pays_no_answer_twice_but_those_in_flight(folder):
    with BatchServer(slowly) as server:
        configured(folder, server)
        kill_once(started(folder), lambda: list((folder / "out").glob("*.parquet")))
        before = sum(server.billed.values())
        done = told(started(folder))
        assert (done["n"], done["outcomes"], done["resumed"]) == (N, {"accepted": N}, True)
        again = Counter(server.billed.values())
        # Two actors with two blocks each, of 16 calls at once.
        assert sum(n for times, n in again.items() if times > 1) <= 2 * 2 * 16
        assert max(again) <= 2
        assert before < sum(server.billed.values())
        on_one_machine(folder)
    assert results(folder / "out") == results(folder / "one.parquet")
    assert not (folder / "out.ray").exists()


@pytest.mark.timeout(300)
def test_actors_spend_one_budget_together_and_the_next_run_asks_what_it_did_not_pay_for(folder, redis, monkeypatch):
    monkeypatch.setenv("REDIS", redis)
    limit = 0.1
    with BatchServer(answer) as server:
        configured(folder, server, f"guards: {{usd_per_day: {limit}, shared: '${{REDIS}}'}}")
        done = told(started(folder))
        assert sum(done["outcomes"].values()) == N
        assert done["outcomes"]["budget"] > 0
        spent = sum(COSTS[model] * n for (model, _), n in server.billed.items())
        assert 0.7 * limit < spent <= limit
        configured(folder, server)
        again = told(started(folder))
        assert (again["outcomes"], again["resumed"]) == ({"accepted": N}, True)
        on_one_machine(folder)
    assert results(folder / "out") == results(folder / "one.parquet")


def test_a_row_that_is_no_request_ends_the_run_with_its_sentence(folder):
    table = pq.read_table(folder / "in-1.parquet")
    prompts = table["prompt"].to_pylist()
    prompts[1_500] = None
    pq.write_table(table.set_column(1, "prompt", pa.array(prompts)), folder / "in-1.parquet", row_group_size=300)
    with BatchServer(answer) as server:
        configured(folder, server)
        error = told(started(folder))["error"]
    assert "prompt" in error
    assert "What was done is kept" in error


def test_actors_that_would_leave_no_cpu_for_reading_are_refused(folder):
    with BatchServer(answer) as server:
        configured(folder, server)
        error = told(started(folder, actors=6))["error"]
        assert "no row would ever move" in error
        assert "--actors 5" in error
        assert not server.billed
