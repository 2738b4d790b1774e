"""What soak tests share.

`test_lNN_….py` holds run LNN of the plan. What measures time is marked `slow` as a whole and runs in `make soak` only,
on a machine that does nothing else. What counts (calls, rows, what is left behind) has two sizes: a quick one of a few
seconds that `make test` runs with all others, and the full one, marked `slow`. Each prints its figures.

    @pytest.mark.parametrize("rounds", [3, pytest.param(60, marks=pytest.mark.slow)])

The misbehaving server on loopback is each test's own: no other test's open connections are counted.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.server import Server


@pytest.fixture
def server() -> Iterator[Server]:
    """Give the server; its hits are the ledger of what was paid."""
    with Server() as server:
        yield server
