"""Claims about `cascade assess` and `cascade judges`."""

from __future__ import annotations

import json

import pytest

from cascade.log import open_log
from cascade.samples.jsonl import sample_line
from tests.calibration.fit.test_paired_task import traffic, write
from tests.calibration.judges.test_judges import judged
from tests.cascade.cli.conftest import write_lines
from tests.cascade.cli.test_calibrate_log import observed
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


def test_without_a_label_it_says_what_is_saved_at_what_disagreement(folder, cli) -> None:
    write(folder / "bare.jsonl", traffic(600))
    given = ("assess", "bare.jsonl", "--rungs", "small,large", "--verifiers", "sure")
    ended = cli(*given)
    assert ended.exit_code == 0, ended.stderr
    assert "at most 10.0 % differ" in ended.stdout
    found = json.loads(cli(*given, "--json").stdout)["tasks"]["sums"]
    assert (found["by"], found["verdict"]) == ("disagreement", "worth it")
    assert found["same"]["small"]["n"] == 600


def test_a_log_is_assessed_by_what_was_observed_and_what_is_missing(folder, cli) -> None:
    path = observed(folder / "decisions.db", 80)
    found = json.loads(cli("assess", "decisions.db", "--json").stdout)["tasks"]["default"]
    assert found["disagreement"]["n"] == 80
    assert found["missing"] == {"observed": 80, "dropped": 0, "hours": {}, "reasons": {}}
    with open_log(path) as log:
        log.write_unobserved({(1_700_000_000_000 // 3_600_000 * 3_600_000, "default", "queue"): 20})
    found = json.loads(cli("assess", "decisions.db", "--json").stdout)["tasks"]["default"]
    assert found["verdict"] == "cannot tell"
    assert found["missing"]["hours"] == {"2023-11-14T22:00:00+00:00": 20}
    said = cli("assess", "decisions.db").stdout
    assert "queue 20" in said
    assert "small says the same" in said


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
