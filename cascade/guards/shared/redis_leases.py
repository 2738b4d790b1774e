"""Redis leases: a hash an account and day, a field a holder; a script sets it in one step.

A script's numbers are doubles, exact for whole numbers to 2⁵³, so sums are in nanodollars here ($9 million a day at
most): what is kept is rounded up, what is granted down.
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from cascade.errors import ConfigError
from cascade.guards.rate_limit import AT_ONCE
from cascade.guards.shared.lease_store import LIVE_S, WITHIN, Booking, Held, Hold, Holder, StoreUnavailable, Traffic
from cascade.guards.shared.resp import RedisConnection, RedisError

PICO_A_NANO = 1000
MOST_NANO = 1 << 53
KEPT_S = 3 * 86_400
_LONG_S = 1e9

SCRIPT = """
local leases, renewed = KEYS[1], KEYS[2]
local holder, before, now = ARGV[1], ARGV[2], tonumber(ARGV[3])
local limit, keep, need, want = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local live_s, within, kept_s = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
redis.call('HSETNX', leases, 'before', before)
local others, holders = 0, 1
local all = redis.call('HGETALL', leases)
for i = 1, #all, 2 do
  if all[i] ~= holder then
    others = others + tonumber(all[i + 1])
    local at = redis.call('HGET', renewed, all[i])
    if at and tonumber(at) > now - live_s then holders = holders + 1 end
  end
end
local room = math.max(0, limit - others - keep)
local more = 0
if want > 0 then
  if room < need then more = room
  else more = math.max(need, math.min(want, math.floor(room / (within * holders)))) end
end
redis.call('HSET', leases, holder, string.format('%.0f', keep + more))
redis.call('HSET', renewed, holder, ARGV[3])
if ARGV[11] ~= '' then
  redis.call('HSET', KEYS[3], holder, ARGV[11])
  redis.call('EXPIRE', KEYS[3], kept_s)
end
redis.call('EXPIRE', leases, kept_s)
redis.call('EXPIRE', renewed, kept_s)
return {string.format('%.0f', keep + more), string.format('%.0f', room - more), holders}
"""
HOLDERS = "return redis.call('HGETALL', KEYS[1])"
SETTLE = """
local leases, writers, holder, writer, spent = KEYS[1], KEYS[2], ARGV[1], ARGV[2], tonumber(ARGV[3])
if redis.call('HGET', writers, holder) ~= writer then return 0 end
local held = tonumber(redis.call('HGET', leases, holder) or '0')
redis.call('HSET', leases, holder, string.format('%.0f', math.min(held, spent)))
redis.call('HDEL', writers, holder)
return 1
"""


BOOK = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local most = tonumber(ARGV[5])
local since = math.max(0, now - tonumber(redis.call('HGET', KEYS[1], 'at') or now))
local wait, buckets = 0, {}
for i, field in ipairs({'requests', 'tokens'}) do
  local minute, amount = tonumber(ARGV[i]), tonumber(ARGV[i + 2])
  if minute then
    local size = math.max(1, minute * AT_ONCE)
    local per_s = math.max(minute - size, minute / 2) / 60
    local level = math.min(size, tonumber(redis.call('HGET', KEYS[1], field) or size) + since * per_s)
    wait = math.max(wait, (math.min(amount, size) - level) / per_s)
    buckets[#buckets + 1] = {field, size, level, amount}
  end
end
for _, one in ipairs(buckets) do
  local level = one[3]
  if wait <= most then level = math.min(one[2], level - one[4]) end
  redis.call('HSET', KEYS[1], one[1], string.format('%.6f', level))
end
redis.call('HSET', KEYS[1], 'at', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], math.ceil(math.min(86400, wait)) + 180)
return string.format('%.6f', wait)
""".replace("AT_ONCE", f"{AT_ONCE:g}")
COUNT = """
local time = redis.call('TIME')
local now, live_s = tonumber(time[1]), tonumber(ARGV[3])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. now)
redis.call('EXPIRE', KEYS[1], 86400)
local requests, processes = 0, 0
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local n, at = string.match(all[i + 1], '(%d+) (%d+)')
  if tonumber(at) > now - live_s then
    requests, processes = requests + tonumber(n), processes + 1
  else redis.call('HDEL', KEYS[1], all[i]) end
end
return {requests, processes}
"""


GET = """
local found = {}
for i, name in ipairs(KEYS) do found[i] = redis.call('GET', name) or '' end
return found
"""
PUT = """
for i, name in ipairs(KEYS) do
  if tonumber(ARGV[1]) > 0 then redis.call('SET', name, ARGV[i + 1], 'PX', ARGV[1]) else redis.call('DEL', name) end
end
return 1
"""
CLAIM = """
local held = redis.call('GET', KEYS[1])
if held then return held end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ''
"""


