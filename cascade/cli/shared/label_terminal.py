"""Labelling session in the terminal: the question, the answers side by side, one key per label."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cascade.cli.shared.terminal import printable, stderr

if TYPE_CHECKING:
    from rich.console import RenderableType

    from cascade.labelling import Session

WORDS = {1.0: "right", 0.0: "wrong", 0.5: "half right", None: "cannot tell"}


def label_in_terminal(session: Session) -> None:
    """Run a labelling session until it ends or nothing is left; keys come from the terminal or a pipe."""
    console = stderr()
    with _keys() as keys:
        console.print(*_seen(session.state()), sep="\n")
        for key in keys:
            if not session.press(key):
                continue
            if session.ended:
                return
            console.print(*_seen(session.state()), sep="\n")


def _seen(state: dict[str, Any]) -> list[RenderableType]:
    """Render the current state; text from models is never markup."""
    from rich.panel import Panel
    from rich.rule import Rule
    from rich.table import Table
    from rich.text import Text

    if state["finished"]:
        return [Text(f"All {state['total']} are labelled. Press q to save, u to undo.")]
    asked = state["answers"][state["answer"]]
    shown: list[RenderableType] = [Rule(f"{state['done'] + 1} of {state['total']} · {state['task']}")]
    shown.extend(Text(printable(f"{message['role']}: {message['text']}")) for message in state["messages"])
    if state["gold"] is not None:
        shown.append(Text(printable(f"right answer: {state['gold']}"), style="dim"))
    grid = Table.grid(expand=True, padding=(0, 1))
    panels = []
    for answer in state["answers"]:
        grid.add_column(ratio=1)
        said = " · ".join(f"{name}: {WORDS[value]}" for name, value in answer["labels"].items())
        current = answer is asked
        panels.append(
            Panel(
                Text(printable(answer["text"])),
                title=f"{'▶ ' if current else ''}{answer['letter']}",
                subtitle=said or None,
                border_style="bold" if current else "dim",
            )
        )
    grid.add_row(*panels)
    return [*shown, grid, Text(f"Answer {asked['letter']}: {state['dimension']}?  {state['help']}", style="bold")]


@contextmanager
def _keys() -> Iterator[Iterator[str]]:
    """Yield keys as they are pressed, without Enter if stdin is a terminal."""
    if not sys.stdin.isatty():
        yield (key for line in sys.stdin for key in line if not key.isspace())
        return
    if os.name == "nt":
        yield _windows_keys()
        return
    import termios
    import tty

    handle = sys.stdin.fileno()
    before = termios.tcgetattr(handle)
    tty.setcbreak(handle)
    try:
        yield _posix_keys(handle)
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)


def _posix_keys(handle: int) -> Iterator[str]:
    while data := os.read(handle, 64):
        # An arrow key arrives as one escape sequence; its letters are not answers.
        if not data.startswith(b"\x1b"):
            for key in data.decode("utf-8", errors="ignore"):
                yield "Backspace" if key in "\x7f\b" else key


def _windows_keys() -> Iterator[str]:
    import importlib

    console = importlib.import_module("msvcrt")
    while True:
        key = console.getwch()
        if key in "\x00\xe0":
            console.getwch()
        elif key == "\x03":
            raise KeyboardInterrupt
        else:
            yield "Backspace" if key == "\b" else key
