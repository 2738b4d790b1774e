"""A behaviour: what the test server does with a hit, one small function, named as models are named.

A request for the model `openai/server-error` gets `server_error`; any name that is none gets `ok`.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.faults.hit import Hit
from tests.faults.reply import Reply

Behaviour = Callable[[Hit], Reply]

BEHAVIOURS: dict[str, Behaviour] = {}
"""What the server can do, by name; `behaviours.py` fills it."""


def behaviour(function: Behaviour) -> Behaviour:
    """Enter a behaviour under its name, with dashes."""
    BEHAVIOURS[function.__name__.replace("_", "-")] = function
    return function