INCREASE = """
local n = redis.call('INCR', KEYS[1])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return n - 1
"""


class RedisLeases:
    """The leases in hashes `cascade:leases:DAY:ACCOUNT`; one connection."""

    def __init__(self, url: str) -> None:
        """Take the address.

        Raises:
            ConfigError: it is not valid.
        """
        parts = urlsplit(url)
        try:
            port, database = parts.port or 6379, int(parts.path.strip("/") or 0)
        except ValueError as error:
            raise ConfigError(f"guards.shared is not valid: {error}; redis://host:6379/0 was expected.") from None
        user, password = (None if one is None else unquote(one) for one in (parts.username, parts.password))
        self._connection = RedisConnection(
            parts.hostname or "127.0.0.1", port, database=database, user=user or None, password=password,
            tls=parts.scheme == "rediss",
        )  # fmt: skip
        self.forget()

    def forget(self) -> None:
        """Begin anew, as another holder."""
        self._holder = secrets.token_hex(8)
        self._connection.forget()

    async def hold(self, wanted: Hold) -> Held:
        """As of the protocol."""
        limit, need, want = (one // PICO_A_NANO for one in (wanted.limit, wanted.need, wanted.want))
        keep, before = (-(-one // PICO_A_NANO) for one in (wanted.keep, wanted.before))
        if limit >= MOST_NANO:
            raise ConfigError("A budget shared by Redis is above $9,007,199 a day; use PostgreSQL, or a smaller one.")
        name = f"cascade:leases:{wanted.day}:{wanted.account}"
        numbers = (limit, keep, need + (wanted.need % PICO_A_NANO > 0), want + (wanted.want % PICO_A_NANO > 0))
        ask = ("3", name, f"{name}:renewed", f"{name}:writers", self._holder, before, round(time.time()), *numbers)
        told = (str(LIVE_S), str(WITHIN), str(KEPT_S), wanted.writer)
        leased, room, holders = await self._run(SCRIPT, (*map(str, ask), *told))
        return Held(leased=int(leased) * PICO_A_NANO, room=int(room) * PICO_A_NANO, holders=int(holders))

    async def holders(self, account: str, day: int) -> list[Holder]:
        """As of the protocol."""
        told = await self._run(HOLDERS, ("1", f"cascade:leases:{day}:{account}:writers"))
        return [Holder(holder, writer) for holder, writer in zip(told[::2], told[1::2], strict=True)]

    async def settle(self, account: str, day: int, killed: Holder, pico: int) -> None:
        """As of the protocol."""
        name = f"cascade:leases:{day}:{account}"
        nano = str(-(-pico // PICO_A_NANO))
        await self._run(SETTLE, ("2", name, f"{name}:writers", killed.holder, killed.writer, nano))

    async def book(self, booking: Booking) -> float:
        """As of the protocol."""
        paces = ("" if one is None else repr(float(one)) for one in (booking.rpm, booking.tpm))
        numbers = (repr(float(one)) for one in (booking.requests, booking.tokens, min(booking.most_s, _LONG_S)))
        return float(await self._run(BOOK, ("1", f"cascade:rate:{booking.name}", *paces, *numbers)))

    async def count(self, requests: int) -> Traffic:
        """As of the protocol."""
        told = await self._run(COUNT, ("1", "cascade:processes", self._holder, str(requests), str(LIVE_S)))
        return Traffic(*map(int, told))

    async def get(self, names: Sequence[str]) -> list[str | None]:
        """As of the protocol."""
        keys = [f"cascade:value:{name}" for name in names]
        return [value or None for value in await self._run(GET, (str(len(keys)), *keys))]

    async def put(self, values: Mapping[str, str], ttl_s: float) -> None:
        """As of the protocol."""
        keys = [f"cascade:value:{name}" for name in values]
        await self._run(PUT, (str(len(keys)), *keys, _ms(ttl_s), *values.values()))

    async def claim(self, name: str, value: str, ttl_s: float) -> str | None:
        """As of the protocol."""
        return await self._run(CLAIM, ("1", f"cascade:value:{name}", value, _ms(ttl_s))) or None

    async def increase(self, name: str, ttl_s: float) -> int:
        """As of the protocol."""
        return int(await self._run(INCREASE, ("1", f"cascade:value:{name}", _ms(ttl_s))))

    async def _run(self, script: str, arguments: Sequence[str]) -> Any:
        try:
            return await self._connection.script(script, arguments)
        except RedisError as error:
            raise StoreUnavailable(f"The store of shared budgets cannot be reached: {error}.") from None

    async def aclose(self) -> None:
        """As of the protocol."""
        await self._connection.aclose()


def _ms(seconds: float) -> str:
    return str(math.ceil(1000 * max(0.0, seconds)))
