"""Log lines: one an event, in JSON where asked for, without secrets and without anything that a terminal obeys."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from cascade.cli import app
from cascade.cli.shared.log_lines import JsonLine, TextLine

HOSTILE = "\x1b[2J\r\nforged: line\u202e sk-canary-0123456789ab"


def line(formatter: logging.Formatter, message: str, *args: object, **extra: object) -> str:
    record = logging.LogRecord("cascade.log", logging.WARNING, __file__, 1, message, args, None)
    vars(record).update(extra)
    return formatter.format(record)


def test_an_event_is_one_json_object_on_one_line() -> None:
    text = line(JsonLine(), "lost %d rows: %s", 3, HOSTILE, task=HOSTILE, n=3, at_all=float("inf"))
    assert text.isascii()
    assert "\n" not in text
    assert "\x1b" not in text
    assert "canary" not in text
    told = json.loads(text)
    assert (told["level"], told["logger"], told["n"], told["at_all"]) == ("warning", "cascade.log", 3, "inf")
    assert told["message"].startswith("lost 3 rows: \x1b[2J\r\nforged")
    assert told["at"].endswith("Z")


def test_a_traceback_is_part_of_its_line() -> None:
    handler = logging.StreamHandler(stream := io.StringIO())
    handler.setFormatter(JsonLine())
    logger = logging.getLogger("cascade.test_lines")
    logger.addHandler(handler)
    try:
        int("sk-canary-0123456789ab")
    except ValueError:
        logger.exception("gone wrong")
    logger.removeHandler(handler)
    (told,) = map(json.loads, stream.getvalue().splitlines())
    assert "Traceback" in told["exception"]
    assert "canary" not in told["exception"]


def test_for_people_it_is_one_line_too() -> None:
    assert line(TextLine(), HOSTILE) == "Warning: \\x1b[2J\\r\\nforged: line\\u202e [redacted]"


def test_all_that_is_said_on_stderr_becomes_events(cli, folder):
    ended = cli("--log-format", "json", "report", "missing.db")
    (told,) = map(json.loads, ended.stderr.splitlines())
    assert (ended.exit_code, told["level"], told["logger"]) == (2, "error", "cascade.cli")
    assert "missing.db" in told["message"]
    assert "missing.db" in cli("report", "missing.db").stderr
    assert not cli("report", "missing.db").stderr.startswith("{")


def test_the_environment_can_ask_for_it_and_data_stays_on_stdout(cli, configured):
    ended = cli("run", "How many?", env={"CASCADE_LOG_FORMAT": "json"})
    assert (ended.exit_code, ended.stdout.strip()) == (0, "fine")
    events = list(map(json.loads, ended.stderr.splitlines()))
    assert any("not calibrated" in event["message"] for event in events)


def test_a_library_says_nothing_by_itself():
    script = (
        "import warnings; warnings.simplefilter('ignore')\n"
        "from cascade import Cascade, Ladder, Rung, ScriptedClient\n"
        "from verifiers import Check\n"
        "rung = Rung('test/a', verify=(Check(lambda answer: 1 / 0),))\n"
        "app = Cascade(Ladder(rung), client=ScriptedClient(default='fine')); app.run('?'); app.close()\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize(
    "args", [("report", "--nonsense"), ("nonsense",), ("run", "--max-cost", "much", "?"), ("show",)]
)
def test_usage_errors_are_events_too(cli, folder, args):
    for how in (("--log-format", "json"), ("--log-format=json",)):
        ended = cli(*how, *args)
        (told,) = map(json.loads, ended.stderr.splitlines())
        assert (ended.exit_code, told["level"]) == (2, "error")
    assert cli(*args).stderr.startswith("Usage: ")


@pytest.mark.parametrize("charset", ["ascii", "cp437", "cp932"])
def test_what_an_encoding_lacks_is_escaped_and_is_no_traceback(configured, charset):
    def run(*args: str) -> bytes:
        ended = CliRunner(charset=charset).invoke(app, args)
        assert ended.exit_code == 0, ended.exception
        return ended.stdout_bytes

    run("run", "grüße 東京 🙂 – ≤")
    shown = run("report", "decisions.db").decode(charset)
    assert "rate" in shown
    assert "\\u2013" not in shown, "a dash is written as one that there is"
    run("tail", "decisions.db", "--no-follow")
