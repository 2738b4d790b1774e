"""Coming: the pieces of an answer that is passed on as it comes, from the cascade's loop to the server's."""

from __future__ import annotations

import asyncio
from collections import deque

from cascade.clients.live_stream import LiveStream
from cascade.dialects.live_piece import LivePiece


class Coming:
    """The pieces that have come and were not taken yet; made and read on the server's event loop."""

    def __init__(self) -> None:
        """Begin without a piece."""
        self._loop = asyncio.get_running_loop()
        self._pieces: deque[LivePiece] = deque()
        self._came = asyncio.Event()
        self.stream = LiveStream(lambda piece: self._loop.call_soon_threadsafe(self._put, piece))
        """Where the cascade puts them."""

    def has_pieces(self) -> bool:
        """Whether a piece waits."""
        return bool(self._pieces)

    async def wait(self) -> None:
        """Wait until a piece is there."""
        await self._came.wait()

    def take(self) -> list[LivePiece]:
        """Take the pieces that are there."""
        taken = [*self._pieces]
        self._pieces.clear()
        self._came.clear()
        return taken

    def _put(self, piece: LivePiece) -> None:
        self._pieces.append(piece)
        self._came.set()
