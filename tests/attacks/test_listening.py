"""The labelling page as a server: who can reach it, and who can hold it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cascade.bulk.journal import Journal
from cascade.labelling import Session, lay_items
from cascade.labelling.server import LabelServer
from tests.recordings import recorded_samples


@contextmanager
def serving(folder: Path, **limits: float) -> Iterator[LabelServer]:
    with (
        Journal(folder / "s.jsonl.anna", kind="label") as journal,
        LabelServer(Session(lay_items(recorded_samples(1), "anna"), journal), **limits) as server,
    ):
        yield server


def connect(server: LabelServer, host: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection((host, server.port), timeout=20)


def answered(server: LabelServer) -> bool:
    """Tell whether an ordinary request gets its answer."""
    path = "/" + server.url.split("/", 3)[3]
    with connect(server) as connection:
        try:
            connection.sendall(f"GET {path}state HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode())
            return connection.recv(20).startswith(b"HTTP/1.0 200")
        except ConnectionError:
            return False


def test_the_labelling_page_listens_on_loopback_only(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        assert answered(server)
        with pytest.raises(OSError, match="refused"):
            connect(server, "127.0.0.2").close()


def test_an_address_is_never_used_twice(tmp_path: Path) -> None:
    tokens = set()
    for _ in range(5):
        with serving(tmp_path) as server:
            tokens.add(server.url.split("/")[3])
    assert len(tokens) == 5
    assert all(len(token) >= 32 for token in tokens)


def drip(connection: socket.socket) -> None:
    """Send letters of a header that never ends, until the server hangs up."""
    connection.settimeout(0.02)
    while True:  # what is dripped upon for ever ends in pytest's own timeout
        connection.sendall(b"X")
        try:
            if not connection.recv(100):
                raise ConnectionResetError
        except TimeoutError:
            continue


def test_whoever_drips_is_not_waited_for(tmp_path: Path) -> None:
    with serving(tmp_path, patience_s=0.3) as server, connect(server) as slow:
        with pytest.raises(ConnectionError):
            drip(slow)
        assert answered(server)


def test_idle_connections_keep_others_out_for_a_while_only(tmp_path: Path) -> None:
    with serving(tmp_path, patience_s=600, connections=3) as server:
        idle = [connect(server) for _ in range(3)]
        assert not answered(server)
        for connection in idle:
            connection.close()
    with serving(tmp_path, patience_s=0.5, connections=3) as server:
        idle = [connect(server) for _ in range(3)]
        idle[0].sendall(b"GET / HTTP/1.1\r\nX: ")
        for connection in idle:
            assert connection.recv(100) == b""
            connection.close()
        assert answered(server)
