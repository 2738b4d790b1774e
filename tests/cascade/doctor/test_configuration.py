"""Checks of a configuration: each finding names what was looked at, how bad it is and what to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cascade import Request
from cascade.doctor.configuration import configuration
from cascade.log import open_log
from cascade.result import Result

LADDER = "ladder: [{model: embedded/small}, {model: embedded/large}]\n"


def found(path: Path, text: str) -> dict[str, tuple[str, str]]:
    path.write_text(text)
    return {finding.check: (finding.state, finding.text) for finding in configuration(path)}


def test_a_ladder_of_free_models_in_order_has_no_error(tmp_path: Path) -> None:
    checks = found(tmp_path / "cascade.yaml", LADDER)
    assert "error" not in {state for state, _ in checks.values()}
    assert checks["order of the ladder"] == ("ok", "cheapest first")
    assert checks["policy"][0] == checks["decision log"][0] == "warning"


def test_a_configuration_that_cannot_be_read_is_the_only_finding(tmp_path: Path) -> None:
    (finding,) = configuration(tmp_path / "absent.yaml")
    assert (finding.check, finding.state) == ("configuration", "error")


@pytest.mark.parametrize(
    ("more", "check", "says"),
    [
        ("policy: absent.json\n", "policy", "absent.json"),
        ("log: absent/decisions.db\n", "decision log", "not a writable folder"),
    ],
)
def test_what_the_configuration_names_and_is_not_there_is_an_error(
    tmp_path: Path, more: str, check: str, says: str
) -> None:
    state, text = found(tmp_path / "cascade.yaml", LADDER + more)[check]
    assert state == "error"
    assert says in text


def test_a_log_that_is_still_to_be_made_is_fine(tmp_path: Path) -> None:
    state, text = found(tmp_path / "cascade.yaml", LADDER + "log: decisions.db\n")["decision log"]
    assert state == "ok"
    assert text.endswith("decisions.db will be created")


@pytest.mark.parametrize("where", [0.3, 0.6, 0.9])
def test_a_log_that_is_damaged_inside_is_an_error(tmp_path: Path, where: float) -> None:
    path, request = tmp_path / "decisions.db", Request.of("hi", task="math", id="q")
    with open_log(path) as log:
        for number in range(200):
            decided = Result(request_id="q", decision_id=f"d{number}", task="math", outcome="accepted", answer="yes")
            log.write(replace(decided, flags=("x" * 200,)), request)
    with path.open("r+b") as file:
        file.seek(int(where * path.stat().st_size))
        file.write(b"\xff" * 8192)
    state, text = found(tmp_path / "cascade.yaml", LADDER + "log: decisions.db\n")["decision log"]
    assert state == "error"
    assert "decisions.db" in text
