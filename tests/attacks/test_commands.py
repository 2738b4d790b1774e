"""The commands on a real terminal, with models, tasks and tags that want to steer it."""

from __future__ import annotations

import json
import os
import pty
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cascade.cli.conftest import write_lines
from tests.checkout import ROOT
from tests.faults.completion import completion
from tests.faults.hit import Hit
from tests.faults.reply import Reply, as_json
from tests.faults.server import Server

HOSTILE = (
    "\x1b]0;owned\x07\x1b[31m\x9b2J\x1b]52;c;aWQ=\x07 fine\rforged \u202eevil\u202c \U000e0048 [bold]x[/bold] \x7f\b"
)
CONFIG = """\
ladder:
  - {{model: openai/ok, name: small, api_base: "{url}", api_key: none, price: {{input_usd: 0, output_usd: 0}}}}
verify: [hedging]
log: decisions.db
store_text: full
"""
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e0fff]")
OWN = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
"""What rich draws a progress bar with: cursor and colour, no titles, clipboards or links."""


def on_a_terminal(*arguments: str) -> str:
    """Run a program of ours on a terminal of its own, and return what it shows there."""
    process, terminal = pty.fork()
    if process == 0:
        os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606 - our own program
    shown = b""
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:  # Linux says so at the end
            break
        if not data:
            break
        if b"q save and quit" in data:
            os.write(terminal, b"q")
        shown += data
    os.waitpid(process, 0)
    os.close(terminal)
    return shown.decode("utf-8", "replace")


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_no_command_lets_a_model_steer_the_terminal(
    folder: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(hit: Hit) -> Reply:
        return as_json(completion(hit, HOSTILE))

    server.mode = answer
    (folder / "cascade.yaml").write_text(CONFIG.format(url=server.url))
    recordings: list[dict[str, Any]] = [{"model": HOSTILE, "rung": name, "content": HOSTILE} for name in ("a", "b")]
    write_lines(folder / "s.jsonl", [{"id": HOSTILE, "prompt": HOSTILE, "gold": HOSTILE, "recordings": recordings}])
    write_lines(folder / "r.jsonl", [{"id": HOSTILE, "prompt": HOSTILE, "tags": {"k": HOSTILE}, "principal": HOSTILE}])
    write_lines(folder / "bad.jsonl", [{"id": HOSTILE, "prompt": "x", "params": {HOSTILE: 1}}])
    commands = [
        ["run", "hi"],
        ["run", "hi", "--json"],
        ["run", "--input", "r.jsonl", "--output", "out.jsonl"],
        ["run", "--input", "bad.jsonl", "--output", "out2.jsonl"],
        ["explore", "r.jsonl", "--yes"],
        ["report"],
        ["report", "--json"],
        ["report", "--markdown"],
        ["grade", "s.jsonl"],
        ["label", "s.jsonl", "--annotator", "anna", "--all", "--show-gold"],
        ["judges", HOSTILE, "s.jsonl"],
        ["replay", "s.jsonl", "--policy", "s.jsonl"],
        ["doctor"],
    ]
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([os.environ["PYTHONPATH"], str(ROOT)]))
    shown = on_a_terminal(str(ROOT / "tests/attacks/commands_program.py"), json.dumps(commands))
    for command in commands:
        assert f"== {command[0]} ended with" in shown, shown[-2000:]
    left = OWN.sub("", shown.replace("\r\n", "\n"))
    assert not FORBIDDEN.search(left), ascii(left[max(0, FORBIDDEN.search(left).start() - 200) :][:400])
    assert "\x1b" not in left
    assert "\\x1b]0;owned" in left
