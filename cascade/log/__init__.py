"""The decision log: one row a request, an attempt, a verdict, a label; SQLite behind one writer thread."""

from cascade.log.log import Log
from cascade.log.open import open_log, upgrade_log
from cascade.log.rows import StoreText

__all__ = ["Log", "StoreText", "open_log", "upgrade_log"]
