"""PostgreSQL leases: one row a holder, account and day; a transaction under the account's lock sets it."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from cascade.extras import require_extra
from cascade.guards.rate_limit import AT_ONCE
from cascade.guards.shared.lease_store import (
    BEFORE,
    LIVE_S,
    TIMEOUT_S,
    Booking,
    Held,
    Hold,
    Holder,
    StoreUnavailable,
    Traffic,
    granted,
)
from cascade.redaction import redacted

if TYPE_CHECKING:
    from psycopg import Connection

_TABLE = """
CREATE TABLE IF NOT EXISTS cascade_leases (
    day integer NOT NULL, account text NOT NULL, holder text NOT NULL, pico bigint NOT NULL,
    renewed_at double precision NOT NULL, writer text NOT NULL DEFAULT '', PRIMARY KEY (day, account, holder)
)
"""
_WRITER = "ALTER TABLE cascade_leases ADD COLUMN IF NOT EXISTS writer text NOT NULL DEFAULT ''"
_RATES = """
CREATE TABLE IF NOT EXISTS cascade_rates (
    name text PRIMARY KEY, requests double precision, tokens double precision, at double precision NOT NULL
)
"""
_PROCESSES = """
CREATE TABLE IF NOT EXISTS cascade_processes (
    holder text PRIMARY KEY, requests double precision NOT NULL, at double precision NOT NULL
)
"""
_BOOK = """
CREATE OR REPLACE FUNCTION cascade_book(
    named text, rpm double precision, tpm double precision, n double precision, length double precision,
    most double precision
) RETURNS double precision LANGUAGE plpgsql AS $$
DECLARE
    held cascade_rates; now_s double precision; wait double precision := 0;
    size_n double precision := greatest(1, rpm * AT_ONCE); size_t double precision := greatest(1, tpm * AT_ONCE);
    per_n double precision := greatest(rpm - size_n, rpm / 2) / 60;
    per_t double precision := greatest(tpm - size_t, tpm / 2) / 60;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    INSERT INTO cascade_rates VALUES (named, size_n, size_t, 0) ON CONFLICT DO NOTHING;
    SELECT * INTO held FROM cascade_rates WHERE name = named FOR UPDATE;
    now_s := extract(epoch FROM clock_timestamp());
    held.requests := least(size_n, coalesce(held.requests, size_n) + greatest(0, now_s - held.at) * per_n);
    held.tokens := least(size_t, coalesce(held.tokens, size_t) + greatest(0, now_s - held.at) * per_t);
    IF rpm IS NOT NULL THEN wait := greatest(wait, (least(n, size_n) - held.requests) / per_n); END IF;
    IF tpm IS NOT NULL THEN wait := greatest(wait, (least(length, size_t) - held.tokens) / per_t); END IF;
    IF wait <= most THEN
        held.requests := least(size_n, held.requests - n);
        held.tokens := least(size_t, held.tokens - length);
    END IF;
    UPDATE cascade_rates SET requests = CASE WHEN rpm IS NULL THEN NULL ELSE held.requests END,
        tokens = CASE WHEN tpm IS NULL THEN NULL ELSE held.tokens END, at = now_s WHERE name = named;
    RETURN wait;
END $$
""".replace("AT_ONCE", f"{AT_ONCE:g}")
_VALUES = """
CREATE TABLE IF NOT EXISTS cascade_values (
    name text PRIMARY KEY, value text NOT NULL, expires_at double precision NOT NULL
)
"""
_GET = (
    "SELECT name, value FROM cascade_values WHERE name = ANY(%s) AND expires_at > extract(epoch FROM clock_timestamp())"
)
_PUT = """
INSERT INTO cascade_values SELECT name, value, extract(epoch FROM clock_timestamp()) + %s
FROM unnest(%s::text[], %s::text[]) AS told (name, value) ORDER BY name
ON CONFLICT (name) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
"""
_CLAIM = """
INSERT INTO cascade_values VALUES (%(name)s, %(value)s, extract(epoch FROM clock_timestamp()) + %(ttl_s)s)
ON CONFLICT (name) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
WHERE cascade_values.expires_at <= extract(epoch FROM clock_timestamp()) RETURNING 1
"""
_INCREASE = """
INSERT INTO cascade_values VALUES (%(name)s, '1', extract(epoch FROM clock_timestamp()) + %(ttl_s)s)
ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at, value = CASE
    WHEN cascade_values.expires_at > extract(epoch FROM clock_timestamp()) THEN (cascade_values.value::bigint + 1)::text
    ELSE '1' END
