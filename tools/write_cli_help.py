"""Writes docs/cli.md from what `cascade --help` and each command's `--help` print; with --check only compares.

Run it by `make help-pages` after a change to the command line; tests/test_docs.py compares.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "cli.md"
PLAIN = {"COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1", "TERM": "dumb"}
HEAD = """# Command line

Written by `make help-pages` from what the commands print; do not edit.
"""


def print_help(*command: str) -> str:
    """Give what one command prints for --help, 100 columns wide and without colour."""
    ended = subprocess.run(
        [sys.executable, "-m", "cascade", *command, "--help"],
        env=os.environ | PLAIN,
        capture_output=True,
        text=True,
        check=True,
    )
    return "\n".join(line.rstrip() for line in ended.stdout.strip("\n").splitlines())


def list_commands() -> list[tuple[str, ...]]:
    """Give the names of the commands in the order of --help, each group followed by its own."""
    import typer

    from cascade.cli import app

    found: list[tuple[str, ...]] = []
    for name, command in typer.main.get_group(app).commands.items():
        found += [(name,), *((name, inner) for inner in getattr(command, "commands", ()))]
    return found


def write_page() -> str:
    """Put the page together."""
    pages = [
        ("cascade", print_help()),
        *((" ".join(("cascade", *name)), print_help(*name)) for name in list_commands()),
    ]
    return HEAD + "".join(f"\n## {name}\n\n```text\n{text}\n```\n" for name, text in pages)


def main() -> int:
    """Write the page, or tell whether it is as it would be written."""
    page = write_page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page, encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == page:
        return 0
    print("docs/cli.md differs from what --help prints: run `make help-pages`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
