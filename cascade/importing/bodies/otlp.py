"""OTLP: spans and events of OpenTelemetry, from JSON of the protocol (OTLP) or as SDKs print them, in one form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event: of a span, or a log record that belongs to one."""

    span: str
    """Trace id and span id of the span it belongs to; '' without."""

    name: str
    """Its name, as `gen_ai.choice`."""

    attributes: Mapping[str, Any]
    """Its attributes; of a log record with its body's fields."""

    at: Any = None
    """When it was, in any form that `iso_of` reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A span."""

    span: str
    """Trace id and span id."""

    trace: str
    """Trace id."""

    attributes: Mapping[str, Any]
    """Its attributes."""

    events: tuple[Event, ...]
    """Its events."""

    start: Any
    """When it began."""

    end: Any
    """When it ended."""

    failed: bool
    """Whether its status is an error."""


def parts_of(record: Mapping[str, Any]) -> Iterator[Span | Event]:
    """Yield the spans and log records in a record: an export request, one resource's, or a single one."""
    for resource in _list(record, "resourceSpans", "resourceLogs"):
        yield from parts_of(resource)
    for scope in _list(record, "scopeSpans", "instrumentationLibrarySpans"):
        yield from (_span(span) for span in _list(scope, "spans"))
    for scope in _list(record, "scopeLogs"):
        yield from (_event_of_log(log) for log in _list(scope, "logRecords"))
    if isinstance(record.get("context"), Mapping) or "startTimeUnixNano" in record or "start_time" in record:
        yield _span(record)
    elif ("body" in record or "event_name" in record) and "attributes" in record:
        yield _event_of_log(record)


def holds_logs(record: Mapping[str, Any]) -> bool:
    """Tell whether a record holds log records."""
    return any(isinstance(part, Event) for part in parts_of(record))


def _span(span: Mapping[str, Any]) -> Span:
    context = span.get("context")
    ids = context if isinstance(context, Mapping) else span
    trace = _id(ids, "traceId", "trace_id")
    key = f"{trace}-{_id(ids, 'spanId', 'span_id')}"
    status = span.get("status")
    told = status if isinstance(status, Mapping) else {}
    code = str(told.get("code", told.get("status_code", "")))
    return Span(
        span=key,
        trace=trace,
        attributes=_attributes(span.get("attributes")),
        events=tuple(_event(event, key) for event in _list(span, "events")),
        start=span.get("startTimeUnixNano", span.get("start_time")),
        end=span.get("endTimeUnixNano", span.get("end_time")),
        failed=code in ("2", "STATUS_CODE_ERROR", "ERROR"),
    )


def _event(event: Mapping[str, Any], span: str) -> Event:
    at = event.get("timeUnixNano", event.get("timestamp"))
    return Event(span=span, name=str(event.get("name")), attributes=_attributes(event.get("attributes")), at=at)


def _event_of_log(log: Mapping[str, Any]) -> Event:
    attributes = _attributes(log.get("attributes"))
    body = _value(log.get("body"))
    name = log.get("eventName") or log.get("event_name") or attributes.get("event.name") or ""
    trace, span = _id(log, "traceId", "trace_id"), _id(log, "spanId", "span_id")
    return Event(
        span=f"{trace}-{span}" if trace and span else "",
        name=str(name),
        attributes={**attributes, **(body if isinstance(body, Mapping) else {})},
        at=log.get("timeUnixNano", log.get("timestamp", log.get("observedTimeUnixNano"))),
    )


def _attributes(given: Any) -> dict[str, Any]:
    """Return attributes as a mapping: a list of pairs in OTLP, an object elsewhere."""
    if isinstance(given, Mapping):
        return dict(given)
    pairs = given if isinstance(given, list) else ()
    return {str(pair.get("key")): _value(pair.get("value")) for pair in pairs if isinstance(pair, Mapping)}


def _value(given: Any) -> Any:
    """Return a value of OTLP (`AnyValue`) as JSON; anything else unchanged."""
    if not isinstance(given, Mapping) or len(given) != 1:
        return given
    ((kind, value),) = given.items()
    if kind == "intValue":
        return int(value) if isinstance(value, int | str) and str(value).lstrip("-").isdigit() else None
    if kind == "arrayValue":
        return [_value(item) for item in _list(value, "values")] if isinstance(value, Mapping) else []
    if kind == "kvlistValue":
        return _attributes(value.get("values")) if isinstance(value, Mapping) else {}
    return value if kind in ("stringValue", "doubleValue", "boolValue", "bytesValue") else given


def _list(record: Mapping[str, Any], *names: str) -> Iterator[Mapping[str, Any]]:
    for name in names:
        given = record.get(name)
        yield from (item for item in (given if isinstance(given, list) else ()) if isinstance(item, Mapping))


def _id(record: Mapping[str, Any], *names: str) -> str:
    found = next((record[name] for name in names if record.get(name)), "")
    return str(found).removeprefix("0x").lower()
