"""Shared values: short texts that processes keep for each other in their store, until they expire."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

from cascade.guards.shared.lease_store import LeaseStore, StoreUnavailable
from cascade.guards.shared.leased_account import AGAIN_S
from cascade.loggers import logger_of

_log = logger_of("cascade.shared")


class SharedValues:
    """Values by names, of which the store sees a sha256 only; used on one event loop.

    While the store cannot be reached nothing is known, and nothing kept.
    """

    def __init__(
        self,
        store: LeaseStore,
        *,
        meanwhile: str = "what is known of sessions is what this process knows",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the store, what is told to hold while it cannot be reached, and seconds that only grow."""
        self._store, self._meanwhile, self._clock = store, meanwhile, clock
        self._failed_at: float | None = None

    async def get(self, names: Sequence[str]) -> dict[str, str]:
        """Return the values that there are of some names."""
        if not names or self._is_away():
            return {}
        try:
            found = await self._store.get([_hashed(name) for name in names])
        except StoreUnavailable as error:
            self._lost(error)
            return {}
        self._failed_at = None
        return {name: value for name, value in zip(names, found, strict=True) if value is not None}

    async def put(self, values: Mapping[str, str], *, ttl_s: float) -> None:
        """Keep values for so many seconds, in place of those before; 0: drop them."""
        if not values or self._is_away():
            return
        try:
            await self._store.put({_hashed(name): value for name, value in values.items()}, ttl_s)
        except StoreUnavailable as error:
            self._lost(error)
        else:
            self._failed_at = None

    async def claim(self, name: str, value: str, *, ttl_s: float) -> str | None:
        """Keep a value where there is none, and return the one that there was; of several callers one gets None."""
        if self._is_away():
            return None
        try:
            held = await self._store.claim(_hashed(name), value, ttl_s)
        except StoreUnavailable as error:
            self._lost(error)
            return None
        self._failed_at = None
        return held

    async def increase(self, name: str, *, ttl_s: float) -> int | None:
        """Add 1 to a count, and return what it was before; None while the store cannot be reached."""
        if self._is_away():
            return None
        try:
            before = await self._store.increase(_hashed(name), ttl_s)
        except StoreUnavailable as error:
            self._lost(error)
            return None
        self._failed_at = None
        return before

    async def aclose(self) -> None:
        """Close the store's connection."""
        await self._store.aclose()

    def _is_away(self) -> bool:
        return self._failed_at is not None and self._clock() - self._failed_at < AGAIN_S

    def _lost(self, error: StoreUnavailable) -> None:
        if self._failed_at is None:
            _log.error("%s Until it answers, %s.", error, self._meanwhile)
        self._failed_at = self._clock()


def _hashed(name: str) -> str:
    return sha256(name.encode()).hexdigest()
