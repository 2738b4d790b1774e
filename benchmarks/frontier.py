"""Cost and realised loss on recorded ladders of four models: ours against what others do, on the same splits.

    python -m benchmarks.frontier [--splits 100] [--n 300] [--loss 0.01] [--set NAME …] [--no-text] [--certified]

Fitted on n samples, measured on all others of the set; cost as a share of always asking the top, loss in points of
accuracy against it. Beside what each method reaches at the aim stands its cost at our realised loss and at a
prototype's, along the hull of its mean curve over aims, mixing with always-top allowed.

- ours: `calibrate --target-loss 0.01 --choose-rungs` with the free verifiers.
- single signal: two rungs, a rung below the top and the top; one signal; its threshold searched on the labels. Once
  chosen as a user could, by what it costs on the fitting rows; once with hindsight, the best of all signals of all
  rungs on the test rows, which is not known in practice.
- text scorer: FrugalGPT's way (Chen et al. 2023, arXiv:2305.05176): a model of query and answer text says P(right),
  here a logistic regression on hashed words and pairs of words; thresholds of all sub-ladders are searched on the rows
  that it was fitted on.
- random mix: single models mixed at random, chosen by their labels.
- oracle: knows the labels, and asks the cheapest model that is right.

With --certified instead: the figures of `--max-loss 0.02 --choose-rungs` on the same splits.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.baselines import (
    AIMS,
    chosen_signal,
    oracle,
    random_mix,
    searched,
    single_signals,
    summed_up,
    text_scores,
    texts,
)
from benchmarks.certificates import truth
from benchmarks.ladders_of_four import LADDERS, laid_out_of_four
from calibration.combine.rung_fits import RungFits
from calibration.fit.certified_task import fit_certified
from calibration.gate.replays import apply
from calibration.samples.sameness import same_answers
from calibration.samples.subladders import list_subladders
from calibration.samples.table import Table
from calibration.targets.bound import MaxLoss
from calibration.targets.target import ExpectedLoss
from calibration.thresholds.aimed import aim
from calibration.thresholds.choice import choose
from calibration.thresholds.pareto_policies import pareto_hull
from calibration.thresholds.path import Path
from cascade.policy.policy import SALT, TaskPolicy

Array = np.ndarray[Any, Any]
PROTOTYPE = {
    "mz_mmlu": (0.009, 0.40, 0.46),
    "mz_medmcqa": (0.024, 0.35, 0.41),
    "lifeeval_mcq": (0.022, 0.09, 0.10),
    "zeroeval_gsm8k": (0.010, 0.19, 0.27),
}
"""A prototype's realised loss, its cost there, and that of the best single signal on two rungs."""


def ours(fit: Table, test: Table, eps: float) -> tuple[tuple[float, float], Path]:
    """Return cost and loss of `calibrate --target-loss --choose-rungs`, and its policy path."""
    aimed = aim(RungFits(fit), ExpectedLoss(eps), choose_rungs=True)
    assert aimed.path is not None
    assert aimed.mix is not None
    return replayed(aimed.path, aimed.mix, test), aimed.path


def replayed(path: Path, mix: Any, test: Table) -> tuple[float, float]:
    """Return cost and loss of a mix, each request by the point that it is hashed to."""
    points = tuple(path.point(found, weight=weight) for weight, found in mix)
    rows = apply(test, TaskPolicy(reference=test.rungs[-1], points=points), salt=SALT, rungs=test.rungs)
    return summed_up(rows.cost_usd, rows.correct_top - rows.correct, rows.top_usd)


def our_curve(path: Path, test: Table) -> list[tuple[float, float]]:
    """Return cost and loss of our path over aims, without the optimism that is taken off a single one."""
    found = []
    for eps in AIMS:
        aims = {ExpectedLoss: _Loss(eps)}
        mix = choose(path.hull, path.reference, aims)  # type: ignore[arg-type]
        found.append(replayed(path, mix, test))
    return found


class _Loss(ExpectedLoss):
    """A loss that may be negative, so that the curve goes on."""

    def __init__(self, eps: float) -> None:
        object.__setattr__(self, "eps", eps)


def cost_at(curve: Array, loss: float) -> float:
    """Return the cost at a realised loss of the best mix of a mean curve's policies (aims, 2) and the top."""
    cost, lost = np.vstack([curve, [1.0, 0.0]]).T
    hull = pareto_hull(cost, -lost)
    return float(np.interp(-loss, -lost[hull], cost[hull], left=np.nan, right=np.nan))


