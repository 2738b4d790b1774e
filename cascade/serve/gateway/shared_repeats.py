"""Shared repeats: a repetition that reaches another process waits for what runs there, or gets what was answered there.

A process tells the store of a decision once it has run for `LATE_S`, and of each answer at its end, many in one call;
no answer waits for it. Asked is the store only by repetitions and by requests with an idempotency key. Answers lie
there encrypted (Fernet), by a key that is made of the request itself.
"""

from __future__ import annotations

import asyncio
import base64
import json
import math
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cascade.extras import require_extra
from cascade.guards.shared.lease_store import LeaseStore
from cascade.guards.shared.shared_values import SharedValues
from cascade.loggers import logger_of
from cascade.serve.gateway.refusals import key_reused
from cascade.serve.gateway.rendering import Rendering
from cascade.serve.gateway.sameness import Sameness

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

SHARED_S = 60.0
"""Seconds for which an answer can be given again by another process."""

LATE_S = 0.2
"""Seconds after which the other processes are told that a decision runs; libraries wait longer before they repeat."""

TELL_S = 0.05
"""Seconds between two calls that tell the store what there is to tell."""

MARK_S = 3.0
"""Seconds without a renewal after which a decision no longer runs: its process was killed."""

RENEW_S = 1.0
"""Seconds after which it is told again that a decision runs."""

POLL_S, MOST_POLL_S = 0.1, 0.5
"""Seconds between the first looks for the end of a decision that runs in another process, and between later ones."""


_log = logger_of("cascade.serve")


@dataclass(slots=True)
class _Running:
    mark: str
    tell_at: float


class SharedRepeats:
    """Decisions of all processes that share a store, as far as repetitions need them; used on one event loop.

    While the store cannot be reached, a repetition that reaches another process is decided, and paid, again.
    """

    def __init__(self, store: LeaseStore, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Take a store of its own, which is closed with it, and seconds that only grow.

        Raises:
            MissingExtra: the library that encrypts is missing.
        """
        require_extra("serve", "cryptography", use="The server")
        meanwhile = "a repeated request that reaches another process is paid again"
        self._values = SharedValues(store, meanwhile=meanwhile, clock=clock)
        self._clock = clock
        self._running: dict[str, _Running] = {}
        self._ended: dict[str, str] = {}
        self._telling: asyncio.Task[None] | None = None
        self._closed = False

    async def claim(self, same: Sameness) -> Rendering | None:
        """Return what another process answers to the same request, once it has; None: this process is to decide it.

        Raises:
            Refusal: the idempotency key came with another body.
        """
        name, mark = _name(same), _text(same)
        pause, wanted_at = POLL_S, -math.inf
        while not self._closed:
            held = await self._values.claim(name, mark, ttl_s=MARK_S)
            if held is None:
                return None
            told = json.loads(held)
            if told["body"] != same.body:
                raise key_reused()
            if "answer" in told:
                return _opened(told["answer"], same.seal)
            if self._clock() - wanted_at >= RENEW_S:
                wanted_at = self._clock()
                await self._values.put({_wanted(name): "1"}, ttl_s=MARK_S)
            await asyncio.sleep(pause)
            pause = min(2 * pause, MOST_POLL_S)
        return None

    def begin(self, same: Sameness) -> None:
        """Tell the other processes, soon, that a decision runs here."""
        name = _name(same)
        self._running[name] = _Running(_text(same), self._clock() + LATE_S)
        if self._ended.get(name) == "":  # told now, it would take this one's mark away
            del self._ended[name]
        self._tell()

    def end(self, same: Sameness, made: Rendering | None) -> None:
        """Tell the other processes how a decision ended; None: without an answer, so that they may decide it."""
        name = _name(same)
        if self._running.pop(name, None) is not None:
            self._ended[name] = "" if made is None else _text(same, made)
            self._tell()

    async def is_wanted(self, same: Sameness) -> bool:
        """Tell whether another process waits for a decision that runs here."""
        name = _wanted(_name(same))
        return not self._closed and name in await self._values.get([name])

    async def aclose(self) -> None:
        """Tell what there is to tell, and close the store; it is not asked again."""
        self._closed = True
        if self._telling is not None:
            await self._telling
        await self._told()
        await self._values.aclose()

    def _tell(self) -> None:
        if not self._closed and (self._telling is None or self._telling.done()):
            self._telling = asyncio.get_running_loop().create_task(self._keep_telling())

    async def _keep_telling(self) -> None:
        while (self._running or self._ended) and not self._closed:
            await asyncio.sleep(TELL_S)
            await self._told()

    async def _told(self) -> None:
        now = self._clock()
        late = {name: one for name, one in self._running.items() if one.tell_at <= now}
        ended, self._ended = self._ended, {}
        for one in late.values():
            one.tell_at = now + RENEW_S
        await self._values.put({name: one.mark for name, one in late.items()}, ttl_s=MARK_S)
        await self._values.put({name: text for name, text in ended.items() if text}, ttl_s=SHARED_S)
        await self._values.put({name: text for name, text in ended.items() if not text}, ttl_s=0.0)


def _name(same: Sameness) -> str:
    return "repeat:" + json.dumps(same.identity)


def _wanted(name: str) -> str:
    return f"{name}:wanted"


def _text(same: Sameness, made: Rendering | None = None) -> str:
    """Return what the store holds of a decision: that it runs, or its answer."""
    if made is None:
        return json.dumps({"body": same.body})
    packed = zlib.compress(json.dumps(dict(made.headers)).encode() + b"\n" + made.content, 1)
    return json.dumps({"body": same.body, "answer": _fernet(same.seal).encrypt(packed).decode()})


def _opened(answer: str, seal: bytes) -> Rendering | None:
    """Return an answer of the store; None where it was not sealed by such a request."""
    from cryptography.fernet import InvalidToken

    try:
        packed = _fernet(seal).decrypt(answer)
    except InvalidToken:
        _log.error("An answer in the store of shared budgets cannot be decrypted; its repetition is paid again.")
        return None
    headers, _, content = zlib.decompress(packed).partition(b"\n")
    return Rendering(json.loads(headers), content)


def _fernet(seal: bytes) -> Fernet:
    from cryptography.fernet import Fernet

    return Fernet(base64.urlsafe_b64encode(seal))
