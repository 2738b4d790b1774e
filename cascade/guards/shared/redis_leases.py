"""Redis leases: a hash an account and day, a field a holder; a script sets it in one step.

A script's numbers are doubles, exact for whole numbers to 2⁵³, so sums are in nanodollars here ($9 million a day at
most): what is kept is rounded up, what is granted down.
"""

from __future__ import annotations

import secrets
import time
from hashlib import sha1
from urllib.parse import unquote, urlsplit

from cascade.errors import ConfigError
from cascade.guards.shared.lease_store import LIVE_S, WITHIN, Held, Hold, StoreUnavailable
from cascade.guards.shared.resp import RedisConnection, RedisError

PICO_A_NANO = 1000
MOST_NANO = 1 << 53
KEPT_S = 3 * 86_400

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
redis.call('EXPIRE', leases, kept_s)
redis.call('EXPIRE', renewed, kept_s)
return {string.format('%.0f', keep + more), string.format('%.0f', room - more), holders}
"""
_DIGEST = sha1(SCRIPT.encode()).hexdigest()  # noqa: S324 - the name by which Redis knows a script


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
        ask = ("2", name, f"{name}:renewed", self._holder, before, round(time.time()), *numbers)
        try:
            leased, room, holders = await self._connection.script(
                SCRIPT, _DIGEST, (*map(str, ask), str(LIVE_S), str(WITHIN), str(KEPT_S))
            )
        except RedisError as error:
            raise StoreUnavailable(f"The store of shared budgets cannot be reached: {error}.") from None
        return Held(leased=int(leased) * PICO_A_NANO, room=int(room) * PICO_A_NANO, holders=int(holders))

    async def aclose(self) -> None:
        """As of the protocol."""
        await self._connection.aclose()
