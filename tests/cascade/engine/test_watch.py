"""A certificate is watched: the reference is asked on a drawn stream; it refutes it, lets it hold, or tells little."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cascade.clients.scripted import ScriptedClient, scripted
from cascade.engine.cascade import Cascade
from cascade.failure import CallFailure, FailureKind
from cascade.ladder import Ladder
from cascade.log import open_log
from cascade.log.purge import purge
from cascade.policy.policy import Policy
from cascade.report import report
from cascade.serve.log_totals import LogTotals
from cascade.settings import ObserveLimits
from tests.opinions import ladder, policy

RUNGS = ladder("small", "large")
DISAGREEMENT = {"kind": "max_disagreement", "value": 0.1}
LOSS = {"kind": "max_loss", "value": 0.1}


def certified(bound: dict[str, Any], rungs: Ladder = RUNGS) -> Policy:
    """Return a policy by which small serves what is sure, with a certificate."""
    fitted = policy(rungs, (0.5, 0.0))
    task = fitted.tasks["default"]
    object.__setattr__(task, "certificate", {"certified": True, "delta": 0.1, "bound": bound, "assumptions": []})
    object.__setattr__(task, "certified", True)
    return fitted


def served(path: Path, small: Any, large: Any, *, n: int = 100, bound: Any = DISAGREEMENT, watch: float = 1.0) -> None:
    """Serve requests, each with the reference asked too where it is drawn."""
    client = ScriptedClient({"small": small, "large": large})
    limits = ObserveLimits(watch=watch, max_usd_per_day=5.0)
    with Cascade(RUNGS, client=client, policy=certified(bound), log=path, observe=limits) as app:
        for number in range(n):
            app.run("How many?", id=f"r-{number}")


def rows(path: Path) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT rung, reference, same, propensity FROM watched").fetchall()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "decisions.db"


@pytest.mark.parametrize(("large", "state", "harmed"), [("0.9", "holds", 0), ("0.8", "refuted", 100)])
def test_without_a_label_a_bound_on_disagreement_holds_or_is_refuted(
    path: Path, large: str, state: str, harmed: int
) -> None:
    served(path, "0.9", large)
    assert {row[:2] for row in rows(path)} == {("small", "large")}
    with open_log(path, read_only=True) as log:
        made = report(log)
        watches = LogTotals(log).refresh().watches
    watch = made.tasks["default"].policies[0].watch
    assert (watch.state, watch.n, watch.harmed, watch.unknown) == (state, 100, harmed, 0)
    assert watches["default"] == watch
    assert f"(certified, 90 %): {state}" in made.line.text
    assert (made.line.tone == "bad") == (state == "refuted")
    assert made.line.text.startswith("The certificate is refuted") == (state == "refuted")


@pytest.mark.parametrize("by", ["judge:openai/gpt-5", "mine:same"])
def test_what_the_reader_tells_refutes_no_promise_that_another_sameness_made(path: Path, by: str) -> None:
    told = certified({**DISAGREEMENT, "confidence": 0.9})
    told.tasks["default"].certificate["disagreement"] = {"sameness": {"by": by}}
    client = ScriptedClient({"small": "0.9", "large": "0.8"})
    with Cascade(RUNGS, client=client, policy=told, log=path, observe=ObserveLimits(watch=1.0)) as app:
        for number in range(60):
            app.run("How many?", id=f"r-{number}")
    with open_log(path, read_only=True) as log:
        made = report(log)
    watch = made.tasks["default"].policies[0].watch
    assert (watch.state, watch.harmed, watch.unknown) == ("too few", 0, 60)
    assert f"as {by.removeprefix('judge:')} judges (certified" in made.line.text


def test_the_reference_s_own_answer_is_the_same_and_costs_no_call(path: Path) -> None:
    served(path, "0.2", "0.9", n=10)
    assert rows(path) == [("large", "large", 1, 1.0)] * 10
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM calls WHERE purpose = 'observe'").fetchone() == (0,)


def test_a_reference_that_fails_is_a_row_that_is_not_known(path: Path) -> None:
    served(path, "0.9", CallFailure(kind=FailureKind.SERVER, message="down"), n=10)
    assert {row[2] for row in rows(path)} == {None}
    with open_log(path, read_only=True) as log:
        watch = report(log).tasks["default"].policies[0].watch
    assert (watch.state, watch.n, watch.unknown) == ("too few", 10, 10)


def test_a_loss_is_told_by_labels_where_answers_differ_and_unlabelled_ones_refute_nothing(path: Path) -> None:
    served(path, "0.9", "0.8", bound=LOSS)
    with open_log(path) as log:
        assert report(log).tasks["default"].policies[0].watch.state == "too few"
        for number in range(60):
            log.label(f"r-{number}", 0.0)
            log.label(f"r-{number}", 1.0, rung="large")
        watch = report(log).tasks["default"].policies[0].watch
    assert (watch.state, watch.harmed, watch.unknown) == ("refuted", 60, 40)


def test_what_is_drawn_does_not_depend_on_the_outcome(path: Path, tmp_path: Path) -> None:
    drawn = []
    for name, small in (("a.db", "0.9"), ("b.db", "0.2")):
        served(tmp_path / name, small, "0.9", watch=0.3)
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            query = "SELECT request_id FROM watched JOIN decisions USING (decision_id) ORDER BY 1"
            drawn.append([row[0] for row in connection.execute(query)])
    assert drawn[0] == drawn[1]
    assert 15 <= len(drawn[0]) <= 45


def test_a_policy_without_a_certificate_is_not_watched_and_a_certificate_without_a_stream_says_so(path: Path) -> None:
    served(path, "0.9", "0.8", watch=0.0)
    assert rows(path) == []
    with open_log(path) as log:
        made = report(log)
        assert made.tasks["default"].policies[0].watch.state == "not watched"
        assert any("observe.watch" in note for note in made.notes)


def test_a_reference_that_may_not_see_a_request_is_never_asked_to_watch_it(path: Path) -> None:
    asked: list[str] = []

    def answer(call: Any) -> str:
        asked.append(call.rung)
        return "0.9"

    rungs = Ladder(RUNGS[0], replace(RUNGS[1], allow={"tenant": ("ours",)}))
    fitted = certified(DISAGREEMENT, rungs)
    client = ScriptedClient({"small": answer, "large": answer})
    with Cascade(rungs, client=client, policy=fitted, log=path, observe=ObserveLimits(watch=1.0)) as app:
        app.run("How many?", id="theirs", tags={"tenant": "theirs"})
        app.run("How many?", id="ours", tags={"tenant": "ours"})
    assert asked == ["small", "small", "large"]
    assert sorted(row[2] is None for row in rows(path)) == [False, True], "drawn, and not known"


def test_the_lane_s_budget_bounds_what_watching_costs(path: Path) -> None:
    client = ScriptedClient({"small": "0.9", "large": scripted("0.9", cost_usd=1.0)})
    limits = ObserveLimits(watch=1.0, max_usd_per_day=0.0)
    with Cascade(RUNGS, client=client, policy=certified(DISAGREEMENT), log=path, observe=limits) as app:
        for number in range(5):
            app.run("How many?", id=f"r-{number}")
    assert len(rows(path)) == 5


def test_a_purge_takes_the_stream_too(path: Path) -> None:
    served(path, "0.9", "0.8", n=5)
    with open_log(path) as log:
        purge(log, before_ms=2**45)
    assert rows(path) == []


def test_strict_is_exit_code_1_where_a_certificate_is_refuted(path: Path, cli: Any) -> None:
    served(path, "0.9", "0.8")
    ended = cli("report", path, "--strict")
    assert (ended.exit_code, "The certificate of default is refuted" in ended.stderr) == (1, True)
    assert cli("report", path).exit_code == 0
    told = json.loads(cli("report", path, "--json").stdout)
    assert told["tasks"]["default"]["policies"][0]["watch"]["state"] == "refuted"
