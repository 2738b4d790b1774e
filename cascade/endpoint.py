"""Endpoint: one address of a rung's model; a rung may have several equivalent endpoints."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from cascade.errors import ConfigError
from cascade.redaction import remember, remember_query, shown
from cascade.usage import Price, require_price

Balance = Literal["order", "least_busy", "round_robin"]
"""Which of a rung's endpoints is asked first."""


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
    """The model's name here (`azure/our-deployment`); None: the rung's name for it."""

    price: Price | None = None
    """The price here; None: the rung's, or the price table's for the model's name here."""

    rpm: float | None = None
    """Rate limit in requests a minute; None if not known."""

    tpm: float | None = None
    """Rate limit in tokens a minute, prompts and answers; None if not known."""

    def __post_init__(self) -> None:
        """Fill in the name and validate price, rpm and tpm."""
        host = urlsplit(self.api_base or "").netloc.rpartition("@")[2]
        remember([self.api_key])
        remember_query(self.api_base)
        object.__setattr__(self, "name", self.name or host or "default")
        require_price(self.price, f"Endpoint {self.name}")
        require_rate_limit(self.rpm, self.tpm, f"Endpoint {self.name}")

    def __repr__(self) -> str:
        return shown(self)


def require_rate_limit(rpm: float | None, tpm: float | None, whose: str) -> None:
    """Validate a rate limit: rpm and tpm are above 0, or None.

    Raises:
        ConfigError: it is not above 0.
    """
    for name, value in (("rpm", rpm), ("tpm", tpm)):
        if value is not None and not value > 0:
            message = f"{whose}: {name} is {value!r}; a number above 0 was expected. Leave it out for no limit."
            raise ConfigError(message)
