"""Synthetic decision log: three tasks over months, for screenshots, browser tests and the benchmarks of reports.

python -m benchmarks.made_log decisions.db [--decisions 6000] [--days 90] [--times 1] [--text]

Every decision is made by the flow itself from given replies; correctness is drawn with a seed. `invoices` has a
certified policy and one hard feature, `support` three rungs and a drift in its last tenth of days, `mail` no policy.
`--times` repeats every row under new ids and times, by SQL, which makes a million decisions in a minute or two.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cascade.clients.scripted import scripted
from cascade.exchange import Exchange, ModelCall, Request
from cascade.failure import CallFailure, FailureKind
from cascade.flow.climb import climb, drive
from cascade.ladder import Ladder, Rung
from cascade.log import Log, open_log
from cascade.policy.combiner import Combiner
from cascade.policy.operating_point import OperatingPoint, Threshold
from cascade.policy.policy import LadderPrint, Policy, ReferenceCost, TaskPolicy
from cascade.usage import Usage
from cascade.verdict import Ask, Reply, Verdict, Verifier

END_S = 1_800_057_600
"""End of the log, in Unix seconds: 2027-01-16, midnight UTC."""

DAY_S = 86_400.0


class Seen(Verifier):
    """Reads its verdict from the answer's text, under its name: a score, null, or veto."""

    inline = True

    def __init__(self, name: str, *, cost_usd: float = 0.0) -> None:
        self.name, self._cost_usd = name, cost_usd

    def check(self, exchange: Exchange) -> Verdict:
        """Look it up."""
        said = json.loads(exchange.response.text)[self.name]
        if said == "veto":
            return Verdict.against("the answer is not what the schema asks for")
        paid = {"cost_usd": self._cost_usd, "calls": 1, "latency_s": 0.4} if self._cost_usd else {}
        return Verdict(score=said, reason=f"{self.name} says {said}", **paid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One task: its ladder, its policy, and how good its rungs are."""

    ladder: Ladder
    policy: Policy | None
    right: Mapping[str, float]
    """Accuracy of each rung."""
    usd: Mapping[str, float]
    """Cost of an answer."""
    latency_s: Mapping[str, float]
    """Median latency."""
    features: Sequence[str]
    """Values of the tag `feature`; the last one is hard."""
    weight: float
    """Share of the requests."""


def kinds() -> dict[str, Kind]:
    """Return the three tasks."""
    two = _ladder(("openai/gpt-5-nano", "nano"), ("anthropic/claude-opus-4-5", "opus"), verify=("schema", "logprob"))
    three = _ladder(
        ("openai/gpt-5-nano", "nano"), ("anthropic/claude-haiku-4-5", "haiku"), ("anthropic/claude-opus-4-5", "opus"),
        verify=("hedging", "logprob", "judge"),
    )  # fmt: skip
    mail = _ladder(("openai/gpt-5-nano", "nano"), ("anthropic/claude-opus-4-5", "opus"), verify=("hedging",))
    bound = {
        "bound": {"kind": "max_error", "value": 0.08, "confidence": 0.9}, "certified": True, "why": None, "delta": 0.1,
        "method": "exact binomial, fixed sequence", "n": 900, "samples": 900,
        "assumptions": ["Samples are drawn as requests are.", "Labels are right.", "Samples are independent."],
    }  # fmt: skip
    usd = {"nano": 0.0002, "haiku": 0.0016, "opus": 0.009}
    waits = {"nano": 0.5, "haiku": 0.9, "opus": 2.4}
    return {
        "invoices": Kind(
            ladder=two, policy=_policy("invoices", two, (0.784,), 0.3, {"kind": "max_error", "value": 0.08}, bound),
            right={"nano": 0.84, "opus": 0.97}, usd=usd, latency_s=waits, features=("api", "portal", "upload", "scan"),
            weight=0.5,
        ),
        "support": Kind(
            ladder=three,
            policy=_policy("support", three, (0.75, 0.73), 0.32, {"kind": "escalation_rate", "value": 0.32}, None),
            right={"nano": 0.78, "haiku": 0.87, "opus": 0.93}, usd=usd, latency_s=waits,
            features=("chat", "e-mail", "forum"), weight=0.4,
        ),
        "mail": Kind(
            ladder=mail, policy=None, right={"nano": 0.8, "opus": 0.95}, usd=usd, latency_s=waits, features=("triage",),
            weight=0.1,
        ),
    }  # fmt: skip


def fill(log: Log, *, decisions: int = 6000, days: float = 90.0, seed: int = 0, labelled: float = 0.15) -> None:
    """Write a made log, and label a share of it: half of those on every rung, the rest on what was returned."""
    rng = random.Random(seed)
    made = kinds()
    for kind in made.values():
        if kind.policy is not None:
            log.remember_policy(kind.policy)
    labels: dict[str | None, list[tuple[str, float]]] = {}
    for number in range(decisions):
        at = (number + rng.random()) / decisions
        name = rng.choices(list(made), [kind.weight for kind in made.values()])[0]
        identity = f"{name}-{seed}-{number}"
        truth, rung = _write(log, rng, identity, name, made[name], at, END_S - days * DAY_S * (1.0 - at))
        if name == "mail" or rung is None or rng.random() >= labelled:
            continue
        if rng.random() < 0.5:
            for each, right in truth.items():
                labels.setdefault(each, []).append((identity, float(right)))
        else:
            labels.setdefault(None, []).append((identity, float(truth[rung])))
        if number % 2000 == 0:
            log.flush()
    log.flush()
    for each, pairs in labels.items():
        log.labels(pairs, rung=each)


def repeat(path: Path, times: int, *, days: float = 90.0) -> None:
    """Repeat every row under new ids, each time a little earlier, as with more users."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA synchronous=OFF")
        (n,) = connection.execute("SELECT count(*) FROM decisions").fetchone()
        step_ms = max(1, int(days * DAY_S * 1000 / n / times))
        for table in ("decisions", "attempts", "verdicts", "labels"):
            names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] != "sequence"]
            columns = ", ".join(f'"{name}"' for name in names)
            values = columns.replace('"decision_id"', "decision_id || '-' || i")
            values = values.replace('"at_ms"', f"at_ms - i * {step_ms}")
            numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {times - 1}) "
            wanted = f"SELECT {values} FROM {table} CROSS JOIN n"
            if times > 1:
                connection.execute(f"INSERT INTO {table} ({columns}) {numbers}{wanted}")


