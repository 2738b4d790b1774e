"""Log formatters of the command line: sentences for people, or one JSON object per line (`--log-format json`)."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, Literal

from cascade.display.sanitize import one_line
from cascade.redaction import redacted

LogFormat = Literal["text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]

_USUAL = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"})
"""Attributes of every record; any other was given as `extra`."""

_MOST = 20_000
"""Maximum characters of one text in a line."""


class JsonLine(logging.Formatter):
    """Structured logging: one JSON object per line, in ASCII, so no control character from a model reaches a terminal.

    Keys: `at` (UTC, ISO 8601), `level`, `logger`, `message`, `exception` if any, and the keys of `extra`. Secrets are
    redacted.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        moment = datetime.fromtimestamp(record.created, tz=UTC)
        line: dict[str, Any] = {
            "at": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _cleaned(record.getMessage()),
        }
        line |= {key: _cleaned(value) for key, value in vars(record).items() if key not in _USUAL and key not in line}
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = _cleaned("".join(traceback.format_exception(record.exc_info[1])))
        elif record.exc_text:
            line["exception"] = _cleaned(record.exc_text)
        return json.dumps(line, ensure_ascii=True, allow_nan=False)


class TextLine(logging.Formatter):
    """A record as one line for people."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return one_line(redacted(f"{record.levelname.capitalize()}: {record.getMessage()}"))[:_MOST]


def set_up(form: LogFormat, level: LogLevel) -> None:
    """Configure logging to stderr: our own records from a level on; as JSON, other libraries' warnings too."""
    ours, root = logging.getLogger("cascade"), logging.getLogger()
    for logger in (ours, root):
        for handler in [one for one in logger.handlers if isinstance(one, _Handler)]:
            logger.removeHandler(handler)
    handler = _Handler()
    handler.setFormatter(JsonLine() if form == "json" else TextLine())
    ours.setLevel(level.upper())
    (root if form == "json" else ours).addHandler(handler)


class _Handler(logging.Handler):
    """Stderr handler, bound late; its own class, so that it differs from other handlers."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        try:
            sys.stderr.write(f"{self.format(record)}\n")
            sys.stderr.flush()
        except (OSError, ValueError):
            self.handleError(record)


def _cleaned(value: Any) -> Any:
    if isinstance(value, bool | int | None):
        return value
    if isinstance(value, float):
        return value if abs(value) < float("inf") else str(value)
    return redacted(str(value))[:_MOST]
