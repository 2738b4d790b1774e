"""Telemetry: each request as an OpenTelemetry trace, by the API alone; without an SDK nothing is imported."""

from cascade.telemetry.trace import RequestTrace, begin

__all__ = ["RequestTrace", "begin"]
