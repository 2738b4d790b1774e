"""`cascade demo`: the whole story, for real."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from tests.cascade.cli.conftest import read_lines


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [sys.executable, "-m", "cascade", "demo"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "demo", done.stdout, done.stderr


def test_it_tells_what_it_is_and_what_it_is_not(demo):
    _, told, _ = demo
    assert "toy language" in told
    assert "nominal" in told
    assert "not the savings to expect" in told


def test_it_certifies_three_points_for_about_a_quarter_of_the_cost_and_says_where_the_hull_is(demo):
    _, told, _ = demo
    assert "Certified with 90.0 % confidence" in told
    lost, cost = re.search(r"([0-9.]+) points less often right than the large model, for ([0-9.]+) % of", told).groups()
    assert 0.0 <= float(lost) <= 3.0
    assert float(cost) == pytest.approx(25, abs=5)
    assert "Against the hull of single models, above: " in told


def test_what_it_replays_is_what_it_served(demo):
    _, told, _ = demo
    served = re.search(r"the cascade +│ +([0-9.]+) % │ +\S+ │ +([0-9.]+) %", told).groups()
    right, top = (float(x) for x in (served[0], re.search(r"always large +│ +([0-9.]+) %", told).group(1)))
    lost, cost = re.search(r"([0-9.]+) points less often right than the large model, for ([0-9.]+) % of", told).groups()
    assert float(lost) == pytest.approx(top - right, abs=0.11)
    assert cost == served[1]


def test_an_escalated_order_is_taken_apart(demo):
    _, told, _ = demo
    assert "taken apart" in told
    assert re.search(r"1\. medium \(embedded/medium\): escalate", told)
    assert "log-odds" in told


def test_its_files_are_those_of_the_other_commands(demo, cli):
    folder, _, _ = demo
    assert len(read_lines(folder / "results.jsonl")) == 600
    replayed = json.loads(cli("replay", folder / "fresh.jsonl", "--policy", folder / "policy.json", "--json").stdout)
    report = json.loads(cli("report", folder / "decisions.db", "--json").stdout)
    assert report["total"]["n"] == 600
    assert replayed["total"]["escalation_rate"]["value"] == pytest.approx(
        report["tasks"]["orders"]["escalation_rate"]["value"], abs=1e-9
    )


def test_nothing_but_progress_is_on_stderr(demo):
    _, _, said = demo
    assert [line for line in said.splitlines() if not re.fullmatch(r"[A-Z][a-z ,]+: \d+/\d+, \$.* so far", line)] == []


def test_a_folder_that_is_not_the_demo_s_is_left_alone(cli, folder):
    (folder / "demo").mkdir()
    (folder / "demo" / "cascade.yaml").write_text("mine")
    assert cli("demo", "--no-input").exit_code == 2
    assert (folder / "demo" / "cascade.yaml").read_text() == "mine"
