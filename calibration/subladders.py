"""Sub-ladders: which rungs may be left out, and the table of a ladder without them, as it would be seen live."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from calibration.table import Table, judged, lay_out
from cascade.ladder import Ladder
from cascade.plugins import resolve
from cascade.prices import PriceBook
from cascade.sample import Sample

MOST_RUNGS = 6
"""Rungs whose thresholds are searched together at most; the grid gets coarser with each."""


def list_subladders(rungs: Sequence[str], *, choose: bool, first: str | None = None) -> tuple[tuple[str, ...], ...]:
    """Return the ladders that are tried, the whole one first; all end with the same top.

    Args:
        rungs: the ladder's rungs, cheapest first.
        choose: whether rungs may be left out.
        first: a rung that every ladder must start with; None: any.
    """
    if not choose:
        return (tuple(rungs),)
    below, top = tuple(rungs[:-1]), rungs[-1]
    kept = [(*part, top) for count in range(len(below), 0, -1) for part in combinations(below, count)]
    return tuple(part for part in kept if first is None or part[0] == first)


def lay_out_parts(
    task: str,
    samples: Sequence[Sample],
    ladder: Ladder,
    wanted: Sequence[Sequence[str]],
    *,
    prices: PriceBook | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Table:
    """Lay samples out on a ladder and, where it makes a difference, on sub-ladders; see `table.lay_out`.

    A verifier that reads the answers of earlier rungs (agreement) judges otherwise where those were not asked. Its
    verdicts are computed anew for each of the `wanted` sub-ladders; all others stay as they are.
    """
    laid = lay_out(task, samples, ladder, prices=prices, progress=progress)
    own = resolve(ladder.of(task))
    parts = [part for part in dict.fromkeys(map(tuple, wanted)) if part != laid.rungs and set(part) <= set(laid.rungs)]
    if not parts or not any(_reads(own, rung) for rung in own.names[1:]):
        return laid
    known = [_judged_alone(sample, own) for sample in samples]
    made: dict[tuple[str, ...], Table] = {}
    for part in parts:
        if _differs(own, part):
            made[part] = lay_out(task, known, Ladder(*(own.rung(name) for name in part)), prices=prices)
    return replace(laid, parts=made)


def _reads(ladder: Ladder, rung: str) -> bool:
    return any(verifier.reads_earlier for verifier in ladder.rung(rung).verifiers)


def _differs(ladder: Ladder, part: tuple[str, ...]) -> bool:
    """Tell whether a rung of the part sees other answers below it than in the whole ladder, and looks at them."""
    names = ladder.names
    return any(_reads(ladder, rung) and names[: names.index(rung)] != part[:at] for at, rung in enumerate(part))


def _judged_alone(sample: Sample, ladder: Ladder) -> Sample:
    """Return the sample with the verdicts recorded that do not depend on which other rungs were asked."""
    recordings = dict(sample.recordings)
    for rung, attempt in zip(ladder, judged(sample, ladder), strict=True):
        if attempt.response is None:
            continue
        alone: Mapping[str, bool] = {item.name: not item.reads_earlier for item in rung.verifiers}
        verdicts = {verdict.name: verdict for verdict in attempt.verdicts if alone.get(verdict.name)}
        recording = recordings[rung.name]
        recordings[rung.name] = replace(recording, verdicts={**verdicts, **recording.verdicts})
    return replace(sample, recordings=recordings)
