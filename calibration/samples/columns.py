"""Growing columns: the arrays of one task on one ladder, appended row by row, so that no sample is kept."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cascade.errors import UnknownPrice
from cascade.exchange import Response
from cascade.finish_reason import FINISH_UNKNOWN
from cascade.ladder import Ladder
from cascade.policy.features import LENGTH, read_features
from cascade.prices import PriceBook
from cascade.result import Attempt
from cascade.samples.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierUse:
    """Counts of one verifier's verdicts on one rung."""

    computed: int = 0
    """Verdicts computed now."""

    recorded: int = 0
    """Verdicts that came with the samples."""

    abstained: int = 0
    """Verdicts, of either kind, that abstain."""

    cost_usd: float = 0.0
    """Their total cost."""

    @property
    def source(self) -> str:
        """`computed`, `recorded`, or `both`."""
        if self.computed and self.recorded:
            return "both"
        return "recorded" if self.recorded else "computed"


FIGURES = (
    "correct",
    "answer_usd",
    "input_tokens",
    "output_tokens",
    "verifier_usd",
    "answer_s",
    "verifier_s",
    "uncached_usd",
)
FLAGS = ("present", "vetoed", "forced")
_NOT_RECORDED = (math.nan, math.nan, math.nan, math.nan, 0.0, math.nan, 0.0, 0.0)


