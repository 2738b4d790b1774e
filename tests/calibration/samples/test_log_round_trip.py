"""A log without texts, read as samples, replays to the very decisions that were logged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration import replay
from calibration.gate.replays import policy_ladder
from calibration.samples.sameness import match_reference
from calibration.samples.table import by_task, lay_out
from cascade.clients.scripted import ScriptedClient, scripted
from cascade.engine.cascade import Cascade
from cascade.errors import DataError
from cascade.exchange import Exchange, Request, Response
from cascade.ladder import Ladder, Rung
from cascade.log import open_log
from cascade.log.samples import Skips, log_samples
from cascade.policy.combiner import Combiner, Feature
from cascade.policy.operating_point import OperatingPoint, Threshold
from cascade.policy.policy import LadderPrint, Policy, TaskPolicy
from cascade.samples.jsonl import sample_line, sample_of
from cascade.samples.sample import Sample
from cascade.settings import ObserveLimits, Settings
from cascade.verdict import Verdict, Verifier
from verifiers.schema import Schema

NAMES = ("small", "middle", "large")


class Told(Verifier):
    """Gives the verdict that the answer's JSON names for it."""

    inline = True

    def __init__(self, name: str, *, required: bool = False) -> None:
        self.name, self.required = name, required

    def check(self, exchange: Exchange) -> Verdict:
        """Read the verdict."""
        told = json.loads(exchange.response.text).get(self.name, {})
        if told.get("veto"):
            return Verdict.against("told so")
        return Verdict(score=told.get("score"), signals={"margin": told.get("margin")})


RUNGS = Ladder(*(Rung(f"test/{name}", name=name, verify=(Told("one"), Told("two", required=True))) for name in NAMES))


def feature(name: str, weight: float) -> Feature:
    return Feature(
        name=name, median=0.5, sd=0.25, weight=weight, missing_weight=-0.5, edges=(0.3, 0.7),
        evidence=(-1.0, 0.0, 1.0, 0.2),
    )  # fmt: skip


SMALL = Combiner(columns=(feature("one", 1.1), feature("two.margin", 0.3), feature("length", 0.01)), intercept=0.2)
MIDDLE = Combiner(columns=(feature("one", 0.7), feature("earlier.small", 2.0)), intercept=-0.1)
READ = {"small": ("one", "two"), "middle": ("one", "two"), "large": ()}


def fitted(tie: float) -> Policy:
    """Return a policy that mixes two points, one of them with ties at a confidence that requests have."""
    whole = OperatingPoint(
        rungs=NAMES, thresholds=(Threshold(t=tie, g=0.5), Threshold(t=0.4, g=0.0)),
        combiners={"small": SMALL, "middle": MIDDLE}, weight=0.6,
    )  # fmt: skip
    short = OperatingPoint(
        rungs=("small", "large"), thresholds=(Threshold(t=0.6, g=0.0),), combiners={"small": SMALL}, weight=0.4
    )
    return Policy(
        ladder=LadderPrint(rungs=NAMES, verifiers=READ, fingerprint=RUNGS.fingerprint()),
        tasks={"t": TaskPolicy(reference="large", points=(whole, short), n=100)},
        created="2026-01-01T00:00:00+00:00",
    )


TOLD = st.fixed_dictionaries(
    {"score": st.none() | st.sampled_from([0.0, 0.25, 0.3, 0.5, 1.0])},
    optional={"margin": st.none() | st.floats(-3, 3), "veto": st.booleans()},
)
ANSWER = st.builds(
    lambda one, two, finish, text: (json.dumps({"one": one, "two": two, "text": text}), finish),
    TOLD, TOLD, st.sampled_from(["stop", "stop", "stop", "length", "odd"]), st.text(max_size=20),
)  # fmt: skip


def answered(text: str, finish: str) -> Response:
    flags = ("finish_unknown",) if finish == "odd" else ()
    return scripted(text, finish_reason=finish, flags=flags, cost_usd=0.001)


def logged(path: Path, policy: Policy, answers: list[list[tuple[str, str]]], ids: list[str]) -> list[list[Any]]:
    """Serve the requests by a log without texts; return the attempts of each."""
    path.unlink(missing_ok=True)
    current: dict[str, tuple[str, str]] = {}
    client = ScriptedClient({name: lambda call: answered(*current[call.rung]) for name in NAMES})
    served = []
    with Cascade(RUNGS, policy=policy, client=client, log=path) as app:
        for own, identity in zip(answers, ids, strict=True):
            current.update(zip(NAMES, own, strict=True))
            result = app.run(Request.of("secret prompt", task="t", id=identity))
            served.append([(attempt.rung, attempt.decision.action) for attempt in result.attempts])
    return served


