"""Policies: JSON round trips, the hashed choice, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.clients.scripted import ScriptedClient
from cascade.engine.cascade import Cascade
from cascade.errors import ConfigError, PolicyMismatch
from cascade.hashing import unit
from cascade.ladder import Ladder, Rung
from cascade.policy.combiner import Combiner
from cascade.policy.operating_point import OperatingPoint, Threshold
from cascade.policy.policy import LadderPrint, Policy, ReferenceCost, TaskPolicy
from tests.opinions import Says, ladder, policy

SHARES = st.floats(0, 1)
FROZEN = 0.10806161764208932


@given(t=SHARES, g=SHARES, weight=st.floats(0.01, 0.99), cost=st.floats(0, 1))
def test_a_policy_survives_its_file(t: float, g: float, weight: float, cost: float) -> None:
    rungs = ladder("a", "b")
    point = OperatingPoint(
        rungs=("a", "b"), thresholds=(Threshold(t=t, g=g),), combiners={"a": Combiner.single("says")}
    )
    top = OperatingPoint(rungs=("b",), thresholds=(), weight=1.0 - weight)
    points = (
        OperatingPoint(rungs=point.rungs, thresholds=point.thresholds, combiners=point.combiners, weight=weight),
        top,
    )
    task = TaskPolicy(
        reference="b", points=points, n=7, measured={"x": [1]}, reference_cost=ReferenceCost(constant=cost)
    )
    fitted = Policy(ladder=policy(rungs, (0.5, 0.0)).ladder, tasks={"t": task}, created="now")
    again = Policy.from_json(json.loads(json.dumps(fitted.to_json())))
    assert again == fitted
    assert again.sha256 == fitted.sha256


def test_save_and_load(tmp_path: Path) -> None:
    fitted = policy(ladder("a", "b"), (0.3, 0.25))
    fitted.save(tmp_path / "p.json")
    assert Policy.load(tmp_path / "p.json") == fitted
    assert [path.name for path in tmp_path.iterdir()] == ["p.json"], "no temporary file is left"


def _task(content: dict[str, Any]) -> dict[str, Any]:
    task: dict[str, Any] = content["tasks"]["default"]
    return task


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.update(version=99), "version"),
        (lambda c: c.update(surprise=1), "surprise"),
        (lambda c: c.pop("ladder"), "ladder"),
        (lambda c: _task(c)["points"][0]["thresholds"][0].update(t=1.5), "threshold.t"),
        (lambda c: _task(c)["points"][0]["thresholds"][0].update(t="0.5"), "thresholds"),
        (lambda c: _task(c)["points"][0]["thresholds"].append({"t": 0.5, "g": 0.0}), "thresholds"),
        (lambda c: _task(c)["points"][0].update(weight=0.5), "weights"),
        (lambda c: _task(c)["points"][0]["combiners"].clear(), "combiner"),
        (lambda c: _task(c).update(n=8), "sha256"),
    ],
)
def test_a_policy_that_is_none_is_refused(tmp_path: Path, change: Any, said: str) -> None:
    content = policy(ladder("a", "b"), (0.5, 0.0)).to_json()
    change(content)
    file = tmp_path / "p.json"
    file.write_text(json.dumps(content))
    with pytest.raises(ConfigError, match=said) as error:
        Policy.load(file)
    assert str(file) in str(error.value)


@pytest.mark.parametrize(
    "text", ["", "[]", "{", "null", '{"version": 1, "version": 1}', '{"version": NaN}', "\x80\x04K\x01.", "[" * 100_000]
)
def test_what_is_no_json_object_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "p.json"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError):
        Policy.load(file)


def test_a_policy_for_another_ladder_is_refused() -> None:
    fitted = policy(ladder("a", "b"), (0.5, 0.0))
    fitted.require(ladder("a", "b"))
    for other in (
        ladder("b", "a"),
        ladder("a", "c"),
        ladder("a", "b", verify=(Says(pass_at=0.9),)),
        Ladder(
            Rung("test/a", name="a", verify=(Says(),), params={"temperature": 1}),
            Rung("test/b", name="b", verify=(Says(),)),
        ),
    ):
        with pytest.raises(PolicyMismatch, match="Calibrate again"):
            fitted.require(other)


@given(st.text(), st.text(), st.text())
def test_the_hashed_choice_is_a_number_below_one_and_depends_on_its_purpose(task: str, rung: str, name: str) -> None:
    tie, mix = (unit(salt="s", purpose=p, task=task, rung=rung, request_id=name) for p in ("tie", "mix"))
    assert 0.0 <= tie < 1.0
    assert tie != mix
    assert tie == unit(salt="s", purpose="tie", task=task, rung=rung, request_id=name)


def test_the_hashed_choice_never_changes() -> None:
    # A figure that stands in logs and in other processes: if this fails, every mix and tie of every user moves.
    assert unit(salt="cascade-1", purpose="tie", task="t", rung="a", request_id="r-1") == FROZEN


def test_two_points_are_mixed_by_their_weights() -> None:
    combiners = {"a": Combiner.single("says")}
    low = OperatingPoint(rungs=("a", "b"), thresholds=(Threshold(t=0.1),), combiners=combiners, weight=0.3)
    high = OperatingPoint(rungs=("a", "b"), thresholds=(Threshold(t=0.9),), combiners=combiners, weight=0.7)
    task = TaskPolicy(reference="b", points=(low, high))
    share = sum(task.point(salt="s", task="t", request_id=str(i)) is low for i in range(4000)) / 4000
    assert abs(share - 0.3) < 0.03


def test_one_policy_holds_several_operating_points_and_a_request_picks_one() -> None:
    rungs = ladder("a", "b")
    fitted = policy(rungs, (0.5, 0.0))
    strict = policy(rungs, (0.9, 0.0)).tasks["default"]
    dialled = Policy(
        ladder=fitted.ladder,
        tasks={"default": replace(fitted.tasks["default"], dial={"strict": strict})},
        created="now",
    )
    again = Policy.from_json(json.loads(json.dumps(dialled.to_json())))
    assert again == dialled
    with Cascade(rungs, client=ScriptedClient({"a": ["0.7", "0.7"], "b": "1.0"}), policy=again) as app:
        assert app.run("?").rung == "a"
        careful = app.run("?", quality="strict")
        assert (careful.rung, careful.quality) == ("b", "strict")
        with pytest.raises(ConfigError, match="it has strict"):
            app.run("?", quality="cheap")


def test_a_policy_file_that_is_not_there_is_refused_when_the_cascade_opens(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.json"):
        Cascade(ladder("small", "large"), client=ScriptedClient(default="1"), policy=tmp_path / "missing.json")


def fitted(*rungs: str, reference: str = "c") -> Policy:
    """Return a policy of the ladder a → b → c whose one point runs other rungs."""
    point = OperatingPoint(
        rungs=rungs,
        thresholds=tuple(Threshold(t=0.5) for _ in rungs[1:]),
        combiners={name: Combiner.single("says") for name in rungs[:-1]},
    )
    return Policy(
        ladder=LadderPrint(rungs=("a", "b", "c")), tasks={"t": TaskPolicy(reference=reference, points=(point,))},
        created="2026-01-01T00:00:00+00:00",
    )  # fmt: skip


@pytest.mark.parametrize("rungs", [("b", "a"), ("c", "a"), ("a", "c", "b"), ("c", "b", "a")])
def test_a_point_whose_rungs_are_out_of_order_is_refused(rungs: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match=r"Task 't': a point runs .*, and the ladder is a → b → c"):
        fitted(*rungs)


@pytest.mark.parametrize(("rungs", "reference"), [(("a", "c"), "z"), (("a", "z"), "c"), (("z",), "z")])
def test_a_rung_or_reference_that_the_ladder_lacks_is_refused_before_it_serves(rungs, reference) -> None:
    with pytest.raises(PolicyMismatch, match="task 't': "):
        fitted(*rungs, reference=reference).require(ladder("a", "b", "c"))


def test_points_on_part_of_the_ladder_are_served() -> None:
    for rungs in (("a",), ("c",), ("a", "b"), ("b", "c"), ("a", "c")):
        fitted(*rungs).require(ladder("a", "b", "c"))
