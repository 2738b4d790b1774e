"""Reports: figures with confidence intervals from a decision log, as a value, JSON, tables and Markdown."""

from cascade.report.queries.source import report
from cascade.report.values.content import Report, TaskReport

__all__ = ["Report", "TaskReport", "report"]
