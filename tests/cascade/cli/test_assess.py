"""Claims about `cascade assess` and `cascade judges`."""

from __future__ import annotations

import json

import pytest

from cascade.samples.jsonl import sample_line
from tests.calibration.judges.test_judges import judged
from tests.cascade.cli.conftest import write_lines
from tests.recordings import recorded_samples


@pytest.fixture
def samples(folder):
    return write_lines(folder / "samples.jsonl", [sample_line(one) for one in recorded_samples(400, seed=1)])


def test_assess_says_whether_it_is_worth_it_and_what_verifiers_are_worth(samples, cli) -> None:
    ended = cli("assess", samples, "--rungs", "small,large", "--diagnostics", "pictures.json")
    assert ended.exit_code == 0, ended.stderr
    assert "worth it" in ended.stdout
    assert "sure separates right from wrong" in ended.stdout
    assert json.loads(samples.with_name("pictures.json").read_text())["sums"]["frontier"]["signal"] == "sure"


def test_assess_as_json(samples, cli) -> None:
    found = json.loads(cli("assess", samples, "--rungs", "small,large", "--json").stdout)["tasks"]["sums"]
    assert found["verdict"] == "worth it"
    assert {one["verifier"]: one["standing"] for one in found["verifiers"]}["sure"] == "informative"


def test_labels_have_a_price_only_over_a_number_of_requests(samples, cli) -> None:
    ended = cli("assess", samples, "--rungs", "small,large", "--label-cost", "1")
    assert ended.exit_code == 2
    assert "--requests" in ended.stderr


def test_judges_ranks_what_was_recorded(folder, cli) -> None:
    write_lines(folder / "judged.jsonl", [sample_line(one) for one in judged(100)])
    ended = cli("judges", "blunt", "sharp", "judged.jsonl")
    assert ended.exit_code == 0, ended.stderr
    assert ended.stdout.index("sharp") < ended.stdout.index("blunt")
    found = json.loads(cli("judges", "blunt", "sharp", "judged.jsonl", "--json").stdout)
    assert [one["judge"] for one in found["judges"]] == ["sharp", "blunt"]
    assert cli("judges", "blunt", "sharp").exit_code == 2
