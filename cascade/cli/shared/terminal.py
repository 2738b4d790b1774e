"""Terminal output: sentences on stderr, tables and JSON on stdout, without control characters from models."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from cascade.display.numbers import dollars, percent, share
from cascade.display.sanitize import printable, spell_in_json
from cascade.loggers import logger_of

if TYPE_CHECKING:
    from rich.console import Console


_EVENTS = logger_of("cascade.cli")

_as_events = False


def speak_in_events(wanted: bool) -> None:  # noqa: FBT001 - a switch is what it is
    """Set whether sentences are logged as JSON events (`--log-format json`) or printed."""
    global _as_events  # noqa: PLW0603 - stderr is the process's own
    _as_events = wanted


def speaks_in_events() -> bool:
    """Return whether sentences are logged as events instead of printed."""
    return _as_events


def say(text: str = "") -> None:
    """Print a sentence on stderr."""
    if _as_events:
        _EVENTS.info("%s", text.strip())
        return
    typer.echo(printable(text), err=True)


def warn(text: str) -> None:
    """Print a warning on stderr, in colour if enabled."""
    if _as_events:
        _EVENTS.warning("%s", text)
        return
    stderr().print(f"Warning: {printable(text)}", style="yellow", markup=False, highlight=False, soft_wrap=True)


def fail(text: str) -> None:
    """Print the sentence of an error on stderr, in colour if enabled."""
    if _as_events:
        _EVENTS.error("%s", text)
        return
    stderr().print(f"Error: {printable(text)}", style="red", markup=False, highlight=False, soft_wrap=True)


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object on stdout; control characters are JSON escapes."""
    typer.echo(spell_in_json(json.dumps(value, ensure_ascii=not _unicode(), allow_nan=False, indent=2)))


def print_text(text: str) -> None:
    """Print text data on stdout: unchanged into a file or pipe, control characters escaped on a terminal."""
    if sys.stdout.isatty():
        text = printable(text)
    elif not _unicode():
        text = text.encode("ascii", errors="backslashreplace").decode("ascii")
    typer.echo(text.encode("utf-8", errors="backslashreplace").decode("utf-8"))


def stdout() -> Console:
    """Return rich's console for stdout: NO_COLOR and non-terminals are honoured."""
    from rich.console import Console

    return Console()


def stderr() -> Console:
    """Return rich's console for stderr."""
    from rich.console import Console

    return Console(stderr=True)


def interactive() -> bool:
    """Return whether stdin and stderr are terminals; only then are questions asked."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not _as_events


def _unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") in {"utf8", "utf16", "utf32"}


def tell_ambiguous(count: int) -> None:
    """Report how many repeated calls may be billed twice; print nothing if none."""
    if count:
        say(
            f"{count} calls were in flight when an earlier run was killed; they were repeated, and may have been "
            "billed twice (ambiguous)."
        )


def tell_lost(count: int, usd: float) -> None:
    """Report answers of an earlier run that were lost, and what they had cost; print nothing if none."""
    if count:
        say(
            f"{count} answers of an earlier run were paid ({dollars(usd)}), as the decision log tells, and are not in "
            "the journal (a power loss?); the log does not hold them whole, so they were asked and paid again."
        )


def show_blocks(title: str, blocks: Mapping[str, Sequence[tuple[str, str]]]) -> None:
    """Print a block of named figures for each task, on stdout."""
    from rich.table import Table

    console = stdout()
    for name, rows in blocks.items():
        console.print(f"{title} {printable(name)}", style="bold", markup=False, highlight=False)
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for heading, text in rows:
            grid.add_row(f"  {heading}", printable(text))
        console.print(grid, markup=False, highlight=False)


__all__ = [
    "dollars",
    "fail",
    "interactive",
    "percent",
    "print_json",
    "print_text",
    "printable",
    "say",
    "share",
    "show_blocks",
    "speak_in_events",
    "speaks_in_events",
    "stderr",
    "stdout",
    "tell_ambiguous",
    "tell_lost",
    "warn",
]
