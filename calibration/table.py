"""Samples of one task as arrays: features, labels, costs of every rung, from what was recorded."""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cascade.clients.recorded import RecordedClient
from cascade.errors import UnknownPrice
from cascade.exchange import LocalCall, Response
from cascade.features import read_features
from cascade.flow import drive, tour
from cascade.hashing import unit
from cascade.ladder import Ladder
from cascade.outcome import Attempt
from cascade.prices import PriceBook
from cascade.sample import Sample
from cascade.verdict import Ask, Reply

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierUse:
    """How often one verifier spoke on one rung."""

    computed: int = 0
    """Verdicts that were computed now."""

    recorded: int = 0
    """Verdicts that came with the samples."""

    abstained: int = 0
    """Verdicts, of either kind, that could not tell."""

    cost_usd: float = 0.0
    """What they cost in all."""

    @property
    def source(self) -> str:
        """`computed`, `recorded`, or `both`."""
        if self.computed and self.recorded:
            return "both"
        return "recorded" if self.recorded else "computed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The samples of one task on one ladder; n samples, K rungs, F features of a rung."""

    task: str
    """The task."""

    ids: tuple[str, ...]
    """The samples' ids (n)."""

    groups: tuple[str | None, ...]
    """Samples that are not independent share a group (n)."""

    rungs: tuple[str, ...]
    """The rungs' names (K), cheapest first."""

    names: Mapping[str, tuple[str, ...]]
    """Names of the features of each rung (F), earlier confidences not among them."""

    rows: Mapping[str, Floats]
    """The features of each rung, (n, F); NaN where missing."""

    present: Flags
    """Whether the rung was recorded, (n, K)."""

    vetoed: Flags
    """Whether a verifier vetoed, (n, K)."""

    forced: Flags
    """Whether the answer must go up whatever its confidence: vetoed, or a required verifier abstained, (n, K)."""

    correct: Floats
    """How right the answers are, in [0, 1], (n, K); NaN where not labelled."""

    answer_usd: Floats
    """What the answers cost, (n, K); NaN where not known."""

    verifier_usd: Floats
    """What the verdicts cost, (n, K); 0 where not recorded."""

    input_tokens: Floats
    """Tokens of the prompts, (n, K)."""

    output_tokens: Floats
    """Tokens of the answers, (n, K)."""

    use: Mapping[str, Mapping[str, VerifierUse]]
    """How often each verifier spoke, by rung and verifier."""

    parts: Mapping[tuple[str, ...], Table] = field(default_factory=dict)
    """The same samples as they are seen where only these rungs are asked, where that differs (see `on`)."""

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.ids)

    def u(self, rung: str, *, salt: str, purpose: str = "tie") -> Floats:
        """Return the hashed choices u in [0, 1) of every sample for one rung, (n,)."""
        return np.array(
            [
                unit(salt=salt, purpose=purpose, task=self.task, rung=rung, request_id=request_id)
                for request_id in self.ids
            ]
        )

    def take(self, keep: Flags | NDArray[np.intp]) -> Table:
        """Return the table of the rows that `keep` selects, by mask or index."""
        index = np.arange(len(self))[keep]
        return Table(
            task=self.task,
            ids=tuple(self.ids[i] for i in index),
            groups=tuple(self.groups[i] for i in index),
            rungs=self.rungs,
            names=self.names,
            rows={rung: rows[index] for rung, rows in self.rows.items()},
            present=self.present[index],
            vetoed=self.vetoed[index],
            forced=self.forced[index],
            correct=self.correct[index],
            answer_usd=self.answer_usd[index],
            verifier_usd=self.verifier_usd[index],
            input_tokens=self.input_tokens[index],
            output_tokens=self.output_tokens[index],
            use=self.use,
            parts={rungs: part.take(index) for rungs, part in self.parts.items()},
        )

    def on(self, rungs: Sequence[str]) -> Table:
        """Return the table of these rungs alone, in ladder order: what is known where no other rung is asked."""
        wanted = tuple(rungs)
        if wanted == self.rungs:
            return self
        if wanted in self.parts:
            return self.parts[wanted]
        columns: Any = [self.rungs.index(name) for name in wanted]
        if columns == list(range(columns[0], columns[0] + len(columns))):
            columns = slice(columns[0], columns[-1] + 1)  # a view: the ladder's lower part is asked for all the time
        narrowed: dict[str, Any] = {name: getattr(self, name)[:, columns] for name in _BY_RUNG}
        for name in ("names", "rows", "use"):
            narrowed[name] = {rung: getattr(self, name)[rung] for rung in wanted if rung in getattr(self, name)}
        return replace(self, rungs=wanted, parts={}, **narrowed)


_BY_RUNG = (
    "present", "vetoed", "forced", "correct", "answer_usd", "verifier_usd", "input_tokens", "output_tokens",
)  # fmt: skip


