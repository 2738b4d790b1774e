"""Commands: the group of all commands; no locale breaks its output, and usage errors obey --log-format."""

from __future__ import annotations

import codecs
import contextlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from cascade.cli.shared.log_lines import set_up
from cascade.cli.shared.terminal import fail, speak_in_events

PLAIN = "cascade.plain"
"""Name of the error handler that writes punctuation as ASCII, and any other character that is lacking as an escape."""

_ASCII = {"–": "-", "—": "-", "−": "-", "…": "...", "×": "x", "·": "*", "≤": "<=", "≥": ">=", "→": "->", "±": "+-"}

FORMAT, FORMAT_VARIABLE = "--log-format", "CASCADE_LOG_FORMAT"


class Commands(TyperGroup):
    """The group of all commands."""

    def main(self, *given: Any, **options: Any) -> Any:
        """Run the command line: what an encoding lacks is escaped; with JSON lines, usage errors are events."""
        for stream in (sys.stdout, sys.stderr):
            # Not every stand-in for a stream can be told (a notebook's, a test's).
            with contextlib.suppress(AttributeError, ValueError):
                stream.reconfigure(errors=PLAIN)  # type: ignore[union-attr]
        args = given[0] if given else options.get("args")
        if not options.get("standalone_mode", True) or not _wants_json(sys.argv[1:] if args is None else args):
            return super().main(*given, **options)
        set_up("json", "info")
        speak_in_events(True)
        try:
            code = super().main(*given, **{**options, "standalone_mode": False})
        except typer.Abort:
            fail("Aborted.")
            code = 1
        except Exception as error:
            if not hasattr(error, "format_message"):
                raise
            fail(error.format_message())
            code = getattr(error, "exit_code", 2)
        sys.exit(code if isinstance(code, int) else 0)


def _wants_json(args: Sequence[str]) -> bool:
    """Return whether the global options ask for JSON lines; read here since a usage error may come before them."""
    wanted = os.environ.get(FORMAT_VARIABLE, "")
    for before, arg in zip(("", *args), args, strict=False):
        if before == FORMAT:
            wanted = arg
        elif arg.startswith(f"{FORMAT}="):
            wanted = arg.partition("=")[2]
        elif not arg.startswith("-"):
            break
    return wanted == "json"


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    assert isinstance(error, UnicodeEncodeError)  # noqa: S101 - streams of ours are written to
    lacking = error.object[error.start : error.end]
    written = "".join(_ASCII.get(one) or one.encode("ascii", "backslashreplace").decode("ascii") for one in lacking)
    return written, error.end


codecs.register_error(PLAIN, _plain)
