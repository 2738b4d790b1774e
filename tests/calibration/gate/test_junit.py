"""JUnit: a gate as continuous integration shows it."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from calibration import EscalationRate, calibrate
from calibration.gate.finding import Criterion
from calibration.gate.gate import check_policy
from calibration.gate.junit import write_junit
from tests.recordings import recorded_samples

RUNGS = ("small", "large")


@pytest.fixture(scope="module")
def gate():
    policy = calibrate(recorded_samples(300, seed=1), RUNGS, target=EscalationRate(0.3))
    return check_policy(
        recorded_samples(300, seed=2), policy, [Criterion("min_accuracy", 0.5), Criterion("min_accuracy", 0.99)]
    )


def test_what_fails_is_a_failure_and_what_passes_is_none(gate, tmp_path):
    sentences = {finding: f"{finding.outcome} \x1b[31m" for finding in gate.findings}
    write_junit(gate, tmp_path / "out.xml", policy="p.json", sentences=sentences, allow_undecided=False)
    suite = ET.parse(tmp_path / "out.xml").getroot()[0]  # noqa: S314 - written a line above
    cases = suite.findall("testcase")
    assert [case.find("failure") is not None for case in cases] == [one.outcome != "pass" for one in gate.findings]
    assert suite.get("failures") == str(sum(one.outcome != "pass" for one in gate.findings))
    assert "\x1b" not in (tmp_path / "out.xml").read_text()
