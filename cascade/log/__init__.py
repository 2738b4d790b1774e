"""The decision log: a row for each request, attempt, verdict, label and call, in SQLite or PostgreSQL."""

from cascade.log.log import Log
from cascade.log.open import open_log, upgrade_log
from cascade.log.rows import StoreText

__all__ = ["Log", "StoreText", "open_log", "upgrade_log"]