def _write(
    log: Log, rng: random.Random, identity: str, name: str, kind: Kind, at: float, at_s: float
) -> tuple[dict[str, bool], str | None]:
    """Draw, run and write one decision; return which rungs are right, and the rung of the returned answer."""
    feature = rng.choices(kind.features, [4, *[2] * (len(kind.features) - 2), 1][: len(kind.features)])[0]
    hard = rng.gauss(0.0, 1.0)
    if len(kind.features) > 1 and feature == kind.features[-1]:
        hard += 0.9
    if name == "support" and at > 0.9:
        hard += 0.7
    truth, replies = {}, {}
    for rung in kind.ladder.names:
        margin = 2.2 * (kind.right[rung] - 0.5) - 0.45 * hard + rng.gauss(0.0, 0.6)
        truth[rung] = margin > 0.0
        replies[rung] = _reply(rng, kind, rung, margin)
    tags = {"feature": feature, "region": rng.choice(("eu", "us"))}
    request = Request.of(
        f"{name}: request {identity.rpartition('-')[2]} from {feature}", id=identity, task=name,
        principal=rng.choice(("acme", "borealis", "cygnus")), tags=tags,
    )  # fmt: skip

    def answer(ask: Ask) -> Reply:
        assert isinstance(ask, ModelCall)
        return replies[ask.rung]

    result = drive(climb(request, kind.ladder, kind.policy), answer)
    saved, how = None, None
    if result.outcome in ("accepted", "exhausted"):
        asked = {attempt.rung: attempt.answer_usd for attempt in result.attempts if attempt.response is not None}
        top = kind.ladder.top.name
        estimate = kind.usd[top] * rng.lognormvariate(0.0, 0.25)
        saved = asked.get(top, estimate) - result.cost_usd
        how = "top answered" if top in asked else "fitted on samples" if kind.policy else "token counts"
    waited = sum(attempt.latency_s for attempt in result.attempts)
    log.write(
        replace(result, decision_id=identity, saved_usd=saved, saved_how=how, latency_s=waited), request, at_s=at_s
    )
    return truth, result.rung


