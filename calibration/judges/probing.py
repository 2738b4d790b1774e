"""Judge probing: runs the judges of a ladder on probes, through the same engine as any other call.

Every probe becomes a sample with one recording, and the judge the only verifier of its rung: so cost estimate, budget,
retries and journal are those of an exploration, and no rung is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from calibration.judges.probes import Probe, ProbeSet, make_probes
from calibration.judges.screening import PROBES, REPEATED, TIMES, screen
from cascade.clients import Client
from cascade.engine.cascade import Cascade
from cascade.exchange import Response
from cascade.hashing import content_id
from cascade.ladder import Ladder, Rung
from cascade.policy.judge_screening import JudgeScreening
from cascade.prices import PriceBook
from cascade.samples.sample import Recording, Sample
from cascade.usage import Price
from cascade.verdict import Verdict, Verifier

ONCE, AGAIN = "once", "repeated"
"""Tasks, and rungs, of probes that are shown once and of answers that are shown several times."""
FAILED = frozenset({"judge_failed", "verifier_failed"})
"""Flags of a failed verdict, which is no evidence about the judge: it could not be reached."""

REASONS = ("the judge failed: ", "did not finish: ", "failed: ")
"""Prefixes of the reasons of such verdicts."""

Ask = Callable[[Ladder, list[Sample], str], Sequence[Sample]]
"""Records the verifiers of a ladder on samples; the text, a hash of the judge's settings, names the file to keep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A judge and the rungs it judges."""

    judge: Verifier
    """The verifier."""

    rungs: tuple[str, ...]
    """The rungs it judges."""

    @property
    def fingerprint(self) -> str:
        """Fingerprint: the hash of everything that changes its verdicts."""
        return content_id(self.judge.describe())


def find_judges(ladder: Ladder, tasks: Iterable[str] | None = None) -> tuple[Judged, ...]:
    """Return the ladder's judges, those with equal settings once; of these tasks (None: of every ladder in it)."""
    ladders = [ladder, *ladder.tasks.values()] if tasks is None else [ladder.of(task) for task in tasks]
    found: dict[str, Judged] = {}
    for rung in (rung for own in ladders for rung in own):
        for verifier in rung.verifiers:
            if verifier.probed:
                one = Judged(judge=verifier, rungs=(rung.name,))
                known = found.get(one.fingerprint, one)
                found[one.fingerprint] = replace(known, rungs=tuple(dict.fromkeys((*known.rungs, rung.name))))
    return tuple(found.values())


def probe_judges(
    samples: Iterable[Sample],
    ladder: Ladder,
    *,
    client: Client | None = None,
    prices: PriceBook | None = None,
    concurrency: int = 16,
    max_cost_usd: float | None = None,
    n: int = PROBES,
    seed: int = 0,
) -> tuple[JudgeScreening, ...]:
    """Probe every judge of a ladder with wrong answers, and repeat ordinary ones; blocks, about 700 calls a judge.

    Args:
        samples: source of the probes; those with labels or gold answers make the best ones.
        ladder: its judges are probed, and none of its models is asked.
        client: makes the calls; None: that of a Cascade.
        prices: where prices come from; None: the pinned table.
        concurrency: probes at once.
        max_cost_usd: US dollars that each judge's probes may cost.
        n: wrong answers; with fewer than 200 no judge is admitted.
        seed: of the choice of probes.

    Raises:
        BudgetExceeded, ProviderError: the run had to stop.
    """

    def explore(own: Ladder, probes: list[Sample], _: str) -> list[Sample]:
        with Cascade(own, client=client, prices=prices) as app:
            return app.explore(probes, concurrency=concurrency, max_cost_usd=max_cost_usd)

    probes = make_probes(samples, n=n, n_repeated=REPEATED, seed=seed)
    return tuple(probe(one, probes, explore, seed=seed) for one in find_judges(ladder))


def probe(judged: Judged, probes: ProbeSet, ask: Ask, *, seed: int = 0) -> JudgeScreening:
    """Probe one judge, and screen it."""
    judge = judged.judge
    repeats = [judge.fresh(f"{judge.name}.{turn}") for turn in range(TIMES)]
    free = Price(input_usd=0.0, output_usd=0.0)
    once = Rung(ONCE, verify=(judge.fresh(judge.name),), price=free)
    again = Rung(AGAIN, verify=tuple(repeats), price=free)
    ladder = Ladder(once, again, tasks={ONCE: [once], AGAIN: [again]})
    asked = [_shown(one, ONCE) for one in probes.wrong] + [_shown(one, AGAIN) for one in probes.repeated]
    answered = ask(ladder, asked, judged.fingerprint[:12])
    recorded_verdicts = [one.recordings[one.request.task].verdicts for one in answered]
    first = [_verdict(verdicts, judge.name) for verdicts in recorded_verdicts[: len(probes.wrong)]]
    shown = [
        (one.kind, verdict)
        for one, verdict in zip(probes.wrong, first, strict=True)
        if verdict is not None and not failed(verdict)
    ]
    repeated = []
    for verdicts in recorded_verdicts[len(probes.wrong) :]:
        heard = [verdict for verdict in verdicts.values() if not failed(verdict)]
        vetoed = len(verdicts) == 1 and all(verdict.veto for verdict in heard)  # a veto ends the list of verifiers
        if len(heard) == TIMES or vetoed:
            repeated.append(heard)
    return screen(
        judge.name,
        str(getattr(judge, "model", "")),
        judged.rungs,
        shown,
        repeated,
        pass_at=judge.pass_at,
        n_samples=probes.n_samples,
        fingerprint=judged.fingerprint,
        seed=seed,
    )


def _verdict(verdicts: Mapping[str, Verdict], name: str) -> Verdict | None:
    """Return the judge's verdict, or the veto that skipped it."""
    return verdicts.get(name) or next((one for one in verdicts.values() if one.veto), None)


def failed(verdict: Verdict) -> bool:
    """Return whether a verdict failed, since the judge could not be reached."""
    # A verdict read back from a file has its reason, but no flags.
    return verdict.abstained and (bool(FAILED.intersection(verdict.flags)) or verdict.reason.startswith(REASONS))


def without_failures(samples: Iterable[Sample]) -> list[Sample]:
    """Return the probes without failed verdicts, to be kept: a resumed run repeats the others."""
    return [
        sample
        for sample in samples
        if not any(failed(one) for recording in sample.recordings.values() for one in recording.verdicts.values())
    ]


def _shown(probe: Probe, task: str) -> Sample:
    recording = Recording(rung=task, model=task, response=Response(text=probe.candidate))
    return Sample(request=replace(probe.request, task=task), recordings={task: recording})
