"""LiveReader: what a connection gives the bytes of a stream to: pieces go out at once, the completion is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from cascade.clients.live_stream import LiveStream
from cascade.clients.wire import Wire
from cascade.dialects.live_piece import LivePiece
from cascade.dialects.shape import ShapeError
from cascade.dialects.streamed import StreamedCompletion
from cascade.failure import FailureKind


class LiveReader:
    """Reads one answer as it comes, for one live stream."""

    def __init__(self, live: LiveStream, wire: Wire, model: str, *, is_stray: Callable[[Any], bool]) -> None:
        """Take the stream, the record of the try, the model that is asked, and what tells a stray answer by its id."""
        self._live, self._model = live, model
        self._read = StreamedCompletion(wire.limits, is_stray=is_stray)

    @property
    def ended(self) -> bool:
        """Whether the answer is whole, whatever else comes."""
        return self._read.ended

    @property
    def overrun(self) -> bool:
        """Whether something came after its end."""
        return self._read.overrun

    @property
    def stray(self) -> bool:
        """Whether it is an answer to another request."""
        return self._read.stray

    def feed(self, data: bytes) -> tuple[FailureKind, str] | None:
        """Read on and pass on what came; return what is wrong with it, where something is."""
        try:
            self._put(self._read.feed(data))
        except ShapeError as error:
            return error.kind, str(error)
        return None

    def so_far(self) -> dict[str, Any] | None:
        """Return the completion that has come until now; None where there is none."""
        return self._read.body()

    def end(self, wire: Wire) -> Any:
        """Return the completion, or the error that the stream told; note a fault where it broke off."""
        if wire.refused:
            return None
        try:
            self._put(self._read.close())
        except ShapeError as error:
            wire.fault, wire.trouble = error.kind, f"{error}: it was not read."
            return None
        if self._read.error is not None:
            wire.body = json.dumps(self._read.error).encode()
            return self._read.error
        if not self._read.whole and not self.stray:
            wire.fault = FailureKind.BAD_BODY
            wire.trouble = f"The stream ended in the middle of the answer, after {wire.got} bytes."
            return None
        return self._read.body()

    def _put(self, pieces: list[LivePiece]) -> None:
        for piece in pieces:
            if not self._live.began:
                self._live.model = self._read.model or self._model
            self._live.put(piece)
