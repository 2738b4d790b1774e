"""LiveStream: an answer that is passed on piece by piece as its provider sends it, before anything has verified it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar

from cascade.dialects.live_piece import LiveCall, LivePiece
from cascade.exchange import Response
from cascade.failure import CallFailure
from cascade.fast_replace import fast_replace

DIFFERS = "stream_differs"
"""Flag of a response whose text is not what had gone out as a stream, since its provider marked thinking late."""


class LiveStream:
    """Where the pieces of one request's answer go; written on the cascade's event loop."""

    def __init__(self, deliver: Callable[[LivePiece], object]) -> None:
        """Take what each piece is given to, on the cascade's loop; it may not block."""
        self._deliver = deliver
        self._texts: list[str] = []
        self._calls = 0
        self.decision_id = ""
        """The decision's id; set before the first piece."""
        self.model = ""
        """The model that answers, as its provider calls it; set before the first piece."""
        self.first_at: float | None = None
        """When the first piece went out, on the monotonic clock; None: none has."""
        self.left: CallFailure | None = None
        """What a call came to that was broken off in the middle: what had come until then, by our estimate."""

    @property
    def began(self) -> bool:
        """Whether a piece has gone out: nothing may be asked again."""
        return self.first_at is not None

    def put(self, piece: LivePiece) -> None:
        """Pass a piece on."""
        if not piece:
            return
        if self.first_at is None:
            self.first_at = time.monotonic()
        if piece.text:
            self._texts.append(piece.text)
        for call in piece.calls:
            self._calls = max(self._calls, call.index + 1)
        with suppress(RuntimeError):  # its reader's event loop was closed
            self._deliver(piece)

    def finish(self, response: Response) -> Response:
        """Pass on what a response holds beyond the pieces, and return it, flagged where it differs from them."""
        if not self.began:
            return response
        sent = "".join(self._texts)
        if not response.text.startswith(sent):
            return fast_replace(response, flags=(*response.flags, DIFFERS))
        self.put(LivePiece(text=response.text[len(sent) :]))
        for index, call in enumerate(response.tool_calls[self._calls :], start=self._calls):
            said = call.get("function")
            if isinstance(said, Mapping):
                name, arguments = str(said.get("name")), str(said.get("arguments") or "")
                self.put(
                    LivePiece(calls=(LiveCall(index=index, id=str(call.get("id")), name=name, arguments=arguments),))
                )
        return response


LIVE: ContextVar[LiveStream | None] = ContextVar("cascade.live", default=None)
"""Where the answer to the call under way goes as it comes; None: it is verified before."""


def went_out() -> bool:
    """Return whether a piece of the answer to the call under way has gone out."""
    live = LIVE.get()
    return live is not None and live.began
