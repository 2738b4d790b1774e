"""Offline judging: verdicts on recordings without any call; recorded verdicts as they are, others computed."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from cascade.clients.recorded import RecordedClient
from cascade.exchange import EMPTY, Exchange, LocalCall, Response
from cascade.failure import CallFailure, FailureKind
from cascade.flow.climb import drive, tour
from cascade.flow.verify import WHOLE, verify
from cascade.ladder import Ladder, Rung
from cascade.policy.operating_point import Decision
from cascade.result import Attempt
from cascade.samples.sample import Recording, Sample
from cascade.verdict import Ask, Reply, Verdict

_SEEN = Decision(action="escalate", reason="tour")


def judged(sample: Sample, ladder: Ladder) -> tuple[Attempt, ...]:
    """Judge every recorded rung of a sample offline, in ladder order; unrecorded rungs are failures.

    A recording that was served keeps its verdicts as they were given; nothing is computed for it.
    """
    attempts = () if sample.textless else _toured(sample, ladder)
    if all(recording.features is None for recording in sample.recordings.values()):
        return attempts
    return tuple(
        _as_served(sample.recordings[rung.name], rung)
        if rung.name in sample.recordings and (sample.textless or sample.recordings[rung.name].features is not None)
        else (_absent(rung) if sample.textless else attempts[k])
        for k, rung in enumerate(ladder.of(sample.request.task))
    )


def _toured(sample: Sample, ladder: Ladder) -> tuple[Attempt, ...]:
    rungs = ladder.of(sample.request.task)
    # Where a rung outside the ladder was recorded too, a verdict may have been given with its answer in view.
    moved = not set(sample.recordings) <= set(rungs.names)
    given = {name: recording.verdicts for name, recording in sample.recordings.items()}
    if moved:
        given |= {rung.name: _unmoved(sample.recordings[rung.name], rung) for rung in rungs if rung.name in given}
    have = {name: recording.response for name, recording in sample.recordings.items()}
    return drive(tour(sample.request, ladder, have=have, given=given), _answerer(sample))


def _unmoved(recording: Recording, rung: Rung) -> Mapping[str, Verdict]:
    """Return the recorded verdicts that hold whatever rungs were asked before.

    A verifier that reads earlier answers (agreement) judges again, except where that took a call: no call is made
    offline, and one that was paid says more than an abstention.
    """
    reads = {item.name for item in rung.verifiers if item.reads_earlier}
    return {
        name: verdict
        for name, verdict in recording.verdicts.items()
        if name not in reads or verdict.calls or verdict.cost_usd
    }


def judged_after(
    sample: Sample, rung: Rung, earlier: Mapping[str, Response], given: Mapping[str, Verdict] = EMPTY
) -> Attempt:
    """Judge one recorded rung as if only the rungs of `earlier` were asked before it.

    `given` holds verdicts that need not be computed; recorded ones take precedence, except of free verifiers that read
    earlier answers: theirs were given after other rungs.
    """
    recording = sample.recordings[rung.name]
    if recording.features is not None:
        return _as_served(recording, rung)
    exchange = Exchange(
        request=sample.request,
        response=recording.response,
        rung=rung.name,
        model=rung.model,
        call=rung.call(sample.request),
        earlier=earlier,
    )
    steps = verify(rung.verifiers, exchange, {**given, **_unmoved(recording, rung)})
    verdicts, _ = drive(steps, _answerer(sample))
    return Attempt(rung=rung.name, model=rung.model, response=recording.response, verdicts=verdicts, decision=_SEEN)


def _as_served(recording: Recording, rung: Rung) -> Attempt:
    """Return the attempt of a served recording: the verdicts of the rung's verifiers that were given then."""
    own = {verifier.name for verifier in rung.verifiers} | {WHOLE}
    verdicts = tuple(verdict for name, verdict in recording.verdicts.items() if name in own)
    return Attempt(rung=rung.name, model=rung.model, response=recording.response, verdicts=verdicts, decision=_SEEN)


def _absent(rung: Rung) -> Attempt:
    failure = CallFailure(kind=FailureKind.MISSING, message="no answer was recorded")
    return Attempt(rung=rung.name, model=rung.model, failure=failure, decision=_SEEN)


def _answerer(sample: Sample) -> Callable[[Ask], Reply]:
    """Return a function that answers verifiers' asks from the sample's own recordings, and runs local calls."""
    client = RecordedClient((sample,))

    def answer(ask: Ask) -> Reply:
        if not isinstance(ask, LocalCall):
            return client.answer(ask)
        returned = ask.run()
        return asyncio.run(_awaited(returned)) if inspect.isawaitable(returned) else returned

    return answer


async def _awaited(returned: Any) -> Any:
    return await returned
