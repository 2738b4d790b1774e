"""Slices: the worst subgroups of requests, with joint confidence intervals, and the dearest ones."""

from __future__ import annotations

from collections import defaultdict

from cascade.report.values.figure import share
from cascade.report.values.parts import Slice, Spending
from cascade.report.values.tally import Part, Tally

ESCALATION, ERROR = "escalation rate", "error"
"""Measures of slices."""

MOST_VALUES = 50
"""Number of values from which a tag is an identifier, not a grouping."""

MOST_SLICES = 10
"""Maximum number of slices, and of cost lines of one kind."""


def slices_of(tally: Tally, level: float) -> tuple[tuple[Slice, ...], int]:
    """Return the worst slices, and the number of intervals they were chosen from.

    Each interval is exact with a Bonferroni correction, so with probability `level` none misses; this accounts for
    choosing the worst after looking at all.
    """
    whole = {ESCALATION: _of(tally, ESCALATION), ERROR: _of(tally, ERROR)}
    wanted = [
        (key, part, measure)
        for key, part in _divided(tally).items()
        for measure in (ESCALATION, ERROR)
        if _counts(part, measure)[1]
    ]
    strict = 1.0 - (1.0 - level) / max(len(wanted), 1)
    found = []
    for (by, value), part, measure in wanted:
        total, n, squares = _counts(part, measure)
        figure, all_of_them = share(total, n, strict, squares=squares), whole[measure]
        if figure.value is None or figure.low is None or all_of_them is None:
            continue
        worse = figure.low > all_of_them
        found.append(Slice(by=by, value=value, measure=measure, figure=figure, whole=all_of_them, worse=worse))
    found.sort(key=lambda each: (not each.worse, each.whole - (each.figure.low or 0.0), each.by, each.value))
    return tuple(found[:MOST_SLICES]), len(wanted)


def spending_of(tally: Tally) -> tuple[Spending, ...]:
    """Return the cost of models, verifiers and tag values, the dearest of each first."""
    kinds: defaultdict[str, list[tuple[str, int, float]]] = defaultdict(list)
    for (kind, name), spent in tally.spending.items():
        kinds[kind].append((name, spent.calls, spent.usd))
    for (by, value), part in tally.parts.items():
        kinds[by].append((value, part.n, part.cost_usd))
    lines = []
    for kind, rows in kinds.items():
        for name, n, usd in sorted(rows, key=lambda row: (-row[2], -row[1], row[0]))[:MOST_SLICES]:
            of_all = usd / tally.cost_usd if tally.cost_usd > 0 else None
            lines.append(Spending(by=kind, name=name, n=n, usd=usd, share=of_all))
    return tuple(lines)


def _divided(tally: Tally) -> dict[tuple[str, str], Part]:
    """Return the parts of grouping tags: more than one value, and not one per request."""
    values: defaultdict[str, int] = defaultdict(int)
    for by, _ in tally.parts:
        values[by] += 1
    return {key: part for key, part in tally.parts.items() if 1 < values[key[0]] <= MOST_VALUES}


def _counts(part: Part, measure: str) -> tuple[float, int, float | None]:
    if measure == ESCALATION:
        return float(part.escalated), part.first_answered, None
    return part.labelled - part.correct, part.labelled, part.labelled - 2.0 * part.correct + part.squares


def _of(tally: Tally, measure: str) -> float | None:
    if measure == ESCALATION:
        return tally.escalated / tally.first_answered if tally.first_answered else None
    mine = [labels for (rung, by, _), labels in tally.labels.items() if rung == by]
    n = sum(labels.n for labels in mine)
    return 1.0 - sum(labels.correct for labels in mine) / n if n else None
