"""Reads the fenced blocks of a document and does what they show, in order, in one folder.

What stands in a comment on the line before a block says how it is taken:

- ``<!-- not executed: REASON -->`` leaves it out;
- ``<!-- file: NAME -->`` writes it to a file for what follows.

Otherwise ``console`` blocks run each line after ``$ `` and compare what it prints with what is shown, ``python`` blocks
run in one interpreter for the whole document, and a ``text`` block after ``<!-- prints -->`` is what the last one
printed. In what is shown, a line ``...`` stands for any lines, and ``…`` within a line for any text. A command that is
shown with no output only has to succeed; ``(exit 2)`` after a command's ``#`` says that it ends with that code.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(
    r"(?:^<!-- *(?P<mark>not executed|file|prints) *(?:: *(?P<said>[^\n]*?))? *-->\n+)?"
    r"^```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^```[ ]*$",
    re.MULTILINE | re.DOTALL,
)
EXECUTED = {"console", "python", "bash", "sh", "shell"}
EXIT = re.compile(r"#.*\(exit (\d+)\)")

# Runs each block in one namespace and answers with what it printed; exec is what a document's reader does by hand.
INTERPRETER = """
import contextlib, io, json, sys
namespace = {"__name__": "__main__"}
for line in sys.stdin:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(json.loads(line), "<document>", "exec"), namespace)
    print(json.dumps(printed.getvalue()), flush=True)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block."""

    line: int
    """Its first line in the document, from 1."""

    language: str
    """What follows the fence; "" for none."""

    text: str
    """What stands between the fences."""

    mark: str | None
    """The comment before it: not executed, file, prints, or None."""

    said: str
    """What the comment says: the reason or the file's name."""


def blocks(document: str) -> list[Block]:
    """Give a document's fenced blocks in order."""
    return [
        Block(
            line=document.count("\n", 0, found.start()) + 1,
            language=found["language"],
            text=found["text"],
            mark=found["mark"],
            said=(found["said"] or "").strip(),
        )
        for found in BLOCK.finditer(document)
    ]


def commands(text: str) -> list[tuple[str, str]]:
    """Split a console block into commands and what is shown after each."""
    steps: list[tuple[str, str]] = []
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        last = next(index for index, line in enumerate(lines) if not line.endswith("\\"))
        steps.append(("\n".join(lines[: last + 1]), "\n".join(lines[last + 1 :])))
    return steps


def matches(shown: str, printed: str) -> bool:
    """Tell whether what was printed is what is shown, up to trailing blanks and the two wildcards."""
    pattern = ""
    for line in shown.strip("\n").splitlines():
        if line.strip() == "...":
            pattern += r"(?:[^\n]*\n)*"
        else:
            pattern += ".*?".join(re.escape(piece) for piece in line.rstrip().split("…")) + r"[ ]*\n"
    return re.fullmatch(pattern, printed.strip("\n") + "\n") is not None


class Reader:
    """Someone who does what a document says, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        """Start in an empty folder, with this environment's commands first on the path."""
        self.folder = folder
        self.environment = os.environ | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "COLUMNS": "100",
            "NO_COLOR": "1",
            "TERM": "dumb",
        }
        self.printed = ""
        self.interpreter: subprocess.Popen[str] | None = None

    def take(self, block: Block) -> None:
        """Do what one block shows; AssertionError where it turns out otherwise."""
        where = f"line {block.line}"
        if block.mark == "file":
            (self.folder / block.said).write_text(block.text, encoding="utf-8")
        elif block.mark == "prints":
            assert matches(block.text, self.printed), f"{where} shows\n{block.text}\nbut printed was\n{self.printed}"
        elif block.mark is None and block.language == "python":
            self.printed = self.interpret(block.text, where)
        elif block.mark is None and block.language in EXECUTED:
            steps = commands(block.text)
            assert steps, f"{where}: commands start with '$ ', so that what they print can be told from them"
            for command, shown in steps:
                self.run(command, shown, where)

    def run(self, command: str, shown: str, where: str) -> None:
        """Run one command in bash and compare."""
        ended = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False, timeout=240,
        )  # fmt: skip
        expected = int(found[1]) if (found := EXIT.search(command)) else 0
        told = f"{where}: $ {command}\nexit code {ended.returncode}, printed:\n{ended.stdout}"
        assert ended.returncode == expected, told
        assert not shown.strip() or matches(shown, ended.stdout), f"{told}\nbut shown is:\n{shown}"

    def interpret(self, code: str, where: str) -> str:
        """Run a block of Python where the earlier ones ran; give what it printed."""
        if self.interpreter is None:
            self.interpreter = subprocess.Popen(
                [sys.executable, "-c", INTERPRETER],
                cwd=self.folder, env=self.environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )  # fmt: skip
        assert self.interpreter.stdin is not None
        assert self.interpreter.stdout is not None
        self.interpreter.stdin.write(json.dumps(code) + "\n")
        self.interpreter.stdin.flush()
        reply = self.interpreter.stdout.readline()
        if not reply:
            _, complaint = self.interpreter.communicate(timeout=60)
            raise AssertionError(f"{where}: {complaint}")
        return str(json.loads(reply))

    def close(self) -> None:
        """End the interpreter, if one was started."""
        if self.interpreter is not None:
            self.interpreter.communicate(timeout=60)
