"""Log lines of the command line: sentences for people, or one JSON object a line (`--log-format json`)."""

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
"""What every record has; anything else was given as `extra`."""

_MOST = 20_000
"""Characters of one text in a line."""


class JsonLine(logging.Formatter):
    """A record as one JSON object on one line, in ASCII: no control character of a model's reaches a terminal.

    Keys: `at` (UTC, ISO 8601), `level`, `logger`, `message`, `exception` where there is one, and what was given as
    `extra`. Secrets are cut out.
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
    """Send what is logged to stderr: our own from a level on; as JSON, other libraries' warnings too."""
    ours, root = logging.getLogger("cascade"), logging.getLogger()
    for logger in (ours, root):
        for handler in [one for one in logger.handlers if isinstance(one, _Handler)]:
            logger.removeHandler(handler)
    handler = _Handler()
    handler.setFormatter(JsonLine() if form == "json" else TextLine())
    ours.setLevel(level.upper())
    (root if form == "json" else ours).addHandler(handler)


class _Handler(logging.Handler):
    """Writes to whatever stderr is at that moment; a class of its own, so that it can be told from others' handlers."""

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
