"""HTML file of a report document, for the option --report."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cascade.cli.shared.terminal import say, warn

if TYPE_CHECKING:
    from cascade.report.page.document import Document

ReportOption = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help="Also write one self-contained HTML file with charts."),
]


def write_page(document: Document, path: Path) -> None:
    """Write a document as one HTML file."""
    from cascade.files import write_atomically
    from cascade.report.page.drawing import INSTALL, can_draw
    from cascade.report.page.rendering import to_html

    write_atomically(path, to_html(document, made=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"))
    if not can_draw():
        warn(INSTALL)
    say(f"The report is in {path}.")
