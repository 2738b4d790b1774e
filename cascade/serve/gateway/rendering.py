"""Rendering: a response of status 200 as it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Rendering(NamedTuple):
    """A response of status 200 as it is sent."""

    headers: Mapping[str, str]
    """Its headers, but for those of every response."""

    content: bytes
    """Its body: JSON, or all events of a stream."""
