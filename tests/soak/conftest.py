"""A misbehaving server on loopback of its own for each soak test: no other test's open connections are counted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.server import Server


@pytest.fixture
def server() -> Iterator[Server]:
    """Give the server; its hits are the ledger of what was paid."""
    with Server() as server:
        yield server
