"""The pool of connections: what is given up while it is made leaves nothing open."""

from __future__ import annotations

import asyncio
import gc
import socket
import warnings

import pytest

from cascade.clients.pool import ConnectionPool, Origin
from cascade.clients.wire import Wire


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_connection_that_is_cancelled_at_any_turn_of_the_loop_leaves_no_socket(host: str) -> None:
    async def cancelled_after(turns: int, port: int) -> None:
        pool = ConnectionPool()
        origin = Origin(host=host, port=port, tls=False)
        connecting = asyncio.create_task(pool.acquire(origin, Wire(ends_at=0.0)))
        for _ in range(turns):
            await asyncio.sleep(0)
        connecting.cancel()
        await asyncio.wait([connecting])
        pool.close()

    with socket.create_server(("127.0.0.1", 0), backlog=64) as server, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for turns in range(24):
            asyncio.run(cancelled_after(turns, server.getsockname()[1]))
            gc.collect()
    assert [str(warning.message) for warning in told if issubclass(warning.category, ResourceWarning)] == []


def test_a_name_and_an_address_of_either_family_are_connected_to() -> None:
    async def connected(host: str, port: int) -> str:
        pool = ConnectionPool()
        connection = await pool.acquire(Origin(host=host, port=port, tls=False), Wire(ends_at=0.0))
        state = connection.state
        pool.close()
        await asyncio.sleep(0)
        return state

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert [asyncio.run(connected(host, port)) for host in ("127.0.0.1", "localhost")] == ["idle", "idle"]
    if socket.has_ipv6:
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
            assert asyncio.run(connected("::1", server.getsockname()[1])) == "idle"
