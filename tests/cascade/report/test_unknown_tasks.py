"""A task that nobody knows is named with the one that was meant, and opens no section in a report."""

from __future__ import annotations

from pathlib import Path

import pytest

from cascade.clients.scripted import ScriptedClient
from cascade.engine.cascade import Cascade
from cascade.log import open_log
from cascade.report import report
from cascade.settings import Settings, UncalibratedWarning
from tests.opinions import ladder, policy

RUNGS = ladder("small", "large")


def served(path: Path, *tasks: str) -> None:
    client = ScriptedClient({"small": "0.9", "large": "0.9"})
    fitted = policy(RUNGS, (0.5, 0.0), task="math")
    known = {"orders": Settings(on_uncalibrated="pass_marks")}
    with Cascade(RUNGS, policy=fitted, client=client, log=path, tasks=known) as app:
        for task in tasks:
            app.run("?", task=task)


def test_the_task_that_was_meant_is_suggested(tmp_path: Path) -> None:
    with pytest.warns(UncalibratedWarning, match="did you mean 'math'\\?"):
        served(tmp_path / "log.db", "mat")


@pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
def test_unknown_tasks_are_counted_and_have_no_section(tmp_path: Path) -> None:
    served(tmp_path / "log.db", "math", "mth", "mth", "orders", "other")
    with open_log(tmp_path / "log.db", read_only=True) as log:
        found = report(log)
        alone = report(log, task="mth")
    assert set(found.tasks) == {"math", "orders"}, "a task of the configuration is known, calibrated or not"
    assert found.total.n == 5
    (said,) = [text for text in found.findings if "neither the policy nor the configuration" in text]
    assert "3 decisions" in said
    assert "mth (2; did you mean 'math')" in said
    assert set(alone.tasks) == {"mth"}, "asked for by name, it is shown"
