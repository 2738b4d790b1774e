"""The recorded client: answers calls from the recordings of samples, so that replay pays nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cascade.clients import Client
from cascade.exchange import ModelCall, Response
from cascade.failure import CallFailure, FailureKind
from cascade.samples.sample import Sample


class RecordedClient(Client):
    """Answers from recordings, by request id and rung; what was not recorded is a failure of kind `missing`.

    A verifier's question for a further sample of a rung (`ModelCall.sample` = i) gets the i-th recorded sample, at the
    cost that the rung's own answer had.
    """

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._samples = {sample.request.id: sample for sample in samples}

    def answer(self, call: ModelCall) -> Response | CallFailure:
        """Return what was recorded for a call."""
        sample = self._samples.get(call.request_id)
        recording = None if sample is None else sample.recordings.get(call.rung)
        if recording is None:
            return _missing(f"no recording of rung {call.rung!r} for request {call.request_id!r}")
        if call.again:
            return _missing(f"rung {call.rung!r} was asked again, of which nothing was recorded")
        if call.verifier is None:
            return recording.response
        if call.model != recording.model or not 1 <= call.sample <= len(recording.response.samples):
            return _missing(f"verifier {call.verifier!r} asked {call.model!r}, of which nothing was recorded")
        return replace(recording.response, text=recording.response.samples[call.sample - 1], samples=())

    async def ask(self, call: ModelCall) -> Response | CallFailure:
        """Return what was recorded for a call."""
        return self.answer(call)

    async def warm_up(self) -> None:
        """Do nothing: nothing is slow."""

    async def aclose(self) -> None:
        """Do nothing: nothing is open."""


def _missing(message: str) -> CallFailure:
    return CallFailure(kind=FailureKind.MISSING, message=message, tries=0)
