"""Lease store: what processes that share budgets have leased of each; one atomic step takes, gives back and renews."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from cascade.errors import CascadeError, ConfigError

REDIS = ("redis", "rediss")
POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")

LIVE_S = 60.0
"""Seconds without a renewal after which a holder no longer counts as a process that lives; its lease counts on."""

TIMEOUT_S = 2.0
"""Seconds that the store may take to answer."""

BEFORE = "before"
"""Holder of what was spent before the first lease of a day, as the decision log tells."""

WITHIN = 2
"""A lease takes no more than the fair share of what is left, divided by this, unless a call needs it."""


class StoreUnavailable(CascadeError):
    """The store of shared budgets cannot be reached."""


class Hold(NamedTuple):
    """What a process wants to hold of one account, in picodollars."""

    account: str
    """The account's name."""

    day: int
    """The UTC day, in days since 1970."""

    limit: int
    """What all processes together may spend that day."""

    keep: int
    """What this process has spent or reserved: it is held whatever the others have."""

    need: int
    """What the next call needs beyond that."""

    want: int
    """What it would like beyond that, at least `need`, so that it need not ask again soon."""

    before: int
    """What was spent that day before anyone leased; counts only if the store knows nothing of the account yet."""

    writer: str = ""
    """By which its lease can be settled by the log if it is killed; '' where it cannot."""


class Held(NamedTuple):
    """What a process holds now, in picodollars."""

    leased: int
    """What it holds in all; at least what it keeps."""

    room: int
    """What nobody holds."""

    holders: int
    """Processes that live."""


class Holder(NamedTuple):
    """A process that holds a lease."""

    holder: str
    """Its name in the store."""

    writer: str
    """Its name in the log, and the log's."""


class Booking(NamedTuple):
    """A request, or corrections of earlier ones, in a bucket of requests and one of tokens."""

    name: str
    """Whose buckets they are."""

    rpm: float | None
    """Requests a minute; None: no limit."""

    tpm: float | None
    """Tokens a minute; None: no limit."""

    requests: float
    """Requests to take out; below 0 they are given back."""

    tokens: float
    """Tokens to take out; below 0 they are given back."""

    most_s: float
    """Seconds that it would wait; where it would have to wait longer, nothing is taken."""


class Traffic(NamedTuple):
    """What processes that live had to do lately."""

    requests: float
    """Requests of all of them, each by its own last count."""

    processes: int
    """How many they are, the one that asks among them."""


class LeaseStore(Protocol):
    """Keeps what processes share: leases, buckets of rates, counts of traffic, values; used on one event loop."""

    async def hold(self, wanted: Hold) -> Held:
        """Set what this process holds, atomically; the leases of all never exceed the limit but for what is kept.

        Raises:
            StoreUnavailable: the store cannot be reached.
        """
        ...

    async def holders(self, account: str, day: int) -> list[Holder]:
        """Return the processes whose leases could be settled by the log.

        Raises:
            StoreUnavailable: the store cannot be reached.
        """
        ...

    async def settle(self, account: str, day: int, killed: Holder, pico: int) -> None:
        """Lower what a killed process holds to what it has spent at most, once; it is never raised.

        Raises:
            StoreUnavailable: the store cannot be reached.
        """
        ...

    async def book(self, booking: Booking) -> float:
        """Take a request out of its buckets in one atomic step, and return the seconds until it may be made.

        Raises:
            StoreUnavailable: the store cannot be reached.
        """
        ...

    async def count(self, requests: int) -> Traffic:
        """Tell how many requests this process had since it last told, and return what all have told within a minute.

        Raises:
            StoreUnavailable: the store cannot be reached.
        """
        ...

    async def get(self, names: Sequence[str]) -> list[str | None]:
        """Return the values of some names; None where there is none, or it has expired.

        Raises:
            StoreUnavailable: the store cannot be reached.
        """
        ...

    async def put(self, values: Mapping[str, str], ttl_s: float) -> None:
        """Keep values for so many seconds, in place of those before; 0 or less: drop them.

        Raises:
            StoreUnavailable: the store cannot be reached.
        """
        ...

    async def claim(self, name: str, value: str, ttl_s: float) -> str | None:
        """Keep a value for so many seconds where there is none, in one atomic step; return the one that there was.

        Raises:
            StoreUnavailable: the store cannot be reached.
        """
        ...

    async def increase(self, name: str, ttl_s: float) -> int:
        """Add 1 to a count in one atomic step, and return what it was; it is forgotten so many seconds after the last.

        Raises:
            StoreUnavailable: the store cannot be reached.
        """
        ...

    async def aclose(self) -> None:
        """Close the connection."""
        ...

    def forget(self) -> None:
        """Drop the connection without closing it, and be another holder: in a forked child, it is the parent's."""
        ...


def granted(wanted: Hold, others: int, holders: int) -> Held:
    """Return what a process may hold, where others hold so much."""
    room = max(0, wanted.limit - others - wanted.keep)
    fair = room // (WITHIN * max(1, holders))
    more = room if room < wanted.need else max(wanted.need, min(wanted.want, fair))
    more = more if wanted.want else 0
    return Held(leased=wanted.keep + more, room=room - more, holders=max(1, holders))


def open_store(url: str) -> LeaseStore:
    """Return the store of an address; it is not connected yet.

    Raises:
        ConfigError: it is none of Redis or PostgreSQL.
        MissingExtra: the library for it is missing.
    """
    scheme = urlsplit(url).scheme
    if scheme in REDIS:
        from cascade.guards.shared.redis_leases import RedisLeases

        return RedisLeases(url)
    if scheme in POSTGRESQL:
        from cascade.guards.shared.postgres_leases import PostgresLeases

        return PostgresLeases(url)
    message = (
        f"guards.shared is {scheme[:20]}://…; redis://host:6379/0 or postgresql://user@host/database was expected."
    )
    raise ConfigError(message)
