"""Telemetry: each request as an OpenTelemetry trace, through the API only; without an SDK nothing is imported."""

from cascade.telemetry.trace import RequestTrace, begin

__all__ = ["RequestTrace", "begin"]
