"""calibrate(): fits a policy on samples; thin wrappers around the mathematics of the neighbouring modules."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

from calibration.certify.looks import Looks
from calibration.combine.learned_gain import leave_out_useless
from calibration.combine.mixture import Prior
from calibration.combine.pooled_combiners import pooled_priors
from calibration.fit.certified_task import certify_task
from calibration.fit.cold_start import PooledTasks, cold_start, gather_pooled_tasks
from calibration.fit.latency_limit import limit_latency
from calibration.fit.make_policy import make_policy, print_samples
from calibration.fit.paired.fit import LabelBudget, PairedOptions
from calibration.fit.paired.task import certify_pairs
from calibration.fit.pooled_tasks import PooledFits
from calibration.fit.redraws import redraw
from calibration.fit.task_fit import MINIMUM, finish_task, require_enough, start_task
from calibration.samples.added_latency import limited
from calibration.samples.layout import Layout, lay_out_tasks
from calibration.samples.recorded import recorded_ladder
from calibration.samples.same_figures import describe_sameness, repeat_figures, same_shares
from calibration.samples.sameness import Sameness
from calibration.samples.scorer_fits import learn
from calibration.samples.selective import require_labels_for
from calibration.samples.subladders import list_parts
from calibration.samples.survey import Survey, survey
from calibration.samples.table import Table
from calibration.targets.bound import Bound, Jointly, MaxDisagreement, MaxError, MaxLoss
from calibration.targets.by_task import Target
from calibration.targets.target import Best
from cascade.errors import ConfigError, DataError
from cascade.exchange import EMPTY
from cascade.ladder import Ladder
from cascade.plugins import resolve
from cascade.policy.answer_fields import ANSWER_FIELDS
from cascade.policy.policy import Policy, TaskPolicy
from cascade.prices import PriceBook
from cascade.samples.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class _Paired:
    """What certificates on pairs share."""

    sameness: Sameness
    """Whose sameness they are about."""

    looks: Looks
    """The record of earlier certifications."""

    abstaining: frozenset[str]
    """Tasks that give no answer where the last rung's was vetoed."""

    budget: LabelBudget | None
    """The labels of a loss on pairs; None: a loss is certified on all labels."""

    def takes(self, target: Target) -> TypeGuard[MaxLoss | Best]:
        """Return whether a target is a loss or the best accuracy on pairs; a disagreement always is."""
        if self.budget is None or not isinstance(target, MaxLoss | Best):
            return False
        return isinstance(target, Best) or target.dimension is None


