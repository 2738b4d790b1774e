"""open_log() and upgrade_log(): open a decision log by its address, and upgrade its schema."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import get_args

from cascade.errors import ConfigError, LogUnavailable
from cascade.log.address import address_of
from cascade.log.label_queue import LabelQueue
from cascade.log.log import CAPACITY, Log, OnOutage
from cascade.log.rows import StoreText


def open_log(
    where: str | Path,
    *,
    store_text: StoreText = "none",
    capacity: int = CAPACITY,
    secrets: Iterable[str] = (),
    read_only: bool = False,
    receipts: bool = False,
    spool: str | Path | None = None,
    on_outage: OnOutage = "spool",
    label_queue: LabelQueue | None = None,
) -> Log:
    """Open a decision log; creates a missing file, or the tables in an empty database.

    Args:
        where: a path, or an address such as sqlite:///decisions.db or postgresql://user@host/database (the extra
            `postgres`; what the address leaves out comes from libpq's variables: PGPASSWORD, PGSSLMODE, …).
        store_text: whether prompts and answers are stored: not at all (their lengths only), redacted (without keys,
            addresses and long numbers), in full (without keys), or label-queue: so for a drawn share, for some days.
        capacity: queue capacity in entries (a decision is one, each of its calls is one) while nothing can be written.
        secrets: texts (keys) that must never be stored.
        read_only: the log must exist, and is not changed.
        receipts: whether each decision gets a receipt, so that `cascade verify` detects later changes.
        spool: the file of entries while PostgreSQL is down; None: a file in the user's state folder.
        on_outage: while it cannot be written, rows wait in the spool or in memory (`spool`), or no call is made: each
            waits until its own row is committed (`refuse`).
        label_queue: which texts `label-queue` keeps, and for how long; None: its defaults.

    Raises:
        ConfigError: `where` or `store_text` is not valid.
        LogUnavailable: it cannot be opened, or is not a decision log.
    """
    if store_text not in get_args(StoreText):
        message = f"store_text is {store_text!r}; none, redacted, full or label-queue was expected."
        raise ConfigError(message)
    if label_queue is not None and store_text != "label-queue":
        message = f"A label queue is given, and store_text is {store_text!r}; label-queue was expected beside it."
        raise ConfigError(message)
    if on_outage not in get_args(OnOutage):
        message = f"A log's on_outage is {on_outage!r}; spool or refuse was expected."
        raise ConfigError(message)
    if capacity < 1:
        message = f"A log's capacity is {capacity!r}; 1 or more was expected."
        raise ConfigError(message)
    address = address_of(where)
    if read_only and address.path is not None and not address.path.exists():
        message = f"There is no decision log at {address.path}; give the path that `log:` names in cascade.yaml."
        raise LogUnavailable(message)
    return Log(
        address, store_text=store_text, capacity=capacity, secrets=secrets, read_only=read_only, receipts=receipts,
        spool=None if spool is None else Path(spool), on_outage=on_outage, label_queue=label_queue,
    )  # fmt: skip


def upgrade_log(where: str | Path) -> tuple[str, int]:
    """Upgrade a log's schema, and return the log's display name and schema version.

    Raises:
        ConfigError: `where` is not valid.
        LogUnavailable: it cannot be upgraded.
    """
    from cascade.log.tables import SCHEMA_VERSION

    address = address_of(where)
    if address.path is not None:
        open_log(where).close()  # opening upgrades it
    else:
        from cascade.log.server import upgrade

        upgrade(address)
    return address.name, SCHEMA_VERSION
