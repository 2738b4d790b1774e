"""Loggers: Python's logging, silent without a handler of the program, with secrets redacted; foreign warnings."""

from __future__ import annotations

import logging
import traceback
import warnings
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
"""Loggers of libraries used for calls: at DEBUG and INFO they write headers, and addresses with keys in them."""

FOREIGN_WARNINGS = (
    ".*conflict with protected namespace.*",
    ".*Accessing the.*attribute on the instance is deprecated.*",
    ".*`ReadOnly` qualifier.*",
)
"""Warnings that pydantic gives of litellm's classes as it is imported; litellm ignores them, and so do we."""


class Redacting(logging.Filter):
    """Redacts secrets in each record before any handler sees it; drops no record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact message, arguments and traceback."""
        try:
            said = record.getMessage()
        except Exception:  # noqa: BLE001 - a call that fits its arguments badly is for logging itself to complain about
            said = f"{record.msg} {record.args}"
        cleaned = redacted(said)
        if cleaned != said:
            record.msg, record.args = cleaned, None
        if record.exc_info and record.exc_info[1] is not None:
            formatted = "".join(traceback.format_exception(record.exc_info[1])).rstrip("\n")
            if redacted(formatted) != formatted:
                # A handler that formats the exception itself would print the secret.
                record.exc_text, record.exc_info = redacted(formatted), None
        return True


_REDACTING = Redacting()


def logger_of(name: str) -> logging.Logger:
    """Return the logger of one of our modules: `cascade`, or one below it."""
    return _guarded(name)


def guard_foreign(names: Iterable[str] = FOREIGN) -> None:
    """Redact secrets in the records of libraries used for calls."""
    for name in names:
        _guarded(name)


def _guarded(name: str) -> logging.Logger:
    logger = logging.getLogger(name)
    # A logger's filter sees only its own records, not those of child loggers.
    if _REDACTING not in logger.filters:
        logger.addFilter(_REDACTING)
    return logger


# A library is silent by default: without this, warnings would go to stderr where no logging is set up.
_guarded("cascade").addHandler(logging.NullHandler())


def ignore_foreign_warnings() -> None:
    """Ignore what litellm ignores, before a `warnings.catch_warnings()` that may end in the midst of its import.

    The end of the block takes back what litellm has set within it, in whatever thread, and the rest of the import would
    write lines to stderr.
    """
    for message in FOREIGN_WARNINGS:
        warnings.filterwarnings("ignore", message)
