"""Judges probed before a policy leans on them: the bill first, resumable, told in a sentence each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cascade.cli.shared.terminal import fail, say, warn

if TYPE_CHECKING:
    from cascade.cli.shared.rungs import Chosen
    from cascade.clients import Client
    from cascade.config import Config
    from cascade.ladder import Ladder
    from cascade.policy.judge_screening import JudgeScreening
    from cascade.samples.sample import Sample
    from cascade.verdict import Verdict

AdmitOption = Annotated[
    list[str] | None,
    typer.Option(
        "--admit-judge", metavar="NAME", help="Let a judge in that passes too many probes; the policy says so."
    ),
]
NoProbesOption = Annotated[
    bool, typer.Option("--no-probes", help="Do not show judges wrong answers first; the policy says so.")
]


def judges_of(
    samples: Iterable[Sample], chosen: Chosen, tasks: Iterable[str], out: Path, **how: Any
) -> tuple[JudgeScreening, ...]:
    """Return what is known of the judges that a policy is to lean on: probed, or what recordings tell of them.

    Raises:
        ConfigError: there is no judge that --admit-judge names.
    """
    if chosen.config is not None:
        return require_admitted(samples, chosen.config, tasks, out, **how)
    from calibration.judges.screening import overridden, unprobed

    rungs: Any = chosen.ladder
    found = []
    for name in chosen.verifiers or ():
        if _may_judge(name):
            given = list(recorded_verdicts(samples, name, rungs))
            if any(verdict.cost_usd > 0.0 for _, verdict in given):
                found.append(unprobed(name, tuple(rungs), given, pass_at=0.5))
    admissions = overridden(found, how.get("admit", ()))
    tell(admissions)
    return admissions


def _may_judge(name: str) -> bool:
    """Tell whether recorded verdicts of a name may be a judge's: it is one's, or no registered verifier's."""
    from cascade.plugins import registered

    point = registered().get(name)
    return point is None or bool(getattr(point.load(), "probed", False))


def require_admitted(
    samples: Iterable[Sample],
    config: Config,
    tasks: Iterable[str],
    out: Path,
    *,
    admit: Sequence[str] = (),
    skip: bool = False,
    seed: int = 0,
    max_cost: float | None = None,
    yes: bool = False,
    client: Client | None = None,
) -> tuple[JudgeScreening, ...]:
    """Return what is known of the judges of some tasks, after showing them the probes; exits with 1 if one is refused.

    Verdicts on probes are kept beside the policy, in a file for each judge's settings, and not paid for again.

    Raises:
        ConfigError: there is no judge that `admit` names.
        CascadeError: as of `explore_samples`.
    """
    from calibration.judges.probes import make_probes
    from calibration.judges.probing import find_judges, probe, without_failures
    from calibration.judges.screening import PROBES, REPEATED, UNPROBED, overridden, refusal, unprobed
    from cascade.bulk.journal import dump
    from cascade.cli.explore import explore_samples
    from cascade.engine.cascade import Cascade
    from cascade.files import write_atomically
    from cascade.samples.jsonl import sample_line

    wanted = set(tasks)
    judges = find_judges(config.ladder, wanted)
    found: list[JudgeScreening] = []
    if judges and not skip:
        say(f"{len(judges)} judge(s) are shown wrong answers before a policy leans on them (--no-probes goes without).")
        own = (sample for sample in samples if sample.request.task in wanted)
        probes = make_probes(own, n=PROBES, n_repeated=REPEATED, seed=seed)

    for one in judges:
        if skip:
            given = list(recorded_verdicts(samples, one.judge.name, one.rungs))
            model = str(getattr(one.judge, "model", ""))
            found.append(unprobed(one.judge.name, one.rungs, given, pass_at=one.judge.pass_at, model=model))
            continue

        def explore(ladder: Ladder, asked: list[Sample], name: str) -> list[Sample]:
            kept = out.with_name(f"{out.name.removesuffix('.json')}.probes-{name}.jsonl")
            with Cascade(ladder, client=client, prices=config.price_book) as app:
                done = list(explore_samples(app, asked, kept, max_cost=max_cost, yes=yes, label="Probing").samples)
            answered = without_failures(done)
            if len(answered) < len(done):
                write_atomically(kept, "".join(dump(sample_line(sample)) + "\n" for sample in answered))
            return done

        found.append(probe(one, probes, explore, seed=seed))
    admissions = overridden(found, admit)
    tell(admissions)
    why = refusal(admissions)
    if why is not None:
        fail(f"{why} No policy was written.")
        raise typer.Exit(1)
    if any(one.why == UNPROBED for one in admissions):
        warn("What judges pass that were not probed is not known; calibrate without --no-probes to find out.")
    return admissions


def recorded_verdicts(
    samples: Iterable[Sample], name: str, rungs: Iterable[str]
) -> Iterable[tuple[float | None, Verdict]]:
    """Go through the recorded verdicts of a judge, each with how right the answer is."""
    wanted = set(rungs)
    for sample in samples:
        for rung, recording in sample.recordings.items():
            if rung in wanted and name in recording.verdicts:
                yield recording.correct, recording.verdicts[name]


def tell(admissions: Iterable[JudgeScreening]) -> None:
    """Say of each judge how it did."""
    for one in admissions:
        say(sentence(one))


def sentence(one: JudgeScreening) -> str:
    """Return how a judge did, in a sentence."""
    standing = "admitted" if one.admitted else f"not admitted: {one.why}"
    if one.overridden:
        standing += " (let in all the same by --admit-judge)"
    accepts, flips = one.false_accepts, one.flips
    of = "recorded wrong answers" if flips is None else "wrong answers"
    parts = []
    if accepts is not None:
        parts.append(f"passed {accepts.count} of {accepts.n} {of} (up to {100 * accepts.high:.1f} %)")
    if flips is not None:
        parts.append(f"changed its mind about {flips.count} of {flips.n} (up to {100 * flips.high:.1f} %)")
    told = f"; {', '.join(parts)}" if parts else ""
    return f"Judge {one.judge} ({one.model or 'model not told'}): {standing}{told}; {100 * one.confidence:g} % sure."
