"""Verdicts on tool calls calibrate as those on any answer: arguments are compared, their tokens and schema scored."""

from __future__ import annotations

import json

import numpy as np

from calibration import calibrate
from calibration.gate.replays import replay
from calibration.samples.recorded import recorded_ladder
from calibration.targets.bound import MaxDisagreement
from calibration.targets.target import ExpectedLoss
from cascade.clients.scripted import scripted
from cascade.exchange import Request, TokenLogProb
from cascade.fast_replace import fast_replace
from cascade.policy.policy import Policy
from cascade.samples.jsonl import sample_line, sample_of
from cascade.samples.sample import Recording, Sample

RUNGS = ("small", "large")
TOOL = {
    "type": "function",
    "function": {
        "name": "order",
        "parameters": {
            "type": "object",
            "properties": {"qty": {"type": "integer"}},
            "required": ["qty"],
            "additionalProperties": False,
        },
    },
}


def called(arguments: object, logprob: float, usd: float, *, spaced: bool = False) -> object:
    text = json.dumps(arguments, separators=None if spaced else (",", ":"))
    call = {"id": "c", "type": "function", "function": {"name": "order", "arguments": text}}
    tokens = tuple(TokenLogProb(token=None, logprob=logprob) for _ in range(5))
    return scripted("", tool_calls=(call,), finish_reason="tool_calls", logprobs=None, cost_usd=usd, message={
        "role": "assistant", "content": None, "tool_calls": [call]}), tokens  # fmt: skip


def traffic(n: int, seed: int, *, labelled: bool) -> list[Sample]:
    """Return tool calls of two rungs: the small one's tokens are less sure where its quantity is another."""
    rng, samples = np.random.default_rng(seed), []
    for i in range(n):
        right = bool(rng.random() < 0.75)
        sure = float(np.clip(rng.normal(-0.05 if right else -0.8, 0.2), -3.0, -0.001))
        answers = {
            "small": called({"qty": i if right else i + 1}, sure, 0.001),
            "large": called({"qty": i}, -0.001, 0.01, spaced=True),
        }
        recordings = {
            rung: Recording(
                rung=rung, model=f"a/{rung}", response=fast_replace(response, logprobs=tokens),
                correct=float(right or rung == "large") if labelled else None,
            )
            for rung, (response, tokens) in answers.items()
        }  # fmt: skip
        request = Request.of(f"order {i} of {seed}", id=f"r-{seed}-{i}", task="orders", params={"tools": [TOOL]})
        samples.append(sample_of(sample_line(Sample(request=request, recordings=recordings))))
    return samples


def served(policy: Policy, samples: list[Sample]) -> object:
    return replay(samples, policy, recorded_ladder(samples, RUNGS, ["schema", "logprob"])).tasks["orders"]


def test_labels_of_tool_calls_calibrate_by_their_tokens_and_schema() -> None:
    samples = traffic(400, 1, labelled=True)
    policy = calibrate(samples, RUNGS, target=ExpectedLoss(0.03), verifiers=["schema", "logprob"])
    read = {name for one in policy.tasks["orders"].points[0].combiners.values() for name in one.features}
    assert "logprob.min" in read
    rows = served(policy, traffic(400, 2, labelled=True))
    assert rows.rate.mean() < 0.6
    assert rows.correct.mean() > 0.93


def test_equal_arguments_are_the_same_whatever_their_spelling_and_certify_without_a_label() -> None:
    policy = calibrate(
        traffic(600, 3, labelled=False), RUNGS, target=MaxDisagreement(0.15), verifiers=["schema", "logprob"]
    )
    task = policy.tasks["orders"]
    assert task.certified
    assert task.measured["same"]["small"]["same"]["value"] > 0.7
    assert task.measured["cost_vs_top"] < 0.7
    assert float(np.nanmean(served(policy, traffic(300, 4, labelled=False)).differs)) < 0.15
