"""Command runner: runs an executable on an exchange, without a shell, with bounded input, output and time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from cascade.exchange import Exchange
from cascade.reading.strict_json import NotJson, parse_json
from cascade.verdict import Verdict

MAX_BYTES = 2**20
"""Limit in bytes on stdin, and on stdout."""

_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT")
_FAILED = ("verifier_failed",)


def exchange_json(exchange: Exchange) -> bytes:
    """Return an exchange as one line of ASCII JSON; values that are not JSON become text."""
    request, response = exchange.request, exchange.response
    content = {
        "request": {
            "id": request.id,
            "task": request.task,
            "messages": list(request.messages),
            "schema": request.schema,
            "tags": dict(request.tags),
        },
        "response": {
            "text": response.text,
            "tool_calls": list(response.tool_calls),
            "finish_reason": response.finish_reason,
            "refusal": response.refusal,
        },
        "rung": exchange.rung,
        "model": exchange.model,
    }
    return json.dumps(content, default=_plain).encode("ascii") + b"\n"


def run_command(command: Sequence[str], exchange: Exchange, timeout_s: float, env: Mapping[str, str]) -> Verdict:
    """Run a command on an exchange and return its verdict; on any failure it abstains, flagged."""
    data = exchange_json(exchange)
    if len(data) > MAX_BYTES:
        return Verdict.abstain(f"the exchange is {len(data):,} bytes long; a command gets at most {MAX_BYTES:,}")
    environment = {key: os.environ[key] for key in _ENVIRONMENT if key in os.environ}
    # Files instead of pipes: no deadlock where a command writes before it reads, and no thread to read it.
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as sink:
        source.write(data)
        source.seek(0)
        try:
            process = subprocess.Popen(  # noqa: S603 - the command is the configuration's, and there is no shell
                list(command),
                stdin=source,
                stdout=sink,
                stderr=subprocess.DEVNULL,
                env={**environment, **env},
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            return Verdict.abstain(f"the command cannot be run: {error}", flags=_FAILED)
        try:
            trouble = _watch(process, sink.fileno(), timeout_s)
        finally:
            _kill(process)
        if trouble is not None:
            return Verdict.abstain(trouble, flags=_FAILED)
        sink.seek(0)
        output = sink.read(MAX_BYTES + 1)
    return _verdict(process.returncode, output)


def _watch(process: subprocess.Popen[bytes], sink: int, timeout_s: float) -> str | None:
    """Wait until the command ends, without reaping it; return the reason if it does not."""
    end = time.monotonic() + timeout_s
    pause = 0.001
    while True:
        # While unreaped, its process id is not reused: the kill afterwards cannot hit another group.
        ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        if os.fstat(sink).st_size > MAX_BYTES:
            return "the command wrote more than 1 MiB"
        if ended:
            return None
        if time.monotonic() >= end:
            return f"the command took longer than {timeout_s:g} s"
        time.sleep(pause)
        pause = min(0.02, 2 * pause)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the whole process group, children included, and reap the command."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _verdict(code: int, output: bytes) -> Verdict:
    if code not in (0, 1):
        return Verdict.abstain(f"the command ended with exit code {code}", flags=_FAILED)
    try:
        content = parse_json(output.decode("utf-8"))
    except (NotJson, UnicodeDecodeError):
        content = None  # not JSON: the exit code decides
    if isinstance(content, Mapping) and ("score" in content or "veto" in content):
        score, veto, reason = content.get("score"), content.get("veto") is True, content.get("reason", "")
    else:
        score, veto, reason = content, False, ""
    if veto or _is_score(score):
        reason = reason[:300] if isinstance(reason, str) else ""
        return Verdict(score=score if _is_score(score) else None, veto=veto, reason=reason)
    if isinstance(content, int | float) and not isinstance(content, bool):
        return Verdict.abstain("the command's score is not in [0, 1]", flags=_FAILED)
    if isinstance(content, Mapping) and content.get("score") is not None:
        return Verdict.abstain("the command's score is not a number in [0, 1]", flags=_FAILED)
    if isinstance(content, Mapping) and "score" in content:
        return Verdict.abstain("the command cannot tell")
    return Verdict(score=1.0 - code, reason=f"the command ended with exit code {code}")


def _is_score(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)
