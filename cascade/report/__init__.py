"""Reports: numbers with intervals from a decision log, as a value, JSON, a terminal's tables and markdown."""

from cascade.report.content import Report, TaskReport
from cascade.report.source import report

__all__ = ["Report", "TaskReport", "report"]
