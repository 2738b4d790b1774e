"""Killed leases: what a process held that was killed is settled by what its calls in the decision log can have cost."""

from __future__ import annotations

import asyncio
from typing import Protocol, TypeAlias

from cascade.errors import LogUnavailable
from cascade.guards.shared.lease_store import LeaseStore
from cascade.loggers import logger_of

Whose: TypeAlias = tuple[str | None] | None
"""The principal whose calls an account pays for, in a tuple (None in it: requests that name none); None: all calls."""

_log = logger_of("cascade.shared")


class CallLog(Protocol):
    """A decision log that holds every call before it is made."""

    def name(self) -> str:
        """Return the name of this process and of the log, under which its leases can be settled; '' where they cannot.

        May block.
        """
        ...

    def killed(self, writer: str) -> bool:
        """Return whether the process of such a name is known to have ended, and wrote to this log."""
        ...

    def spent(self, writer: str, whose: Whose, day: int) -> int:
        """Return the picodollars that its calls of a UTC day can have cost at most; may block.

        Raises:
            LogUnavailable: the log cannot be read.
        """
        ...


async def settle_killed(store: LeaseStore, calls: CallLog, account: str, whose: Whose, day: int) -> int:
    """Lower the leases of killed processes to what their calls can have cost, and return how many were settled.

    A process is known to be killed only on its own machine; elsewhere a lease counts until the day ends.

    Args:
        store: the store.
        calls: the log.
        account: the account's name.
        whose: whose calls it pays for.
        day: the UTC day, in days since 1970.

    Raises:
        StoreUnavailable: the store cannot be reached.
    """
    killed = [one for one in await store.holders(account, day) if calls.killed(one.writer)]
    for one in killed:
        try:
            pico = await asyncio.to_thread(calls.spent, one.writer, whose, day)
        except LogUnavailable as error:
            _log.warning("A killed process's lease counts as spent: %s", error)
            return 0
        await store.settle(account, day, one, pico)
    return len(killed)
