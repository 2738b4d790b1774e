"""A decision log that goes away and comes back: by `on_outage: refuse` no call is made that the log does not hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from cascade.errors import LogUnavailable
from cascade.log import open_log
from cascade.log.log import OnOutage
from tests.cascade.log.conftest import postgresql, server_of_postgresql
from tests.cascade.log.wire import Wire
from tests.cascade.serve.gateway.served import cascade_of, gate
from tests.faults.server import Server

__all__ = ["postgresql", "server_of_postgresql"]

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")


@pytest.fixture
def wire(postgresql: str) -> Iterator[Wire]:
    parts = urlsplit(postgresql)
    with Wire(parts.hostname or "127.0.0.1", parts.port or 5432) as wire:
        yield wire


@pytest.mark.parametrize(("on_outage", "status", "calls"), [("refuse", 503, 0), ("spool", 200, 3)])
def test_while_postgresql_is_away_calls_are_made_or_refused_as_configured(
    on_outage: OnOutage, status: int, calls: int, wire: Wire, postgresql: str, server: Server, tmp_path: Path
) -> None:
    psycopg = pytest.importorskip("psycopg")
    parts = urlsplit(postgresql)
    over = urlunsplit(parts._replace(netloc=f"{parts.username}@127.0.0.1:{wire.port}"))
    with (
        open_log(over, spool=tmp_path / "spool.db", on_outage=on_outage) as log,
        gate(cascade_of(server, log=log)) as at,
    ):
        assert at.chat().status == 200
        log.flush()
        wire.cut()
        before = len(server.hits)
        refused = [at.chat(messages=[{"role": "user", "content": f"{number}?"}]) for number in range(3)]
        assert [one.status for one in refused] == [status] * 3
        assert len(server.hits) - before == calls
        if on_outage == "refuse":
            assert not (tmp_path / "spool.db").exists()
            assert {one.code for one in refused} == {"log_unavailable"}
            assert {"retry-after"} <= refused[0].headers.keys()
            assert at.ask("GET", "/readyz").status == 503
        wire.mend()
        written = False
        while not written:
            log._database._again_at = 0.0  # type: ignore[union-attr] # its patience is no part of the claim
            written = at.chat().status == 200
            with suppress(LogUnavailable):
                log.flush()
            written = written and not log.spooled and log.writable
        assert (log.lost, log.lost_calls) == (0, 0)
        answers = len(server.hits)
    with psycopg.connect(postgresql) as database:
        states = database.execute("SELECT state, count(*) FROM calls GROUP BY state").fetchall()
    assert dict(states)["answered"] == answers
    assert "begun" not in dict(states)
