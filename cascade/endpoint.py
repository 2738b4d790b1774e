"""Endpoint: one place where a rung's model can be asked; a rung may have several that are equivalent."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cascade.errors import ConfigError
from cascade.redaction import remember, remember_query, shown
from cascade.usage import Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An address with its key: a region, an account, another provider of the same model."""

    name: str = ""
    """Unique in its rung; in logs and messages. Default: the address's host, else `default`."""

    api_base: str | None = None
    """The address; None: the provider's own."""

    api_key: str | None = field(default=None, repr=False)
    """The key; None: from the provider's own environment variable."""

    model: str | None = None
    """What the model is called here (`azure/our-deployment`); None: as the rung calls it."""

    price: Price | None = None
    """What it costs here; None: the rung's, or the price table's for the model as it is called here."""

    rpm: float | None = None
    """Requests a minute that it takes; None: no limit is known."""

    tpm: float | None = None
    """Tokens a minute, prompts and answers, that it takes; None: no limit is known."""

    def __post_init__(self) -> None:
        """Fill in the name and refuse what is no pace."""
        host = urlsplit(self.api_base or "").netloc.rpartition("@")[2]
        remember([self.api_key])
        remember_query(self.api_base)
        object.__setattr__(self, "name", self.name or host or "default")
        require_rate_limit(self.rpm, self.tpm, f"Endpoint {self.name}")

    def __repr__(self) -> str:
        return shown(self)


def require_rate_limit(rpm: float | None, tpm: float | None, whose: str) -> None:
    """Refuse a pace at which nothing could ever be asked.

    Raises:
        ConfigError: it is not above 0.
    """
    for name, value in (("rpm", rpm), ("tpm", tpm)):
        if value is not None and not value > 0:
            message = f"{whose}: {name} is {value!r}; a number above 0 was expected, or none for no limit."
            raise ConfigError(message)
