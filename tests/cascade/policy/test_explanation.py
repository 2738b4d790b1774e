"""An explanation says the same from the result and from a log without texts, and its parts sum to the confidence."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cascade.clients.scripted import ScriptedClient, scripted
from cascade.engine.cascade import Cascade
from cascade.exchange import Exchange
from cascade.ladder import Ladder, Rung
from cascade.log import open_log
from cascade.log.past import logged_policy, past_of
from cascade.policy.combiner import Combiner, Feature
from cascade.policy.explanation import Explanation
from cascade.policy.known import MOST, known_policy, remember
from cascade.policy.operating_point import OperatingPoint, Threshold
from cascade.policy.policy import LadderPrint, Policy, TaskPolicy
from cascade.result import Result
from cascade.settings import Settings
from cascade.usage import Price
from cascade.verdict import Verdict, Verifier

NAMES = ("small", "middle", "large")


class Told(Verifier):
    """Scores an answer as it says itself, with a margin, and vetoes where it says so."""

    inline = True
    name = "told"

    def check(self, exchange: Exchange) -> Verdict:
        """Read the answer."""
        told = json.loads(exchange.response.text)
        if told.get("veto"):
            return Verdict.against("told so")
        return Verdict(score=told["score"], signals={"margin": told["margin"]}, reason="as told")


def column(name: str, weight: float) -> Feature:
    return Feature(
        name=name, median=0.5, sd=0.25, weight=weight, missing_weight=0.0, edges=(0.6,), evidence=(-0.2, 0.4, 0.0)
    )


COMBINER = Combiner(columns=(column("told", 1.0), column("told.margin", 0.5), column("length", 0.1)), intercept=0.1)
PRICED = Price(input_usd=1e-6, output_usd=1e-6)
RUNGS = Ladder(*(Rung(f"test/{name}", name=name, verify=(Told(),), price=PRICED) for name in NAMES))


def fitted() -> Policy:
    points = tuple(
        OperatingPoint(
            rungs=NAMES, thresholds=(Threshold(t=t), Threshold(t=0.4)),
            combiners={"small": COMBINER, "middle": COMBINER}, weight=0.5,
        )
        for t in (0.5, 0.6)
    )  # fmt: skip
    return Policy(
        ladder=LadderPrint(rungs=NAMES, fingerprint=RUNGS.fingerprint()),
        tasks={"default": TaskPolicy(reference="large", points=points, n=100)}, created="2026-01-01T00:00:00+00:00",
    )  # fmt: skip


def told(score: float, margin: float = 0.0, **more: Any) -> Any:
    return scripted(json.dumps({"score": score, "margin": margin, **more}), cost_usd=0.001)


def explained(tmp_path: Path, scripts: dict[str, Any], **options: Any) -> tuple[Result[Any], Explanation]:
    """Return a result, and the explanation of its decision by a log without texts."""
    options = {"policy": fitted(), **options}
    with Cascade(RUNGS, client=ScriptedClient(scripts), log=tmp_path / "log.db", **options) as app:
        result = app.run("a secret question")
    with open_log(tmp_path / "log.db", read_only=True) as log:
        past = past_of(log, result.decision_id)
        policy = logged_policy(log, past.decision["policy_sha256"])
        if past.observed is not None:
            policy = logged_policy(log, past.observed.decision["policy_sha256"])
        return result, past.explanation(policy)


def test_the_log_explains_as_the_result_does(tmp_path: Path) -> None:
    result, logged = explained(tmp_path, {"small": told(0.2), "middle": told(0.9)})
    own = result.explain()
    assert json.loads(json.dumps(logged.to_json())) == json.loads(json.dumps(own.to_json()))
    assert [one.action for one in own.attempts] == ["escalate", "accept"]
    assert own.attempts[0].next_rung == "middle"
    assert own.attempts[0].next_usd == pytest.approx(0.001)
    assert own.attempts[1].next_rung == "large"
    assert own.attempts[1].next_usd is not None, "what the top would have cost is known"
    assert "secret" not in json.dumps(logged.to_json())


def test_what_a_confidence_is_the_probability_of_is_said(tmp_path: Path) -> None:
    pairs = replace(fitted(), tasks={
        "default": replace(fitted().tasks["default"], measured={"confidence_means": "P(no harm)"})
    })  # fmt: skip
    for policy, means in ((fitted(), "P(right)"), (pairs, "P(no harm)")):
        (tmp_path / means).mkdir()
        _, found = explained(tmp_path / means, {name: told(0.9) for name in NAMES}, policy=policy)
        assert found.confidence_means == means
        assert f", {means}" in found._repr_html_()


def test_contributions_and_intercept_sum_to_the_confidence(tmp_path: Path) -> None:
    _, logged = explained(tmp_path, {"small": told(0.2, 0.3), "middle": told(0.9)})
    for one in logged.attempts:
        assert one.confidence is not None
        assert one.intercept is not None
        odds = one.intercept + sum(one.contributions.values())
        assert math.log(one.confidence / (1 - one.confidence)) == pytest.approx(odds, abs=1e-6)
        assert one.verdicts[0].log_odds == one.contributions["told"] + one.contributions["told.margin"]


def test_what_would_have_kept_it_below_is_said_and_true(tmp_path: Path) -> None:
    _, logged = explained(tmp_path, {"small": told(0.2), "middle": told(0.9)})
    first = logged.attempts[0]
    assert first.flip is not None
    assert first.threshold is not None
    changed = COMBINER.confidence({**(first.features or {}), first.flip.signal: first.flip.needed})
    assert not first.threshold.escalates(changed, first.u or 0.0)
    assert "would have kept it here" in first.would
    assert "is below the threshold" in first.why


def test_where_no_single_signal_turns_it_the_one_that_says_most_is_named(tmp_path: Path) -> None:
    steep = replace(fitted(), tasks={"default": replace(fitted().tasks["default"], points=(
        OperatingPoint(rungs=NAMES, thresholds=(Threshold(t=0.9999), Threshold(t=0.4)),
                       combiners={"small": COMBINER, "middle": COMBINER}),))})  # fmt: skip
    _, logged = explained(tmp_path, {"small": told(0.2, 0.3), "middle": told(0.9)}, policy=steep)
    first = logged.attempts[0]
    assert first.flip is None
    most = min(first.contributions, key=first.contributions.__getitem__)
    assert first.would == (
        f"No change of a single signal would have kept it here; most against it is {most} "
        f"({first.contributions[most]:+.3g} log-odds)."
    )


def test_a_veto_and_a_failure_are_said_in_words(tmp_path: Path) -> None:
    _, logged = explained(tmp_path, {"small": told(0.9, veto=True), "middle": told(0.9)})
    assert logged.attempts[0].why == "told vetoed it."
    assert logged.attempts[0].flip is None
    assert "Without the veto" in logged.attempts[0].would


def test_an_observed_decision_says_what_the_cascade_would_have_done(tmp_path: Path) -> None:
    scripts = {"small": told(0.2), "middle": told(0.9), "large": told(0.9)}
    _, logged = explained(tmp_path, scripts, settings=Settings(mode="observe"))
    assert (logged.mode, logged.rung) == ("observe", "large")
    assert logged.observed is not None
    assert logged.observed.rung == "middle"
    assert logged.observed.attempts[0].flip is not None


def test_without_its_policy_an_explanation_says_what_it_cannot_tell(tmp_path: Path) -> None:
    result, _ = explained(tmp_path, {"small": told(0.2), "middle": told(0.9)})
    unknown = replace(result, policy_sha256="0" * 64).explain()
    assert "not at hand" in unknown.notes[0]
    assert not unknown.attempts[0].contributions
    assert unknown.attempts[0].why, "the threshold and the confidence are known"
    assert replace(result, policy_sha256="0" * 64).explain(fitted()).attempts[0].contributions


def test_a_request_id_that_was_redacted_still_finds_its_operating_point(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with Cascade(RUNGS, client=ScriptedClient({"small": told(0.9)}), log=path, policy=fitted()) as app:
        results = [app.run("?", id="sk-" + "a1B2c3D4" * 5 + str(i)) for i in range(8)]
    with open_log(path, read_only=True) as log:
        for result in results:
            past = past_of(log, result.decision_id)
            assert past.decision["request_id"] != result.request_id
            logged = past.explanation(logged_policy(log, past.decision["policy_sha256"]))
            assert logged.attempts[0].contributions
            assert not logged.notes


def test_pass_marks_are_explained_too(tmp_path: Path) -> None:
    client = ScriptedClient({"small": told(0.2), "middle": told(0.9)})
    with Cascade(RUNGS, client=client) as app, pytest.warns(UserWarning, match="not calibrated"):
        found = app.run("?").explain()
    assert found.attempts[0].why == "The score of told is below its pass mark."
    assert not found.notes


def test_a_process_remembers_a_bounded_number_of_policies() -> None:
    made = [replace(fitted(), seed=seed) for seed in range(MOST + 1)]
    for policy in made:
        remember(policy)
    assert known_policy(made[0].sha256) is None
    assert known_policy(made[-1].sha256) is made[-1]
