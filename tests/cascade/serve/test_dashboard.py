"""The dashboard's answers: figures of the report, headers, filters, who may look, and nothing but reading."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from cascade.errors import ConfigError
from cascade.log import Log, open_log
from cascade.report import report
from cascade.serve.access import Access, checked_key, is_loopback
from cascade.serve.dashboard import dashboard
from cascade.serve.live import Live
from cascade.serve.page import View
from cascade.serve.server import make_server
from tests.cascade.log.decisions import decided
from tests.cascade.report.test_report import NOON_S

KEY = "0123456789abcdef"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    with open_log(tmp_path / "decisions.db") as log:
        for number in range(40):
            text = ("0.1", "0.9") if number % 4 == 0 else ("0.9",)
            log.write(*decided(f"r-{number}", *text, task="mail" if number % 2 else "chat"), at_s=NOON_S + number)
        log.flush()
        yield log


@pytest.fixture
def live(log: Log) -> Iterator[Live]:
    with Live(log, clock=lambda: NOON_S + 3600) as live:
        while live.made(View(period="all")).report.total.n < 40:
            pass
        yield live


@pytest.fixture
def client(live: Live, log: Log) -> TestClient:
    return TestClient(dashboard(live, log), base_url="http://127.0.0.1:8088")


def test_page_and_json_say_what_a_report_says(client: TestClient, log: Log) -> None:
    page, found = client.get("/?period=all"), client.get("/report.json?period=all").json()
    made = json.loads(json.dumps(report(log).to_json()))
    assert found["tasks"]["chat"]["escalation_rate"] == made["tasks"]["chat"]["escalation_rate"]
    assert found["total"]["n"] == made["total"]["n"] == 40
    assert "40 decisions" in page.text


def test_task_and_period_narrow_it_down(client: TestClient) -> None:
    found = client.get("/report.json?period=24h&task=chat").json()
    assert (list(found["tasks"]), found["total"]["n"], found["by_time"]) == (["chat"], 20, "hour")
    assert '<option value="chat" selected>' in client.get("/?task=chat").text


@pytest.mark.parametrize("query", ["period=1y", "task=nobody", "task=%3Cscript%3E"])
def test_what_there_is_not_is_not_found(client: TestClient, query: str) -> None:
    answer = client.get(f"/?{query}")
    assert answer.status_code == 404
    assert "<" not in answer.text


@pytest.mark.parametrize("path", ["/", "/app.js", "/report.json", "/metrics", "/health", "/?task=nobody"])
def test_every_answer_has_the_strict_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
    assert "unsafe-eval" not in headers["content-security-policy"]
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_nothing_can_be_changed(client: TestClient, method: str) -> None:
    assert getattr(client, method)("/").status_code == 405


def test_metrics_count_what_was_logged(client: TestClient) -> None:
    assert 'cascade_decisions_total{outcome="accepted",task="chat"} 20.0' in client.get("/metrics").text


def test_new_decisions_come_without_being_asked_for(client: TestClient, log: Log) -> None:
    log.write(*decided("new", "0.9", task="chat"), at_s=NOON_S + 100)
    log.flush()
    while client.get("/report.json?period=all").json()["total"]["n"] == 40:
        pass
    assert client.get("/report.json?period=all").json()["total"]["n"] == 41


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8088", ""])
def test_another_name_for_this_machine_is_refused(live: Live, log: Log, host: str) -> None:
    guarded = Access(dashboard(live, log), key=None, hosts={"127.0.0.1:8088"})
    client = TestClient(guarded, base_url="http://127.0.0.1:8088")
    assert client.get("/", headers={"Host": host}).status_code == 421
    assert client.get("/health").status_code == 200


def test_the_key_is_asked_for_and_taken_both_ways(live: Live, log: Log) -> None:
    client = TestClient(Access(dashboard(live, log), key=KEY, hosts=()), base_url="http://10.0.0.1")
    basic = base64.b64encode(f"me:{KEY}".encode()).decode()
    told = [None, "Bearer wrong", f"Bearer {KEY}x", "Basic !!", "Digest x", f"Bearer {KEY}", f"Basic {basic}"]
    given = [
        client.get("/health", headers={} if each is None else {"Authorization": each}).status_code for each in told
    ]
    assert given == [401, 401, 401, 401, 401, 200, 200]
    assert client.get("/metrics").status_code == 401


LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@pytest.mark.parametrize("host", [*sorted(LOOPBACK), "0.0.0.0", "10.1.2.3", "example.org"])  # noqa: S104 - refused here
def test_other_machines_need_a_key(host: str) -> None:
    loopback = host in LOOPBACK
    assert is_loopback(host) is loopback
    assert checked_key(host, KEY) == KEY
    if loopback:
        assert checked_key(host, None) is None
        return
    with pytest.raises(ConfigError, match="there is no key"):
        make_server(lambda *_: None, host=host, port=1, key=None)


def test_a_key_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(ConfigError, match="8 characters"):
        checked_key("127.0.0.1", "12345678")


def test_a_log_that_cannot_be_read_is_told(live: Live, client: TestClient) -> None:
    live.trouble = "the disk is gone"
    answer = client.get("/health")
    assert (answer.status_code, "disk" in answer.text) == (503, False)
