"""Real stores of shared budgets: a Redis server of the test's own, and a schema of a PostgreSQL server."""

from __future__ import annotations

import itertools
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator

import pytest

_DATABASES = itertools.count()


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    found = shutil.which("redis-server")
    if found is None:
        pytest.skip("no Redis server is installed here")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--requirepass", "pass word")
    with subprocess.Popen([found, *options], stdout=subprocess.DEVNULL, cwd="/") as server:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.01)
        yield f"redis://:pass%20word@127.0.0.1:{port}/1"
        server.terminate()


@pytest.fixture(params=["redis", "postgresql"])
def shared(request: pytest.FixtureRequest) -> str:
    where: str = request.getfixturevalue(request.param)
    # A database of its own for each test: accounts have the same names.
    return where if request.param == "postgresql" else f"{where.rpartition('/')[0]}/{next(_DATABASES) % 16}"
