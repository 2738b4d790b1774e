"""Replay: applies a policy to recordings, without any call, and measures the outcome."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import Flags, Floats
from calibration.certify.weighting import places_in_group
from calibration.samples.added_latency import measure_added
from calibration.samples.copies import is_copy
from calibration.samples.layout import lay_out_tasks
from calibration.samples.learned import apply_scorers
from calibration.samples.recorded import recorded_ladder
from calibration.samples.replayed import Replayed, apply_point
from calibration.samples.sameness import Sameness
from calibration.samples.selective import warn_selective
from calibration.samples.survey import Survey, survey
from calibration.samples.table import Table
from calibration.stats.estimates import estimate, mean, pick
from calibration.thresholds.hull import Baseline, compare_replayed
from cascade.display.numbers import count, dollars, percent, span
from cascade.display.sheet import Grid, Sheet
from cascade.errors import DataError
from cascade.exchange import EMPTY
from cascade.hashing import unit
from cascade.ladder import Ladder
from cascade.plugins import resolve
from cascade.policy.operating_point import OperatingPoint
from cascade.policy.policy import Policy, TaskPolicy
from cascade.prices import PriceBook
from cascade.samples.sample import Sample

MOST_MISSING = 0.05
"""Share of rows that may lack the reference's answer where answers are compared with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """A policy's decisions on the rows of one task; rows that cannot be judged are left out."""

    index: NDArray[np.intp]
    """Indices of the rows in the table, (n,), for comparisons of policies row by row, and for groups."""

    groups: tuple[str | None, ...] | None
    """The rows' groups (n); None if no rows share one."""

    rate: Floats
    """1 where the first rung's answer was escalated for quality, (n,); 0 where the point has a single rung."""

    reach: Floats
    """1 where a rung was asked, (n, K) by the policy's rungs."""

    escalated: Floats
    """1 where its answer was escalated, (n, K)."""

    below: Floats
    """1 where the answer came from below the top, (n,)."""

    correct: Floats
    """Correctness of the served answer, (n,); NaN where not labelled."""

    correct_top: Floats
    """Correctness of the reference's answer, (n,); NaN where not labelled or not recorded."""

    differs: Floats
    """1 where the served answer is not the same as the reference's, (n,): vetoed ones from below are not; in doubt it
    is not. NaN where the reference was not recorded, or nothing was compared; NaN everywhere if it is missing on more
    than `MOST_MISSING` of the rows: a cascade asks it only where it doubts, so the others say nothing of all."""

    cost_usd: Floats
    """Cost, verifiers included, (n,); NaN where not known."""

    cached_usd: Floats
    """The cost with every answer as it was recorded, also those that a rung above the first read from the provider's
    prompt cache, (n,)."""

    verifier_usd: Floats
    """The verifiers' part, (n,)."""

    top_usd: Floats
    """Cost of the reference's answer, (n,); NaN where not known."""

    added_s: Floats
    """Latency added against asking the reference, in seconds, (n,); NaN where not known."""

    n_skipped: int = 0
    """Rows skipped, since they lack a recording that the policy needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Replay of a policy on samples, by task."""

    tasks: dict[str, Rows]
    """By task."""

    rungs: tuple[str, ...]
    """The rungs of `reach` and `escalated`, in order."""

    warnings: tuple[str, ...] = ()
    """Skipped rows with the reason, for the user."""

    baselines: Mapping[str, Baseline] = EMPTY
    """Each task's policy against the hull of single models."""

    @property
    def first(self) -> tuple[str, ...]:
        """What is to be said first, by task: that a policy is below the hull, that the reference is not the best."""
        return tuple(f"{name}: {said}" for name, one in self.baselines.items() for said in one.sentences)

    def sheet(self) -> Sheet:
        """Return the replay for display: a row of figures for each task."""
        rows = tuple(
            (
                name, count(found["n"]), span(**found["escalation_rate"]), span(**found["accuracy"]),
                percent(found["accuracy_top"]), dollars(found["cost_usd_per_request"]), percent(found["cost_vs_top"]),
            )
            for name, found in self.to_json()["tasks"].items()
        )  # fmt: skip
        columns = ("task", "requests", "escalated", "accuracy", "the top alone", "a request", "of always-top")
        return Sheet(title="Replay", parts=(Grid(columns=columns, rows=rows),), notes=(*self.first, *self.warnings))

    def __rich__(self) -> Any:
        """Show it in a terminal."""
        return self.sheet().rendered()

    def _repr_html_(self) -> str:
        """Show it in a notebook."""
        return self.sheet().html()

    def to_json(self) -> dict[str, Any]:
        """Return the figures of every task and of all together, as `replay --json` prints them."""
        tasks = {
            name: {**figures(rows, self.rungs), **(self.baselines[name].to_json() if name in self.baselines else {})}
            for name, rows in self.tasks.items()
        }
        return {"tasks": tasks, "total": figures(_together(list(self.tasks.values())), self.rungs)}


