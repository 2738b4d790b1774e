"""Array types of calibration."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
"""Floats; NaN where not known."""

Flags: TypeAlias = NDArray[np.bool_]
"""Booleans."""
