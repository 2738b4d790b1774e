"""What values show of themselves in notebooks and terminals: complete, escaped, and without rich until it is needed."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO

import pytest
from rich.console import Console

from calibration.gate.replays import Replay, replay
from cascade.clients.scripted import scripted
from cascade.display.sheet import Grid, Sheet
from cascade.exchange import Request
from cascade.log import open_log
from cascade.policy.policy import Policy
from cascade.report import report
from cascade.result import Result
from cascade.samples.sample import Recording, Sample
from tests.cascade.log.decisions import POLICY, RUNGS, decided

HOSTILE = '<script>alert(1)</script><img src=x onerror=alert(1)> "\x1b[2J\u202e javascript:alert(1)'


class Tags(HTMLParser):
    """Collects tags and attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}
        self.open += [] if tag == "br" else [tag]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def printed(value: object) -> str:
    console = Console(file=StringIO(), width=160, color_system=None)
    console.print(value)
    return console.file.getvalue()


def result() -> Result:
    hostile, _ = decided("r-1", scripted("0.9"), saved_usd=0.001)
    return replace(hostile, answer=HOSTILE, error=HOSTILE, flags=(HOSTILE,))


def replayed() -> Replay:
    def recording(rung: str, text: str) -> Recording:
        return Recording(rung=rung, model=rung, response=scripted(text, cost_usd=0.001), correct=1.0)

    samples = [
        Sample(
            request=Request.of("?", id=str(number)),
            recordings={
                "small": recording("small", "0.9" if number % 2 else "0.1"),
                "large": recording("large", "0.9"),
            },
        )
        for number in range(30)
    ]
    return replay(samples, POLICY, RUNGS)


def policy() -> Policy:
    task = POLICY.tasks["default"]
    rate = {"expected": 0.25, "low": 0.2, "high": 0.3}
    accuracy = {"value": 0.8, "low": 0.7, "high": 0.9}
    costs = {"accuracy_top": 0.9, "cost_usd_per_request": 0.0015, "cost_vs_top": 0.4}
    measured = {"escalation_rate": rate, "accuracy": accuracy, **costs}
    strict = replace(task, certified=False, why="too few labels")
    whole = replace(task, target={"kind": "escalation_rate", "value": 0.25}, measured=measured, dial={"strict": strict})
    return replace(POLICY, tasks={"default": whole, HOSTILE[:30]: task})


@pytest.fixture
def logged(tmp_path):
    with open_log(tmp_path / "d.db") as log:
        log.write(*decided("r-1", "0.2", "0.9", saved_usd=-0.001, tags={"a": HOSTILE}))
        log.flush()
        return report(log, by="a")


def test_a_result_shows_its_answer_and_every_attempt():
    shown, _ = decided("r-1", "0.2", "0.9")
    text = printed(shown)
    for word in ("accepted", "small", "large", "says 0.20", "escalate: confidence", "0.200"):
        assert word in text
        assert word in shown._repr_html_()


def test_a_policy_shows_what_was_asked_for_promised_and_measured():
    words = ("25.0 % (20.0–30.0 %)", "small → large at 0.5", "default, quality strict", "too few labels", "40.0 %")
    for text in (printed(policy()), policy()._repr_html_()):
        for word in words:
            assert word in text


def test_a_replay_and_a_report_show_a_row_for_each_task(logged):
    for text in (printed(replayed()), replayed()._repr_html_()):
        assert "default" in text
        assert "50.0 %" in text
    assert "escalation rate" in logged._repr_html_()
    assert "1 decisions" in logged._repr_html_()


def test_nothing_foreign_becomes_markup_or_steers_a_terminal(logged):
    grid = Grid(columns=(HOSTILE,), rows=((HOSTILE,),), title=HOSTILE, note=HOSTILE)
    sheet = Sheet(title=HOSTILE, facts=((HOSTILE, HOSTILE),), parts=(grid,), notes=(HOSTILE,))
    for value in (result(), policy(), logged, replayed(), sheet):
        html = value.html() if isinstance(value, Sheet) else value._repr_html_()
        seen = Tags(html)
        assert seen.tags <= {"div", "strong", "em", "p", "br", "table", "thead", "tbody", "tr", "td", "th"}
        assert seen.attributes <= {"style"}
        assert not seen.open
        assert "\x1b" not in html
        assert "\x1b" not in printed(value.rendered() if isinstance(value, Sheet) else value)


def test_pages_of_either_colour_can_show_it():
    assert "color:" not in result()._repr_html_().replace("border-bottom", "")


def test_a_long_answer_is_cut():
    assert len(replace(result(), answer="x" * 100_000)._repr_html_()) < 20_000


def test_rich_is_not_imported_until_something_is_shown():
    script = "import sys, cascade; cascade.Result, cascade.Policy; assert 'rich' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
