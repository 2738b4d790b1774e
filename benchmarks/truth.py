"""Promises by repetition: how often what is said of labels, copies, sessions, days, gates, rates and plans is true.

python -m benchmarks.truth [--part classes|copies|sessions|days|gate|rates|drift|plan|prints|demo] [--repeats 1000]
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import beta

from calibration import EscalationRate, MaxLoss, calibrate, replay
from calibration.certify.certification import certify
from calibration.fit.certified_task import certify_task, fit_certified
from calibration.fit.task_fit import fit_task
from calibration.gate.finding import Criterion, judge_figure
from calibration.planning.plan import plan_loss
from calibration.samples.layout import Layout
from calibration.samples.recorded import recorded_ladder
from calibration.samples.replayed import apply_point
from calibration.samples.table import Table
from calibration.targets.bound import Bound, MaxError
from cascade.errors import DataError
from cascade.policy.operating_point import OperatingPoint, Threshold
from cascade.policy.policy import SALT
from cascade.policy.sample_print import SamplePrint
from cascade.report.values.drift import SHARED_ARL
from cascade.report.values.figure import share
from cascade.report.values.tally import Period, Promise, Tally
from cascade.report.values.time_series import series_of
from cascade.stats.rank_monitor import RankMonitor
from tests.recordings import recorded_samples
from tests.synthetic import SURE, pair_traffic, table_of

Rows = Iterator[dict[str, Any]]
DAY_MS = 86_400_000

PATH = [
    (OperatingPoint(rungs=("r0", "top"), thresholds=(Threshold(t=t),), combiners={"r0": SURE}),)
    for t in (0.3, 0.2, 0.1)
]


def classes(repeats: int) -> Rows:
    """A small model that is nearly always right: fits of 60 samples that are refused."""
    for right in (0.98, 0.995, 0.02):
        rng, refused, constant = np.random.default_rng(1), 0, 0
        for _ in range(repeats):
            ours = (rng.random(60) < right).astype(float)
            table = table_of(rng.random((60, 1)), np.column_stack([ours, np.ones(60)]), seed=int(rng.integers(1 << 30)))
            try:
                fit_certified(table, MaxError(0.1))
            except DataError:
                refused += 1
            constant += ours.min() == ours.max()
        yield {"right": right, "fits": repeats, "refused": refused, "all 60 of one class": constant / repeats}


def copies(repeats: int) -> Rows:
    """60 requests, 5 times each under other ids, wrong a hair more often than allowed: certified all the same."""
    for grouped in (False, True):
        rng, wrong = np.random.default_rng(5), 0
        for _ in range(repeats):
            ours = (rng.random(60) >= 0.1501).astype(float)
            once = table_of(rng.random((60, 1)), np.column_stack([ours, np.ones(60)]))
            table = replace(once.take(np.repeat(np.arange(60), 5)), ids=tuple(map(str, range(300))))
            if grouped:
                table = replace(table, groups=tuple(f"\0content:{i // 5}" for i in range(300)))
            wrong += fit_certified(table, MaxError(0.15)).certificate.certified
        yield {"copies are": "one group" if grouped else "independent (before)", "certified": wrong / repeats, "δ": 0.1}


def sessions(repeats: int) -> Rows:
    """Long sessions are worse; a random request is wrong a hair more often than allowed: certified all the same."""
    for long, part in ((9, 0.25), (30, 0.05), (3, 0.5)):
        per_request = part * long / (part * long + 1.0 - part)
        for name, bound in (("error", MaxError(0.1)), ("loss", MaxLoss(0.1))):
            rng, requests, groups = np.random.default_rng(long), 0, 0
            for _ in range(repeats):
                table = _sessions(rng, np.where(rng.random(120) < part, long, 1), 0.101 / per_request)
                learnt = _sessions(rng, np.where(rng.random(80) < part, long, 1), 0.0)
                requests += certify(table, PATH, bound, delta=0.1, salt=SALT, learnt=learnt).certificate.certified
                groups += _by_group(table, bound, rng)
            yield {"sessions": f"{part:.0%} of {long} requests, else 1", "bound": f"{name} .1",
                   "one row each (before)": groups / repeats, "weighted by requests": requests / repeats}  # fmt: skip


def _sessions(rng: np.random.Generator, sizes: Any, wrong: float) -> Table:
    which = np.repeat(np.arange(len(sizes)), sizes)
    ours = (rng.random(len(which)) >= np.where(sizes > 1, wrong, 0.0)[which]).astype(float)
    table = table_of(np.full((len(which), 1), 0.5), np.column_stack([ours, np.ones(len(which))]))
    return replace(table, groups=tuple(f"s{i}" for i in which))


def _by_group(table: Table, bound: Bound, rng: np.random.Generator) -> bool:
    """Return whether one random row of each session certifies, as before."""
    order = rng.permutation(len(table))
    _, first = np.unique(np.array(table.groups)[order], return_index=True)
    alone = table.take(order[first])
    return certify(replace(alone, groups=(None,) * len(alone)), PATH, bound, delta=0.1, salt=SALT).certificate.certified


def days(repeats: int) -> Rows:
    """30 days without any shift under a fresh calibration to 25 %: logs with a marked day."""
    for n in (100, 200, 1000):
        for a_day in (200, 1_000, 5_000):
            rng, band, target = np.random.default_rng(n + a_day), 0, 0
            for _ in range(min(repeats, 1000)):
                k = round(0.25 * (n + 1))
                rate = rng.beta(k, n + 1 - k)
                low, high = (float(beta.ppf(end, k, n + 1 - k)) for end in (0.05, 0.95))
                promise = Promise(target={"kind": "escalation_rate", "value": 0.25},
                                  measured={"escalation_rate": {"low": low, "high": high}})  # fmt: skip
                up: list[int] = rng.binomial(a_day, rate, size=30).tolist()
                tally = Tally()
                for day, count in enumerate(up):
                    tally.steps[day, "p"] = Period(n=a_day, first_answered=a_day, escalated=count)
                band += any(step.alarm for step in series_of(tally, {"p": promise}, 0.9, DAY_MS))
                target += any(_off(share(count, a_day, 1.0 - 0.1 / 30)) for count in up)
            logs = min(repeats, 1000)
            yield {"samples": n, "requests a day": a_day, "against the target (before)": target / logs,
                   "against the band": band / logs}  # fmt: skip


def _off(figure: Any) -> bool:
    return not figure.low <= 0.25 <= figure.high


def gate(repeats: int) -> Rows:
    """Figures exactly at their limit: how often the gate passes at δ = .1."""
    costs: dict[str, tuple[float, Callable[[np.random.Generator, int], Any]]] = {
        "cost, lognormal σ 1": (float(np.exp(0.5)), lambda rng, n: rng.lognormal(0.0, 1.0, n)),
        "cost, lognormal σ 1.5": (float(np.exp(1.125)), lambda rng, n: rng.lognormal(0.0, 1.5, n)),
        "cost, gamma ¼": (0.25, lambda rng, n: rng.gamma(0.25, 1.0, n)),
        "cost, 5 % are 20 × as dear": (1.95, lambda rng, n: np.where(rng.random(n) < 0.05, 20.0, 1.0)),
        "cost, 1 % are 100 × as dear": (1.99, lambda rng, n: np.where(rng.random(n) < 0.01, 100.0, 1.0)),
        "cost, Pareto 2.5": (2.5 / 1.5, lambda rng, n: rng.pareto(2.5, n) + 1.0),
    }
    for name, (mean, draw) in costs.items():
        rng = np.random.default_rng(0)
        found = {n: sum(_passes("max_cost", mean, draw(rng, n), None) for _ in range(repeats)) for n in (50, 200, 1000)}
        yield {"figure": name, **{f"n = {n}": passed / repeats for n, passed in found.items()}}
    for right in (0.8, 0.9):
        rng, passed = np.random.default_rng(1), {}
        for count in (5, 10, 20):
            which = np.repeat(np.arange(count), 10)
            passed[count] = 0
            for _ in range(repeats):
                p = rng.beta(right * 7 / 3, (1.0 - right) * 7 / 3, count)[which]
                values = (rng.random(len(p)) < p).astype(float)
                passed[count] += _passes("min_accuracy", right, values, [str(i) for i in which])
        yield {"figure": f"accuracy {right}, sessions of ten, ρ .3", "5 sessions": passed[5] / repeats,
               "10 sessions": passed[10] / repeats, "20 sessions": passed[20] / repeats}  # fmt: skip


def _passes(kind: Any, limit: float, values: Any, groups: list[str] | None) -> bool:
    found = judge_figure("task", Criterion(kind, limit), values, groups, delta=0.1, delta_fail=0.1)
    return found.outcome == "pass"


def rates(repeats: int) -> Rows:
    """One informative verdict beside idle ones: how often the 90 % interval of the rate holds the true one."""
    for n in (50, 200):
        for idle in (0, 5):
            for rate in (0.05, 0.15, 0.25):
                rng, held, off = np.random.default_rng(n + idle), 0, []
                for _ in range(repeats // 4):
                    table, fresh = _noisy(rng, n, idle), _noisy(rng, 4_000, idle)
                    fitted = fit_task(table, recorded_ladder(recorded_samples(1), ("small", "large"), []),
                                      EscalationRate(rate))  # fmt: skip
                    true = float(apply_point(fresh, fitted.points[0], salt=SALT).escalated[:, 0].mean())
                    told = fitted.measured["escalation_rate"]
                    held += told["low"] <= true <= told["high"]
                    off.append(true - rate)
                yield {"labels": n, "idle verdicts": idle, "target": rate, "interval holds": held / (repeats // 4),
                       "bias, points": 100 * float(np.mean(off))}  # fmt: skip


def _noisy(rng: np.random.Generator, n: int, idle: int) -> Table:
    table = pair_traffic(rng, n)
    rows = {rung: np.column_stack([own, rng.normal(size=(n, idle))]) for rung, own in table.rows.items()}
    names = {rung: ("sure", *(f"idle{i}" for i in range(idle))) for rung in rows}
    return replace(table, rows=rows, names=names)


def drift(repeats: int) -> Rows:
    """Drift of confidences without labels: alarms in 20,000 quiet requests, and the delay where they shift."""
    for n in (100, 300, 1_000):
        for target in (EscalationRate(0.25), MaxError(0.3)):
            for idle in (0, 5) if isinstance(target, EscalationRate) else (0,):
                rng, kept = np.random.default_rng(n + idle), []
                for _ in range(repeats // 5):
                    try:
                        kept.append(_drift(rng, n, idle, target))
                    except DataError:
                        continue
                quiet, *late = (np.array(column) for column in zip(*filter(None, kept), strict=True))
                row: dict[str, Any] = {"samples": n, "fitted to": type(target).__name__, "idle verdicts": idle,
                                       "policies": len(quiet), "quiet, alarmed": (quiet <= 20_000).mean()}  # fmt: skip
                for name, after in zip(("half a deviation", "a whole one", "twice as spread"), late, strict=True):
                    row[f"{name}: requests (alarmed)"] = f"{np.median(after):.0f} ({(after <= 5_000).mean():.2f})"
                yield row


def _drift(rng: np.random.Generator, n: int, idle: int, target: Any) -> tuple[int, ...] | None:
    """Return after how many requests each stream alarms, beyond its length if never: quiet, and three shifts."""
    if isinstance(target, EscalationRate):
        ladder = recorded_ladder(recorded_samples(1), ("small", "large"), [])
        fitted = fit_task(_noisy(rng, n, idle), ladder, target)
    else:
        fitted = certify_task(Layout(table=_noisy(rng, n, idle)), target)
    if fitted.confidences is None:
        return None
    found = []
    for much, shift, wide in ((20_000, 0.0, 1.0), (5_000, 0.5, 1.0), (5_000, 1.0, 1.0), (5_000, 0.0, 2.0)):
        fresh = _noisy(rng, much, idle)
        moved = ndtr(wide * ndtri(fresh.rows["r0"][:, 0]) - shift)
        fresh = replace(fresh, rows={**fresh.rows, "r0": np.column_stack([moved, fresh.rows["r0"][:, 1:]])})
        seen = apply_point(fresh, fitted.points[0], salt=SALT).confidence[:, 0]
        monitor = RankMonitor(fitted.confidences.values, fitted.confidences.n, arl=SHARED_ARL)
        monitor.watch(seen)
        found.append(monitor.alarm_at or 10**9)
    return tuple(found)


def plan(repeats: int) -> Rows:
    """`plan --max-loss`: how often a fit with that many samples is certified, and keeps the planned share."""
    fresh = pair_traffic(np.random.default_rng(9), 20_000)
    for eps, part in ((0.05, 0.2), (0.02, 0.12), (0.05, 0.25)):
        found = plan_loss(eps, part * part / 2.0, 0.0, 1.0 - part, confidence=0.9)
        rng, kept, fits = np.random.default_rng(0), [], min(repeats, 100)
        for _ in range(fits):
            points = fit_certified(pair_traffic(rng, found.samples or 0), MaxLoss(eps)).points
            kept.append(sum(point.weight * (1.0 - apply_point(fresh, point, salt=SALT).escalated[:, 0].mean())
                            for point in points if len(point.rungs) > 1))  # fmt: skip
        share_kept = np.array(kept)
        yield {"loss": eps, "share planned": part, "samples": found.samples,
               "certified": float(np.mean(share_kept > 0.0)),
               "keep ≥ .8 of it": float(np.mean(share_kept >= 0.8 * part))}  # fmt: skip


def prints(repeats: int) -> Rows:
    """Fingerprints: contents that the filter takes for its own, and its size."""
    key, others = b"k" * 32, 1000 * repeats
    for n in (300, 20_000, 200_000):
        made = SamplePrint.of(range(n), key)
        hits, told = made.find(range(10**9, 10**9 + others // 10), key)
        yield {
            "samples": n,
            "bytes": len(made.bits) * 3 // 4,
            "share held": made.share,
            "other contents": told,
            "taken": hits,
        }


def demo(repeats: int) -> Rows:
    """The demo's certificate (at most 3 points lost) from ten draws of 400 orders, on 1,500 other orders."""
    from cascade.bulk.exploration import explore_file
    from cascade.cli.shared.demo_files import as_samples, graded_file, prepare
    from cascade.config import load_config
    from cascade.embedded.language import orders

    draws = min(10, max(2, repeats // 100))
    with tempfile.TemporaryDirectory() as name:
        config = load_config(prepare(Path(name) / "demo"))

        def recorded(n: int, seed: int) -> Any:
            with config.open(policy=False, log=False) as app:
                made = explore_file(
                    app, as_samples(orders(n, seed), f"s{seed}"), Path(name) / f"{seed}.jsonl", concurrency=4
                )
            from calibration.fit.complete import with_schemas

            return with_schemas(graded_file(made.samples, Path(name) / f"{seed}.graded.jsonl").samples, config)

        learnt, fresh = recorded(400 * draws, 20_251), recorded(1_500, 20_252)
        for i in range(draws):
            policy = calibrate(learnt[400 * i : 400 * (i + 1)], config.ladder, target=MaxLoss(0.03), choose_rungs=True)
            found = replay(fresh, policy, config.ladder).to_json()["tasks"]["orders"]
            yield {"draw": i, "certified": policy.tasks["orders"].certified, "cost": found["cost_vs_top"],
                   "points lost": 100 * (found["accuracy_top"] - found["accuracy"]["value"]),
                   "below the hull": found["hull"]["below"]}  # fmt: skip


PARTS = {one.__name__: one for one in (classes, copies, sessions, days, gate, rates, drift, plan, prints, demo)}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=list(PARTS), action="append")
    parser.add_argument("--repeats", type=int, default=1000)
    given = parser.parse_args()
    for name in given.part or PARTS:
        print(f"\n## {name}\n\n{PARTS[name].__doc__}\n", flush=True)
        columns: list[str] = []
        for row in PARTS[name](given.repeats):
            if list(row) != columns:
                columns = list(row)
                print(f"\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}", flush=True)
            print(f"| {' | '.join(f'{v:.3g}' if isinstance(v, float) else str(v) for v in row.values())} |", flush=True)


if __name__ == "__main__":
    main()
