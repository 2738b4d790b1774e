"""Offline judging: verdicts on recordings without any call; recorded verdicts as they are, others computed."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from cascade.clients.recorded import RecordedClient
from cascade.exchange import EMPTY, Exchange, LocalCall, Response
from cascade.flow.climb import drive, tour
from cascade.flow.verify import verify
from cascade.ladder import Ladder, Rung
from cascade.policy.operating_point import Decision
from cascade.result import Attempt
from cascade.samples.sample import Sample
from cascade.verdict import Ask, Reply, Verdict

_SEEN = Decision(action="escalate", reason="tour")


def judged(sample: Sample, ladder: Ladder) -> tuple[Attempt, ...]:
    """Judge every recorded rung of a sample offline, in ladder order; unrecorded rungs are failures."""
    steps = tour(
        sample.request,
        ladder,
        have={name: recording.response for name, recording in sample.recordings.items()},
        given={name: recording.verdicts for name, recording in sample.recordings.items()},
    )
    return drive(steps, _answerer(sample))


def judged_after(
    sample: Sample, rung: Rung, earlier: Mapping[str, Response], given: Mapping[str, Verdict] = EMPTY
) -> Attempt:
    """Judge one recorded rung as if only the rungs of `earlier` were asked before it.

    `given` holds verdicts that need not be computed; recorded ones take precedence.
    """
    recording = sample.recordings[rung.name]
    exchange = Exchange(
        request=sample.request,
        response=recording.response,
        rung=rung.name,
        model=rung.model,
        call=rung.call(sample.request),
        earlier=earlier,
    )
    steps = verify(rung.verifiers, exchange, {**given, **recording.verdicts})
    verdicts, _ = drive(steps, _answerer(sample))
    return Attempt(rung=rung.name, model=rung.model, response=recording.response, verdicts=verdicts, decision=_SEEN)


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
