"""Sub-ladders: ladders with some rungs left out, and their tables, as live requests would see them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations

from calibration.samples.columns import Columns
from calibration.samples.copies import CopyGroups
from calibration.samples.judging import judged, judged_after
from calibration.samples.table import Table
from cascade.errors import ConfigError
from cascade.ladder import Ladder
from cascade.plugins import resolve
from cascade.prices import PriceBook
from cascade.result import Attempt
from cascade.samples.sample import Sample

MOST_RUNGS = 6
"""Most rungs whose thresholds are searched together; the grid gets coarser with each."""


def list_subladders(rungs: Sequence[str], *, choose: bool, first: str | None = None) -> tuple[tuple[str, ...], ...]:
    """Return the sub-ladders to try, the whole ladder first; all end with the same top.

    Args:
        rungs: the ladder's rungs, cheapest first.
        choose: whether rungs may be left out.
        first: the rung that every ladder must start with; None: any.

    Raises:
        ConfigError: more than six rungs.
    """
    if len(rungs) > MOST_RUNGS:
        message = (
            f"The ladder has {len(rungs)} rungs; thresholds of at most {MOST_RUNGS} can be searched together. "
            "Leave some out, or give each rung's escalation rate."
        )
        raise ConfigError(message)
    if not choose:
        return (tuple(rungs),)
    below, top = tuple(rungs[:-1]), rungs[-1]
    kept = [(*part, top) for count in range(len(below), 0, -1) for part in combinations(below, count)]
    return tuple(part for part in kept if first is None or part[0] == first)


def list_parts(rungs: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the sub-ladders to choose among, every model alone included."""
    return [*list_subladders(rungs, choose=True), *((rung,) for rung in rungs)]


class PartColumns:
    """Columns of one task on its ladder and, where verdicts differ, on sub-ladders, appended sample by sample.

    A verifier that reads the answers of earlier rungs (agreement) gives other verdicts where those were not asked. Its
    verdicts are computed again for each sub-ladder; all others stay as they are.
    """

    def __init__(
        self, task: str, ladder: Ladder, wanted: Sequence[Sequence[str]] = (), *, prices: PriceBook | None = None
    ) -> None:
        """Take the task, the ladder, and the sub-ladders wanted; see `table.lay_out` for the others."""
        self.task, self.ladder = task, resolve(ladder.of(task))
        self.n = 0
        self._ids: list[str] = []
        self._groups: list[str | None] = []
        self._known: dict[str | None, str | None] = {}
        self._copies = CopyGroups()
        self._whole = Columns(self.ladder, prices)
        own = self.ladder.names
        self._own = {name: (k, self.ladder.rung(name)) for k, name in enumerate(own)}
        self._alone = {
            rung.name: {item.name for item in rung.verifiers if not item.reads_earlier} for rung in self.ladder
        }
        self._parts = {
            part: Columns(Ladder(*(self._own[name][1] for name in part)), prices)
            for part in dict.fromkeys(map(tuple, wanted))
            if part != own and set(part) <= set(own) and any(self._differs(part, at) for at in range(len(part)))
        }
        self._new = {part: tuple(self._differs(part, at) for at in range(len(part))) for part in self._parts}

    def add(self, sample: Sample) -> None:
        """Judge a sample and append its row; the sample is not kept."""
        attempts = judged(sample, self.ladder)
        self._whole.add(sample, attempts)
        seen: dict[tuple[str, ...], Attempt] = {}
        for part, columns in self._parts.items():
            contexts = [part[: at + 1] for at in range(len(part))]
            columns.add(
                sample,
                [
                    self._seen(sample, attempts, context, seen) if new else attempts[self._own[context[-1]][0]]
                    for context, new in zip(contexts, self._new[part], strict=True)
                ],
            )
        group = sample.request.group
        self._ids.append(sample.hash_id)
        self._groups.append(self._known.setdefault(group, group))
        self._copies.add(sample)
        self.n += 1

    def table(self) -> Table:
        """Return the rows as arrays; no sample can be added afterwards."""
        ids, groups = tuple(self._ids), self._copies.of(self._groups)
        whole = Table(
            task=self.task,
            ids=ids,
            groups=groups,
            rungs=self.ladder.names,
            contents=self._copies.numbers(),
            **self._whole.fields(),
        )
        parts: dict[tuple[str, ...], Table] = {}
        for part in list(self._parts):
            fields = self._parts.pop(part).fields()
            columns = [self._own[name][0] for name in part]
            for name in (
                "present",
                "correct",
                "answer_usd",
                "answer_s",
                "uncached_usd",
                "input_tokens",
                "output_tokens",
            ):
                fields[name] = getattr(whole, name)[:, columns]
            for rung, new in zip(part, self._new[part], strict=True):
                if not new:
                    fields["rows"][rung], fields["names"][rung] = whole.rows[rung], whole.names[rung]
            parts[part] = Table(task=self.task, ids=ids, groups=groups, rungs=part, **fields)
        return replace(whole, parts=parts)

    def _differs(self, part: tuple[str, ...], at: int) -> bool:
        """Return whether a rung's verifiers read answers below it, and the part has others than the whole ladder."""
        k, rung = self._own[part[at]]
        return self.ladder.names[:k] != part[:at] and any(verifier.reads_earlier for verifier in rung.verifiers)

    def _seen(
        self,
        sample: Sample,
        attempts: Sequence[Attempt],
        context: tuple[str, ...],
        seen: dict[tuple[str, ...], Attempt],
    ) -> Attempt:
        """Return the attempt of a context's last rung; judged once for all sub-ladders with the same context."""
        k, rung = self._own[context[-1]]
        whole = attempts[k]
        if whole.response is None:
            return whole
        if context not in seen:
            below = (attempts[self._own[name][0]] for name in context[:-1])
            earlier = {one.rung: one.response for one in below if one.response is not None}
            alone = {one.name: one for one in whole.verdicts if one.name in self._alone[rung.name]}
            seen[context] = judged_after(sample, rung, earlier, alone)
        return seen[context]


def lay_out_parts(
    task: str,
    samples: Sequence[Sample],
    ladder: Ladder,
    wanted: Sequence[Sequence[str]],
    *,
    prices: PriceBook | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Table:
    """Lay samples out on a ladder and, where verdicts differ, on sub-ladders; see `table.lay_out`."""
    columns = PartColumns(task, ladder, wanted, prices=prices)
    for sample in samples:
        columns.add(sample)
        if progress is not None:
            progress(columns.n, len(samples))
    return columns.table()
