"""A connection alone: how its end is told, without sockets and without waiting."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
import pytest

from cascade.clients.connection import UNREAD_S, Connection
from cascade.clients.wire import Wire

REQUEST = h11.Request(method="POST", target="/", headers=[("host", "h"), ("content-length", "2")])
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


class Loopback(asyncio.Transport):
    """A transport that takes everything, or holds it back."""

    def __init__(self, *, held: int = 0) -> None:
        super().__init__()
        self.held, self.closed = held, False

    def write(self, data: Any) -> None:
        del data

    def get_write_buffer_size(self) -> int:
        return self.held

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        del high, low

    def is_closing(self) -> bool:
        return self.closed

    def is_reading(self) -> bool:
        return True

    def abort(self) -> None:
        self.closed = True


def exchange(*parts: bytes, held: int = 0, ago_s: float = 0.0, connect_s: float = 0.0) -> tuple[Connection, Wire]:
    """Send a request, receive these parts and lose the connection, so long after the request left."""

    async def run() -> tuple[Connection, Wire]:
        connection, wire = Connection(), Wire(ends_at=0.0)
        connection.connect_s = connect_s
        connection.connection_made(Loopback(held=held))
        asking = asyncio.create_task(connection.exchange(REQUEST, b"{}", wire))
        await asyncio.sleep(0)
        for part in parts:
            connection.data_received(part)
        if connection._written_at is not None:
            connection._written_at -= ago_s
        connection.connection_lost(None)
        await asking
        return connection, wire

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("held", "ago_s", "connect_s", "unread"),
    [
        (0, 0.0, 0.0, True),
        (0, UNREAD_S + 0.5, 0.0, False),
        (0, UNREAD_S + 0.5, 0.5, True),
        (1, 9.0, 0.0, True),
    ],
)
def test_an_end_soon_after_the_request_means_that_it_was_not_read(held, ago_s, connect_s, unread) -> None:
    connection, wire = exchange(held=held, ago_s=ago_s, connect_s=connect_s)
    assert (connection.unread, wire.fault, wire.phase) == (unread, "dropped", "sent")


def test_an_end_after_the_first_byte_is_never_taken_for_unread() -> None:
    connection, wire = exchange(b"HTTP/1.1 2")
    assert (connection.began, connection.unread, wire.fault) == (True, False, "dropped")


def test_a_success_that_began_before_the_request_was_written_is_no_answer_to_it() -> None:
    connection, wire = exchange(ANSWER, held=1)
    assert (connection.state, wire.fault) == ("closed", "dropped")


def test_an_error_that_came_before_the_request_was_written_counts() -> None:
    connection, wire = exchange(ANSWER.replace(b"200 OK", b"413 Large"), held=1)
    assert (connection.state, wire.fault, wire.status) == ("closed", None, 413)


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        ([b"HTTP/1.1 100 Continue\r\n\r\n" * 17], "dropped"),
        ([b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"], "dropped"),
        ([b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 300 + b"content-length: 2\r\n\r\n{}"], "dropped"),
        ([b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}"], "dropped"),
        ([b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"], "dropped"),
        ([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"], "bad_body"),
        ([b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n"], "dropped"),
    ],
)
def test_what_breaks_http_ends_the_connection(parts: list[bytes], fault: str) -> None:
    connection, wire = exchange(*parts)
    assert (connection.state, wire.fault) == ("closed", fault)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_however_an_answer_is_cut_it_is_the_same(size: int) -> None:
    answer = ANSWER.replace(b"content-length: 2", b"transfer-encoding: chunked").replace(b"{}", b"2\r\n{}\r\n0\r\n\r\n")
    _, wire = exchange(*(answer[start : start + size] for start in range(0, len(answer), size)))
    assert (wire.status, wire.body, wire.phase, wire.fault) == (200, b"{}", "done", None)


def test_a_connection_takes_one_request_at_a_time() -> None:
    async def run() -> None:
        connection = Connection()
        connection.connection_made(Loopback())
        asking = asyncio.create_task(connection.exchange(REQUEST, b"{}", Wire(ends_at=0.0)))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="busy"):
            await connection.exchange(REQUEST, b"{}", Wire(ends_at=0.0))
        connection.data_received(ANSWER)
        await asking
        assert connection.state == "idle"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("said", "kept_s"), [("timeout=5", 4.0), ("timeout=0", 0.0), ("timeout=9999, max=3", 30.0), ("x", 30.0)]
)
def test_a_server_says_how_long_an_idle_connection_stands(said: str, kept_s: float) -> None:
    async def run() -> float:
        connection = Connection()
        connection.connection_made(Loopback())
        asking = asyncio.create_task(connection.exchange(REQUEST, b"{}", Wire(ends_at=0.0)))
        await asyncio.sleep(0)
        connection.data_received(ANSWER.replace(b"\r\n\r\n", f"\r\nkeep-alive: {said}\r\n\r\n".encode()))
        await asking
        return connection.idle_limit_s

    assert asyncio.run(run()) == kept_s
