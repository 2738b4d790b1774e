"""Certificates by repetition: violation rate of their bounds, and share of answers accepted.

    python -m benchmarks.certificates [--part rung|groups|ladders|variants|recorded] [--splits 1000] [--ladders 200]
        [--variants 60] [--recorded 50] [--json]

One rung: SPEND, and betting where labels are fractional, on made-up confidences whose true risk is known. Groups: ten
turns a session that share their luck. Ladders of four rungs: learnt on 40 % of n labels, certified on 60 %, true risk
and cost on 40,000 other requests.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.recorded_sets import FOLDER, PAIRS
from calibration.certify.certification import certify
from calibration.certify.verification import answering
from calibration.fit.certified_task import fit_certified
from calibration.samples.recorded import recorded_ladder
from calibration.samples.replayed import apply_point
from calibration.samples.sameness import same_answers
from calibration.samples.table import Table, lay_out
from calibration.stats.spending import bet, spend
from calibration.targets.bound import Bound, MaxError, MaxLoss
from cascade.policy.operating_point import OperatingPoint, Threshold
from cascade.policy.policy import SALT
from cascade.samples.jsonl import read_samples
from tests.scenarios import SCENARIOS
from tests.synthetic import SURE, ladder_traffic, table_of


def one_rung(splits: int) -> list[dict[str, Any]]:
    """Return violations and acceptance of every scenario, method and number of labels."""
    rows = []
    for name, scenario in SCENARIOS.items():
        for n in (50, 200, 500, 1000):
            rng = np.random.default_rng(n)
            found: dict[str, list[tuple[float, float]]] = {"SPEND": [], "betting": [], "plug-in": []}
            for _ in range(splits):
                c, y = scenario.draw(rng, n)
                thresholds = {
                    "SPEND": spend(c, y, scenario.alpha, scenario.delta).threshold,
                    "betting": bet(c, y, scenario.alpha, scenario.delta).threshold,
                    "plug-in": _plug_in(c, y, scenario.alpha),
                }
                for method, t in thresholds.items():
                    error, share = scenario.above(t)
                    found[method].append((error > scenario.alpha, share))
            means = {method: np.mean(pairs, axis=0) for method, pairs in found.items()}
            rows.append(
                {
                    "scenario": name, "α": scenario.alpha, "δ": scenario.delta, "n": n,
                    **{f"violations {method}": mean[0] for method, mean in means.items()},
                    **{f"accepted {method}": mean[1] for method, mean in means.items()},
                    "oracle": scenario.oracle,
                }
            )  # fmt: skip
    return rows


def _plug_in(c: Any, y: Any, alpha: float) -> float | None:
    order = np.argsort(-c, kind="stable")
    within = np.flatnonzero(np.cumsum(1.0 - y[order]) <= alpha * np.arange(1, len(c) + 1))
    return float(c[order][within[-1]]) if within.size else None


def grouped(splits: int) -> list[dict[str, Any]]:
    """Return violations in the worst case where ten turns of a session share their luck (correlation .3)."""
    point = OperatingPoint(rungs=("r0", "top"), thresholds=(Threshold(t=0.5),), combiners={"r0": SURE})
    rows = []
    for sessions in (20, 50, 100):
        wrong = {"each sample counted": 0, "each group counted once": 0}
        rng = np.random.default_rng(sessions)
        for _ in range(splits):
            n = 10 * sessions
            # Beta(a, b) with mean .9 and a + b = 1 / ρ − 1: draws of one session correlate by ρ.
            luck = np.repeat(rng.beta(0.9 * (1 / 0.3 - 1), 0.1 * (1 / 0.3 - 1), sessions), 10)
            right = (rng.random(n) < luck).astype(float)
            table = table_of(rng.random((n, 1)), np.column_stack([right, np.ones(n)]))
            names = tuple(f"s{i // 10}" for i in range(n))
            for method, laid in zip(wrong, (table, replace(table, groups=names)), strict=True):
                found = certify(laid, [(point,)], MaxError(0.1), delta=0.1, salt=SALT)
                wrong[method] += found.certificate.certified
        rows += [
            {"n": 10 * sessions, "method": method, "violations": count / splits} for method, count in wrong.items()
        ]
    return rows


def ladders(repeats: int, *, variants: bool = False) -> list[dict[str, Any]]:
    """Return violations, cost against always-top and how often nothing is certified, for ladders of four rungs."""
    fresh = ladder_traffic(np.random.default_rng(99), 40_000)
    rows = []
    cases: list[tuple[Bound, bool, int]] = [(MaxLoss(0.02), False, 0), (MaxError(0.1), False, 0)]
    if variants:
        cases = [(MaxLoss(0.02), True, 0), (MaxError(0.1), True, 0), (MaxLoss(0.03), False, 1)]
    for bound, choose, fractional in cases:
        traffic = fresh if not fractional else ladder_traffic(np.random.default_rng(98), 40_000, fractional=True)
        for n in (200, 500, 1000, 3000):
            rng = np.random.default_rng(n)
            done = []
            for _ in range(repeats):
                found = fit_certified(ladder_traffic(rng, n, fractional=bool(fractional)), bound, choose_rungs=choose)
                risk, cost = truth(found.points, bound, traffic)
                certified = found.certificate.certified
                done.append((certified and risk > bound.value, cost, not certified, risk))
            violated, cost, nothing, risk = np.mean(done, axis=0)
            rows.append(
                {"bound": f"{type(bound).__name__}({bound.value:g}){', fractional' if fractional else ''}",
                 "rungs": "chosen" if choose else "all", "n": n, "violations": violated, "cost": cost, "risk": risk,
                 "uncertified": nothing}
            )  # fmt: skip
    return rows


def recorded(splits: int) -> list[dict[str, Any]]:
    """Return the same for the usual pairs of the recorded sets: 500 samples, truth on all others."""
    rows = []
    for name in ("mz_mmlu", "mz_medmcqa", "lifeeval_mcq", "zeroeval_gsm8k", "zeroeval_crux"):
        path = FOLDER / f"{name}.jsonl.gz"
        if not path.exists():
            sys.exit("The recorded sets (../shared/data) are not on this machine; leave this part out.")
        samples = list(read_samples(path))
        table = lay_out(samples[0].request.task, samples, recorded_ladder(samples, PAIRS[name], None))
        same = same_answers(samples, table.rungs)
        for bound in (MaxLoss(0.02), MaxError(0.1)):
            rng = np.random.default_rng(0)
            done = []
            for _ in range(splits):
                order = rng.permutation(len(table))
                rest = table.take(order[500:])
                found = fit_certified(table.take(order[:500]), bound, same=same[order[:500]])
                risk, cost = truth(found.points, bound, rest)
                certified = found.certificate.certified
                over = risk - bound.value if certified else 0.0
                done.append((over > 0.0, over > 0.02, cost, risk, not certified))
            names = ("over", "over by 2 points", "cost", "risk", "uncertified")
            rows.append(
                {
                    "set": name,
                    "bound": f"{type(bound).__name__}({bound.value:g})",
                    "same answer": float(same[:, 0].mean()),
                    **dict(zip(names, np.mean(done, axis=0), strict=True)),
                }
            )
    return rows


def truth(points: tuple[OperatingPoint, ...], bound: Bound, fresh: Table) -> tuple[float, float]:
    """Return the risk and the cost against always-top of a policy on fresh requests."""
    answered = answering(fresh, points, salt=SALT)
    right = fresh.correct[np.arange(len(fresh)), answered]
    below = answered < len(fresh.rungs) - 1
    cost = sum(point.weight * float(np.nanmean(apply_point(fresh, point, salt=SALT).cost_usd)) for point in points)
    if isinstance(bound, MaxLoss):
        risk = float(np.nanmean(fresh.correct[:, -1] - right))
    else:
        risk = float(np.nanmean(1.0 - right[below])) if below.any() else 0.0
    return risk, cost / float(np.nanmean(fresh.answer_usd[:, -1]))


def main() -> None:
    """Measure and print three tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--part", choices=["rung", "groups", "ladders", "variants", "recorded"], help="only this part")
    parser.add_argument("--splits", type=int, default=1000, help="repetitions on one rung and on groups")
    parser.add_argument("--ladders", type=int, default=200, help="repetitions on ladders")
    parser.add_argument(
        "--variants", type=int, default=60, help="repetitions where rungs are chosen, labels fractional"
    )
    parser.add_argument("--recorded", type=int, default=50, help="splits of the recorded sets")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    parts = {
        "rung": lambda: one_rung(options.splits),
        "groups": lambda: grouped(options.splits),
        "ladders": lambda: ladders(options.ladders),
        "variants": lambda: ladders(options.variants, variants=True),
        "recorded": lambda: recorded(options.recorded),
    }
    found = {name: part() for name, part in parts.items() if options.part in (None, name)}
    if options.json:
        print(json.dumps(found, indent=1, default=float))
        return
    for title, rows in found.items():
        print(f"\n### {title}\n")
        print("| " + " | ".join(rows[0]) + " |\n|" + "---|" * len(rows[0]))
        for row in rows:
            print("| " + " | ".join(f"{v:.3f}" if isinstance(v, float) else str(v) for v in row.values()) + " |")


if __name__ == "__main__":
    main()
