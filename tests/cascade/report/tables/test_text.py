"""A report as terminal text and markdown: the same figures, and nothing that was logged can steer either."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console

from cascade.failure import FailureKind
from cascade.log import Log, open_log
from cascade.report import Report, report
from cascade.report.tables.markdown import written
from cascade.report.tables.notebook import report_sheet
from cascade.report.tables.text import rendered
from cascade.report.values.format_numbers import dollars, duration, markdown, terminal
from tests.cascade.log.decisions import decided, failed
from tests.opinions import ladder, policy

DOWN = failed(FailureKind.SERVER)
HOSTILE = "\x1b[31m[bold]evil[/bold]\r\n|<script>alert(1)</script>|`x`\u202e"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    with open_log(tmp_path / "decisions.db") as log:
        yield log


def printed(made: Report, width: int = 100, *, full: bool = True) -> str:
    """Print a report as a terminal without colours would."""
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(rendered(made, full=full))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture
def made(log: Log) -> Report:
    """Report on a log whose rung, model and tags were named by an enemy."""
    rungs = ladder(HOSTILE, "large")
    fitted = policy(rungs, (0.5, 0.0))
    for number in range(4):
        answers = ("0.9",) if number else ("0.1", "0.9")
        log.write(*decided(f"r-{number}", *answers, rungs=rungs, fitted=fitted, tags={"k": HOSTILE}, saved_usd=0.01))
        log.label(f"r-{number}", 1.0)
    return report(log, by="k")


@pytest.fixture
def tame(log: Log) -> Report:
    """Report on an ordinary log."""
    for number in range(8):
        answers = ("0.9",) if number % 4 else ("0.1", "0.9")
        log.write(*decided(f"r-{number}", *answers, saved_usd=0.005, tags={"feature": "import"}), at_s=1_800_014_400)
    log.label("r-1", 1.0)
    return report(log, by="feature")


def test_nothing_that_was_logged_steers_the_terminal(made: Report) -> None:
    text = printed(made)
    assert "\x1b" not in text
    assert "\r" not in text
    assert "\u202e" not in text
    assert "[bold]" in text, "markup is shown, not obeyed"


def test_nothing_that_was_logged_marks_up_the_markdown(made: Report) -> None:
    text = written(made)
    html = MarkdownIt("gfm-like", {"linkify": False}).render(text)
    assert "<script" not in html
    assert "<code>" not in html
    assert "&lt;script&gt;" in html
    rows = [line for line in text.splitlines() if line.startswith("|")]
    widths = [len(re.findall(r"(?<!\\)\|", row)) for row in rows]
    assert len(set(re.findall(r"<t[dh]", html))) == 2
    assert min(widths) > 2


def test_terminal_and_markdown_show_the_same_figures(tame: Report) -> None:
    text, marked = printed(tame, width=160), written(tame).replace("\\", "")
    for words in (
        "25.0 % (4.6–60.0 %)",
        "$0.0280",
        "2027-01-15",
        "58.8 %",
        "p50 1.00 s",
        "import",
        "confidence",
    ):
        assert words in text
        assert words in marked
    for sentence in tame.findings:
        assert sentence in marked


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_report_fits_a_terminal(tame: Report, width: int) -> None:
    assert max(map(len, printed(tame, width=width).splitlines())) <= width


@pytest.fixture
def several(log: Log) -> Report:
    """Report on a log of twenty tasks with much to say about each."""
    for number in range(600):
        task, first = f"a-task-with-a-long-name-{number % 20}", "0.2" if number % 2 else DOWN
        log.write(*decided(f"r-{number}", first, "0.9", task=task, saved_usd=-0.005))
    return report(log)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_one_screen_is_one_screen_and_breaks_no_word(several: Report, width: int) -> None:
    text = printed(several, width=width, full=False)
    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) <= 60
    words = {
        *re.findall(r"\S+", printed(several, width=1_000, full=False)),
        *re.findall(r"\S+", printed(several, 1_000)),
    }
    below = text[text.index("things to do") :]  # the log's path may be longer than a line
    assert {word for word in re.findall(r"\S+", below) if "─" not in word} <= words, "no word is broken"
    assert re.search(r"The same of \d+ other tasks", " ".join(text.split())), "one thing in many tasks is said once"
    assert len(re.findall(r"^ *\d\. ", text, re.MULTILINE)) == 5


def test_the_line_stands_above_everything_in_every_form(tame: Report) -> None:
    assert printed(tame, width=1_000, full=False).splitlines()[1].strip() == tame.line.text
    assert printed(tame, width=1_000).splitlines()[1].strip() == tame.line.text
    assert written(tame).replace("\\", "").splitlines()[4] == f"**{tame.line.text}**"
    assert tame.line.text in report_sheet(tame).html()


@given(st.text())
def test_any_text_is_shown_on_one_line_without_control_characters(text: str) -> None:
    for shown in (terminal(text), markdown(text)):
        assert shown.isprintable()
        assert len(shown.splitlines()) <= 1


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.0, "$0"), (1234.5, "$1,234.50"), (-2.0, "−$2.00"), (0.25, "$0.250"), (0.00012345, "$0.000123"), (None, "–")],
)
def test_dollars_are_said_with_three_digits_at_least(value: float | None, words: str) -> None:
    assert dollars(value) == words


@pytest.mark.parametrize(("value", "words"), [(0.0024, "2.4 ms"), (0.24, "0.24 s"), (1234.0, "1,234 s"), (None, "–")])
def test_durations_are_said_in_fitting_units(value: float | None, words: str) -> None:
    assert duration(value) == words
