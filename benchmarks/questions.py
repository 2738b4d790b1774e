"""Ten questions that an operator asks of a log: seconds and clicks to the answer, in the terminal and the dashboard.

    python -m benchmarks.questions demo/decisions.db

Nobody was timed with a watch: seconds are those that the program takes, and a quarter of a second for each word from
the top of what is shown to the end of the answer, as one who reads all of it. Prints the table of RESULTS/report.md.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

from cascade.log import open_log
from cascade.serve.dashboard import dashboard
from cascade.serve.live import Live
from cascade.serve.page import View
from cascade.serve.server import make_server

WORD_S = 0.25
"""Seconds a word: 240 words a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question, with where its answer stands."""

    asked: str
    commands: tuple[str, ...]
    """What is typed, in order; LOG and ID are filled in, ID by what the first command found."""
    answer: str
    """A pattern of the answer in the last command's output."""
    clicks: tuple[str, ...] = ()
    """Selectors that are clicked from the dashboard's first page on."""
    seen: str = ""
    """A pattern of the answer on the page; default: `answer`."""


QUESTIONS = (
    Question(asked="Is it safe?", commands=("report LOG",), answer=r"at most 3 points worse \(certified, 90 %\)"),
    Question(asked="What did it save?", commands=("report LOG",), answer=r"Saves \d+–\d+ %"),
    Question(asked="Is the rate kept?", commands=("report LOG",), answer=r"rate kept"),
    Question(asked="What do I do next?", commands=("report LOG",), answer=r"(nothing|\d+ things?) to do"),
    Question(
        asked="Which task is bad?", commands=("report LOG",), answer=r"(nothing|\d+ things?) to do",
    ),
    Question(
        asked="Why was this one escalated?",
        commands=("tail LOG --only escalated -n 1 --no-follow", "show ID LOG"),
        answer=r"why The confidence [\d.]+ is below the threshold",
        clicks=("text=Requests", "#filter-escalated=yes", "#filter-show", "main tbody a >> nth=0"),
    ),
    Question(
        asked="Which answers were wrong but accepted?", commands=(), answer="",
        clicks=("text=Requests to inspect", "summary:has-text('Wrong but accepted')"), seen=r"right: 0",
    ),
    Question(
        asked="Where does the money go?", commands=("report LOG --full",),
        answer=r"answers tokens in[^$]+\$[\d.]+[^$]+\$[\d.]+",
        clicks=("text=Cost and savings",), seen=r"saved so far",
    ),
    Question(
        asked="Has traffic changed since the samples?", commands=("report LOG",),
        answer=r"confidences as on the samples",
        clicks=("text=Escalation over time",), seen=r"The rate is (on|beside)",
    ),
    Question(asked="How long do users wait?", commands=("report LOG",), answer=r"p95 [\d.]+ m?s",
             clicks=("text=Latency",), seen=r"whole request|slowest rung"),
)  # fmt: skip


def main() -> None:
    """Ask every question both ways, and print a row each."""
    log = sys.argv[1]
    pages = _clicked(log)
    print("| question | typed | words until the answer | seconds | clicks in the dashboard | words | seconds |")
    print("|---|---|---|---|---|---|---|")
    for question, page in zip(QUESTIONS, pages, strict=True):
        if not question.commands:
            print(f"| {question.asked} | not in the terminal; `--html` | – | – | {page} |")
            continue
        spent, words = _typed(question, log)
        typed = "; ".join(f"`cascade {one}`" for one in question.commands)
        print(f"| {question.asked} | {typed} | {words} | {spent + WORD_S * words:.0f} | {page} |")


def _typed(question: Question, log: str) -> tuple[float, int]:
    """Return seconds of the commands, and words up to the answer."""
    spent, words, identity = 0.0, 0, ""
    for number, command in enumerate(question.commands, start=1):
        filled = command.replace("LOG", log).replace("ID", identity)
        begun = time.monotonic()
        ended = subprocess.run(
            [sys.executable, "-m", "cascade", *filled.split()], capture_output=True, text=True, check=True, timeout=120,
            env={**os.environ, "COLUMNS": "80"},
        )  # fmt: skip
        spent += time.monotonic() - begun
        if number < len(question.commands):
            identity = ended.stdout.split()[2]
            words += len(ended.stdout.split())
        else:
            words += _words(ended.stdout, question.answer, question.asked)
    return spent, words


def _words(text: str, pattern: str, asked: str) -> int:
    found = re.search(pattern.replace(" ", r"\s+"), text)
    if found is None:
        sys.exit(f"{asked} is not answered: {pattern} is not in\n{text}")
    return len(text[: found.end()].split())


def _clicked(log_name: str) -> list[str]:
    """Return clicks, words and seconds of every question in the dashboard."""
    from playwright.sync_api import sync_playwright

    found = []
    with open_log(log_name, read_only=True) as log, Live(log) as live:
        while not live.made(View(period="all")).report.total.n:
            time.sleep(0.05)
        server = make_server(dashboard(live, log), host="127.0.0.1", port=8399, key=None)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
                )
                page = browser.new_page(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
                found = [_answered(page, question) for question in QUESTIONS]
                browser.close()
        finally:
            server.should_exit = True
            thread.join()
    return found


def _answered(page: Any, question: Question) -> str:
    begun, clicks = time.monotonic(), 0
    page.goto("http://127.0.0.1:8399/?period=all")
    for step in question.clicks:
        if step.endswith("=yes"):
            page.select_option(step.removesuffix("=yes"), "yes")
        else:
            page.locator(step).first.click()
        clicks += 1
        page.wait_for_load_state()
    spent = time.monotonic() - begun
    page.wait_for_timeout(500)
    # From what stands at the top of the window on: a click on a part's name scrolls to it.
    text = page.evaluate(
        """() => [...document.querySelectorAll('h1, p, dt, dd, li, th, td, h3, summary, strong')]
            .filter((one) => one.checkVisibility() && one.getBoundingClientRect().top > -5)
            .map((one) => one.innerText).join('\\n')"""
    )
    words = _words(text, question.seen or question.answer, f"In the dashboard, {question.asked}")
    return f"{clicks} | {words} | {spent + WORD_S * words:.0f}"


if __name__ == "__main__":
    main()