def replay(
    samples: Iterable[Sample],
    policy: Policy,
    ladder: Ladder | None = None,
    *,
    verifiers: Sequence[Any] | None = None,
    prices: PriceBook | None = None,
    tasks: Sequence[str] | None = None,
    found: Survey | None = None,
    sameness: Sameness | None = None,
    abstaining: Collection[str] = (),
    progress: Callable[[str, int, int], None] | None = None,
) -> Replay:
    """Replay a policy on recordings; samples are read twice and not kept, as by `calibrate`.

    Args:
        samples: recorded samples.
        policy: the policy to apply.
        ladder: the ladder with its verifiers; None: the rungs and verifiers that the policy names.
        verifiers: with no ladder, the verifiers to use instead of the policy's.
        prices: fills in costs that were not recorded.
        tasks: only these; None: all of the policy.
        found: the `survey` of these samples, if there is one.
        sameness: whose sameness answers are compared with the reference's by; None: the reader's.
        abstaining: tasks that give no answer where the last rung's was vetoed (`on_exhausted: abstain`).
        progress: called now and then with the task, the samples judged and their total.

    Raises:
        PolicyMismatch: the policy does not fit the ladder.
        DataError: no row can be judged.
    """
    again = list(samples) if isinstance(samples, Iterator) else samples
    seen = survey(again) if found is None else found
    warnings: list[str] = []
    done: dict[str, Rows] = {}
    baselines: dict[str, Baseline] = {}
    judged = resolve(ladder) if ladder is not None else policy_ladder(seen, policy, verifiers)
    if ladder is not None:
        policy.require(judged)
    asked = {name: n for name, n in seen.counts.items() if tasks is None or name in tasks}
    counts = {name: n for name, n in asked.items() if name in policy.tasks}
    parts = {name: [point.rungs for point in policy.tasks[name].points] for name in counts}
    told = Sameness() if sameness is None else sameness
    again = apply_scorers(again, judged, counts, policy.learned)
    layouts = lay_out_tasks(again, judged, counts, parts, sameness=told, prices=prices, progress=progress)
    for name, n in asked.items():
        if name not in policy.tasks:
            warnings.append(f"Task {name!r}: {n} samples skipped, since the policy does not have the task.")
            continue
        layout = layouts.pop(name)
        done[name] = apply(
            layout.table,
            policy.tasks[name],
            salt=policy.salt,
            rungs=policy.ladder.rungs,
            same=layout.same,
            abstains=name in abstaining,
        )
        rows = done[name]
        baselines[name] = compare_replayed(layout.table, rows.index, rows.correct, rows.cost_usd)
        warnings += [*other_sameness(name, policy.tasks[name], told), *warn_selective(layout)]
        if rows.n_skipped:
            warnings.append(
                f"Task {name!r}: {rows.n_skipped} of {n} samples skipped, since a recording that the policy "
                "needs is missing."
            )
    if not any(len(rows.rate) for rows in done.values()):
        known = ", ".join(policy.tasks)
        message = f"No sample can be replayed; recordings of the policy's rungs, of its tasks {known}, were expected."
        raise DataError(message)
    return Replay(tasks=done, rungs=policy.ladder.rungs, warnings=tuple(warnings), baselines=baselines)


def other_sameness(name: str, task: TaskPolicy, sameness: Sameness) -> list[str]:
    """Return a warning if the task's certificate is about another sameness than the one that is measured."""
    certificate = task.certificate or {}
    about = (certificate.get("disagreement") or certificate.get("pairs") or {}).get("sameness") or {}
    if not about or (about.get("by"), about.get("version")) == (sameness.name, sameness.version):
        return []
    sentence = (
        f"Task {name!r}: disagreement is measured {sameness.whose} (version {sameness.version}); the certificate is "
        f"about that of {about.get('by')} (version {about.get('version')})."
    )
    return [sentence]


