"""Address: where a decision log is: an SQLite file, or a PostgreSQL database."""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from cascade.errors import ConfigError

POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")
SQLITE = ("sqlite", "sqlite+pysqlite")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A place that was checked; exactly one of the two is given."""

    path: Path | None = None
    """The SQLite file."""

    url: str | None = None
    """PostgreSQL's address as libpq takes it; it may hold a password, so it is never shown."""

    @property
    def name(self) -> str:
        """What people call it: the path, or the address without its password and parameters."""
        return str(self.path) if self.url is None else shown(self.url)

    @property
    def spool(self) -> Path:
        """Where rows wait while PostgreSQL is down, unless another file is named: one for each database and schema."""
        state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
        query = [part for part in urlsplit(self.url or "").query.split("&") if not part.startswith("password=")]
        digest = sha256("&".join([self.name, *query]).encode()).hexdigest()
        return state / "calibrated-cascade" / f"spool-{digest[:16]}.db"


def address_of(where: str | Path) -> Address:
    """Read a path, or an address such as sqlite:///decisions.db or postgresql://user@host/database.

    Raises:
        ConfigError: it is neither.
    """
    text = str(where)
    scheme, separator, rest = text.partition("://")
    if separator and scheme in POSTGRESQL:
        url = f"postgresql://{rest}"
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError as error:
            message = f"The log {scheme}://… is no address: {error}; postgresql://user@host:5432/database was expected."
            raise ConfigError(message) from None
        if not parts.path.strip("/") and "dbname=" not in parts.query:
            message = f"The log {shown(url)} names no database; postgresql://user@host:5432/database was expected."
            raise ConfigError(message)
        return Address(url=url)
    if not separator:
        path = Path(where)
    elif scheme in SQLITE and rest.startswith("/") and len(rest) > 1:
        path = Path(rest.removeprefix("/"))
    else:
        message = (
            f"The log {scheme}://… cannot be opened: give a path, sqlite:///path, or postgresql://user@host/database."
        )
        raise ConfigError(message)
    if not text or path.is_dir():
        message = f"The log {text!r} names no file; a path such as decisions.db was expected."
        raise ConfigError(message)
    return Address(path=path)


def shown(url: str) -> str:
    """Return an address without its password and parameters."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    return f"postgresql://{user.partition(':')[0]}{at}{host}{parts.path}"


def has_password(text: str) -> bool:
    """Return whether an address holds a password."""
    parts = urlsplit(text)
    return ":" in parts.netloc.rpartition("@")[0] or "password=" in parts.query
