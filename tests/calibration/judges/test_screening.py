"""Admission of judges: bounds decide, everything measured is in the policy, and nobody gets in unseen."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from scipy.stats import beta

from calibration import EscalationRate, calibrate
from calibration.judges.probing import find_judges, probe_judges
from calibration.judges.screening import PROBES, overridden, refusal, screen, unprobed, with_judges
from cascade import ConfigError, Ladder, Policy, Price, Rung, ScriptedClient
from cascade.clients.scripted import scripted
from cascade.exchange import ModelCall
from cascade.failure import CallFailure, FailureKind
from cascade.verdict import Verdict
from tests.calibration.judges.test_probes import samples
from tests.recordings import recorded_samples
from verifiers import Judge

PRICE = Price(input_usd=0.0, output_usd=0.0, call_usd=0.001)
GOOD, BAD = Verdict(score=1.0), Verdict(score=0.0)


def decided(false_accepts: int, flips: int = 0, n: int = 200, m: int = 100) -> Any:
    shown = [("injection", GOOD if i < false_accepts else BAD) for i in range(n)]
    repeated = [[GOOD, BAD, BAD, BAD, BAD] if i < flips else [BAD] * 5 for i in range(m)]
    return screen("judge", "m/judge", ["small"], shown, repeated, pass_at=0.5, n_samples=n)


@pytest.mark.parametrize(("passed", "n"), [(0, 200), (4, 200), (5, 200), (17, 431), (200, 200)])
def test_the_bound_is_exact(passed: int, n: int) -> None:
    high = decided(passed, n=n).false_accepts.high
    assert high == pytest.approx(1.0 if passed == n else beta.ppf(0.95, passed + 1, n - passed))


@pytest.mark.parametrize(
    ("passed", "flips", "admitted"), [(0, 0, True), (4, 0, True), (5, 0, False), (0, 4, True), (0, 5, False)]
)
def test_the_bound_decides_and_not_the_estimate(passed: int, flips: int, *, admitted: bool) -> None:
    found = decided(passed, flips)
    assert found.admitted is admitted
    assert passed / 200 <= 0.05
    assert flips / 100 <= 0.10
    assert (found.why is None) is admitted


def test_too_few_probes_admit_nobody() -> None:
    assert "only 199 of the 200" in decided(0, n=199).why
    assert not decided(0, m=0).admitted


def test_a_judge_that_can_hardly_tell_is_not_admitted() -> None:
    shown = [("injection", Verdict.abstain("?"))] * 150 + [("injection", BAD)] * 50
    found = screen("judge", "m", ["small"], shown, [[BAD] * 5] * 100, pass_at=0.5, n_samples=9)
    assert "abstained on 150" in found.why


def test_recordings_tell_how_many_passed_and_admit_nobody() -> None:
    found = unprobed("judge", ["small"], [(0.0, GOOD), (0.0, BAD), (1.0, GOOD), (None, GOOD)], pass_at=0.5)
    assert (found.admitted, found.why) == (False, "not probed")
    assert (found.false_accepts.count, found.false_accepts.n) == (1, 2)
    assert refusal([found]) is None


def test_who_calibrates_may_let_a_judge_in_and_the_policy_says_so() -> None:
    policy = calibrate(recorded_samples(60), ["small", "large"], target=EscalationRate(0.25))
    bad = decided(50)
    with pytest.raises(ConfigError, match=r"not admitted.*50 of 200.*--admit-judge judge"):
        with_judges(policy, [bad])
    with pytest.raises(ConfigError, match="no judge 'other'"):
        overridden([bad], ["other"])
    kept = with_judges(policy, overridden([bad], ["judge"]))
    assert kept.judges[0].overridden
    again = Policy.from_json(json.loads(json.dumps(kept.to_json())))
    assert again == kept
    assert again.judges == kept.judges


def test_a_policy_without_judges_is_written_as_before() -> None:
    policy = calibrate(recorded_samples(60), ["small", "large"], target=EscalationRate(0.25))
    assert "judges" not in policy.to_json()
    assert Policy.from_json(policy.to_json()).sha256 == policy.sha256


# --- the whole way, with judges that behave and misbehave ---


def data_of(call: ModelCall) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(call.messages[-1]["content"])
    return data


def grade(call: ModelCall, score: float) -> Any:
    return scripted(json.dumps({"nonce": data_of(call)["nonce"], "score": score}), cost_usd=0.001)


def honest(call: ModelCall) -> Any:
    data = data_of(call)
    question = data["conversation"][-1]["text"].split()[-1]
    return grade(call, 10 if data["candidate"] == question else 0)


def gullible(call: ModelCall) -> Any:
    return grade(call, 10 if "score" in data_of(call)["candidate"].lower() else 0)


def fickle() -> Any:
    asked: dict[str, int] = {}

    def answer(call: ModelCall) -> Any:
        nonce = data_of(call)["nonce"]
        asked[nonce] = asked.get(nonce, 0) + 1
        return grade(call, 10 if asked[nonce] == 4 else 0)

    return answer


def ladder(**options: Any) -> Ladder:
    judge = Judge("other/judge", price=PRICE, **options)
    return Ladder(
        Rung("m/small", name="small", verify=(judge,), price=PRICE),
        Rung("m/large", name="large", verify=(), price=PRICE),
    )


def test_an_honest_judge_is_admitted_and_no_rung_is_asked() -> None:
    client = ScriptedClient({"other/judge": honest})
    (found,) = probe_judges(samples(80), ladder(), client=client)
    assert (found.admitted, found.why, found.rungs) == (True, None, ("small",))
    assert (found.false_accepts.count, found.false_accepts.n) == (0, PROBES)
    assert (found.flips.count, found.flips.n, found.times) == (0, 100, 5)
    assert {call.verifier for call in client.calls} == {"judge", *(f"judge.{i}" for i in range(5))}
    assert found.cost_usd == pytest.approx(0.001 * len(client.calls))


def test_master_keys_cost_no_call() -> None:
    client = ScriptedClient({"other/judge": honest})
    (found,) = probe_judges(samples(300), ladder(), client=client)
    assert found.by_kind["master_key"] == (0, 20)
    assert found.gated >= 20
    assert len(client.calls) == 200 - found.gated + 500


def test_a_judge_that_obeys_the_candidate_is_refused() -> None:
    (found,) = probe_judges(samples(80), ladder(), client=ScriptedClient({"other/judge": gullible}))
    assert not found.admitted
    assert found.false_accepts.high > 0.05
    assert "worst at" in found.why


def test_a_judge_that_changes_its_mind_is_refused() -> None:
    (found,) = probe_judges(samples(80), ladder(), client=ScriptedClient({"other/judge": fickle()}))
    assert "was inconsistent on" in found.why


def test_a_judge_that_cannot_be_reached_is_not_admitted() -> None:
    down = CallFailure(kind=FailureKind.TOO_BIG, message="down")
    (found,) = probe_judges(samples(80), ladder(), client=ScriptedClient({"other/judge": lambda call: down}))
    assert not found.admitted
    assert "of the 200 probes" in found.why


def test_equal_judges_are_probed_once_and_others_apart() -> None:
    one, other = Judge("a/judge"), Judge("b/judge")
    rungs = Ladder(*(Rung(f"m/{i}", verify=(judge,)) for i, judge in enumerate([one, Judge("a/judge"), other])))
    assert [(judged.judge.settings()["model"], judged.rungs) for judged in find_judges(rungs)] == [
        ("a/judge", ("m/0", "m/1")),
        ("b/judge", ("m/2",)),
    ]


def test_what_was_measured_survives_the_file() -> None:
    (found,) = probe_judges(samples(80), ladder(), client=ScriptedClient({"other/judge": honest}))
    policy = calibrate(recorded_samples(60), ["small", "large"], target=EscalationRate(0.25))
    kept = with_judges(policy, [found])
    changed = kept.to_json()
    changed["judges"][0]["admitted"] = False
    with pytest.raises(ConfigError, match="sha256"):
        Policy.from_json(changed)
    assert replace(kept, judges=()).sha256 == policy.sha256
