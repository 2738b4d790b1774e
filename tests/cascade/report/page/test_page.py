"""The page: one file, its own script and no other, no address, figures that are the report's, foreign text as text."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from benchmarks.made_log import fill as fill_log
from cascade.log import Log, open_log
from cascade.report import Report, report
from cascade.report.page.document import Document, Panel, Section
from cascade.report.page.drawing import INSTALL
from cascade.report.page.log_page import headline, log_document
from cascade.report.page.quality_charts import draw_frontier
from cascade.report.page.rendering import LIMIT, chart_script, to_html
from cascade.report.tables.task_table import task_table
from cascade.report.values.curves import Alternative, Frontier
from cascade.report.values.figure import Figure
from cascade.report.values.format_numbers import percent
from cascade.report.values.line import line_of
from tests.cascade.log.decisions import decided

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)><a href='javascript:alert(3)'>{{7*7}}</a>"


class Seen(HTMLParser):
    """What a browser would see of a page: elements, attributes, text outside scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the element."""
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.text.append(data)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Report]:
    with open_log(tmp_path_factory.mktemp("log") / "decisions.db", store_text="full") as log:
        fill_log(log, decisions=1200, days=30, labelled=0.5)
        yield report(log)


@pytest.fixture(scope="module")
def page(made: Report) -> str:
    return to_html(log_document(made, drawn=True))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    with open_log(tmp_path / "decisions.db", store_text="full") as log:
        yield log


def test_a_page_is_one_file_below_two_megabytes(page: str) -> None:
    assert len(page.encode()) < LIMIT < 2_000_000
    seen = Seen(page)
    assert not [tag for tag, _ in seen.elements if tag in {"link", "iframe", "object", "embed", "base", "form"}]
    addresses = [value for _, attrs in seen.elements for name, value in attrs.items() if name in {"src", "href"}]
    assert all(value is not None and value.startswith("#") for value in addresses)


def test_the_policy_allows_our_script_by_its_hash_and_nothing_else(page: str) -> None:
    seen = Seen(page)
    (policy,) = [attrs["content"] or "" for _, attrs in seen.elements if "http-equiv" in attrs]
    code = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert code == [chart_script().text]
    digest = base64.b64encode(hashlib.sha256(code[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe-eval" not in policy
    assert "unsafe-inline" not in policy.replace("style-src 'unsafe-inline'", "")
    assert "ast: true" in code[0] or "ast:true" in code[0] or "ast:!0" in code[0]


def test_the_figures_are_those_of_the_report(made: Report, page: str) -> None:
    shown = " ".join(" ".join(Seen(page).text).split())
    for task in made.tasks.values():
        assert percent(task.escalation_rate.value) in shown
        assert percent(task.cost_vs_top) in shown
        assert f"n = {task.escalation_rate.n:,}" in shown
    for month in made.total.months:
        assert month.at in shown


def test_every_chart_has_words_and_a_table(page: str) -> None:
    seen = Seen(page)
    charts = [attrs for _, attrs in seen.elements if attrs.get("class") == "chart"]
    assert len(charts) > 12
    assert all(attrs["role"] == "img" and len(attrs["aria-label"] or "") > 20 for attrs in charts)
    for part in page.split('<article class="panel"')[1:]:
        assert 'class="chart"' not in part or "<table" in part


def test_identities_are_unique_and_anchors_lead_somewhere(page: str) -> None:
    seen = Seen(page)
    identities = [attrs["id"] for tag, attrs in seen.elements if "id" in attrs and tag not in {"clippath", "g", "defs"}]
    assert len(identities) == len(set(identities))
    anchors = {(attrs["href"] or "")[1:] for tag, attrs in seen.elements if tag == "a" and "href" in attrs}
    assert anchors <= set(identities)


def test_what_was_logged_is_text_wherever_it_stands(log: Log) -> None:
    about = {"tags": {EVIL: EVIL, "b": "1"}, "principal": EVIL}
    for number in range(30):
        text = "0.9" if number % 2 else "0.55"
        result, request = decided(f"{EVIL}{number}", text, "0.9", fitted=None, saved_usd=0.001, **about)
        log.write(result, request)
    page = to_html(log_document(report(log, by="b"), drawn=True))
    seen = Seen(page)
    assert [tag for tag, _ in seen.elements if tag == "img"] == []
    scripts = [attrs for tag, attrs in seen.elements if tag == "script"]
    assert [attrs for attrs in scripts if attrs.get("type") != "application/json"] == [{}], "our own, and data"
    assert not [name for _, attrs in seen.elements for name in attrs if name.startswith("on")]
    assert "javascript:" not in "".join(
        value or "" for _, attrs in seen.elements for name, value in attrs.items() if name == "href"
    )
    assert EVIL in "".join(seen.text)


def test_specifications_survive_as_json(page: str) -> None:
    specs = re.findall(r'<script type="application/json" data-chart="[^"]*">(.*?)</script>', page, re.DOTALL)
    assert all(json.loads(spec)["$schema"].startswith("https://vega.github.io/schema/vega-lite/") for spec in specs)
    assert all("<" not in spec for spec in specs)


def test_without_labels_it_says_what_is_missing(log: Log) -> None:
    for number in range(30):
        log.write(*decided(f"r-{number}", "0.9"))
    page = to_html(log_document(report(log), drawn=True))
    assert page.count("Labels of 100 answers drawn at random") == 1, "one box, however many charts want labels"
    assert page.count('class="missing"') == 1
    assert "unknown" in page


def test_a_command_in_a_sentence_is_code_and_nothing_else_in_it_is_markup() -> None:
    sentences = ("Run `cascade calibrate` for <b>", "`<i>` is a task", "one ` alone", "``")
    page = to_html(Document(title="t", subtitle="", sections=(Section(id="s", title="s", findings=sentences),)))
    assert "Run <code>cascade calibrate</code> for &lt;b&gt;" in page
    assert "`&lt;i&gt;` is a task" in page, "a user's own backticks are text"
    assert "one ` alone" in page


@pytest.mark.parametrize(
    ("on_target", "low", "high", "missed"),
    [(True, 0.2, 0.3, False), (False, 0.2, 0.31, False), (False, 0.2, 0.29, True), (False, None, None, True),
     (None, None, None, False)],
)  # fmt: skip
def test_a_rate_is_judged_alike_in_line_figure_and_table(
    made: Report, *, on_target: bool | None, low: float | None, high: float | None, missed: bool
) -> None:
    """Red here and "kept" there, for one rate, is worse than either."""
    name = next(iter(made.tasks))
    rate = Figure(value=0.35, low=0.3, high=0.4, n=500)
    use = replace(made.tasks[name].policies[0], escalation_rate=rate, on_target=on_target, promised=0.25, low=low,
                  high=high, drift=None)  # fmt: skip
    task = replace(made.tasks[name], policies=(use,), escalation_rate=rate)
    alone = replace(made, tasks={name: task})
    assert use.missed is missed
    assert next(headline(task)).tone == ("bad" if missed else "plain")
    assert ("rate missed" in line_of(task, {name: task}, []).text) is missed
    assert ("missed" in str(task_table(alone).rows)) is missed


def test_an_empty_log_makes_a_page(log: Log) -> None:
    assert "The log has no decision" in to_html(log_document(report(log), drawn=True))


def test_without_the_extra_figures_stand_in_tables(made: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    page = to_html(log_document(made, drawn=False))
    assert INSTALL.replace("'", "&#39;") in page
    assert "<script" not in page
    assert page.count("<table") > 20
    assert "script-src" not in page


def test_many_tasks_keep_the_page_small(log: Log) -> None:
    for number in range(300):
        task = f"large-{number % 10}" if number >= 300 - 30 * 8 else f"task-{number % 40}"
        log.write(*decided(f"r-{number}", "0.1", "0.9", task=task, saved_usd=0.001))
    made = report(log)
    page = to_html(log_document(made, drawn=True))
    assert len(page.encode()) < 2_000_000
    several = sum(task.n >= 30 for task in made.tasks.values())
    assert page.count('<section class="task"') == 1 + several, "a task of fewer than 30 requests is a row only"
    assert page.count('<details class="whole"') == several


def test_notes_and_titles_are_escaped() -> None:
    panel = Panel(id="p", title=EVIL, text=EVIL, advice=EVIL)
    document = Document(
        title=EVIL, subtitle=EVIL, notes=(EVIL,),
        sections=(Section(id="s", title=EVIL, findings=(EVIL,), panels=(panel,)),),
    )  # fmt: skip
    assert "<img" not in to_html(document)


def test_one_point_is_no_chart() -> None:
    one = Alternative(name="this cascade", cost_usd=0.01, accuracy=Figure(value=0.9, low=0.8, high=0.95, n=50))
    assert draw_frontier(Frontier(n=50, chosen=one, singles=())) is None
    both = Frontier(n=50, chosen=one, singles=(replace(one, name="always large", cost_usd=0.05),))
    assert draw_frontier(both) is not None