def round_tripped(path: Path) -> list[Sample]:
    with open_log(path, read_only=True) as log:
        return [sample_of(json.loads(json.dumps(sample_line(sample)))) for sample in log_samples(log)]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.lists(ANSWER, min_size=3, max_size=3), min_size=1, max_size=12),
    st.lists(st.sampled_from([f"r-{i}" for i in range(8)]), min_size=12, max_size=12),
)
def test_log_to_samples_to_replay_gives_the_logged_decisions(
    tmp_path_factory: pytest.TempPathFactory, answers: list[list[tuple[str, str]]], ids: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "round.db"
    tie = SMALL.confidence({"one": 0.5, "two.margin": None, "length": 3.0})
    policy = fitted(tie)
    served = logged(path, policy, answers, ids[: len(answers)])
    samples = round_tripped(path)
    assert all(sample.textless for sample in samples)
    assert "secret" not in json.dumps([sample_line(sample) for sample in samples])
    rows = replay(samples, policy, RUNGS).tasks["t"]
    assert rows.n_skipped == 0, "a rung that the policy would ask was asked"
    reached = [[name for k, name in enumerate(NAMES) if rows.reach[i, k]] for i in range(len(samples))]
    escalated = [[name for k, name in enumerate(NAMES) if rows.escalated[i, k]] for i in range(len(samples))]
    assert reached == [[rung for rung, _ in own] for own in served]
    assert escalated == [[rung for rung, action in own if action == "escalate"] for own in served]


def test_confidences_of_a_replay_are_those_that_were_logged_bit_by_bit(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    texts = [json.dumps({"one": {"score": i / 40}, "two": {"score": 0.5, "margin": i / 7}}) for i in range(40)]
    logged(path, fitted(0.5), [[(text, "stop")] * 3 for text in texts], [f"r-{i}" for i in range(40)])
    table = lay_out("t", by_task(round_tripped(path))["t"], RUNGS)
    with open_log(path, read_only=True) as log, log.reading() as connection:
        # By sequence: ids of one millisecond sort by their random part.
        query = (
            "SELECT a.confidence FROM attempts AS a JOIN decisions AS d ON d.decision_id = a.decision_id"
            " WHERE a.position = 0 ORDER BY d.sequence"
        )
        stored = [row[0] for row in connection.exec_driver_sql(query)]
    found = SMALL.confidences(table.rows["small"], table.names["small"])
    assert np.array_equal(found, np.array(stored))


def test_a_request_that_came_twice_is_two_samples_of_one_group_with_one_hashed_choice(tmp_path: Path) -> None:
    text = json.dumps({"one": {"score": 0.5}, "two": {"score": 0.5}})
    logged(tmp_path / "log.db", fitted(0.5), [[(text, "stop")] * 3] * 2, ["same", "same"])
    first, second = round_tripped(tmp_path / "log.db")
    assert first.request.id != second.request.id
    assert first.hash_id == second.hash_id == "same"
    assert first.request.group == second.request.group == "request:same"


def test_labels_propensity_and_session_come_along_and_what_is_left_out_is_counted(tmp_path: Path) -> None:
    text = json.dumps({"one": {"score": 1.0}, "two": {"score": 0.5}})
    logged(tmp_path / "log.db", fitted(0.5), [[(text, "stop")] * 3] * 2, ["a", "b"])
    with open_log(tmp_path / "log.db") as log:
        log.label("a", 1.0)
        log.label("a", 0.0, source="user")
        log.label("b", 0.5, rung="large")
        skips = Skips()
        first, second = log_samples(log, skips=skips)
    assert (first.recordings["small"].correct, first.recordings["small"].label_source) == (0.5, "human+user")
    assert second.recordings["small"].correct is None
    assert (skips.labels, skips.without_text, first.propensity) == (1, 2, 1.0)


def test_texts_that_the_log_stores_are_in_the_samples_and_verdicts_stay_as_served(tmp_path: Path) -> None:
    rungs = Ladder(*(Rung(f"test/{name}", name=name, verify=(Schema(), Told("one"))) for name in ("small", "large")))
    client = ScriptedClient(default='{"one": {"score": 0.25}}')
    with Cascade(rungs, policy=fitted_for(rungs), client=client, log=tmp_path / "log.db", store_text="full") as app:
        app.run("What is it?", task="t", schema={"type": "object"})
    (sample,) = round_tripped(tmp_path / "log.db")
    assert not sample.textless
    assert sample.request.messages[0]["content"] == "What is it?"
    assert sample.recordings["small"].response.text == '{"one": {"score": 0.25}}'
    table = lay_out("t", [sample], policy_ladder([sample], fitted_for(rungs), None))
    assert dict(zip(table.names["small"], table.rows["small"][0], strict=True))["one"] == 0.25


def fitted_for(rungs: Ladder) -> Policy:
    point = OperatingPoint(
        rungs=rungs.names, thresholds=(Threshold(t=0.5),), combiners={"small": Combiner.single("one")}
    )
    return Policy(
        ladder=LadderPrint(rungs=rungs.names, verifiers={"small": ("one", "schema")}),
        tasks={"t": TaskPolicy(reference="large", points=(point,))}, created="2026-01-01T00:00:00+00:00",
    )  # fmt: skip


def test_a_textless_sample_keeps_only_what_was_served() -> None:
    line = {"id": "a", "textless": True, "recordings": [{"model": "m", "served_features": {"one": 0.5}}]}
    sample = sample_of(line)
    assert sample_line(sample)["recordings"][0]["served_features"] == {"one": 0.5}
    assert replace(sample, textless=True) == sample
    with pytest.raises(Exception, match="served_features"):
        sample_of({"id": "a", "textless": True, "recordings": [{"model": "m"}]})


def test_answers_that_are_the_same_are_known_to_be_without_their_texts(tmp_path: Path) -> None:
    low = {"one": {"score": 0.0}, "two": {"score": 0.0}}
    answers = [(json.dumps({**low, "answer": value}), "stop") for value in ("4", "5", "5")]
    rungs = Ladder(*(replace(rung, verify=(*rung.verifiers,)) for rung in RUNGS))
    client = ScriptedClient({name: answered(*own) for name, own in zip(NAMES, answers, strict=True)})
    with Cascade(rungs, policy=fitted(0.9), client=client, log=tmp_path / "log.db") as app:
        for i in range(20):
            app.run(Request.of("?", task="t", id=f"r-{i}", answer_field="/answer"))
    whole = [sample for sample in round_tripped(tmp_path / "log.db") if len(sample.recordings) == 3]
    assert whole
    assert all(match_reference(sample, NAMES) == [False, True, True] for sample in whole)


def test_a_textless_sample_is_not_explored(tmp_path: Path) -> None:
    sample = sample_of({"id": "a", "textless": True, "recordings": [{"model": "m", "served_features": {"one": 0.5}}]})
    client = ScriptedClient(default="no")
    with Cascade(RUNGS, client=client) as app, pytest.raises(DataError, match="store_text"):
        app.explore([sample])
    assert not client.calls


def test_an_observed_decision_is_a_complete_sample_with_its_propensity(tmp_path: Path) -> None:
    texts = {"small": {"one": {"score": 1.0}}, "middle": {"one": {"score": 0.3}}, "large": {"one": {"score": 0.5}}}
    scores = {name: {**own, "two": {"score": 0.5, "margin": 0.1}} for name, own in texts.items()}
    client = ScriptedClient({name: answered(json.dumps(own), "stop") for name, own in scores.items()})
    settings, limits = Settings(mode="observe"), ObserveLimits(share=0.5)
    policy = fitted(0.5)
    with Cascade(
        RUNGS, policy=policy, client=client, log=tmp_path / "log.db", settings=settings, observe=limits
    ) as app:
        for i in range(30):
            app.run(Request.of("secret", task="t", id=f"r-{i}"))
    with open_log(tmp_path / "log.db") as log:
        log.label("r-0", 1.0)
        found = list(log_samples(log))
    observed = [sample for sample in found if sample.extra["decision"].get("observed")]
    assert len(found) == 30
    assert 3 < len(observed) < 27
    assert {sample.propensity for sample in observed} == {0.5}
    assert all(set(sample.recordings) == set(NAMES) and sample.textless for sample in observed)
    assert all(set(sample.recordings) == {"large"} for sample in found if sample not in observed)
    assert found[0].recordings["large"].correct == 1.0
    rows = replay(observed, policy, RUNGS).tasks["t"]
    with open_log(tmp_path / "log.db", read_only=True) as log, log.reading() as connection:
        query = "SELECT decision_id, rung, confidence FROM observations"
        would = {row[0]: row[1] for row in connection.exec_driver_sql(query)}
    served = [NAMES[max(k for k in range(3) if rows.reach[i, k])] for i in range(len(observed))]
    assert served == [would[sample.extra["decision"]["id"]] for sample in observed]