def policy_ladder(samples: Iterable[Sample] | Survey, policy: Policy, verifiers: Sequence[Any] | None) -> Ladder:
    """Return the ladder of recordings and a policy."""
    seen = samples if isinstance(samples, Survey) else survey(samples)
    names = policy.ladder.rungs
    if verifiers is None:
        wanted: dict[str, None] = {}
        for used in policy.ladder.verifiers.values():
            wanted.update(dict.fromkeys(used))
        verifiers = list(wanted)
    recorded = seen.rung_models
    return recorded_ladder(seen, [name for name in names if name in recorded] or names, verifiers)


def apply(
    laid: Table, task: TaskPolicy, *, salt: str, rungs: Sequence[str], same: Flags | None = None, abstains: bool = False
) -> Rows:
    """Apply a task's policy to a table; a row's operating point is chosen by the hash of its id.

    `same` (n, K): whether an answer is the same as that of the table's last rung; None: not compared. `abstains`:
    whether the task gives no answer where the reference's was vetoed.
    """
    chosen, points = _points(laid, task, salt=salt), task.points
    n, count = len(laid), len(rungs)
    if task.session_limit is not None and task.reference in laid.rungs:
        named = [None if is_copy(name) else name for name in laid.groups]
        points = (*points, OperatingPoint(rungs=(task.reference,), thresholds=()))
        chosen = np.where(places_in_group(named) < task.session_limit, chosen, len(points) - 1)
    figure = {
        name: np.full(n, np.nan) for name in ("correct", "cost_usd", "cached_usd", "verifier_usd", "differs", "wait_s")
    }
    compares = same is not None and laid.rungs[-1] == task.reference
    rate, below, judged = np.zeros(n), np.zeros(n), np.zeros(n, dtype=bool)
    reach, up = np.zeros((n, count)), np.zeros((n, count))
    for index, point in enumerate(points):
        mine = np.flatnonzero(chosen == index)
        if not mine.size or any(name not in laid.rungs for name in point.rungs):
            continue
        # In most policies one point serves all rows: then no copy is needed.
        served: Replayed = apply_point(laid if mine.size == n else laid.take(mine), point, salt=salt)
        judged[mine] = served.complete
        columns = np.array([rungs.index(name) for name in point.rungs])
        reach[np.ix_(mine, columns)] = served.reached
        up[np.ix_(mine, columns)] = served.escalated
        rate[mine] = served.escalated[:, 0]
        below[mine] = served.answered != (point.rungs.index(task.reference) if task.reference in point.rungs else -1)
        figure["correct"][mine] = served.correct
        figure["verifier_usd"][mine] = served.verifier_usd
        figure["cost_usd"][mine] = served.cost_usd
        figure["cached_usd"][mine] = served.cached_usd
        figure["wait_s"][mine] = served.wait_s
        if same is not None and compares:
            figure["differs"][mine] = _differs(served, point.rungs, laid.rungs, same[mine], abstains=abstains)
    top = laid.rungs.index(task.reference) if task.reference in laid.rungs else None
    missing = np.full(n, np.nan)
    kept = np.flatnonzero(judged)
    return Rows(
        index=kept,
        groups=tuple(laid.groups[int(i)] for i in kept) if any(laid.groups) else None,
        rate=rate[judged],
        reach=reach[judged],
        escalated=up[judged],
        below=below[judged],
        correct=figure["correct"][judged],
        correct_top=(missing if top is None else laid.correct[:, top])[judged],
        differs=_comparable(np.where(laid.present[:, -1], figure["differs"], np.nan)[judged]),
        cost_usd=figure["cost_usd"][judged],
        cached_usd=figure["cached_usd"][judged],
        verifier_usd=figure["verifier_usd"][judged],
        top_usd=(missing if top is None else laid.answer_usd[:, top])[judged],
        added_s=(figure["wait_s"] - (missing if top is None else laid.answer_s[:, top]))[judged],
        n_skipped=int(n - judged.sum()),
    )


def _comparable(differs: Floats) -> Floats:
    """Return where answers differ, (n,); NaN everywhere if too many rows cannot be compared."""
    missing = np.isnan(differs)
    return np.full(len(differs), np.nan) if missing.size and missing.mean() > MOST_MISSING else differs


