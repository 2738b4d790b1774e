"""`cascade batch`: submit, status, collect."""

from __future__ import annotations

import json
import re

import pytest

from tests.batch_server import BatchServer
from tests.cascade.cli.conftest import read_lines, write_lines

CONFIG = """
ladder:
  - {{model: openai/small, name: small, api_base: "{url}", price: {{input_usd: 1.0e-5, output_usd: 1.0e-4}}}}
  - {{model: openai/large, name: large, api_base: "{url}", price: {{input_usd: 1.0e-5, output_usd: 1.0e-4}}}}
verify: [refusal, hedging]
"""


@pytest.fixture
def batches(folder, monkeypatch):
    """Work in a folder whose cascade.yaml asks a server of batches."""
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-for-the-test-server")
    with BatchServer(lambda model, prompt: "Maybe it is 4, I am not sure." if model == "small" else prompt) as server:
        (folder / "cascade.yaml").write_text(CONFIG.format(url=server.url))
        write_lines(folder / "in.jsonl", [{"id": f"r{i}", "prompt": f"q{i}"} for i in range(4)])
        yield server


def test_submit_status_and_collect_until_the_output_is_there(cli, folder, batches):
    batches.ready = False
    told = json.loads(cli("batch", "submit", "--input", "in.jsonl", "-o", "out.csv", "--json").stdout)
    assert (told["sent"], told["in_flight"], told["done"]) == (4, 4, False)
    assert cli("batch", "submit", "--input", "in.jsonl", "-o", "out.csv").exit_code == 0
    assert len(batches.batches) == 1
    (row,) = json.loads(cli("batch", "status", "out.csv", "--json").stdout)["batches"]
    assert (row["status"], row["calls"], row["reserved_usd"] > 0) == ("in_progress", 4, True)
    assert "in_progress" in cli("batch", "status", "out.csv").stdout
    batches.ready = True
    done = cli("batch", "collect", "out.csv", "--wait", "--every", "0.01")
    assert (done.exit_code, "4 accepted" in done.stderr) == (0, True)
    assert (folder / "out.csv").read_text().count("\n") == 5
    assert (len(batches.batches), batches.live) == (2, 0)


def test_missing_calls_are_exit_code_3_with_the_way_out(cli, folder, batches):
    batches.faults["q1"] = ["expired"]
    cli("batch", "submit", "--input", "in.jsonl", "-o", "out.jsonl")
    done = cli("batch", "collect", "out.jsonl", "--wait", "--every", "0.01")
    assert (done.exit_code, "--missing" in done.stderr) == (3, True)
    assert cli("batch", "collect", "out.jsonl", "--missing", "live").exit_code == 0
    assert [line["id"] for line in read_lines(folder / "out.jsonl")] == ["r0", "r1", "r2", "r3"]
    assert batches.live == 2


def test_what_cannot_be_done_is_exit_code_2(cli, folder, batches):
    write_lines(folder / "old.jsonl", [{}])
    write_lines(folder / "other.jsonl", [{"prompt": "?"}])
    cli("batch", "submit", "--input", "in.jsonl", "-o", "out.jsonl")
    for args in (
        ["status", "none.jsonl"],
        ["collect", "none.jsonl"],
        ["collect", "out.jsonl", "--missing", "never"],
        ["submit", "--input", "in.jsonl", "-o", "old.jsonl"],
        ["submit", "--input", "other.jsonl", "-o", "out.jsonl"],
        ["submit", "--input", "in.jsonl", "-o", "x.jsonl", "--max-run-cost", "0"],
    ):
        done = cli("batch", *args)
        assert (done.exit_code, "Traceback" in done.stderr) == (2, False), args
    assert len(batches.batches) == 1


def test_a_server_without_batches_is_one_sentence_and_nothing_is_lost(cli, folder, configured):
    write_lines(folder / "in.jsonl", [{"id": "r0", "prompt": "q"}])
    done = cli("batch", "submit", "--input", "in.jsonl", "-o", "out.jsonl")
    assert (done.exit_code, "Traceback" in done.stderr) == (3, False)


def test_explore_by_batches_tells_the_bill_first_and_is_collected_to_samples(cli, folder, batches):
    batches.ready = False
    first = cli("explore", "in.jsonl", "--batch", "--yes")
    assert (first.exit_code, first.stdout) == (0, "")
    assert "by provider batches" in first.stderr
    assert (
        first.stderr.index("Cost estimate") < first.stderr.index("Wave 1") < first.stderr.index("cascade batch collect")
    )
    again = json.loads(cli("explore", "in.jsonl", "--batch", "--json").stdout)
    assert (again["in_flight"], again["done"], len(batches.batches)) == (8, False, 2)
    live = cli("explore", "in.jsonl")
    assert (live.exit_code, "paid twice" in live.stderr, batches.live) == (2, True, 0)
    batches.ready = True
    done = cli("batch", "collect", "in.samples.jsonl", "--wait", "--every", "0.01")
    assert (done.exit_code, "4 samples in in.samples.jsonl" in done.stderr) == (0, True)
    assert all(len(line["recordings"]) == 2 for line in read_lines(folder / "in.samples.jsonl"))
    assert (len(batches.batches), batches.live) == (2, 0)


def test_explore_by_batches_estimates_half_of_what_live_costs(cli, folder, batches):
    def estimated(*args):
        bill = re.search(r"^\W*all\W.*\$([\d.]+)", cli("explore", "in.jsonl", *args).stderr, re.MULTILINE)
        return float(bill[1])

    assert estimated("-o", "a.jsonl", "--batch") == pytest.approx(estimated("-o", "b.jsonl") / 2, rel=0.01)


def test_what_explore_by_batches_cannot_do_is_said_with_the_way_out(cli, folder, batches):
    twice = cli("explore", "in.jsonl", "--batch", "--ask-twice", "2")
    assert (twice.exit_code, "once the samples are there" in twice.stderr) == (2, True)
    poor = cli("explore", "in.jsonl", "--batch", "--max-cost", "0.001")
    assert (poor.exit_code, "higher --max-cost" in poor.stderr, len(batches.batches)) == (3, True, 0)
    assert cli("explore", "in.jsonl", "--batch", "--max-cost", "9").exit_code == 0
    assert cli("explore", "in.jsonl", "--batch", "--limit", "2").exit_code == 2
    assert len(batches.batches) == 2
