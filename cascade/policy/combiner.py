"""Combiner: maps features of verdicts to a confidence (fitted in `calibration.combine.fit_combiner`).

A feature contributes a slope and a step, and all contributions are added in log-odds::

    confidence = sigmoid(intercept + sum_j said_j), rounded to 9 decimals
    said_j     = weight_j * clip((x_j - median_j) / sd_j, -4, 4) + evidence_j[bin of x_j]
               = missing_weight_j + evidence_j[last]                                         where x_j is missing

Missing is None, NaN or an infinity. Every step is elementwise and in one order, so that a batch of a million rows and a
single request give the same bits, and a tie stays a tie.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from cascade.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

CLIP = 4.0
"""Clip of a feature, in standard deviations: one outlier must not decide alone."""

DECIMALS = 9
"""Confidences are rounded to this: sums that differ by an ulp between machines must not break ties."""

_MOST_LOG_ODDS = 60.0
"""Beyond it the sigmoid is 0 or 1 to 9 decimals, and exp stays far from overflow."""

MAX_FEATURES = 200
MAX_EDGES = 64
MAX_WEIGHT = 1e9
"""Greatest size of a weight: no sum of 200 of them can overflow to an infinity, and no confidence becomes NaN."""

_BLOCK = 65_536
"""Rows of a block, so that its columns fit in the processor's cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """Weights of one feature, in log-odds."""

    name: str
    """Its key in the features of an attempt, such as `hedging` or `logprob.min`."""

    median: float
    """Median of the rows it was fitted on, in the feature's own unit."""

    sd: float
    """Standard deviation of those rows, in the same unit; positive."""

    weight: float
    """Log-odds for each standard deviation above the median."""

    missing_weight: float
    """Log-odds in place of the slope where the feature is missing."""

    edges: tuple[float, ...]
    """Lower ends of the bins above the first, strictly rising; a value equal to an edge lies above it."""

    evidence: tuple[float, ...]
    """Log-odds of each bin, lowest first, then of missing: `len(edges) + 2` of them."""

    def __post_init__(self) -> None:
        """Validate the weights."""
        where = f"combiner feature {self.name!r}"
        if not self.name:
            raise ConfigError("combiner feature: found an empty name, expected the key of a verdict's score or signal")
        if not (math.isfinite(self.median) and math.isfinite(self.sd) and self.sd > 0.0):
            raise ConfigError(f"{where}: found median {self.median} and sd {self.sd}, expected finite and sd above 0")
        _require_weights(where, self.weight, self.missing_weight, *self.evidence)
        if len(self.edges) > MAX_EDGES:
            raise ConfigError(f"{where}: found {len(self.edges)} edges, expected at most {MAX_EDGES}")
        if not all(map(math.isfinite, self.edges)) or any(
            low >= high for low, high in zip(self.edges, self.edges[1:], strict=False)
        ):
            raise ConfigError(f"{where}: found edges {list(self.edges)}, expected finite numbers, each above the last")
        if len(self.evidence) != len(self.edges) + 2:
            message = f"{where}: found {len(self.evidence)} evidence, expected {len(self.edges) + 2} (edges + 2)"
            raise ConfigError(message)

    def said(self, value: float | None) -> float:
        """Return what a value of it adds to the confidence, in log-odds."""
        known = _present(value)
        if known is None:
            return self.missing_weight + self.evidence[-1]
        scaled = min(max((known - self.median) / self.sd, -CLIP), CLIP)
        return self.weight * scaled + self.evidence[bisect_right(self.edges, known)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Combiner:
    """A rung's combiner: maps its features to a confidence, the estimated probability that its answer is right.

    Fitted on pairs, that it harms nothing: `TaskPolicy.confidence_means`.
    """

    columns: tuple[Feature, ...] = ()
    """The features, in the order in which they are summed; none: the confidence is the same for all."""

    intercept: float = 0.0
    """Log-odds without any feature."""

    passthrough: str | None = None
    """The feature whose own value is the confidence; None for a fitted combiner."""

    def __post_init__(self) -> None:
        """Validate the features and weights."""
        _require_weights("combiner", self.intercept)
        if len(self.columns) > MAX_FEATURES:
            raise ConfigError(f"combiner: found {len(self.columns)} features, expected at most {MAX_FEATURES}")
        if len({column.name for column in self.columns}) < len(self.columns):
            raise ConfigError("combiner: found a feature twice, expected each name once")
        if self.passthrough is not None and (self.columns or not self.passthrough):
            raise ConfigError("combiner: a single form takes one feature's name and no weights")

    @classmethod
    def single(cls, feature: str) -> Self:
        """Return the combiner that needs no labels: `feature`'s value clipped to [0, 1]; missing is 0."""
        return cls(passthrough=feature)

    @classmethod
    def constant(cls, probability: float) -> Self:
        """Return the combiner that gives every answer the same confidence."""
        if not 0.0 < probability < 1.0:
            raise ConfigError(f"combiner: found probability {probability}, expected a number between 0 and 1")
        return cls(intercept=math.log(probability / (1.0 - probability)))

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features that are read, in the order of the columns of `confidences`."""
        return (self.passthrough,) if self.passthrough is not None else tuple(column.name for column in self.columns)

    def confidence(self, features: Mapping[str, float | None]) -> float:
        """Return the confidence in [0, 1] of one attempt from its features by name; absent ones are missing."""
        if self.passthrough is not None:
            value = _present(features.get(self.passthrough))
            return _rounded_one(0.0 if value is None else min(max(value, 0.0), 1.0))
        log_odds = self.intercept
        for column in self.columns:
            log_odds += column.said(features.get(column.name))
        # Python's floats and numpy's elementwise ones round alike; only exp does not, so both go through numpy's.
        exp = float(np.exp(np.array([-min(max(log_odds, -_MOST_LOG_ODDS), _MOST_LOG_ODDS)]))[0])
        return _rounded_one(1.0 / (1.0 + exp))

    def contributions(self, features: Mapping[str, float | None]) -> dict[str, float]:
        """Return what each feature adds, in log-odds, by name; with the intercept they sum to the confidence's.

        A combiner that passes a feature through has one contribution: the log-odds of its confidence.
        """
        if self.passthrough is not None:
            value = min(max(self.confidence(features), 1e-9), 1.0 - 1e-9)
            return {self.passthrough: math.log(value / (1.0 - value))}
        return {column.name: column.said(features.get(column.name)) for column in self.columns}

    def confidences(self, rows: ArrayLike, names: Sequence[str] | None = None) -> NDArray[np.float64]:
        """Return confidences (n_samples,) from features (n_samples, n_features), NaN or infinite where missing.

        `names` are those of the columns of `rows`; without them the columns are `self.features`, in that order.
        Features that are not among the names are missing, and columns that are no feature are not read.
        """
        table = np.asarray(rows, dtype=np.float64)
        columns = list(self.features if names is None else names)
        if table.ndim != 2 or table.shape[1] != len(columns):
            raise ValueError(f"found features of shape {table.shape}, expected (n_samples, {len(columns)})")
        at = [columns.index(name) if name in columns else None for name in self.features]
        out = np.empty(len(table))
        for start in range(0, len(table), _BLOCK):
            out[start : start + _BLOCK] = self._block(table[start : start + _BLOCK], at)
        return out

    def _block(self, table: NDArray[np.float64], at: Sequence[int | None]) -> NDArray[np.float64]:
        absent = np.full(len(table), np.nan)
        columns = [absent if index is None else np.ascontiguousarray(table[:, index]) for index in at]
        if self.passthrough is not None:
            return _rounded(np.clip(np.where(np.isfinite(columns[0]), columns[0], 0.0), 0.0, 1.0))
        log_odds = np.full(len(table), self.intercept)
        for feature, values in zip(self.columns, columns, strict=True):
            missing = ~np.isfinite(values)
            with np.errstate(over="ignore", invalid="ignore"):
                scaled = np.clip((values - feature.median) / feature.sd, -CLIP, CLIP)
            # Comparisons, as `bisect_right` makes them for one row: on few edges searchsorted takes ten times as long.
            bins = np.zeros(len(values), dtype=np.intp)
            for edge in feature.edges:
                bins += values >= edge
            bins[missing] = len(feature.edges) + 1
            slope = np.where(missing, feature.missing_weight, feature.weight * scaled)
            log_odds += slope + np.asarray(feature.evidence)[bins]
        return _sigmoid(log_odds)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON; `from_json` gives back an equal combiner, bit for bit."""
        if self.passthrough is not None:
            return {"form": "single", "feature": self.passthrough}
        columns = [
            {**asdict(column), "edges": list(column.edges), "evidence": list(column.evidence)}
            for column in self.columns
        ]
        return {"form": "fitted", "intercept": self.intercept, "features": columns}

    @classmethod
    def from_json(cls, found: object) -> Self:
        """Return the combiner that `to_json` wrote; `ConfigError` names the key that cannot be used."""
        form = found.get("form") if isinstance(found, dict) else None
        if form == "single":
            return cls.single(_text(_fields(found, "combiner", ("form", "feature"))["feature"], "combiner.feature"))
        if form != "fitted":
            raise ConfigError(f"combiner.form: found {form!r:.60}, expected 'fitted' or 'single'")
        top = _fields(found, "combiner", ("form", "intercept", "features"))
        columns = _list(top["features"], "combiner.features", MAX_FEATURES)
        return cls(
            columns=tuple(_column(column, f"combiner.features[{index}]") for index, column in enumerate(columns)),
            intercept=_number(top["intercept"], "combiner.intercept"),
        )


def _sigmoid(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    return _rounded(1.0 / (1.0 + np.exp(-np.clip(log_odds, -_MOST_LOG_ODDS, _MOST_LOG_ODDS))))


def _rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.round(values, DECIMALS) + 0.0  # + 0.0 turns -0.0 into 0.0


def _rounded_one(value: float) -> float:
    """Round one value as `_rounded` does, without making an array of it."""
    return round(value * 10.0**DECIMALS) / 10.0**DECIMALS


def _present(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _require_weights(where: str, *weights: float) -> None:
    for weight in weights:
        if not abs(weight) <= MAX_WEIGHT:
            raise ConfigError(f"{where}: found weight {weight}, expected a number of size at most {MAX_WEIGHT:g}")


def _column(found: object, where: str) -> Feature:
    fields = _fields(found, where, ("name", "median", "sd", "weight", "missing_weight", "edges", "evidence"))
    return Feature(
        name=_text(fields["name"], f"{where}.name"),
        median=_number(fields["median"], f"{where}.median"),
        sd=_number(fields["sd"], f"{where}.sd"),
        weight=_number(fields["weight"], f"{where}.weight"),
        missing_weight=_number(fields["missing_weight"], f"{where}.missing_weight"),
        edges=_numbers(fields["edges"], f"{where}.edges", MAX_EDGES),
        evidence=_numbers(fields["evidence"], f"{where}.evidence", MAX_EDGES + 2),
    )


def _fields(found: object, where: str, keys: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise ConfigError(f"{where}: found {type(found).__name__}, expected an object with {', '.join(keys)}")
    for key in keys:
        if key not in found:
            raise ConfigError(f"{where}.{key}: not found, expected with {', '.join(keys)}")
    for key in found:
        if key not in keys:
            raise ConfigError(f"{where}.{key!s:.60}: unknown key, expected only {', '.join(keys)}")
    return found


def _list(found: object, where: str, at_most: int) -> list[Any]:
    if not isinstance(found, list) or len(found) > at_most:
        size = len(found) if isinstance(found, list) else type(found).__name__
        raise ConfigError(f"{where}: found {size}, expected a list of at most {at_most}")
    return found


def _numbers(found: object, where: str, at_most: int) -> tuple[float, ...]:
    return tuple(_number(value, f"{where}[{index}]") for index, value in enumerate(_list(found, where, at_most)))


def _text(found: object, where: str) -> str:
    if not isinstance(found, str):
        raise ConfigError(f"{where}: found {type(found).__name__}, expected a feature's name")
    return found


def _number(found: object, where: str) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise ConfigError(f"{where}: found {type(found).__name__}, expected a number")
    try:
        number = float(found)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ConfigError(f"{where}: found {number}, expected a finite number")
    return number
