"""Several endpoints of one rung over real HTTP: each with its own key; permanent failures are never hidden."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cascade.config.loading import load_config
from cascade.endpoint import Endpoint
from cascade.engine.cascade import Cascade
from cascade.errors import AuthError, UnknownPrice
from cascade.exchange import Request
from cascade.ladder import Ladder, Rung
from cascade.usage import Price
from tests.faults.server import Server
from verifiers import Refusal

PRICE = Price(input_usd=1e-6, output_usd=2e-6)
pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")


@pytest.fixture
def east(server: Server) -> Server:
    """Give the first endpoint."""
    return server


@pytest.fixture
def west() -> Iterator[Server]:
    """Give the second endpoint, where the dear model can be asked too."""
    with Server() as server:
        yield server


def ladder(east: Server, west: Server) -> Ladder:
    endpoints = (
        Endpoint(name="east", api_base=east.url, api_key="key-of-the-east"),
        Endpoint(name="west", api_base=west.url, api_key="key-of-the-west"),
    )
    small = Rung("openai/small", name="small", verify=(Refusal(),), price=PRICE, endpoints=endpoints)
    large = Rung("openai/large", name="large", verify=(), price=PRICE, api_base=west.url, api_key="key-of-the-dear")
    return Ladder(small, large)


def test_an_outage_of_one_address_is_answered_by_the_same_rung_and_logged(
    east: Server, west: Server, tmp_path: Path
) -> None:
    east.mode = "unavailable"
    with Cascade(ladder(east, west), log=tmp_path / "log.db") as app:
        result = app.run("Well?")
    assert (result.rung, result.escalated, len(east.hits), len(west.hits)) == ("small", False, 1, 1)
    with closing(sqlite3.connect(tmp_path / "log.db")) as log:
        rows = log.execute("select rung, tries, flags from attempts").fetchall()
    assert rows == [("small", 2, '["availability:east","endpoint:west"]')]


def test_no_key_reaches_another_endpoint(east: Server, west: Server) -> None:
    east.mode = west.mode = {"ok": 0.5, "unavailable": 0.5}
    with Cascade(ladder(east, west)) as app:
        app.run_many([Request.of(str(i)) for i in range(20)])
    assert {hit.key for hit in east.hits} == {"key-of-the-east"}
    assert {hit.key for hit in west.hits} <= {"key-of-the-west", "key-of-the-dear"}


def test_a_wrong_key_at_the_second_address_is_told_though_the_first_was_only_down(east: Server, west: Server) -> None:
    east.mode, west.mode = "unavailable", "unauthorized"
    with Cascade(ladder(east, west)) as app, pytest.raises(AuthError) as error:
        app.run("Well?")
    assert "large" not in west.ledger.by_model
    assert error.value.result.attempts[0].endpoint == "west"
    assert "key-of-the-west" not in str(error.value)


def test_where_every_address_is_down_the_next_rung_is_asked_for_availability(east: Server, west: Server) -> None:
    east.mode = "unavailable"
    west.script("unavailable")
    with Cascade(ladder(east, west)) as app:
        result = app.run("Well?")
    assert (result.rung, result.attempts[0].decision.reason) == ("large", "availability")
    assert result.attempts[0].failure.tries == 3


def test_a_price_that_is_not_known_at_one_address_is_refused_at_start(east: Server, west: Server) -> None:
    odd = Rung("openai/small", price=PRICE, endpoints=(Endpoint(api_base=east.url, model="openai/nobody-knows"),))
    with pytest.raises(UnknownPrice, match="nobody-knows"):
        Cascade(Ladder(odd))


def test_endpoints_from_a_file_to_the_answer(east: Server, west: Server, tmp_path: Path) -> None:
    (tmp_path / "cascade.yaml").write_text(
        "ladder:\n"
        "  - model: openai/small\n"
        "    price: {input_usd: 0.000001, output_usd: 0.000002}\n"
        "    endpoints:\n"
        f"      - {{name: east, api_base: '{east.url}', api_key: none}}\n"
        f"      - {{name: west, api_base: '{west.url}', api_key: none, rpm: 600}}\n"
    )
    east.mode = "unavailable"
    with load_config(tmp_path / "cascade.yaml").open() as app:
        assert app.run("Well?").attempts[0].response.endpoint == "west"
        assert {one.endpoint for one in app.health()} == {"east", "west"}
