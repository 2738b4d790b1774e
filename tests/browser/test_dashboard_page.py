"""The dashboard in a real browser: filters, refreshing without losing one's place, strict policy, keys, axe."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.made_log import END_S, fill
from cascade.log import Log, open_log
from cascade.report import report
from cascade.report.values.format_numbers import percent
from cascade.serve.dashboard import dashboard
from cascade.serve.live import Live
from cascade.serve.page import View
from cascade.serve.server import make_server
from tests.cascade.log.decisions import decided

pytestmark = pytest.mark.browser

SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    with open_log(tmp_path_factory.mktemp("live") / "decisions.db") as log:
        fill(log, decisions=500, days=40, labelled=0.4)
        yield log


@pytest.fixture(scope="module")
def address(log: Log) -> Iterator[str]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    with Live(log, clock=lambda: float(END_S)) as live:
        while live.made(View(period="all")).report.total.n < 500:
            pass
        server = make_server(dashboard(live, log), host="127.0.0.1", port=port, key=None)
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            pass
        yield f"http://127.0.0.1:{port}/"
        server.should_exit = True
        thread.join()


@pytest.mark.parametrize("page", ["light", "dark"], indirect=True)
def test_it_shows_the_report_and_everybody_can_read_it(page: Any, address: str, log: Log) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page.goto(f"{address}?period=all&task=invoices")
    page.locator(".chart .vega-embed svg").first.wait_for()
    rate = report(log, task="invoices").tasks["invoices"].escalation_rate
    assert percent(rate.value) in page.locator(".figure").first.inner_text()
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found if one["impact"] in SERIOUS] == []


def test_filters_work_by_choosing(page: Any, address: str) -> None:
    page.goto(f"{address}?period=all")
    page.locator("#filter-task").select_option("support")
    page.wait_for_url("**task=support**")
    assert page.locator("main section.task h2").all_inner_texts() == ["support"]
    page.locator("#filter-period").select_option("30d")
    page.wait_for_url("**period=30d**")
    assert page.locator("#filter-task").input_value() == "support"


def test_a_request_is_found_and_opened_and_everybody_can_read_it(page: Any, address: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page.goto(f"{address}?period=all&task=invoices")
    page.locator("#to-requests").click()
    page.wait_for_url("**/requests?task=invoices")
    page.locator("#filter-period").select_option("all")
    page.locator("#filter-show").click()
    for _ in range(2):
        found = Axe().run(page).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found if one["impact"] in SERIOUS] == []
        if page.locator("tbody a").count():
            page.locator("tbody a").first.click()
            page.wait_for_url("**/requests/*")
    assert page.locator("h1").inner_text() == "Why this request ended as it did"


def test_filters_work_without_scripts(chromium: Any, address: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}?period=all")
    page.locator("#filter-task").select_option("invoices")
    page.locator("#filter-show").click()
    assert page.locator("main section.task h2").all_inner_texts() == ["invoices"]
    context.close()


def test_what_comes_is_shown_and_the_reader_keeps_the_place(page: Any, address: str, log: Log) -> None:
    page.goto(f"{address}?period=all&task=invoices")
    fold = page.locator("#task-1-escalation-fold-1")
    fold.focus()
    page.keyboard.press("Enter")
    before = page.locator(".subtitle").inner_text()
    page.evaluate("window.cascadeRefresh()")
    top = page.evaluate("scrollY")
    log.write(*decided(f"new-{before}", "0.9", task="invoices", fitted=None), at_s=END_S - 60)
    log.flush()
    page.evaluate(
        """async before => {
            while (document.querySelector('.subtitle').textContent === before) {
                await window.cascadeRefresh();
                await new Promise(done => setTimeout(done, 100));
            }
        }""",
        before,
    )
    assert page.evaluate("document.activeElement.id") == "task-1-escalation-fold-1"
    assert page.locator("#task-1-escalation-table-1").evaluate("node => node.open")
    assert abs(page.evaluate("scrollY") - top) < 50
    page.locator(".chart .vega-embed svg").first.wait_for()


def test_it_can_be_paused(page: Any, address: str) -> None:
    page.goto(address)
    page.locator("#pause").focus()
    page.keyboard.press("Enter")
    assert page.locator("#pause").get_attribute("aria-pressed") == "true"
    assert page.locator("#pause").inner_text() == "Go on"
