"""Pages are values: what was fitted, replayed and checked, with figures and tables; nothing is printed."""

from __future__ import annotations

import pytest

from calibration import EscalationRate, MaxLoss, calibrate, replay
from calibration.gate.finding import Criterion
from calibration.gate.gate import check_policy
from calibration.gate.replays import policy_ladder
from calibration.pages.blocks import block, operating_points
from calibration.pages.figures import pictures_of
from calibration.pages.policy_page import calibrated_document, checked_document, replayed_document
from calibration.samples.survey import survey
from cascade.display.numbers import percent
from tests.recordings import recorded_samples

RUNGS = ("small", "large")
SAMPLES = recorded_samples(300)


@pytest.fixture(scope="module")
def policy():
    return calibrate(SAMPLES, RUNGS, target=EscalationRate(0.3), dial={"strict": MaxLoss(0.2)})


@pytest.fixture(scope="module")
def seen(policy):
    about = survey(SAMPLES)
    return pictures_of(SAMPLES, policy_ladder(about, policy, None), about, list(policy.tasks))


def test_every_operating_point_has_a_block_and_a_section(policy, seen, capsys):
    assert list(operating_points(policy)) == ["sums", "sums, quality strict"]
    document = calibrated_document(policy, seen, "samples.jsonl")
    assert [section.title for section in document.sections] == list(operating_points(policy))
    assert document.subtitle.startswith("samples.jsonl: 300 samples")
    assert capsys.readouterr() == ("", "")


def test_a_block_says_the_rate_that_was_fitted(policy):
    told = dict(block(policy.tasks["sums"]))
    rate = policy.tasks["sums"].measured["escalation_rate"]["expected"]
    assert told["escalation rate"].startswith(percent(rate))
    assert told["samples"] == "300, 300 of them labelled"


def test_panels_of_samples_stand_on_every_page(policy, seen):
    replayed = replay(SAMPLES, policy)
    gate = check_policy(SAMPLES, policy, [Criterion("min_accuracy", 0.5)])
    sentences = dict.fromkeys(gate.findings, "well inside")
    pages = (
        calibrated_document(policy, seen, "s"),
        replayed_document(replayed.to_json(), policy, seen, "s", replayed.warnings),
        checked_document(gate, sentences, policy, seen, "s"),
    )
    for page in pages:
        ids = {panel.id for panel in page.sections[0].panels}
        assert {"task-1-frontier", "task-1-reliability", "task-1-risk"} <= ids


def test_without_labels_of_both_kinds_nothing_is_drawn_and_that_is_said(policy):
    bare = recorded_samples(100, labelled=False)
    about = survey(bare)
    assert pictures_of(bare, policy_ladder(about, policy, None), about, ["sums"]) == {}
    section = calibrated_document(policy, {}, "s").sections[0]
    (missing,) = [panel.missing for panel in section.panels if panel.missing]
    assert missing.startswith("Samples of this task lack labels")
