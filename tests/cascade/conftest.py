"""One misbehaving server on loopback for all tests of the kernel and its commands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.server import Server


@pytest.fixture(scope="session")
def _server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def server(_server: Server) -> Server:
    """Give the server, its hits forgotten: they are the ledger of what was paid."""
    _server.reset()
    return _server
