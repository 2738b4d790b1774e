"""Calls: what is written down about every try of a paid call, before it is made and after it ended."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from cascade.exchange import ModelCall, Response
from cascade.failure import CallFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What one try cost the budgets."""

    pico: int
    """Picodollars that were charged: what it cost, or its worst case where it may have been billed."""

    maybe: bool = False
    """True if it is unknown whether it was billed."""


class CallRecorder(Protocol):
    """Call recorder of one request: a decision log, a bulk run's journal, or none."""

    keeps_answers: bool = False
    """Whether answers are kept for a resumed run: all that have come are written down before one is worked on."""

    each_sent: bool = False
    """Whether all that is sent has an intent of its own, so that nothing may be sent twice by one."""

    def known(self, key: str) -> Response | None:
        """Return the answer that an earlier, broken-off run was given to a question; None: it must be asked."""
        ...

    async def begin(
        self,
        key: str,
        call: ModelCall,
        worst_pico: int,
        expected: Callable[[], int] | None = None,
        identity: str | None = None,
    ) -> str:
        """Write down that a call is about to be made, and return the id of this try.

        Args:
            key: names the question, whichever endpoint is asked it (`call_key`).
            call: the call.
            worst_pico: picodollars that it may cost at most.
            expected: returns the picodollars that it costs in the mean; None: its worst case.
            identity: the id of this try; None: a new one.

        Raises:
            LogUnavailable: it cannot be written down, and may not be made without.
        """
        ...

    def end(self, identity: str, call: ModelCall, reply: Response | CallFailure | None, charge: Charge | None) -> None:
        """Write down what came of a try.

        Args:
            identity: what `begin` returned.
            call: what was asked.
            reply: what came; None: it was broken off.
            charge: what it cost the budgets; None: it was not made after all.

        Raises:
            LogUnavailable: it cannot be written down; no further call may be made.
        """
        ...


class NullRecorder(CallRecorder):
    """A call recorder that records nothing."""

    def known(self, key: str) -> Response | None:
        """Know nothing."""
        del key
        return None

    async def begin(
        self,
        key: str,
        call: ModelCall,
        worst_pico: int,
        expected: Callable[[], int] | None = None,
        identity: str | None = None,
    ) -> str:
        """Let the call be made."""
        del key, call, worst_pico, expected
        return identity or ""

    def end(self, identity: str, call: ModelCall, reply: Response | CallFailure | None, charge: Charge | None) -> None:
        """Forget it."""


NULL_RECORDER = NullRecorder()


def call_key(call: ModelCall) -> str:
    """Return the sha256 of what a call asks, of whom and on whose behalf: the same in every run of the same work."""
    # An answer is the rung's whichever of its endpoints gave it, and whatever the model is called there.
    model = call.rung_model or call.model
    asked = [
        call.rung, call.verifier, model, call.messages, call.params, call.wishes, call.request_id, call.sample,
    ]  # fmt: skip
    return sha256(_ENCODER.encode(asked).encode("ascii")).hexdigest()


def _said(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else str(value)


# What JSON cannot say (a type as response_format) is named; a key need only be the same the next time.
_ENCODER = json.JSONEncoder(sort_keys=True, default=_said, skipkeys=True)
