"""The dashboard's list of requests: filtered, page by page, one opened as `cascade show` explains it; text is data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from cascade.failure import FailureKind
from cascade.log import Log, open_log
from cascade.serve.dashboard import dashboard
from cascade.serve.live import Live
from tests.cascade.log.decisions import decided, failed

EVIL = "<script>alert(1)</script>\u202e"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    with open_log(tmp_path / "decisions.db", store_text="full") as log:
        for number in range(120):
            texts = ("0.1", "0.9") if number % 4 == 0 else ("0.9",)
            if number == 7:
                texts = (failed(FailureKind.CONNECT), "0.9")
            prompt = EVIL if number == 119 else f"How many, {number}?"
            task = "mail" if number % 2 else "chat"
            log.write(*decided(f"r-{number}", *texts, task=task, prompt=prompt), at_s=1000.0 + number)
        log.flush()
        yield log


@pytest.fixture
def client(log: Log) -> Iterator[TestClient]:
    with Live(log) as live:
        yield TestClient(dashboard(live, log), base_url="http://127.0.0.1:8088")


def ids(text: str) -> list[str]:
    return re.findall(r'href="requests/(d-r-\d+)"', text)


def test_the_latest_are_first_and_earlier_ones_follow_page_by_page(client: TestClient) -> None:
    seen, address = [], "/requests?period=all"
    while address:
        text = client.get(address).text
        seen += ids(text)
        found = re.search(r'id="earlier" href="([^"]+)"', text)
        address = f"/{found[1].replace('&amp;', '&')}" if found else ""
    assert seen == [f"d-r-{number}" for number in reversed(range(120))]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("task=mail", lambda n: n % 2 == 1),
        ("escalated=yes", lambda n: n % 4 == 0),
        ("rung=large&escalated=no", lambda n: n == 7),
        ("task=nobody", lambda n: False),
        ("outcome=accepted&task=chat&escalated=no", lambda n: n % 2 == 0 and n % 4 != 0),
    ],
)
def test_filters_narrow_it_down_together(client: TestClient, wanted: str, expected: object) -> None:
    assert callable(expected)
    found = ids(client.get(f"/requests?period=all&{wanted}").text)
    assert found == [f"d-r-{n}" for n in reversed(range(120)) if expected(n)][:50]


def test_a_period_without_requests_says_so(client: TestClient) -> None:
    assert "No request is like this" in client.get("/requests?period=24h").text


def test_one_request_is_explained_with_its_texts(client: TestClient) -> None:
    text = client.get("/requests/d-r-4").text
    assert "cascade show d-r-4" in text
    assert "1. small" in text
    assert "2. large" in text
    assert "How many, 4?" in text


def test_text_from_outside_is_data_on_both_pages(client: TestClient) -> None:
    for address in ("/requests?period=all", "/requests/d-r-119"):
        found = client.get(address)
        assert EVIL not in found.text
        assert "&lt;script&gt;alert(1)" in found.text
        assert "\u202e" not in found.text
        assert "script-src 'self'" in found.headers["content-security-policy"]


@pytest.mark.parametrize("address", ["/requests/nobody", "/requests?period=ever", "/requests?before=x"])
def test_what_is_not_there_is_404_in_a_sentence(client: TestClient, address: str) -> None:
    found = client.get(address)
    assert (found.status_code, found.text.count("\n")) == (404, 0)
