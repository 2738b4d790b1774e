"""Judge admission: judges are probed before a policy may use them; verdicts on probes are kept for a resumed run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from calibration.judges.probes import make_probes
from calibration.judges.probing import Judged, find_judges, probe, without_failures
from calibration.judges.screening import (
    PROBES,
    REPEATED,
    JudgeNotAdmitted,
    overridden,
    refusal,
    sentence,
    unprobed,
)
from cascade.bulk.exploration import Explore, exploring
from cascade.bulk.journal import dump
from cascade.clients import Client
from cascade.engine.cascade import Cascade
from cascade.files import write_atomically
from cascade.ladder import Ladder
from cascade.plugins import registered
from cascade.policy.judge_screening import JudgeScreening
from cascade.prices import PriceBook
from cascade.samples.jsonl import sample_line
from cascade.samples.sample import Sample
from cascade.verdict import Verdict


def require_admitted(
    samples: Iterable[Sample],
    ladder: Ladder | Sequence[str],
    tasks: Iterable[str],
    out: Path,
    *,
    verifiers: Sequence[Any] | None = None,
    probes: bool = True,
    admit: Sequence[str] = (),
    seed: int = 0,
    client: Client | None = None,
    prices: PriceBook | None = None,
    explore: Explore | None = None,
    say: Callable[[str], None] | None = None,
) -> tuple[JudgeScreening, ...]:
    """Return the screening of the judges that a policy will use, by probes or by recordings only.

    Args:
        samples: recorded samples of every task; probes are made of them.
        ladder: a ladder, whose judges are probed; or names of recorded rungs, whose judges cannot be asked.
        tasks: only judges of these.
        out: the policy's file; verdicts on probes are kept beside it, in a file for each judge's settings.
        verifiers: with names only: the recorded verifiers; those that cost money may be judges.
        probes: whether judges are probed; if not, only recordings are evaluated.
        admit: judges to admit whatever was found.
        seed: of the choice of probes.
        client: makes the calls; None: that of a Cascade.
        prices: where prices come from; None: the pinned table.
        explore: how probes are asked; None: as `exploring()` does.
        say: called with a sentence on each step, and on each judge.

    Raises:
        ConfigError: `admit` names an unknown judge.
        JudgeNotAdmitted: a judge was probed and failed.
        CascadeError: as of `explore_file`.
    """
    say = say or (lambda _: None)
    found: list[JudgeScreening] = []
    if not isinstance(ladder, Ladder):
        found += _recorded(samples, ladder, verifiers or ())
    elif probes:
        judges, wanted = find_judges(ladder, set(tasks)), set(tasks)
        if judges:
            say(
                f"{len(judges)} judge(s) are probed with wrong answers before the policy uses them (--no-probes skips "
                "this)."
            )
            own = (sample for sample in samples if sample.request.task in wanted)
            shown = make_probes(own, n=PROBES, n_repeated=REPEATED, seed=seed)
            ask = _asker(out, explore or exploring(), client=client, prices=prices)
            found += [probe(one, shown, ask, seed=seed) for one in judges]
    else:
        found += [_unprobed(samples, one) for one in find_judges(ladder, set(tasks))]
    admissions = overridden(found, admit)
    for one in admissions:
        say(sentence(one))
    why = refusal(admissions)
    if why is not None:
        message = f"{why} No policy was written."
        raise JudgeNotAdmitted(message)
    return admissions


def _asker(
    out: Path, explore: Explore, *, client: Client | None, prices: PriceBook | None
) -> Callable[[Ladder, list[Sample], str], Sequence[Sample]]:
    """Return a function that runs a judge on probes; failed verdicts are not kept, so that a resumed run retries."""

    def ask(rungs: Ladder, asked: list[Sample], name: str) -> Sequence[Sample]:
        kept = out.with_name(f"{out.name.removesuffix('.json')}.probes-{name}.jsonl")
        with Cascade(rungs, client=client, prices=prices) as app:
            done = explore(app, asked, kept, label="Probing").samples
        answered = without_failures(done)
        if len(answered) < len(done):
            write_atomically(kept, "".join(dump(sample_line(sample)) + "\n" for sample in answered))
        return done

    return ask


def _unprobed(samples: Iterable[Sample], one: Judged) -> JudgeScreening:
    given = list(recorded_verdicts(samples, one.judge.name, one.rungs))
    model = str(getattr(one.judge, "model", ""))
    return unprobed(one.judge.name, one.rungs, given, pass_at=one.judge.pass_at, model=model)


def _recorded(samples: Iterable[Sample], rungs: Sequence[str], verifiers: Sequence[Any]) -> Iterator[JudgeScreening]:
    """Screen verifiers that cost money and have recorded verdicts only."""
    for name in verifiers:
        if isinstance(name, str) and _may_judge(name):
            given = list(recorded_verdicts(samples, name, rungs))
            if any(verdict.cost_usd > 0.0 for _, verdict in given):
                yield unprobed(name, tuple(rungs), given, pass_at=0.5)


def recorded_verdicts(
    samples: Iterable[Sample], name: str, rungs: Iterable[str]
) -> Iterable[tuple[float | None, Verdict]]:
    """Iterate over a judge's recorded verdicts, each with the answer's correctness."""
    wanted = set(rungs)
    for sample in samples:
        for rung, recording in sample.recordings.items():
            if rung in wanted and name in recording.verdicts:
                yield recording.correct, recording.verdicts[name]


def _may_judge(name: str) -> bool:
    """Return whether a recorded verifier may be a judge: a registered judge, or an unregistered name."""
    point = registered().get(name)
    return point is None or bool(getattr(point.load(), "probed", False))
