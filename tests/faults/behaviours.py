"""Every behaviour that the test server knows, each family in a file of its own."""

from __future__ import annotations

from tests.faults import answers, bodies, sockets, statuses, usages
from tests.faults.behaviour import BEHAVIOURS

FAMILIES = {family.__name__.rsplit(".", 1)[-1]: family for family in (answers, usages, bodies, statuses, sockets)}

__all__ = ["BEHAVIOURS", "FAMILIES"]