class Columns:
    """Packed arrays that grow: about 8 bytes a figure and sample; a dictionary a row takes hundreds."""

    def __init__(self, ladder: Ladder, prices: PriceBook | None = None) -> None:
        """Take the ladder of the task, with its verifiers looked up, and prices for costs that were not recorded."""
        self.ladder = ladder
        book = prices or PriceBook()
        self._books = [book if rung.price is None else PriceBook({rung.model: rung.price}) for rung in ladder]
        self._required = [{item.name for item in rung.verifiers if item.required} for rung in ladder]
        self._own: list[dict[str, bool]] = [{} for _ in ladder]
        self._figures = [array("d") for _ in FIGURES]
        self._flags = [bytearray() for _ in FLAGS]
        self._features: list[dict[str, array[float]]] = [{} for _ in ladder]
        self._uses: list[dict[str, list[float]]] = [{} for _ in ladder]
        self._at_s = array("d")
        self._n = 0

    def add(self, sample: Sample, attempts: Sequence[Attempt]) -> None:
        """Append one row: the sample's attempts on every rung, in ladder order."""
        for k, attempt in enumerate(attempts):
            response = attempt.response
            if response is None:
                self._append(_NOT_RECORDED, (False, False, False))
                continue
            rung = self.ladder[k]
            recording = sample.recordings[rung.name]
            served = recording.features
            known = read_features(attempt.verdicts, response, {}) if served is None else self._served(k, served)
            self._feel(k, known)
            vetoed, required = attempt.vetoed, self._required[k]
            forced = vetoed or any(verdict.abstained and verdict.name in required for verdict in attempt.verdicts)
            forced = forced or FINISH_UNKNOWN in response.flags
            label = recording.correct
            cost = answer_cost(response, rung.model, self._books[k])
            self._append(
                (
                    math.nan if label is None else label,
                    math.nan if cost is None else cost,
                    response.usage.input_tokens,
                    response.usage.output_tokens,
                    attempt.verifiers_usd,
                    response.latency_s or math.nan,
                    # What is computed now takes what it takes on this machine: a policy is not made of that.
                    sum(verdict.latency_s for verdict in attempt.verdicts if verdict.source == "recorded"),
                    uncached_usd(response, rung.model, self._books[k]),
                ),
                (True, vetoed, forced),
            )
            self._count(k, attempt)
        at_s = sample.at_s
        self._at_s.append(math.nan if at_s is None else at_s)
        self._n += 1

    def fields(self) -> dict[str, Any]:
        """Return the fields of a `Table` that these rows make; nothing can be added afterwards."""
        shape, rungs = (self._n, len(self.ladder)), self.ladder.names
        laid: dict[str, Any] = {
            name: np.frombuffer(figures, dtype=np.float64).reshape(shape)
            for name, figures in zip(FIGURES, self._figures, strict=True)
        }
        for name, flags in zip(FLAGS, self._flags, strict=True):
            laid[name] = np.frombuffer(flags, dtype=np.bool_).reshape(shape)
        at_s = np.frombuffer(self._at_s, dtype=np.float64)
        laid["at_s"] = None if np.isnan(at_s).all() else at_s
        laid["names"] = {rung: tuple(found) for rung, found in zip(rungs, self._features, strict=True)}
        laid["rows"] = {rung: self._rows(found) for rung, found in zip(rungs, self._features, strict=True)}
        laid["use"] = {
            rung: {
                name: VerifierUse(computed=int(c), recorded=int(r), abstained=int(a), cost_usd=usd)
                for name, (c, r, a, usd) in counts.items()
            }
            for rung, counts in zip(rungs, self._uses, strict=True)
        }
        return laid

    def _served(self, k: int, features: Mapping[str, float | None]) -> dict[str, float | None]:
        """Return the features as served of the rung's own verifiers; earlier confidences are another policy's."""
        own = self._own[k]
        for name in features.keys() - own.keys():
            own[name] = name == LENGTH or any(
                name == verifier.name or name.startswith(f"{verifier.name}.") for verifier in self.ladder[k].verifiers
            )
        return {name: value for name, value in features.items() if own[name]}

    def _append(self, figures: Sequence[float], flags: Sequence[bool]) -> None:
        for column, value in zip(self._figures, figures, strict=True):
            column.append(value)
        for bits, flag in zip(self._flags, flags, strict=True):
            bits.append(flag)

    def _feel(self, k: int, found: Mapping[str, float | None]) -> None:
        """Append the features that have a value; the gaps before them are filled when the next value comes."""
        columns = self._features[k]
        for name, value in found.items():
            if value is None:
                continue
            column = columns.get(name)
            if column is None:
                column = columns[name] = array("d")
            if len(column) < self._n:
                column.extend(_gap(self._n - len(column)))
            column.append(value)

    def _rows(self, columns: dict[str, array[float]]) -> NDArray[np.float64]:
        """Return the features of one rung as rows, (n, F); each column is freed once it is copied."""
        rows = np.full((self._n, len(columns)), np.nan)
        for j, name in enumerate(list(columns)):
            column = columns.pop(name)
            rows[: len(column), j] = column
        return rows

    def _count(self, k: int, attempt: Attempt) -> None:
        counts = self._uses[k]
        for verdict in attempt.verdicts:
            entry = counts.setdefault(verdict.name, [0.0, 0.0, 0.0, 0.0])
            entry[1 if verdict.source == "recorded" else 0] += 1
            entry[2] += verdict.abstained
            entry[3] += verdict.cost_usd


def answer_cost(response: Response, model: str, prices: PriceBook) -> float | None:
    """Return an answer's cost in US dollars: as recorded, else by price and usage; None if neither is known."""
    if response.cost_usd is not None:
        return response.cost_usd
    if not (response.usage.input_tokens or response.usage.output_tokens):
        return None
    try:
        return prices.price(model).cost_usd(response.usage)
    except UnknownPrice:
        return None


def uncached_usd(response: Response, model: str, prices: PriceBook) -> float:
    """Return what an answer would have cost more if nothing of its prompt had been in the provider's cache.

    In US dollars, at least 0; 0 if nothing was read from the cache, or the model's price is not known.
    """
    usage = response.usage
    if not usage.cached_tokens:
        return 0.0
    try:
        price = prices.price(model)
    except UnknownPrice:
        return 0.0
    return max(0.0, price.cost_usd(replace(usage, cached_tokens=0)) - price.cost_usd(usage))


def _gap(count: int) -> array[float]:
    return array("d", (math.nan,)) * count