def measure(name: str, *, splits: int, n: int, eps: float, text: bool, note: Callable[[str], None]) -> list[str]:
    """Return the table rows of one set."""
    table, samples = laid_out_of_four(name)
    rows = texts(table, samples) if text else []
    ladders = [*list_subladders(table.rungs, choose=True), *((rung,) for rung in table.rungs)]
    rng = np.random.default_rng(0)
    reached: list[tuple[float, float]] = []
    perfect: list[tuple[float, float]] = []
    curves: dict[str, list[list[tuple[float, float]]]] = {}
    for split in range(splits):
        order = rng.permutation(len(table))
        own, rest = order[:n], order[n:]
        fit, test = table.take(own), table.take(rest)
        at_aim, path = ours(fit, test, eps)
        reached.append(at_aim)
        perfect.append(oracle(test))
        found: dict[str, list[Any]] = {"ours": our_curve(path, test), "random mix": random_mix(fit, test)}
        alone = single_signals(fit, test)
        found |= {"single signal, chosen on the fitting rows": chosen_signal(alone), **alone}
        if text:
            found["text scorer"] = searched(fit, test, text_scores(fit, rows, own, rest), ladders, AIMS)
        for method, curve in found.items():
            curves.setdefault(method, []).append([point[:2] for point in curve])
        note(f"{name}: split {split + 1} of {splits}")
    # A signal that is missing in some split is left out.
    mean = {method: np.mean(found, axis=0) for method, found in curves.items() if len(found) == splits}
    loss = float(np.mean(reached, axis=0)[1])
    at_ours = {method: cost_at(curve, loss) for method, curve in mean.items()}
    known = [method for method, cost in at_ours.items() if ": " in method and not np.isnan(cost)]
    best = min(known, key=lambda method: at_ours[method], default=None)
    plain = ("single signal, chosen on the fitting rows", "text scorer", "random mix")
    methods = [
        ("ours", "ours"),
        (best, "best single signal in hindsight"),
        *((own, own) for own in plain if own in mean),
    ]
    proto = PROTOTYPE.get(name)
    lines = []
    for method, label in methods:
        if method is not None:
            cost, lost = np.mean(reached, axis=0) if method == "ours" else mean[method][AIMS.index(eps)]
            there = "" if proto is None else _number(cost_at(mean[method], proto[0]))
            what = label if label == method else f"{label}, {method}"
            lines.append(f"| {name} | {what} | {cost:.3f} | {100 * lost:+.2f} | {_number(at_ours[method])} | {there} |")
    cost, lost = np.mean(perfect, axis=0)
    lines.append(f"| {name} | oracle | {cost:.3f} | {100 * lost:+.2f} | | |")
    if proto:
        there = f"{proto[1]:.2f}; {proto[2]:.2f} (at {100 * proto[0]:.1f})"
        lines.append(f"| {name} | prototype: path; best signal on two rungs | | | | {there} |")
    return [*lines, f"| {name} | ours over splits | {_spread(np.array(reached), eps)} | | |"]


def certified(name: str, *, splits: int, n: int) -> str:
    """Return the row of certificates on one set."""
    table, samples = laid_out_of_four(name)
    same, bound = same_answers(samples, table.rungs), MaxLoss(0.02)
    rng, found = np.random.default_rng(0), []
    for _ in range(splits):
        order = rng.permutation(len(table))
        own, rest = order[:n], order[n:]
        policy = fit_certified(table.take(own), bound, choose_rungs=True, same=same[own])
        risk, cost = truth(policy.points, bound, table.take(rest))
        found.append((policy.certificate.certified, cost, risk, risk > bound.eps, risk > bound.eps + 0.02))
    shown, cost, risk, over, far = np.mean(found, axis=0)
    spread = float(np.std([risk for _, _, risk, *_ in found]))
    alike = " ".join(f"{share:.2f}" for share in same.mean(axis=0)[:-1])
    return (
        f"| {name} | {alike} | {shown:.0%} | {cost:.3f} | {100 * risk:+.2f} (sd {100 * spread:.2f}) | {over:.0%} "
        f"| {far:.0%} |"
    )


def _spread(reached: Array, eps: float) -> str:
    over = reached[:, 1] - eps
    beyond = 100 * over[over > 0].mean() if (over > 0).any() else 0.0
    return (
        f"sd {reached[:, 0].std():.3f} | sd {100 * over.std():.2f}; over the aim in {np.mean(over > 0):.0%}, "
        f"by {beyond:.2f} on average; more than 2 over in {np.mean(over > 0.02):.0%}"
    )


def _number(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.3f}"


def main() -> None:
    """Measure the sets and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--n", type=int, default=300)
    parser.add_argument("--loss", type=float, default=0.01, choices=AIMS)
    parser.add_argument("--set", action="append", choices=list(LADDERS))
    parser.add_argument(
        "--no-text", action="store_true", help="leave the text scorer out, which takes most of the time"
    )
    parser.add_argument("--certified", action="store_true", help="measure --max-loss 0.02 instead")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.certified:
        print("| set | same answer as the top | certified | cost | loss, points | over the bound | over by 2 points |")
        print("|---|---|---|---|---|---|---|")
        for name in options.set or LADDERS:
            print(certified(name, splits=options.splits, n=options.n), flush=True)
        return
    print(
        f"| set | method | cost at aim {options.loss} | loss, points | cost at our loss "
        "| cost at the prototype's loss |"
    )
    print("|---|---|---|---|---|---|")
    for name in options.set or LADDERS:
        lines = measure(name, splits=options.splits, n=options.n, eps=options.loss, text=not options.no_text, note=note)
        print("\n".join(lines), flush=True)


def note(text: str) -> None:
    """Print progress."""
    print(text, file=sys.stderr)


if __name__ == "__main__":
    main()
