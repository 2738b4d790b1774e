"""Parsers of target options: rates, bounds by dimension, slices, and operating points of --dial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from cascade.errors import ConfigError

if TYPE_CHECKING:
    from calibration.targets.by_task import Target


def parse_rates(text: str | None) -> list[float] | None:
    """Parse the rates of --target-escalation.

    Raises:
        ConfigError: one is not a number.
    """
    parts = [] if text is None else text.split(",")
    return [_number(part, "--target-escalation", "0.25 is a quarter") for part in parts] or None


def parse_bounds(settings: Sequence[str] | None, flag: str) -> dict[str | None, float] | None:
    """Parse the limits of a repeatable bound, by dimension: 0.02, or tone=0.05.

    Raises:
        ConfigError: one is not a number, or a dimension is named twice.
    """
    found: dict[str | None, float] = {}
    for setting in settings or ():
        name, equals, value = setting.rpartition("=")
        dimension = name if equals else None
        if dimension in found:
            message = f"{flag} names {dimension or 'no dimension'} twice; each dimension was expected once."
            raise ConfigError(message)
        found[dimension] = _number(value, flag, "0.02, or tone=0.05 for one dimension of the labels")
    return found or None


def parse_dial(settings: Sequence[str]) -> dict[str, Target]:
    """Parse the operating points of --dial NAME=KIND:VALUE, such as strict=max-loss:0.01.

    Raises:
        ConfigError: one is not of that form, or its kind is unknown.
    """
    from calibration.targets.by_task import FLAGS, make_target

    dial: dict[str, Target] = {}
    for setting in settings:
        name, _, rest = setting.partition("=")
        kind, _, value = rest.partition(":")
        kind = kind.replace("-", "_")
        if not name or kind not in FLAGS or bool(value) == (kind == "best") or name in dial:
            kinds = ", ".join(found.replace("_", "-") for found in FLAGS)
            message = f"--dial has {setting!r}; NAME=KIND:VALUE was expected, each name once, with KIND among {kinds}."
            raise ConfigError(message)
        bounded = kind in ("max_loss", "max_error")
        figure: object = True
        if kind != "best":
            example = "as in strict=max-loss:0.01"
            figure = parse_bounds([value], "--dial") if bounded else _number(value, "--dial", example)
        target = make_target({kind: figure})
        assert target is not None  # noqa: S101 - one kind was given
        dial[name] = target
    return dial


def _number(text: str, flag: str, example: str) -> float:
    try:
        return float(text)
    except ValueError:
        message = f"{flag} has {text!r}; a number from 0 to 1 was expected ({example})."
        raise ConfigError(message) from None


def each_tag(each: str | None, beside: Mapping[str, object]) -> str | None:
    """Return the tag of --each; refuse it beside what is not known of each value of a tag.

    Args:
        each: the option; None: not given.
        beside: options that bound something of all requests together, or test otherwise, by what was given of each.

    Raises:
        ConfigError: it names no tag, or one of these was given too.
    """
    from calibration.samples.tag_slices import tag_of

    given = [name for name, value in beside.items() if value]
    if each is not None and given:
        message = (
            f"--each was given with {' and '.join(given)}; a bound against one reference, by one kind of labels and "
            "without a person's or an audit's part for all requests together, was expected. Leave one of them out."
        )
        raise ConfigError(message)
    return None if each is None else tag_of(each)