def calibrate(
    samples: Iterable[Sample],
    ladder: Ladder | Sequence[str],
    *,
    target: Target,
    dial: Mapping[str, Target] = EMPTY,
    shared_by: int | None = None,
    choose_rungs: bool = False,
    verifiers: Sequence[Any] | None = None,
    tasks: Sequence[str] | None = None,
    new_tasks: Sequence[str] = (),
    seed: int = 0,
    combiner: Policy | None = None,
    prices: PriceBook | None = None,
    found: Survey | None = None,
    sameness: Sameness | None = None,
    looks: Looks | None = None,
    budget: LabelBudget | None = None,
    abstaining: Collection[str] = (),
    sample_key: bytes | None = None,
    max_added_p95_s: float | None = None,
    redraws: int = 0,
    each: str | None = None,
    say: Callable[[str], None] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Policy:
    """Fit a policy on recorded samples, task by task.

    Samples are read twice, for the survey and for the layout, and never kept: a source that reads its files again each
    time (`cascade.samples.reader`) may have any number. The samples of an iterator, which gives them once, are kept.

    Args:
        samples: requests with recordings of the ladder's rungs, and labels (`correct`) where there are any.
        ladder: the ladder that will serve, or names of recorded rungs, cheapest first.
        target: an aim, met in expectation, or a bound to certify (MaxError, MaxLoss, MaxDisagreement).
        dial: further operating points by name, each with its own target; `run(quality=…)` picks one.
        shared_by: how many tasks share a bound's 1 − confidence; None: those that are fitted here.
        choose_rungs: whether rungs may be left out: every sub-ladder that keeps the top is tried.
        verifiers: with names only, the verifiers to use; None: all that are free, or recorded at no cost.
        tasks: only these; None: all.
        new_tasks: tasks without any sample, for a cold start from the others; flagged in the policy.
        seed: of the random choices (folds).
        combiner: a policy whose combiners are used as they are, so that no labels are needed.
        prices: fills in costs that were not recorded.
        found: the `survey` of these samples, if there is one; saves reading them twice.
        sameness: whose sameness MaxDisagreement is about; None: that of the reader of answers.
        looks: the record of earlier certifications on pairs of these samples; None: there was none.
        budget: certify MaxLoss, or aim at Best, on pairs, with so many labels where answers differ; None: on labels
            of all rows.
        abstaining: tasks that give no answer where the last rung's was vetoed (`on_exhausted: abstain`).
        sample_key: under which the policy keeps fingerprints of its samples, for the gate; None: it keeps none.
        max_added_p95_s: greatest latency that a policy may add against always-top at the 95 % quantile of the samples,
            in seconds; an estimate on the samples, not certified. None: any.
        redraws: how often each target on labels is fitted again, to tell how far cost and loss move.
        each: the tag of whose values each has to keep every bound; None: a task's requests as a whole do.
        say: called with a sentence on how many answers are the same, before anything is fitted.
        progress: called now and then with the task, the samples judged and their total.

    Raises:
        DataError: too few samples, no labels where they are needed, or fewer than 8 of one class.
        ConfigError: the ladder or a verifier cannot be used.
    """
    again = list(samples) if isinstance(samples, Iterator) else samples
    seen = survey(again) if found is None else found
    if not len(seen):
        message = "There are no samples; some with recordings of the ladder's rungs were expected (`cascade explore`)."
        raise DataError(message)
    absent = sorted(set(tasks or ()) - set(seen.counts))
    if absent:
        message = f"No sample belongs to task {absent[0]!r}; the samples have {', '.join(seen.counts)}."
        raise DataError(message)
    named = not isinstance(ladder, Ladder)
    rungs = resolve(ladder) if isinstance(ladder, Ladder) else recorded_ladder(seen, ladder, verifiers)
    known = sorted(set(new_tasks) & set(seen.counts))
    if known:
        message = f"Task {known[0]!r} has {seen.counts[known[0]]} samples; a new task was expected to have none."
        raise ConfigError(message)
    targets = {"": target, **dial}
    bounds, told = _bounds(targets.values()), Sameness() if sameness is None else sameness
    on_pairs = _Paired(
        sameness=told, looks=Looks() if looks is None else looks, abstaining=frozenset(abstaining), budget=budget
    )
    _require_bounds(targets.values(), each)
    paired = any(isinstance(one, MaxDisagreement) or on_pairs.takes(one) for one in targets.values())
    counts = {name: n for name, n in seen.counts.items() if tasks is None or name in tasks}
    # Labels of some answers only may stand where answers differ: then aims at quality cannot be met by them.
    partly = any(0 < seen.bare.get(name, 0) < sum(seen.recordings[name].values()) for name in counts)
    learnt = learn(
        again, rungs, counts, seed=seed, certifies=bool(bounds), paired=paired,
        given=None if combiner is None else combiner.learned,
    )  # fmt: skip
    layouts = lay_out_tasks(
        again if learnt is None else learnt,
        rungs,
        counts,
        {name: list_parts(rungs.of(name).names) for name in counts} if choose_rungs else EMPTY,
        sameness=told if paired else Sameness() if bounds or partly else None,
        contents=paired,
        each=each,
        dimensions=tuple(dict.fromkeys(one.dimension for one in bounds if one.dimension is not None)),
        prices=prices,
        progress=progress,
    )
    if learnt is not None and learnt.held_out:
        tables = {name: one.table for name, one in layouts.items()}
        learnt, tables = leave_out_useless(learnt, tables, seed=seed)
        layouts = {name: replace(one, table=tables.pop(name)) for name, one in layouts.items()}
    layouts = {name: replace(one, table=limited(one.table, max_added_p95_s)) for name, one in layouts.items()}
    if paired and say is not None:
        for name, one in layouts.items():
            for sentence in describe_sameness(name, one.table.rungs[-1], same_shares(one), repeat_figures(one)):
                say(sentence)
    tables = {name: one.table for name, one in layouts.items()}
    prints = {} if sample_key is None else print_samples(tables, sample_key, shared_by or len(layouts))
    del tables
    moved = _redraws(
        layouts, rungs, targets, on_pairs, 0 if combiner else redraws, seed=seed, choose_rungs=choose_rungs
    )
    points = _fit_points(
        layouts,
        {name: rungs.of(name) for name in (*counts, *new_tasks)},
        targets,
        new_tasks=new_tasks,
        shared_by=shared_by or len(layouts),
        choose_rungs=choose_rungs,
        seed=seed,
        combiner=combiner,
        paired=on_pairs,
        each=each,
    )
    for (name, quality), again_found in moved.items():
        policy = points[name][quality]
        points[name][quality] = replace(policy, measured={**policy.measured, "redraws": again_found})
    policies = {
        name: replace(
            own[""],
            fitted_on=prints.get(name),
            prompts=seen.prompts.get(name, ()),
            dial={quality: point for quality, point in own.items() if quality},
        )
        for name, own in points.items()
    }
    made = make_policy(rungs, policies, named=named, seed=seed)
    made = made if learnt is None else learnt.held_by(made)
    return made if max_added_p95_s is None else limit_latency(made, max_added_p95_s)


def _priors(tables: Mapping[str, Table], *, seed: int) -> dict[str, dict[str, Prior]]:
    """Return the pooled priors, which stand in for a task's own combiners if it has too few labels."""
    return pooled_priors(tables, seed=seed) if len(tables) > 1 else {}


def _fit_points(
    layouts: dict[str, Layout],
    ladders: Mapping[str, Ladder],
    targets: Mapping[str, Target],
    *,
    new_tasks: Sequence[str],
    shared_by: int,
    choose_rungs: bool,
    seed: int,
    combiner: Policy | None,
    paired: _Paired,
    each: str | None,
) -> dict[str, dict[str, TaskPolicy]]:
    """Fit every operating point of every task, by task and quality; consumes `layouts`."""
    tables = {name: one.table for name, one in layouts.items()}
    priors = _priors(tables, seed=seed) if combiner is None else {}
    small, alone = _small(layouts), len(layouts) < 2
    pooled_tasks = _pooled_tasks(tables, small, seed=seed) if small or new_tasks else {}
    del tables
    fitted: dict[str, dict[str, TaskPolicy]] = {name: {} for name in (*layouts, *new_tasks)}
    fields = {**dict.fromkeys(new_tasks, ()), **{name: one.answer_fields for name, one in layouts.items()}}
    pooled_fits: dict[str, PooledFits] = {quality: PooledFits() for quality in targets}

    def start_cold(name: str, target: Target, laid: Table | None = None) -> TaskPolicy:
        if isinstance(target, MaxDisagreement) or paired.takes(target):
            message = f"Task {name!r} has no samples; a bound on pairs is certified on recordings of its own."
            raise DataError(message)
        return cold_start(
            name,
            ladders[name],
            target,
            pooled_tasks,
            laid=laid,
            seed=seed,
            combiner=combiner,
            choose_rungs=choose_rungs,
        )

    for name in list(layouts):
        layout = layouts.pop(name)  # freed once it is fitted, unless others may be pooled with it
        for quality, target in targets.items():
            if isinstance(target, MaxDisagreement) or paired.takes(target):
                options = PairedOptions(
                    bound=target, sameness=paired.sameness, tasks=shared_by, seed=seed, choose_rungs=choose_rungs,
                    abstains=name in paired.abstaining,
                    budget=None if isinstance(target, MaxDisagreement) else paired.budget,
                    each=each,
                )  # fmt: skip
                fitted[name][quality] = certify_pairs(layout, options, paired.looks)
            elif name in small:
                fitted[name][quality] = start_cold(name, target, layout.table)
            elif isinstance(target, MaxError | MaxLoss | Jointly):
                require_labels_for(layout, target)
                fitted[name][quality] = _certified(
                    layout, target, seed=seed, choose_rungs=choose_rungs, tasks=shared_by, each=each
                )
            else:
                require_labels_for(layout, target)
                started = start_task(
                    layout.table,
                    ladders[name],
                    target,
                    seed=seed,
                    combiner=combiner,
                    priors=priors.get(name),
                    choose_rungs=choose_rungs,
                )
                if alone or not pooled_fits[quality].took(name, started):
                    fitted[name][quality] = finish_task(started)
    for quality, waiting in pooled_fits.items():
        for name, policy in waiting.finished().items():
            fitted[name][quality] = policy
    for name in new_tasks:
        fitted[name] = {quality: start_cold(name, target) for quality, target in targets.items()}
    return _with_fields(fitted, fields)


def _redraws(
    layouts: dict[str, Layout],
    ladder: Ladder,
    targets: Mapping[str, Target],
    paired: _Paired,
    draws: int,
    *,
    seed: int,
    choose_rungs: bool,
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return how far cost and loss move with other labels, by task and quality, of targets that labels meet."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for name in (set(layouts) - _small(layouts)) if draws else ():
        for quality, target in targets.items():
            if not isinstance(target, MaxDisagreement | Jointly) and not paired.takes(target):
                layout, own = layouts[name], ladder.of(name)
                found[name, quality] = redraw(layout, own, target, draws, seed=seed, choose_rungs=choose_rungs)
    return found


def _with_fields(
    fitted: dict[str, dict[str, TaskPolicy]], fields: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, TaskPolicy]]:
    """Return the fitted tasks with the answer fields that their samples were read by."""
    for name, read in fields.items():
        for quality, policy in fitted[name].items():
            fitted[name][quality] = replace(policy, measured={**policy.measured, ANSWER_FIELDS: list(read)})
    return fitted


def _pooled_tasks(
    tables: Mapping[str, Table], small: Collection[str], *, seed: int
) -> dict[tuple[str, ...], PooledTasks]:
    return gather_pooled_tasks([table for name, table in tables.items() if name not in small], seed=seed)


def _small(layouts: Mapping[str, Layout]) -> set[str]:
    """Return the tasks with too few samples to be fitted, where two others or more have enough."""
    recorded = {name: int(one.table.present[:, 0].sum()) for name, one in layouts.items()}
    few = {name for name, n in recorded.items() if n < MINIMUM}
    return few if len(recorded) - len(few) >= 2 else set()


def _certified(
    layout: Layout, bound: Bound | Jointly, *, seed: int, choose_rungs: bool, tasks: int, each: str | None
) -> TaskPolicy:
    """Fit one operating point of one task under a bound, or several."""
    require_enough(layout.table)
    return certify_task(layout, bound, tasks=tasks, seed=seed, choose_rungs=choose_rungs, each=each)


def _require_bounds(targets: Iterable[Target], each: str | None) -> None:
    """Refuse slices of an aim, which promises nothing of any of them."""
    if each is None:
        return
    for one in targets:
        if not isinstance(one, MaxError | MaxLoss | MaxDisagreement | Jointly):
            message = (
                f"each is tag.{each}, and the target {one.to_json()['kind']} is an aim; a bound (max_loss, max_error, "
                "max_disagreement) is what each value of a tag can be certified to keep."
            )
            raise ConfigError(message)


def _bounds(targets: Iterable[Target]) -> list[Bound]:
    """Return all bounds to certify."""
    found: list[Bound] = []
    for target in targets:
        if isinstance(target, Jointly):
            found += target.bounds
        elif isinstance(target, MaxError | MaxLoss):
            found.append(target)
    return found
