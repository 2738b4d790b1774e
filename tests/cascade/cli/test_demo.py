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


def test_it_escalates_about_a_quarter(demo):
    _, told, _ = demo
    rate = float(re.search(r"Escalated: ([0-9.]+) %", told).group(1))
    assert rate == pytest.approx(25, abs=9)


def test_its_files_are_those_of_the_other_commands(demo, cli):
    folder, _, _ = demo
    assert len(read_lines(folder / "results.jsonl")) == 300
    replayed = json.loads(cli("replay", folder / "fresh.jsonl", "--policy", folder / "policy.json", "--json").stdout)
    report = json.loads(cli("report", folder / "decisions.db", "--json").stdout)
    assert report["total"]["n"] == 300
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
