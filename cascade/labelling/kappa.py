"""Cohen's kappa: agreement of two annotators beyond chance, with its interval."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from cascade.labelling.annotation import annotators
from cascade.samples.sample import Sample
from cascade.stats.intervals import proportion_interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Kappa:
    """Agreement of two annotators in one dimension."""

    value: float | None
    """Kappa in [-1, 1]: 1 in full agreement, 0 at chance; None if both always gave one and the same label."""

    low: float | None
    """Lower end of the interval."""

    high: float | None
    """Upper end."""

    n: int
    """Answers that both labelled."""

    agreement: float
    """Share of them that got the same label."""

    def to_json(self) -> dict[str, Any]:
        """Return it as `label --json` prints it."""
        return asdict(self)


def measure_kappa(left: Sequence[float], right: Sequence[float], *, level: float = 0.9) -> Kappa:
    """Return Cohen's kappa (1960) of two annotators' labels of the same answers, (n,) each, n ≥ 1; labels are names.

    The standard error is Fleiss, Cohen & Everitt's (1969). It is 0 in full agreement, which is not certainty: so the
    share of agreement gets the exact interval of as many trials as would have that error, and kappa follows from it.
    """
    n = len(left)
    names = sorted({*left, *right})
    index = {name: i for i, name in enumerate(names)}
    counts = [[0] * len(names) for _ in names]
    for a, b in zip(left, right, strict=True):
        counts[index[a]][index[b]] += 1
    p = [[count / n for count in cells] for cells in counts]
    row = [sum(cells) / n for cells in counts]
    column = [sum(cells[j] for cells in counts) / n for j in range(len(names))]
    observed = sum(counts[i][i] for i in range(len(names))) / n
    chance = sum(a * b for a, b in zip(row, column, strict=True))
    if chance >= 1.0 - 1e-12:
        return Kappa(value=None, low=None, high=None, n=n, agreement=observed)
    kappa = (observed - chance) / (1.0 - chance)
    same = sum(p[i][i] * (1.0 - (row[i] + column[i]) * (1.0 - kappa)) ** 2 for i in range(len(names)))
    other = (1.0 - kappa) ** 2 * sum(
        p[i][j] * (column[i] + row[j]) ** 2 for i in range(len(names)) for j in range(len(names)) if i != j
    )
    # Of (1 - chance) * kappa, for one answer.
    variance = max(0.0, same + other - (kappa - chance * (1.0 - kappa)) ** 2)
    trials = float(n)
    if variance > 1e-12 and 0.0 < observed < 1.0:
        trials = max(1.0, n * observed * (1.0 - observed) / variance)
    low, high = proportion_interval(min(observed * trials, trials), trials, level) or (0.0, 1.0)
    return Kappa(
        value=kappa,
        low=max(-1.0, (low - chance) / (1.0 - chance)),
        high=min(1.0, (high - chance) / (1.0 - chance)),
        n=n,
        agreement=observed,
    )


def compare_annotators(samples: Iterable[Sample], *, level: float = 0.9) -> dict[tuple[str, str, str], Kappa]:
    """Return Cohen's kappa of every pair of annotators in every dimension, by both names and the dimension.

    Equal answers of several rungs were shown and labelled once, and count once.
    """
    both: dict[tuple[str, str, str], tuple[list[float], list[float]]] = {}
    for sample in samples:
        seen: set[str] = set()
        for recording in sample.recordings.values():
            said = annotators(recording)
            if len(said) < 2 or recording.response.text in seen:
                continue
            seen.add(recording.response.text)
            for first, second in combinations(sorted(said), 2):
                for dimension in said[first].keys() & said[second].keys():
                    pair = both.setdefault((first, second, dimension), ([], []))
                    pair[0].append(said[first][dimension])
                    pair[1].append(said[second][dimension])
    return {key: measure_kappa(left, right, level=level) for key, (left, right) in sorted(both.items())}
