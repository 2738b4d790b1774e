"""calibrate_files(): fits a policy on files of samples, as `cascade calibrate` does, from Python."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from calibration.certify.looks import Looks
from calibration.fit.complete import Say, graded, say_nothing, schema_filler, with_recordings
from calibration.fit.fit import calibrate
from calibration.fit.paired.fit import LabelBudget
from calibration.fit.rate_limit import limit_rate
from calibration.judges.admission import require_admitted
from calibration.judges.same_judge import CheckFile, SameJudge, ask_checks, judge_sameness
from calibration.judges.screening import with_judges
from calibration.samples.observed import fit_rows, require_observed
from calibration.samples.sameness import Sameness
from calibration.samples.survey import Survey, survey
from calibration.targets.bound import MaxDisagreement
from calibration.targets.by_task import Target, target_by_task
from cascade.bulk.cost_estimate import CostEstimate
from cascade.bulk.exploration import Explore, exploring
from cascade.clients import Client
from cascade.errors import ConfigError
from cascade.exchange import EMPTY
from cascade.ladder import Ladder
from cascade.plugins import replace_verifiers
from cascade.policy.policy import Policy
from cascade.policy.sample_key import keep_key, new_key, read_key
from cascade.samples.reader import ChangedSamples, SampleFiles
from cascade.samples.sample import Sample

if TYPE_CHECKING:
    from cascade.config import Config


def calibrate_files(
    samples: str | Path | Sequence[str | Path],
    *,
    config: Config | str | Path | None = None,
    rungs: Sequence[str] | None = None,
    verifiers: Sequence[str] | None = None,
    target: Target | None = None,
    max_escalation: float | None = None,
    max_added_p95_s: float | None = None,
    redraws: int = 0,
    each: str | None = None,
    dial: Mapping[str, Target] = EMPTY,
    choose_rungs: bool = False,
    combiner: Policy | None = None,
    tasks: Sequence[str] | None = None,
    new_tasks: Sequence[str] = (),
    mapping: Mapping[str, str] | None = None,
    out: str | Path | None = None,
    seed: int = 0,
    probe_judges: bool = True,
    admit_judges: Sequence[str] = (),
    sameness: Sameness | SameJudge | None = None,
    budget: LabelBudget | None = None,
    looks_beside: Sequence[Path] | None = None,
    max_cost_usd: float | None = None,
    concurrency: int = 16,
    confirm: Callable[[CostEstimate], bool] | None = None,
    explore: Explore | None = None,
    client: Client | None = None,
    say: Say = say_nothing,
    progress: Callable[[str, int, int], None] | None = None,
    on_samples: Callable[[Iterable[Sample], Survey], None] | None = None,
) -> Policy:
    """Calibrate on files of samples: complete them, screen the judges, fit every task, return one policy.

    Schemas are filled in from the configuration, missing recordings are made (with a configuration; this costs money),
    unlabelled recordings are graded by the gold answer, and judges are probed (this costs money, too).

    Example:
        >>> from calibration import EscalationRate, calibrate_files
        >>> policy = calibrate_files("samples.jsonl", config="cascade.yaml", target=EscalationRate(0.25))
        >>> policy.save("policy.json")

    Args:
        samples: one file or several: JSON lines, plain or gzipped, CSV, TSV or Parquet.
        config: the configuration, or its file; None: the default one, unless `rungs` are named.
        rungs: names of recorded rungs, cheapest first, instead of a configuration.
        verifiers: those of every rung; None: the configuration's, or all that are free or recorded at no cost.
        target: of every task; None: each task's own from the configuration.
        max_escalation: greatest escalation rate of every task, beside its target; None: none.
        max_added_p95_s: greatest latency added against always-top at the 95 % quantile of the samples, in seconds,
            beside its target; an estimate, not certified. None: any.
        redraws: how often each target on labels is fitted again, to tell how far cost and loss move.
        each: the tag of whose values each has to keep every bound; None: a task's requests as a whole do.
        dial: further operating points by name, each with its own target.
        choose_rungs: whether rungs may be left out: every sub-ladder that keeps the top is tried.
        combiner: a policy whose combiners are used as they are, so that no labels are needed.
        tasks: only these; None: all.
        new_tasks: tasks without any sample, for a cold start from the others; they need `target`.
        mapping: of tables, which column fills which field.
        out: the policy's file; paid results and the key of its samples' fingerprints are kept beside it. None: the
            policy is only returned, and paid results are kept beside the first file of samples.
        seed: of the random choices.
        probe_judges: whether judges are probed; if not, the policy records it.
        admit_judges: judges to admit whatever their probes show; the policy records it.
        sameness: whose sameness MaxDisagreement is about; None: that of the reader of answers. A judge is asked first
            (this costs money), and its verdicts, and the rows that a person is to check, are kept beside the samples.
        budget: certify MaxLoss on pairs, with so many labels where answers differ; None: on labels of all rows.
        looks_beside: the files beside which certifications on pairs are recorded; None: the samples.
        max_cost_usd: US dollars that recording missing answers may cost; probing each judge has the same limit.
        concurrency: calls at once.
        confirm: called with the cost estimate before each of these; False stops it. None: no confirmation.
        explore: how calls are made; None: as `exploring` does with the three arguments above.
        client: makes the calls; None: that of a Cascade.
        say: called with a sentence on each step.
        progress: called now and then with the task, the samples judged and their total.
        on_samples: called with the completed samples and their survey before the fit.

    Raises:
        ConfigError: `config` and `rungs` are both given, a task has no target, or the ladder cannot be used.
        DataError: a file or a sample cannot be used, there is too little to fit on, or target and `max_escalation` or
            `max_added_p95_s` cannot be had together.
        JudgeNotAdmitted: a judge was probed and failed.
        BudgetExceeded: a cost estimate was declined, or is more than `max_cost_usd`.
    """
    paths = [Path(samples)] if isinstance(samples, str | Path) else list(map(Path, samples))
    if not paths:
        message = "samples is empty; one file of samples or several were expected."
        raise ConfigError(message)
    loaded = _config(config, rungs, verifiers)
    ladder: Ladder | Sequence[str] = (rungs or ()) if loaded is None else loaded.ladder
    prices = None if loaded is None else loaded.price_book
    beside = Path(out) if out is not None else _beside(paths[0])
    explore = explore or exploring(concurrency=concurrency, max_cost_usd=max_cost_usd, confirm=confirm)
    if new_tasks and target is None:
        message = f"Task {new_tasks[0]!r} has neither samples nor a target; give `target`, which new tasks need."
        raise ConfigError(message)

    source: Iterable[Sample] = fit_rows(SampleFiles(paths, mapping, rungs=rungs, say=say), say)
    found = survey(source)
    targets = target_by_task(target, EMPTY if loaded is None else loaded.targets, set(found.counts), tasks)
    if compared := [name for name, one in targets.items() if isinstance(one, MaxDisagreement)]:
        require_observed(source, compared)
    found = found.of(targets)
    if loaded is not None:
        source = ChangedSamples(source, schema_filler(loaded))
        if any(found.lacks(name, loaded.ladder.of(name).names) for name in targets):
            kept = beside.with_name(beside.name.removesuffix(".json") + ".samples.jsonl")
            wanted = [sample for sample in source if sample.request.task in targets]
            source = with_recordings(wanted, loaded, kept, explore=explore, client=client, say=say)
            found = survey(source)
    source = graded(source, found, say)
    judges = require_admitted(
        source,
        ladder,
        targets,
        beside,
        verifiers=verifiers,
        probes=probe_judges,
        admit=admit_judges,
        seed=seed,
        client=client,
        prices=prices,
        explore=explore,
        say=say,
    )
    paths = paths if looks_beside is None else list(looks_beside)

    def own_rungs(task: str) -> Sequence[str]:
        return ladder.of(task).names if isinstance(ladder, Ladder) else ladder

    told = sameness if not isinstance(sameness, SameJudge) else judge_sameness(
        _compared(source, () if budget is not None else compared),
        own_rungs, sameness, beside=paths[0], explore=explore, client=client, prices=prices,
    )  # fmt: skip
    if on_samples is not None:
        on_samples(source, found)
    made: list[Policy] = []
    key = None if out is None else read_key(Path(out)) or new_key()
    looks = Looks.beside(paths)
    abstaining = () if loaded is None else [name for name in targets if loaded.abstains(name)]
    for first, one in enumerate(dict.fromkeys(targets.values())):
        own = [name for name, wanted_target in targets.items() if wanted_target == one]
        made.append(
            calibrate(
                source,
                ladder,
                target=one,
                dial=dial,
                shared_by=len(targets),
                choose_rungs=choose_rungs,
                verifiers=verifiers if loaded is None else None,
                seed=seed,
                combiner=combiner,
                tasks=own,
                new_tasks=() if first else new_tasks,
                prices=prices,
                found=found.of(own),
                sameness=told,
                looks=looks,
                budget=budget,
                abstaining=abstaining,
                sample_key=key,
                max_added_p95_s=max_added_p95_s,
                redraws=redraws,
                each=each,
                say=say,
                progress=progress,
            )
        )
    if told is not None and isinstance(told.checks, CheckFile):
        ask_checks(told.checks, source, own_rungs, say)
    policy = with_judges(_together(made), judges)
    if max_escalation is not None:
        policy = limit_rate(policy, max_escalation)
    if out is not None and key is not None:
        keep_key(Path(out), key)
        policy.save(out)
    return policy


def _config(
    config: Config | str | Path | None, rungs: Sequence[str] | None, verifiers: Sequence[str] | None
) -> Config | None:
    """Return the configuration with the verifiers asked for; None if rungs are named."""
    if rungs is not None:
        if config is not None:
            message = "config and rungs are both given; exactly one of them was expected, since each names the ladder."
            raise ConfigError(message)
        if isinstance(rungs, str) or not rungs:
            message = f'rungs is {rungs!r}; a list of names, cheapest first, was expected: ["small", "large"].'
            raise ConfigError(message)
        return None
    from cascade.config import default_path, load_config

    loaded = load_config(config or default_path()) if config is None or isinstance(config, str | Path) else config
    return loaded if verifiers is None else replace(loaded, ladder=replace_verifiers(loaded.ladder, verifiers))


def _compared(source: Iterable[Sample], tasks: Collection[str]) -> Iterator[Sample]:
    """Return the samples of the tasks whose answers a judge compares, lazily."""
    if not tasks:
        message = "A judge of sameness goes with a bound on disagreement (--max-disagreement E); none was given."
        raise ConfigError(message)
    return (sample for sample in source if sample.request.task in tasks)


def _beside(path: Path) -> Path:
    """Return the policy's path beside a file of samples."""
    name = path.name.removesuffix(".gz")
    return path.with_name(name.removesuffix(Path(name).suffix) + ".json")


def _together(policies: Sequence[Policy]) -> Policy:
    """Return one policy of all tasks, from one policy for each target."""
    first = policies[0]
    read: dict[str, dict[str, None]] = {}
    for policy in policies:
        for rung, used in policy.ladder.verifiers.items():
            read.setdefault(rung, {}).update(dict.fromkeys(used))
    return replace(
        first,
        ladder=replace(first.ladder, verifiers={rung: tuple(used) for rung, used in read.items()}),
        tasks={name: fitted for policy in policies for name, fitted in policy.tasks.items()},
        learned={name: scorers for policy in policies for name, scorers in policy.learned.items()},
    )
