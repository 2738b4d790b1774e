"""The Check verifier: functions and commands of the user's own."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cascade.errors import ConfigError
from cascade.exchange import Exchange, LocalCall
from cascade.verdict import Verdict
from tests.deadlines import passed_at
from tests.verifiers.exchanges import exchange, failure, judge, tool_call
from verifiers.check import Check


@pytest.mark.parametrize(
    ("opinion", "score"),
    [(True, 1.0), (False, 0.0), (0.25, 0.25), (1, 1.0), (0, 0.0), (None, None), (Verdict(score=0.5), 0.5)],
)
def test_a_function_may_return_a_bool_a_number_a_verdict_or_nothing(opinion: Any, score: float | None) -> None:
    verdict = judge(Check(lambda given: opinion), exchange("4"))
    assert verdict.score == score
    assert verdict.flags == ()


@pytest.mark.parametrize("opinion", [1.5, -0.1, float("nan"), float("inf"), "yes", b"1", [1], {}, 10**400])
def test_anything_else_abstains_and_is_flagged(opinion: Any) -> None:
    verdict = judge(Check(lambda given: opinion), exchange("4"))
    assert verdict.abstained
    assert verdict.flags == ("verifier_failed",)


def test_a_function_may_veto() -> None:
    verdict = judge(Check(lambda given: Verdict.against("too short")), exchange("4"))
    assert (verdict.veto, verdict.reason) == (True, "too short")


def test_an_async_function_is_awaited_by_the_driver() -> None:
    async def even(given: Exchange) -> bool:
        await asyncio.sleep(0)
        return int(given.response.text) % 2 == 0

    async def drive() -> Verdict:
        flow = Check(even).flow(exchange("4"))
        (work,) = next(flow)
        assert isinstance(work, LocalCall)
        try:
            flow.send((await work.run(),))
        except StopIteration as stop:
            return stop.value
        raise AssertionError

    assert asyncio.run(drive()).score == 1.0
    assert Check(even).check(exchange("4")).abstained


def test_one_that_failed_or_took_too_long_abstains() -> None:
    flow = Check(lambda given: True, timeout_s=3, name="mine").flow(exchange("4"))
    (work,) = next(flow)
    assert isinstance(work, LocalCall)
    assert (work.timeout_s, work.label) == (3, "mine")
    with pytest.raises(StopIteration) as stop:
        flow.send((failure(),))
    assert stop.value.value.flags == ("verifier_failed",)


def _python(code: str, **options: Any) -> Check:
    return Check(command=[sys.executable, "-I", "-c", code], timeout_s=60, **options)


@pytest.mark.parametrize(
    ("code", "score"),
    [
        ("", 1.0),
        ("raise SystemExit(1)", 0.0),
        ("print(0.25)", 0.25),
        ('print(\'{"score": 0.75, "reason": "so"}\'); raise SystemExit(1)', 0.75),
        ("print('looks good to me')", 1.0),
        ("print('{\"score\": null}')", None),
    ],
)
def test_a_command_speaks_by_its_exit_code_or_its_output(code: str, score: float | None) -> None:
    verdict = judge(_python(code), exchange("4"))
    assert verdict.score == score
    assert verdict.flags == ()


@pytest.mark.parametrize(
    "code", ["raise SystemExit(2)", "print(1.5)", 'print(\'{"score": "high"}\')', "import os; os.kill(os.getpid(), 9)"]
)
def test_a_command_that_breaks_abstains(code: str) -> None:
    verdict = judge(_python(code), exchange("4"))
    assert verdict.abstained
    assert verdict.flags == ("verifier_failed",)


def test_a_command_may_veto() -> None:
    assert judge(_python('print(\'{"veto": true, "reason": "no"}\')'), exchange("4")).veto


def test_a_command_gets_the_exchange_as_json() -> None:
    code = (
        "import json, sys; e = json.load(sys.stdin); r = e['response'];"
        "ok = e['request']['messages'][0]['role'] == 'user' and r['text'] == '\\ud8004é' and e['rung'] == 'small'"
        " and e['model'] == 'maker/small' and r['tool_calls'][0]['function']['name'] == 'f';"
        "raise SystemExit(0 if ok else 1)"
    )
    assert judge(_python(code), exchange("\ud8004é", tool_calls=(tool_call("f", "{}"),))).score == 1.0


def test_a_command_sees_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    code = "import os; raise SystemExit('OPENAI_API_KEY' in os.environ or os.environ['MINE'] != 'yes')"
    assert judge(_python(code, env={"MINE": "yes"}), exchange("4")).score == 1.0


def test_nothing_is_interpreted_by_a_shell(tmp_path: Path) -> None:
    judge(Check(command=[sys.executable, "-c", "", f"; touch {tmp_path}/x"], timeout_s=20), exchange("4"))
    assert not list(tmp_path.iterdir())
    assert judge(Check(command=["no-such-program-here"]), exchange("4")).flags == ("verifier_failed",)


def test_a_command_that_takes_too_long_is_killed_with_its_children(tmp_path: Path) -> None:
    code, pid = f"sleep 600 & echo $! > {tmp_path}/pid; wait", tmp_path / "pid"
    verdict = passed_at(
        lambda timeout_s: judge(Check(command=["/bin/sh", "-c", code], timeout_s=timeout_s), exchange("4")),
        lambda: pid.exists() and pid.read_text(),
    )
    assert "longer than" in verdict.reason
    ended(int(pid.read_text()))


def test_a_child_that_a_command_leaves_behind_is_killed(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, pathlib;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(child.pid))"
    )
    assert judge(_python(code), exchange("4")).score == 1.0
    ended(int((tmp_path / "pid").read_text()))


def test_input_and_output_are_bounded() -> None:
    assert "bytes long" in judge(_python(""), exchange("x" * 2**20)).reason
    flood = "import sys\nwhile True: sys.stdout.write('x' * 65536)"
    assert "more than 1 MiB" in judge(_python(flood), exchange("4")).reason


@pytest.mark.parametrize(
    "options",
    [
        {}, {"function": len, "command": ["x"]}, {"function": 3}, {"command": "rm -rf"}, {"command": []},
        {"command": ["a\0b"]}, {"command": [""]}, {"function": len, "timeout_s": 0},
    ],
)  # fmt: skip
def test_options_that_cannot_work_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Check(**options)


def test_settings_name_the_function_the_command_and_the_revision() -> None:
    assert Check(_alive, revision="2").settings()["function"].endswith(":_alive")
    assert Check(command=["grade", "-x"]).settings() == {"command": ["grade", "-x"], "revision": ""}


def _alive(pid: int) -> bool:
    """Say whether a process still runs; a killed one may stay as a zombie until its new parent looks after it."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state not in "ZX"


def ended(pid: int) -> None:
    """Return once a process has ended; one that never does ends in pytest's own timeout."""
    while _alive(pid):
        time.sleep(0.01)
