"""Error wordings: what providers' errors mean, by their codes and words; one table, which users put rows before.

Statuses alone do not tell: 429 is a rate limit or a spent account, 400 a mistake of ours, a prompt that is too long, or
a content filter. The table is `error_wordings.json`; `source` says where each row was recorded.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from cascade.dialects.error_body import ErrorBody
from cascade.errors import ConfigError
from cascade.failure import FailureKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorWording:
    """One way in which a provider says what is wrong."""

    kind: FailureKind
    """What it means."""

    codes: tuple[str, ...] = ()
    """Values of `code`, `type`, `status`, `reason`: the whole value, in any case; `…` stands for anything."""

    words: tuple[str, ...] = ()
    """Parts of the message, in any case; `…` stands for anything in between."""

    statuses: tuple[int, ...] = ()
    """Statuses with which it counts; (): any from 400 on, and inside a 200."""

    source: str = ""
    """Where it was recorded."""

    def __post_init__(self) -> None:
        """Refuse a row that could never fit, or always would."""
        if not any(text.strip() for text in (*self.codes, *self.words)):
            message = f"An error wording for {self.kind.value} has neither codes nor words; give one of them."
            raise ConfigError(message)
        object.__setattr__(self, "codes", tuple(code.casefold() for code in self.codes))
        object.__setattr__(self, "words", tuple(word.casefold() for word in self.words))

    def fits(self, status: int | None, body: ErrorBody) -> bool:
        """Tell whether an error is of this kind."""
        if self.statuses and status is not None and status not in self.statuses:
            return False
        if not body.codes.isdisjoint(self.codes) or any(_is(code, own) for own in self.codes for code in body.codes):
            return True
        return any(_holds(message.casefold(), word) for word in self.words for message in body.messages)


def kind_by_wording(status: int | None, body: ErrorBody, own: Sequence[ErrorWording] = ()) -> FailureKind | None:
    """Return what an error's codes and words mean; None where no row fits.

    Args:
        status: the HTTP status; None where there was none.
        body: what its body says.
        own: rows that go before the table's.
    """
    return next((row.kind for rows in (own, wordings()) for row in rows if row.fits(status, body)), None)


def _is(code: str, wanted: str) -> bool:
    """Return whether a whole code fits one with `…` in it."""
    first, dots, last = wanted.partition("…")
    return bool(dots) and len(code) >= len(first) + len(last) and code.startswith(first) and code.endswith(last)


def _holds(message: str, word: str) -> bool:
    place = 0
    for part in map(str.strip, word.split("…")) if "…" in word else (word,):
        place = message.find(part, place)
        if place < 0:
            return False
        place += len(part)
    return True


@cache
def wordings() -> tuple[ErrorWording, ...]:
    """Return the table's rows, in the order in which they are tried."""
    table = json.loads(files("cascade.dialects").joinpath("error_wordings.json").read_text(encoding="utf-8"))
    lists = ("codes", "words", "statuses")
    return tuple(
        ErrorWording(
            kind=FailureKind(row["kind"]), source=row["source"], **{name: tuple(row.get(name, ())) for name in lists}
        )
        for row in table["rows"]
    )