RETURNING value
"""
_COUNT = """
WITH told AS (
    INSERT INTO cascade_processes VALUES (%(holder)s, %(n)s, extract(epoch FROM clock_timestamp()))
    ON CONFLICT (holder) DO UPDATE SET requests = excluded.requests, at = excluded.at
), gone AS (
    DELETE FROM cascade_processes
    WHERE at <= extract(epoch FROM clock_timestamp()) - %(live)s AND holder <> %(holder)s
)
SELECT coalesce(sum(requests), 0) + %(n)s, count(*) + 1 FROM cascade_processes
WHERE at > extract(epoch FROM clock_timestamp()) - %(live)s AND holder <> %(holder)s
"""

P = ParamSpec("P")
R = TypeVar("R")

_KEPT_DAYS = 3
_TABLE_LOCK = 7_310_265_018


class PostgresLeases:
    """The leases in a table `cascade_leases`, which is made where there is none; one connection, one thread."""

    def __init__(self, url: str) -> None:
        """Take the address."""
        require_extra("postgres", "psycopg", use="Shared budgets on PostgreSQL")
        self._url = url.replace("postgresql+psycopg://", "postgresql://", 1)
        self.forget()

    def forget(self) -> None:
        """Begin anew, as another holder."""
        self._holder = secrets.token_hex(8)
        self._thread: ThreadPoolExecutor | None = None
        self._connection: Connection[Any] | None = None

    async def hold(self, wanted: Hold) -> Held:
        """As of the protocol."""
        return await self._run(self._held, wanted)

    async def holders(self, account: str, day: int) -> list[Holder]:
        """As of the protocol."""
        return await self._run(self._holders, account, day)

    async def settle(self, account: str, day: int, killed: Holder, pico: int) -> None:
        """As of the protocol."""
        await self._run(self._settle, account, day, killed, pico)

    async def book(self, booking: Booking) -> float:
        """As of the protocol."""
        return await self._run(self._book, booking)

    async def count(self, requests: int) -> Traffic:
        """As of the protocol."""
        return await self._run(self._count, requests)

    async def get(self, names: Sequence[str]) -> list[str | None]:
        """As of the protocol."""
        return await self._run(self._get, names)

    async def put(self, values: Mapping[str, str], ttl_s: float) -> None:
        """As of the protocol."""
        await self._run(self._put, values, ttl_s)

    async def claim(self, name: str, value: str, ttl_s: float) -> str | None:
        """As of the protocol."""
        return await self._run(self._claim, name, value, ttl_s)

    async def increase(self, name: str, ttl_s: float) -> int:
        """As of the protocol."""
        return await self._run(self._increase, name, ttl_s)

    async def _run(self, work: Callable[Concatenate[Connection[Any], P], R], *given: P.args, **named: P.kwargs) -> R:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="cascade-leases")
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, partial(self._worked, work, *given, **named)
        )

    async def aclose(self) -> None:
        """As of the protocol."""
        if self._thread is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
            self._thread.shutdown(wait=False)
            self._thread = None

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _worked(self, work: Callable[Concatenate[Connection[Any], P], R], *given: P.args, **named: P.kwargs) -> R:
        import psycopg

        try:
            return work(self._opened(), *given, **named)
        except psycopg.Error as error:
            self._close()
            said = redacted(str(error)).strip().partition("\n")[0]
            raise StoreUnavailable(f"The store of shared budgets cannot be reached: {said}.") from None

    def _opened(self) -> Connection[Any]:
        import psycopg

        if self._connection is None:
            made = psycopg.connect(
                self._url, connect_timeout=int(TIMEOUT_S), autocommit=True, application_name="cascade leases"
            )
            made.execute(f"SET statement_timeout = {int(1000 * TIMEOUT_S)}")
            with made.transaction():
                made.execute("SELECT pg_advisory_xact_lock(%s)", (_TABLE_LOCK,))
                made.execute(_TABLE)
                for statement in (_RATES, _PROCESSES, _VALUES, _BOOK):
                    made.execute(statement)
                made.execute(_WRITER)  # a table of an earlier release has none
            self._connection = made
        return self._connection

    def _held(self, connection: Connection[Any], wanted: Hold) -> Held:
        now, key = time.time(), (wanted.day, wanted.account)
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", (wanted.account, wanted.day))
            begun = (
                "INSERT INTO cascade_leases (day, account, holder, pico, renewed_at) VALUES (%s, %s, %s, %s, %s) "
                "ON CONFLICT DO NOTHING RETURNING 1"
            )
            fresh = connection.execute(begun, (*key, BEFORE, wanted.before, now)).fetchone()
            if fresh is not None:
                connection.execute("DELETE FROM cascade_leases WHERE day < %s", (wanted.day - _KEPT_DAYS,))
            summed = (
                "SELECT coalesce(sum(pico) FILTER (WHERE holder <> %s), 0), "
                "count(*) FILTER (WHERE holder <> %s AND holder <> %s AND renewed_at > %s) "
                "FROM cascade_leases WHERE day = %s AND account = %s"
            )
            bound = (self._holder, self._holder, BEFORE, now - LIVE_S, *key)
            row = connection.execute(summed, bound).fetchone() or (0, 0)
            held = granted(wanted, int(row[0]), 1 + int(row[1]))
            put = (
                "INSERT INTO cascade_leases VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (day, account, holder) "
                "DO UPDATE SET pico = excluded.pico, renewed_at = excluded.renewed_at, writer = excluded.writer"
            )
            connection.execute(put, (*key, self._holder, held.leased, now, wanted.writer))
        return held

    def _book(self, connection: Connection[Any], booking: Booking) -> float:
        row = connection.execute("SELECT cascade_book(%s, %s, %s, %s, %s, %s)", booking).fetchone()
        return 0.0 if row is None else float(row[0])

    def _count(self, connection: Connection[Any], requests: int) -> Traffic:
        told = {"holder": self._holder, "n": requests, "live": LIVE_S}
        row = connection.execute(_COUNT, told).fetchone() or (requests, 1)
        connection.execute("DELETE FROM cascade_values WHERE expires_at < extract(epoch FROM clock_timestamp())")
        return Traffic(requests=float(row[0]), processes=int(row[1]))

    def _get(self, connection: Connection[Any], names: Sequence[str]) -> list[str | None]:
        found = dict(connection.execute(_GET, (list(names),)).fetchall())
        return [found.get(name) for name in names]

    def _put(self, connection: Connection[Any], values: Mapping[str, str], ttl_s: float) -> None:
        with connection.transaction():  # by name, so that two processes cannot wait for each other
            connection.execute("SET LOCAL synchronous_commit TO off")
            connection.execute(_PUT, (ttl_s, [*values], [*values.values()]))

    def _claim(self, connection: Connection[Any], name: str, value: str, ttl_s: float) -> str | None:
        told = {"name": name, "value": value, "ttl_s": ttl_s}
        while connection.execute(_CLAIM, told).fetchone() is None:
            held = self._get(connection, [name])[0]
            if held is not None:  # else it has expired, or was dropped, in between
                return held
        return None

    def _increase(self, connection: Connection[Any], name: str, ttl_s: float) -> int:
        row = connection.execute(_INCREASE, {"name": name, "ttl_s": ttl_s}).fetchone() or ("1",)
        return int(row[0]) - 1

    def _holders(self, connection: Connection[Any], account: str, day: int) -> list[Holder]:
        query = "SELECT holder, writer FROM cascade_leases WHERE day = %s AND account = %s AND writer <> ''"
        return [Holder(*row) for row in connection.execute(query, (day, account)).fetchall()]

    def _settle(self, connection: Connection[Any], account: str, day: int, killed: Holder, pico: int) -> None:
        settled = (
            "UPDATE cascade_leases SET pico = least(pico, %s), writer = '' "
            "WHERE day = %s AND account = %s AND holder = %s AND writer = %s"
        )
        connection.execute(settled, (pico, day, account, killed.holder, killed.writer))
