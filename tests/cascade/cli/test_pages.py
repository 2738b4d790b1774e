"""--html and --report write one file that says what JSON says."""

from __future__ import annotations

import json

import pytest

from cascade.report.values.format_numbers import percent
from tests.cascade.cli.conftest import recorded, write_lines


@pytest.fixture
def logged(cli, configured):
    write_lines(configured / "in.jsonl", [{"id": f"r{i}", "prompt": f"q{i}", "task": "t"} for i in range(8)])
    assert cli("run", "--input", "in.jsonl", "--output", "out.jsonl", "--tag", "team=a").exit_code == 0
    return configured


def test_a_report_is_a_page_and_json_at_once(cli, logged):
    done = cli("report", "--html", "report.html", "--json")
    told, page = json.loads(done.stdout), (logged / "report.html").read_text(encoding="utf-8")
    assert percent(told["tasks"]["t"]["escalation_rate"]["value"]) in page
    assert page.startswith("<!doctype html>")
    assert "Content-Security-Policy" in page
    assert done.stderr.splitlines()[-1] == "The report is in report.html."


def test_a_page_alone_leaves_stdout_empty(cli, logged):
    assert cli("report", "--html", "report.html").stdout == ""


def test_a_folder_that_is_not_there_is_one_sentence(cli, logged):
    done = cli("report", "--html", "absent/report.html")
    assert (done.exit_code, done.stderr.count("Error: ")) == (2, 1)


@pytest.mark.parametrize("cost", ["-1", "nan"])
def test_a_label_costs_no_less_than_nothing(cli, logged, cost):
    assert cli("report", "--label-cost", cost).exit_code == 2


def test_calibrate_replay_and_check_write_the_page_of_their_samples(cli, folder):
    write_lines(folder / "samples.jsonl", recorded(200))
    told = cli(
        "calibrate", "samples.jsonl", "--rungs", "small,large", "--target-escalation", "0.25", "--json",
        "--report", "calibrate.html",
    )  # fmt: skip
    assert told.exit_code == 0, told.stderr
    for command in (
        ("replay", "samples.jsonl", "--policy", "policy.json", "--report", "replay.html"),
        (
            "check",
            "samples.jsonl",
            "--policy",
            "policy.json",
            "--max-error",
            "0.9",
            "--allow-fitted",
            "--report",
            "check.html",
        ),
    ):
        assert cli(*command).exit_code == 0
    (fitted,) = json.loads(told.stdout)["tasks"].values()
    pages = {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.html")}
    assert percent(fitted["escalation_rate"]["expected"]) in pages["calibrate"]
    for title, name in (("Calibration", "calibrate"), ("Replay", "replay"), ("Gate: pass", "check")):
        assert f"<h1>{title}</h1>" in pages[name]
        assert "Other thresholds" in pages[name]
