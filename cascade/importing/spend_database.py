"""Spend database: the rows of LiteLLM's spend log from its proxy's PostgreSQL, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from cascade.errors import DataError
from cascade.log.address import address_of
from cascade.log.server import engine_of, explained
from cascade.redaction import remember_query

TABLE = "LiteLLM_SpendLogs"
"""The table, in the schema that the address selects."""

PAGE = 500
"""Rows of one page: a row with its texts may hold a megabyte."""


def rows_of_database(url: str, columns: Sequence[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the rows of the spend log, oldest first, in a read-only transaction for each page.

    Args:
        url: the address, `postgresql://user@host/database`.
        columns: the columns to read, as far as the table has them.

    Raises:
        MissingExtra: the extra `postgres` is not installed.
        LogUnavailable: the server cannot be reached, or refuses.
        DataError: the database has no such table, or the table lacks its key.
    """
    remember_query(url)
    address = address_of(url)
    engine = engine_of(address)
    number, after = 0, None
    try:
        with explained(address.name, "read", "spend log"):
            with engine.connect() as connection:
                there = _columns(connection, columns)
            if not {"request_id", "startTime"} <= set(there):
                message = f"{address.name} has no table {TABLE!r} with request_id and startTime, which LiteLLM makes."
                raise DataError(message)
            listed = ", ".join(f'"{column}"' for column in there)
            order = '"startTime", "request_id"'
            while True:
                where = "" if after is None else f"WHERE ({order}) > (:start, :id)"
                query = f'SELECT {listed} FROM "{TABLE}" {where} ORDER BY {order} LIMIT {PAGE}'  # noqa: S608 - our names
                with engine.connect() as connection:
                    connection.execute(text("SET TRANSACTION READ ONLY"))
                    page = connection.execute(text(query), after or {}).mappings().all()
                for row in page:
                    number += 1
                    yield number, dict(row)
                if len(page) < PAGE:
                    return
                after = {"start": page[-1]["startTime"], "id": page[-1]["request_id"]}
    finally:
        engine.dispose()


def _columns(connection: Connection, wanted: Sequence[str]) -> list[str]:
    found = connection.execute(
        text("SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(:name) AND NOT attisdropped"),
        {"name": f'"{TABLE}"'},
    ).scalars()
    there = set(found)
    return [column for column in wanted if column in there]
