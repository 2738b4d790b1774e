"""Context manager that makes a span current, and ends it."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import TYPE_CHECKING, Self

from cascade.telemetry import names

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer


class Spanned:
    """Context manager around the operation of one span."""

    def __init__(self, tracer: Tracer, span: Span) -> None:
        from opentelemetry import trace

        self._tracer = tracer
        self.span = span
        """The span."""
        self._failed = False
        self._current = trace.use_span(span, record_exception=False, set_status_on_exception=False)

    def __enter__(self) -> Self:
        self._current.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if kind is not None:
            # Without its message: an exception of a library may quote the prompt.
            self.fail(self.broken_off() if issubclass(kind, asyncio.CancelledError) else kind.__name__)
        self._current.__exit__(kind, error, where)
        self.end()

    def end(self) -> None:
        """End the span; it is recorded then."""
        self.span.end()

    def broken_off(self) -> str:
        """Return the `error.type` of what was cancelled."""
        return "cancelled"

    def fail(self, kind: str) -> None:
        """Set the span's status, and its `error.type`; what was said before stays."""
        from opentelemetry.trace import StatusCode

        if not self._failed:
            self.span.set_attribute(names.ERROR, kind)
            self.span.set_status(StatusCode.ERROR, kind)
        self._failed = True
