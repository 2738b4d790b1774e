"""Lease log: tells what a killed process has spent, by its calls in a decision log that holds each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cascade.errors import LogUnavailable
from cascade.log.calls import is_gone, writer_name
from cascade.log.spending import OBSERVE, UNSENT

if TYPE_CHECKING:
    from cascade.guards.shared.killed_leases import Whose
    from cascade.log.log import Log

_DAY_MS = 86_400_000

MARGIN_MS = 3_600_000
"""Calls that were begun so long before midnight count too: they may have been in flight, and so paid from the day."""

_IDENTITY = """
SELECT system_identifier::text || '.' || (SELECT oid FROM pg_database WHERE datname = current_database())::text
       || '.' || 'calls'::regclass::oid::text
FROM pg_control_system()
"""


class LeaseLog:
    """A decision log on PostgreSQL as settling leases sees it; `log.on_outage` is refuse, else nothing is settled."""

    def __init__(self, log: Log) -> None:
        """Take the log."""
        self._log = log
        self._identity = ""

    def name(self) -> str:
        """Return the name of this process in the log, and of the log, whatever the address by which it is reached."""
        if not self._identity and self._log.required and self._log.path is None:
            from sqlalchemy import text
            from sqlalchemy.exc import SQLAlchemyError

            try:
                with self._log.reading() as connection:
                    self._identity = str(connection.execute(text(_IDENTITY)).scalar_one())
            except (LogUnavailable, SQLAlchemyError):  # away, or without the right to ask: nothing is settled
                return ""
        return f"{writer_name()}@{self._identity}" if self._identity else ""

    def killed(self, writer: str) -> bool:
        """Return whether a process has ended on this machine that wrote to this log."""
        process, _, identity = writer.partition("@")
        return bool(self._identity) and identity == self._identity and is_gone(process)

    def spent(self, writer: str, whose: Whose, day: int) -> int:
        """Return the picodollars that a process's calls of a UTC day can have cost: at their worst case where unknown.

        Raises:
            LogUnavailable: the log cannot be read.
        """
        from sqlalchemy import func, select

        from cascade.log.tables import calls

        c = calls.c
        query = select(func.sum(func.coalesce(c.charged_pico, c.worst_pico))).where(
            c.at_ms >= day * _DAY_MS - MARGIN_MS,
            c.writer == writer.partition("@")[0],
            c.state.not_in(UNSENT),
            c.purpose != OBSERVE,
        )
        if whose is not None:
            (principal,) = whose
            query = query.where(
                c.principal.is_(None) if principal is None else c.principal == self._log.stored_name(principal)
            )
        with self._log.reading() as connection:
            return int(connection.execute(query).scalar() or 0)