def _differs(served: Replayed, own: Sequence[str], rungs: Sequence[str], same: Flags, *, abstains: bool) -> Floats:
    """Return where the served answer is not the same as that of the last of `rungs`, (n,) of 0 and 1."""
    rows = np.arange(len(same))
    column = np.array([rungs.index(name) for name in own], dtype=np.intp)[served.answered]
    vetoed = served.table.vetoed[rows, served.answered]  # served all the same, since no rung is left
    below = column != len(rungs) - 1
    return np.where(below, ~same[rows, column] | vetoed, vetoed & abstains).astype(np.float64)


def _points(laid: Table, task: TaskPolicy, *, salt: str) -> np.ndarray[Any, np.dtype[np.intp]]:
    """Return the index of each row's operating point, (n,)."""
    if len(task.points) == 1:
        return np.zeros(len(laid), dtype=np.intp)
    bounds = np.cumsum([point.weight for point in task.points])[:-1]
    u = [unit(salt=salt, purpose="mix", task=laid.task, rung="", request_id=request_id) for request_id in laid.ids]
    return np.searchsorted(bounds, np.array(u), side="right")


def figures(rows: Rows, rungs: Sequence[str]) -> dict[str, Any]:
    """Return the figures of replayed rows as JSON, every estimate with its 90 % interval."""
    n = len(rows.rate)
    labelled = ~np.isnan(rows.correct)
    accepted = labelled & (rows.below > 0)
    both = ~np.isnan(rows.cost_usd) & ~np.isnan(rows.top_usd)
    top_usd = float(rows.top_usd[both].sum())
    reached = rows.reach.sum(axis=0)
    added = measure_added([rows.added_s], [1.0])
    return {
        "n": n,
        "n_labelled": int(labelled.sum()),
        "n_skipped": rows.n_skipped,
        "escalation_rate": estimate(rows.rate, rows.groups),
        "reach": [float(value / n) if n else None for value in reached],
        "rungs": [
            {
                "rung": name,
                "reached": int(asked),
                "escalation_rate": estimate(
                    rows.escalated[rows.reach[:, k] > 0, k], pick(rows.groups, rows.reach[:, k] > 0)
                ),
            }
            for k, (name, asked) in enumerate(zip(rungs, reached, strict=True))
        ],
        "accuracy": estimate(rows.correct[labelled], pick(rows.groups, labelled)),
        "accuracy_top": mean(rows.correct_top[labelled & ~np.isnan(rows.correct_top)]),
        "disagreement": estimate(rows.differs[~np.isnan(rows.differs)], pick(rows.groups, ~np.isnan(rows.differs))),
        "n_compared": int((~np.isnan(rows.differs)).sum()),
        "error_accepted": None if not accepted.any() else 1.0 - float(rows.correct[accepted].mean()),
        "cost_usd_per_request": mean(rows.cost_usd[~np.isnan(rows.cost_usd)]),
        "cost_vs_top": float(rows.cost_usd[both].sum()) / top_usd if top_usd > 0 else None,
        "verifier_cost_usd_per_request": mean(rows.verifier_usd[~np.isnan(rows.verifier_usd)]),
        "top_usd_per_request": mean(rows.top_usd[~np.isnan(rows.top_usd)]),
        "cached": cached_figures(rows.cost_usd[both], rows.cached_usd[both], top_usd),
        "added_latency": None if added is None else added.to_json(),
    }


def cached_figures(cost_usd: Floats, cached_usd: Floats, top_usd: float) -> dict[str, float] | None:
    """Return the cost of rows, (n,), with every answer as recorded; None where the prompt cache makes no difference.

    `top_usd`: what always asking the reference costs on these rows.
    """
    if not len(cost_usd) or not np.any(cost_usd != cached_usd):
        return None
    found = {"cost_usd_per_request": float(cached_usd.mean())}
    return found if top_usd <= 0.0 else {**found, "cost_vs_top": float(cached_usd.sum()) / top_usd}


def _together(parts: Sequence[Rows]) -> Rows:
    names = [name for name in Rows.__dataclass_fields__ if name not in {"groups", "n_skipped"}]
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    groups = None
    if any(part.groups for part in parts):
        groups = tuple(name for part in parts for name in part.groups or (None,) * len(part.rate))
    return Rows(**joined, groups=groups, n_skipped=sum(part.n_skipped for part in parts))
