"""Ladder of a command: a configuration's, or names of recorded rungs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cascade.cli.shared.options import load, names
from cascade.errors import ConfigError

if TYPE_CHECKING:
    from cascade.config import Config
    from cascade.ladder import Ladder
    from cascade.samples.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The ladder to work with."""

    ladder: Ladder | Sequence[str]
    """A configuration's ladder, or the names of recorded rungs."""

    config: Config | None
    """The configuration; None if none was used."""

    verifiers: Sequence[str] | None
    """Verifiers for recorded rungs; None for the ladder's own, or all free ones."""

    @property
    def rungs(self) -> Sequence[str] | None:
        """The names of recorded rungs; None if a configuration defines the ladder."""
        return None if self.config is not None else [str(name) for name in self.ladder]

    def of(self, rows: Sequence[Sample]) -> Ladder:
        """Return the ladder for the samples of one task, with its verifiers looked up."""
        from calibration.samples.recorded import recorded_ladder
        from cascade.ladder import Ladder
        from cascade.plugins import resolve

        if isinstance(self.ladder, Ladder):
            return resolve(self.ladder)
        return recorded_ladder(rows, self.ladder, self.verifiers)


def chosen_ladder(config: Path | None, rungs: str | None, verifiers: str | None) -> Chosen:
    """Return the ladder of --config or --rungs; with neither, that of the default configuration.

    Raises:
        ConfigError: both were given, or neither and there is no default.
    """
    if config is not None and rungs is not None:
        message = "--config and --rungs were both given; give one of them, since each defines the ladder."
        raise ConfigError(message)
    if rungs is not None:
        listed = names(rungs) or []
        if not listed or len(set(listed)) < len(listed):
            message = f"--rungs is {rungs!r}; different names, cheapest first, were expected: small,large."
            raise ConfigError(message)
        return Chosen(ladder=listed, config=None, verifiers=names(verifiers))
    try:
        loaded = load(config)
    except ConfigError as error:
        if config is not None or "No configuration" not in str(error):
            raise
        message = "No ladder: give --config FILE, or --rungs with the recorded rungs' names, cheapest first."
        raise ConfigError(message) from None
    ladder = loaded.ladder
    if verifiers is not None:
        from cascade.plugins import replace_verifiers

        ladder = replace_verifiers(ladder, names(verifiers) or [])
        loaded = replace(loaded, ladder=ladder)
    return Chosen(ladder=ladder, config=loaded, verifiers=None)
