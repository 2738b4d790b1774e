"""Format: which of the known ones a file has, by its first row or its columns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cascade.errors import DataError
from cascade.importing.formats import anthropic_batch, langfuse, litellm_spend, openai_batch, otel, promptfoo, table
from cascade.importing.reader import Reader
from cascade.importing.records import first_record
from cascade.log.address import POSTGRESQL
from cascade.samples.rows import columns_of, is_table

READERS: Mapping[str, Reader] = {
    "openai-batch": openai_batch.read,
    "anthropic-batch": anthropic_batch.read,
    "litellm-spend": litellm_spend.read,
    "langfuse": langfuse.read,
    "promptfoo": promptfoo.read,
    "otel": otel.read,
    "csv": table.read,
    "parquet": table.read,
}
"""The readers, by format."""


def source_of(named: str) -> Path | str:
    """Return a file, or the address of a PostgreSQL database as text.

    Raises:
        DataError: there is no such file.
    """
    if named.partition("://")[0] in POSTGRESQL:
        return named
    path = Path(named)
    if not path.is_file():
        message = f"{named} {'is a folder' if path.is_dir() else 'does not exist'}; a file to import was expected."
        raise DataError(message)
    return path


def format_of(source: Path | str) -> str:
    """Return the format of a file or database.

    Raises:
        DataError: it cannot be read, or is none of the known ones.
    """
    if isinstance(source, str):
        return "litellm-spend"
    if is_table(source):
        known = _known(dict.fromkeys(columns_of(source)))
        return known or ("parquet" if source.suffix == ".parquet" else "csv")
    first = first_record(source)
    known = None if first is None else _known(first)
    if known is None:
        keys = (
            "no JSON object" if first is None else f"an object with {', '.join(map(repr, [*first][:6])) or 'no keys'}"
        )
        message = (
            f"{source} starts with {keys}, which is no known format; say which it is with --format "
            f"({', '.join(READERS)})."
        )
        raise DataError(message)
    return known


def _known(row: Mapping[str, Any]) -> str | None:
    has = row.keys().__ge__
    if has({"custom_id"}):
        return "anthropic-batch" if has({"params"}) or has({"result"}) else "openai-batch"
    if has({"request_id", "spend"}):
        return "litellm-spend"
    if langfuse.is_score(row) or (has({"type"}) and (has({"trace_id"}) or has({"traceId"}))):
        return "langfuse"
    if has({"provider", "prompt"}) and (has({"testCase"}) or has({"gradingResult"}) or has({"response"})):
        return "promptfoo"
    spans = ("resourceSpans", "resourceLogs", "scopeSpans", "scopeLogs", "startTimeUnixNano")
    if any(name in row for name in spans) or (has({"attributes"}) and (has({"context"}) or has({"body"}))):
        return "otel"
    return None