def _reply(rng: random.Random, kind: Kind, rung: str, margin: float) -> Reply:
    wait = kind.latency_s[rung] * rng.lognormvariate(0.0, 0.4)
    if rng.random() < (0.004 if rung == "nano" else 0.002):
        return CallFailure(kind=FailureKind.SERVER, message="503", status=503, latency_s=wait)
    seen: dict[str, Any] = {
        "schema": "veto" if margin < -0.3 and rng.random() < 0.4 else 1.0,
        "hedging": None if rng.random() < 0.1 else float(rng.random() < 0.8),
        "logprob": _squashed(1.0 + 1.8 * (margin + rng.gauss(0.0, 0.7))),
        "judge": _squashed(2.0 * (margin + rng.gauss(0.0, 0.6))),
    }
    usage = Usage(input_tokens=rng.randint(300, 900), output_tokens=rng.randint(40, 160))
    usd = kind.usd[rung] * rng.lognormvariate(0.0, 0.25)
    return scripted(json.dumps(seen), cost_usd=usd, latency_s=wait, usage=usage)


def _squashed(x: float) -> float:
    return round(1.0 / (1.0 + math.exp(-x)), 6)


def _ladder(*rungs: tuple[str, str], verify: Sequence[str]) -> Ladder:
    seen = {"judge": Seen("judge", cost_usd=0.0003)}
    checks = [
        tuple(seen.get(name) or Seen(name) for name in verify),
        tuple(Seen(name) for name in verify if name != "judge"),
    ]
    # The judge is paid for the first rung only; the top's answer is taken as it is.
    return Ladder(*(Rung(model, name=name, verify=checks[min(place, 1)]) for place, (model, name) in enumerate(rungs)))


def _policy(
    task: str,
    ladder: Ladder,
    t: Sequence[float],
    rate: float,
    target: dict[str, Any],
    certificate: dict[str, Any] | None,
) -> Policy:
    names = ladder.names
    point = OperatingPoint(
        rungs=names,
        thresholds=tuple(Threshold(t=each) for each in t),
        combiners={name: Combiner.single("logprob") for name in names[:-1]},
    )
    fitted = TaskPolicy(
        reference=names[-1], points=(point,), n=900, target=target,
        measured={"escalation_rate": {"expected": rate, "low": rate - 0.025, "high": rate + 0.025}},
        certified=None if certificate is None else True, certificate=certificate,
        reference_cost=ReferenceCost(constant=0.009, error_usd=0.0023),
    )  # fmt: skip
    printed = LadderPrint(rungs=names, fingerprint=ladder.fingerprint())
    return Policy(ladder=printed, tasks={task: fitted}, created="2026-10-01T00:00:00+00:00")


def main() -> None:
    """Make one."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--decisions", type=int, default=6000)
    parser.add_argument("--days", type=float, default=90.0)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--text", action="store_true", help="store the texts")
    given = parser.parse_args()
    with open_log(given.path, store_text="full" if given.text else "none") as log:
        fill(log, decisions=given.decisions, days=given.days)
    repeat(given.path, given.times, days=given.days)


if __name__ == "__main__":
    main()
