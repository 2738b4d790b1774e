"""Reports: numbers with intervals from a decision log, as a value, JSON, a terminal's tables and markdown."""

from cascade.report.queries.source import report
from cascade.report.values.content import Report, TaskReport

__all__ = ["Report", "TaskReport", "report"]
