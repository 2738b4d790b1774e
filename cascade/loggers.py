"""Loggers: Python's own, silent unless the program that uses us listens, and without secrets whoever listens."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable

from cascade.redaction import redacted

FOREIGN = (
    "LiteLLM",
    "LiteLLM Router",
    "LiteLLM Proxy",
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpx2",
    "httpcore2.connection",
    "httpcore2.http11",
    "httpcore2.http2",
    "openai",
    "openai._base_client",
    "openai._response",
    "anthropic._base_client",
    "aiohttp.client",
    "asyncio",
)
"""Loggers of libraries that calls go through: at DEBUG and INFO they write headers, and addresses with keys in them."""


class Redacting(logging.Filter):
    """Cuts secrets out of each record before any handler sees it; lets every record through."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean message, arguments and traceback."""
        try:
            said = record.getMessage()
        except Exception:  # noqa: BLE001 - a call that fits its arguments badly is for logging itself to complain about
            said = f"{record.msg} {record.args}"
        cleaned = redacted(said)
        if cleaned != said:
            record.msg, record.args = cleaned, None
        if record.exc_info and record.exc_info[1] is not None:
            told = "".join(traceback.format_exception(record.exc_info[1])).rstrip("\n")
            if redacted(told) != told:
                # A handler that formats the exception itself would print what is cut out here.
                record.exc_text, record.exc_info = redacted(told), None
        return True


_REDACTING = Redacting()


def logger_of(name: str) -> logging.Logger:
    """Return the logger of one of our modules: `cascade`, or one below it."""
    return _guarded(name)


def guard_foreign(names: Iterable[str] = FOREIGN) -> None:
    """Cut secrets out of what the libraries write that calls go through."""
    for name in names:
        _guarded(name)


def _guarded(name: str) -> logging.Logger:
    logger = logging.getLogger(name)
    # A logger's filter sees the records of this very logger only, not those of loggers below it.
    if _REDACTING not in logger.filters:
        logger.addFilter(_REDACTING)
    return logger


# A library says nothing by itself: without this, warnings would go to stderr where no logging is set up.
_guarded("cascade").addHandler(logging.NullHandler())
