"""The report in a real browser: figures and charts, models' markup as text, nobody asked, everybody able to read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.made_log import fill
from cascade.log import open_log
from cascade.report import Report, report
from cascade.report.page.log_page import log_document
from cascade.report.page.rendering import to_html
from cascade.report.values.format_numbers import dollars, percent
from tests.cascade.log.decisions import decided

pytestmark = pytest.mark.browser

EVIL = (
    "<img src=x onerror='window.hacked=1;alert(1)'><script>window.hacked=1</script>"
    "<a href='javascript:alert(2)'>x</a>{{7*7}}"
)
SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Report, Path]]:
    folder = tmp_path_factory.mktemp("report")
    with open_log(folder / "decisions.db", store_text="full") as log:
        fill(log, decisions=900, days=20, labelled=0.5)
        for number in range(40):
            text = "0.9" if number % 2 else "0.51"
            about = {"task": "evil", "tags": {EVIL: EVIL, "b": EVIL if number % 3 else "fine"}, "principal": EVIL}
            result, request = decided(f"{EVIL}{number}", text, "0.9", fitted=None, saved_usd=0.001, **about)
            log.write(result, request)
        found = report(log)
    path = folder / "report.html"
    path.write_text(to_html(log_document(found, drawn=True)), encoding="utf-8")
    return found, path


def drawn(page: Any) -> None:
    """Go through the page, so that every chart is drawn."""
    page.evaluate(
        """async () => {
            for (const node of document.querySelectorAll('details.whole')) node.open = true;
            for (const box of document.querySelectorAll('.chart')) {
                box.scrollIntoView();
                while (!box.querySelector('.vega-embed svg')) await new Promise(done => setTimeout(done, 20));
            }
        }"""
    )


@pytest.mark.parametrize("page", ["light", "dark"], indirect=True)
def test_it_opens_from_disk_draws_all_charts_and_everybody_can_read_it(page: Any, made: tuple[Report, Path]) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page.goto(made[1].as_uri())
    drawn(page)
    assert page.locator(".chart").count() >= 12
    assert page.locator("body").inner_text().count("undefined") == 0
    for node in page.locator("details").all():
        node.evaluate("node => { node.open = true; }")
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found if one["impact"] in SERIOUS] == []


def test_its_figures_are_those_of_json(page: Any, made: tuple[Report, Path]) -> None:
    page.goto(made[1].as_uri())
    page.evaluate("for (const node of document.querySelectorAll('details.whole')) node.open = true")
    told = json.loads(json.dumps(made[0].to_json()))
    for number, (name, task) in enumerate(told["tasks"].items(), start=1):
        section = page.locator(f"#task-{number}")
        assert section.locator("h2").inner_text() == name
        figures = section.locator(".figure").all_inner_texts()
        rate = task["escalation_rate"]
        assert percent(rate["value"]) in figures[0]
        assert f"{percent(rate['low'])} to {percent(rate['high'])}, n = {rate['n']:,}" in figures[0]
        assert percent(task["cost_vs_top"]) in figures[1]
        accuracy = task["accuracy_weighted"]["value"]
        assert (percent(accuracy) if accuracy is not None else "unknown") in figures[2]
        months = section.locator(".panel table", has_text="saved, net").first.inner_text()
        for month in task["months"]:
            if month["n"]:
                assert dollars(month["net_usd"]["value"]) in months


def test_charts_show_the_points_of_json(page: Any, made: tuple[Report, Path]) -> None:
    page.goto(made[1].as_uri())
    specs = page.evaluate(
        "() => Object.fromEntries([...document.querySelectorAll('script[data-chart]')]"
        ".map(node => [node.dataset.chart, JSON.parse(node.textContent)]))"
    )
    names = list(made[0].tasks)
    number = names.index("invoices") + 1
    series = made[0].tasks["invoices"].series
    layers = specs[f"task-{number}-escalation-chart-1"]
    points = [row for rows in values(layers) for row in rows if "state" in row]
    shown = {row["at"]: row["value"] for row in points}
    assert shown == {step.at: step.escalation_rate.value for step in series if step.escalation_rate.value is not None}


def values(spec: Any) -> Iterator[list[dict[str, Any]]]:
    """Give all inline data of a specification."""
    if isinstance(spec, dict):
        yield from spec.get("datasets", {}).values()
        if isinstance(spec.get("values"), list):
            yield spec["values"]
        for part in spec.values():
            yield from values(part)
    elif isinstance(spec, list):
        for part in spec:
            yield from values(part)


def test_what_models_wrote_is_text(page: Any, made: tuple[Report, Path]) -> None:
    page.goto(made[1].as_uri())
    drawn(page)
    for node in page.locator("details").all():
        node.evaluate("node => { node.open = true; }")
    assert page.evaluate("window.hacked") is None
    assert page.locator("main img, main iframe, main a[href^=javascript]").count() == 0
    assert EVIL in (page.locator("main").text_content() or "")
    for mark in page.locator("#task-1-slices-chart-1 path[aria-label]").all()[:3]:
        mark.hover(force=True)
    assert page.evaluate("window.hacked") is None


def test_code_that_got_into_the_page_is_not_run(chromium: Any, made: tuple[Report, Path]) -> None:
    context = chromium.new_context()
    page, blocked = context.new_page(), []
    page.on("console", lambda message: blocked.append(message.text))
    text = made[1].read_text(encoding="utf-8")
    evil = made[1].with_name("evil.html")
    evil.write_text(
        text.replace("<main", "<script>window.hacked=1</script><img src=x onerror='window.hacked=1'><main", 1)
    )
    page.goto(evil.as_uri())
    page.wait_for_timeout(200)
    assert page.evaluate("window.hacked") is None
    assert sum("Content Security Policy" in line for line in blocked) >= 2
    context.close()


def test_a_phone_needs_no_scrolling_sideways(page: Any, made: tuple[Report, Path]) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(made[1].as_uri())
    drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    # A table of tasks or months has a column or two more than a phone is wide: its rows become lists, unless many.
    wide = """[...document.querySelectorAll('.scroll')].filter(
        (box) => box.querySelectorAll('tbody tr').length <= 12 && box.scrollWidth > box.clientWidth + 1)
        .map((box) => box.id)"""
    assert page.evaluate(wide) == []


def test_without_scripts_still_pictures_stand_there(chromium: Any, made: tuple[Report, Path]) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(made[1].as_uri())
    assert page.locator(".chart svg").count() >= 12
    context.close()


def test_it_is_reached_by_keys_alone(page: Any, made: tuple[Report, Path]) -> None:
    page.goto(made[1].as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    place = f"#task-{list(made[0].tasks).index('invoices') + 1}"
    page.locator(f"{place}-summary").focus()
    page.keyboard.press("Enter")
    summary = page.locator(f"{place}-escalation-fold-1")
    summary.focus()
    page.keyboard.press("Enter")
    assert page.locator(f"{place}-escalation-table-1").evaluate("node => node.open")
