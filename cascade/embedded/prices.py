"""Nominal prices of the embedded models: invented, so that the demo has a cost to save; no money is spent."""

from typing import Final

NOMINAL_USD_PER_TOKEN: Final[dict[str, tuple[float, float]]] = {
    "embedded/small": (0.10e-6, 0.40e-6),
    "embedded/medium": (0.50e-6, 2.00e-6),
    "embedded/large": (2.50e-6, 10.00e-6),
}
"""US dollars per prompt token and per answer token, in the usual proportions of a small, a middle and a large model."""