def lay_out(
    task: str,
    samples: Sequence[Sample],
    ladder: Ladder,
    *,
    prices: PriceBook | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Table:
    """Judge the recordings of one task and lay them out as arrays.

    Recorded verdicts are used as they are; what was not recorded is computed from the recorded answer, and abstains
    where it would need a call that was not recorded.

    Args:
        task: the task that the samples belong to.
        samples: the samples.
        ladder: the rungs, with their verifiers looked up.
        prices: fills in costs that were not recorded, where the price is known.
        progress: called with the number of samples done and their total.
    """
    ladder, book = ladder.of(task), prices or PriceBook()
    n, count = len(samples), len(ladder)
    figures: dict[str, Any] = {
        name: np.full((n, count), np.nan) for name in ("correct", "answer_usd", "input_tokens", "output_tokens")
    }
    flags: dict[str, Any] = {name: np.zeros((n, count), dtype=bool) for name in ("present", "vetoed", "forced")}
    verifier_usd = np.zeros((n, count))
    found: dict[str, list[Mapping[str, float | None]]] = {rung.name: [] for rung in ladder}
    uses: dict[str, dict[str, list[float]]] = {rung.name: {} for rung in ladder}
    for i, sample in enumerate(samples):
        for k, attempt in enumerate(judged(sample, ladder)):
            rung, response = ladder[k], attempt.response
            if response is None:
                found[rung.name].append({})
                continue
            found[rung.name].append(read_features(attempt.verdicts, response, {}))
            flags["present"][i, k] = True
            flags["vetoed"][i, k] = attempt.vetoed
            abstained = {verdict.name for verdict in attempt.verdicts if verdict.abstained}
            required = any(item.required and item.name in abstained for item in rung.verifiers)
            flags["forced"][i, k] = attempt.vetoed or required
            label = sample.recordings[rung.name].correct
            figures["correct"][i, k] = math.nan if label is None else label
            cost = answer_cost(
                response, rung.model, book if rung.price is None else PriceBook({rung.model: rung.price})
            )
            figures["answer_usd"][i, k] = math.nan if cost is None else cost
            figures["input_tokens"][i, k] = response.usage.input_tokens
            figures["output_tokens"][i, k] = response.usage.output_tokens
            verifier_usd[i, k] = attempt.verifiers_usd
            _count(uses[rung.name], attempt)
        if progress is not None:
            progress(i + 1, n)
    use = {
        rung: {
            name: VerifierUse(computed=int(c), recorded=int(r), abstained=int(a), cost_usd=usd)
            for name, (c, r, a, usd) in counts.items()
        }
        for rung, counts in uses.items()
    }
    laid = {rung: _laid_out(rows) for rung, rows in found.items()}
    return Table(
        task=task,
        ids=tuple(sample.request.id for sample in samples),
        groups=tuple(sample.request.group for sample in samples),
        rungs=ladder.names,
        names={rung: names for rung, (names, _) in laid.items()},
        rows={rung: rows for rung, (_, rows) in laid.items()},
        verifier_usd=verifier_usd,
        use=use,
        **flags,
        **figures,
    )


def judged(sample: Sample, ladder: Ladder) -> tuple[Attempt, ...]:
    """Judge every recorded rung of a sample without any call, in ladder order; unrecorded ones are failures."""
    client = RecordedClient((sample,))
    steps = tour(
        sample.request,
        ladder,
        have={name: recording.response for name, recording in sample.recordings.items()},
        given={name: recording.verdicts for name, recording in sample.recordings.items()},
    )

    def answer(ask: Ask) -> Reply:
        if not isinstance(ask, LocalCall):
            return client.answer(ask)
        returned = ask.run()
        return asyncio.run(_awaited(returned)) if inspect.isawaitable(returned) else returned

    return drive(steps, answer)


async def _awaited(returned: Any) -> Any:
    return await returned


def answer_cost(response: Response, model: str, prices: PriceBook) -> float | None:
    """Return what an answer cost in US dollars: as recorded, else by price and usage; None where neither is known."""
    if response.cost_usd is not None:
        return response.cost_usd
    if not (response.usage.input_tokens or response.usage.output_tokens):
        return None
    try:
        return prices.price(model).cost_usd(response.usage)
    except UnknownPrice:
        return None


def by_task(samples: Iterable[Sample]) -> dict[str, list[Sample]]:
    """Return the samples of each task, tasks in the order in which they appear."""
    tasks: dict[str, list[Sample]] = {}
    for sample in samples:
        tasks.setdefault(sample.request.task, []).append(sample)
    return tasks


def _count(counts: dict[str, list[float]], attempt: Attempt) -> None:
    for verdict in attempt.verdicts:
        entry = counts.setdefault(verdict.name, [0.0, 0.0, 0.0, 0.0])
        entry[1 if verdict.source == "recorded" else 0] += 1
        entry[2] += verdict.abstained
        entry[3] += verdict.cost_usd


def _laid_out(found: Sequence[Mapping[str, float | None]]) -> tuple[tuple[str, ...], Floats]:
    """Return the names of features that ever have a value, in order of appearance, and the rows as an array."""
    names: dict[str, None] = {}
    for row in found:
        names.update((name, None) for name, value in row.items() if value is not None)
    rows = np.full((len(found), len(names)), np.nan)
    for j, name in enumerate(names):
        rows[:, j] = [math.nan if (value := row.get(name)) is None else value for row in found]
    return tuple(names), rows
