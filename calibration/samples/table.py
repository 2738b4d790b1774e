"""Table: the samples of one task as arrays of features, labels and costs of every rung."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import Flags, Floats
from calibration.samples.columns import Columns, VerifierUse
from calibration.samples.copies import CopyGroups
from calibration.samples.judging import judged
from calibration.samples.learned import Scorers
from calibration.samples.scorer_fits import learn
from cascade.hashing import unit
from cascade.ladder import Ladder
from cascade.prices import PriceBook
from cascade.samples.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The samples of one task on one ladder; n samples, K rungs, F features of a rung."""

    task: str
    """The task."""

    ids: tuple[str, ...]
    """The ids that hashed choices use (n): the samples' own, unless a request was served twice."""

    groups: tuple[str | None, ...]
    """Samples that are not independent share a group (n): one of their own, or that of copies of one request."""

    rungs: tuple[str, ...]
    """The rungs' names (K), cheapest first."""

    names: Mapping[str, tuple[str, ...]]
    """Names of the features of each rung (F), without earlier confidences."""

    rows: Mapping[str, Floats]
    """The features of each rung, (n, F); NaN where missing."""

    present: Flags
    """Whether the rung was recorded, (n, K)."""

    vetoed: Flags
    """Whether a verifier vetoed, (n, K)."""

    forced: Flags
    """Whether the answer must escalate whatever its confidence: vetoed, or a required verifier abstained, (n, K)."""

    correct: Floats
    """Correctness of the answers, in [0, 1], (n, K); NaN where not labelled."""

    answer_usd: Floats
    """Cost of the answers, (n, K); NaN where not known."""

    verifier_usd: Floats
    """Cost of the verdicts, (n, K); 0 where not recorded."""

    answer_s: Floats
    """Latency of the answers in seconds, (n, K); NaN where not recorded."""

    verifier_s: Floats
    """Latency of the verdicts in seconds, (n, K); 0 where not recorded."""

    uncached_usd: Floats
    """What the answers would have cost more without the provider's prompt cache, (n, K); 0 where nothing was cached."""

    input_tokens: Floats
    """Tokens of the prompts, (n, K)."""

    output_tokens: Floats
    """Tokens of the answers, (n, K)."""

    use: Mapping[str, Mapping[str, VerifierUse]]
    """Counts of verdicts, by rung and verifier."""

    at_s: Floats | None = None
    """When each request was served or recorded, Unix seconds, (n,); NaN where not known, None: of none of them."""

    contents: NDArray[np.uint64] | None = None
    """64 bits of the hash of each request's content (n); None where rows were taken out."""

    parts: Mapping[tuple[str, ...], Table] = field(default_factory=dict)
    """Tables of the same samples on sub-ladders, where verdicts differ (see `on`)."""

    weights: Floats | None = None
    """How many rows each labelled row stands for in a fit, (n,), positive; None: one each."""

    max_added_p95_s: float | None = None
    """Greatest latency that a policy may add against always-top, in seconds, at the 95 % quantile of these rows; at
    least 0. None: no limit."""

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
            answer_s=self.answer_s[index],
            verifier_s=self.verifier_s[index],
            uncached_usd=self.uncached_usd[index],
            input_tokens=self.input_tokens[index],
            output_tokens=self.output_tokens[index],
            use=self.use,
            at_s=None if self.at_s is None else self.at_s[index],
            parts={rungs: part.take(index) for rungs, part in self.parts.items()},
            weights=None if self.weights is None else self.weights[index],
            max_added_p95_s=self.max_added_p95_s,
        )

    def relabelled(self, correct: Floats) -> Table:
        """Return the table with other labels, (n, K); NaN where unlabelled."""
        columns = {rungs: [self.rungs.index(name) for name in rungs] for rungs in self.parts}
        parts = {rungs: replace(part, correct=correct[:, columns[rungs]]) for rungs, part in self.parts.items()}
        return replace(self, correct=correct, parts=parts)

    def silenced(self, rung: str, verifiers: Collection[str]) -> Table:
        """Return the table as if these verifiers abstained on a rung: without their features, so that none is read."""
        if rung not in self.rows:
            return self
        others = [name.split(".", 1)[0] not in verifiers for name in self.names[rung]]
        use = {
            name: replace(one, abstained=one.computed + one.recorded) if name in verifiers else one
            for name, one in self.use.get(rung, {}).items()
        }
        return replace(
            self,
            names={**self.names, rung: tuple(compress(self.names[rung], others))},
            rows={**self.rows, rung: self.rows[rung][:, others]},
            use={**self.use, rung: use},
            parts={rungs: part.silenced(rung, verifiers) for rungs, part in self.parts.items()},
        )

    def weighted(self, weights: Floats) -> Table:
        """Return the table with weights of its labelled rows, (n,)."""
        parts = {rungs: replace(part, weights=weights) for rungs, part in self.parts.items()}
        return replace(self, weights=weights, parts=parts)

    def on(self, rungs: Sequence[str]) -> Table:
        """Return the table of a sub-ladder, in ladder order: as if no other rung were asked."""
        wanted = tuple(rungs)
        if wanted == self.rungs:
            return self
        if wanted in self.parts:
            return self.parts[wanted]
        columns: Any = [self.rungs.index(name) for name in wanted]
        if columns == list(range(columns[0], columns[0] + len(columns))):
            columns = slice(columns[0], columns[-1] + 1)  # a view: the ladder's lower part is often asked for
        narrowed: dict[str, Any] = {name: getattr(self, name)[:, columns] for name in _BY_RUNG}
        for name in ("names", "rows", "use"):
            narrowed[name] = {rung: getattr(self, name)[rung] for rung in wanted if rung in getattr(self, name)}
        return replace(self, rungs=wanted, parts={}, **narrowed)


_BY_RUNG = (
    "present", "vetoed", "forced", "correct", "answer_usd", "verifier_usd", "answer_s", "verifier_s", "uncached_usd",
    "input_tokens", "output_tokens",
)  # fmt: skip


def lay_out(
    task: str,
    samples: Sequence[Sample],
    ladder: Ladder,
    *,
    prices: PriceBook | None = None,
    learned: Scorers | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Table:
    """Judge the recordings of one task and lay them out as arrays.

    Recorded verdicts are used as they are; missing ones are computed from the recorded answer, and abstain where they
    would need a call that was not recorded.

    Args:
        task: the task that the samples belong to.
        samples: the samples.
        ladder: the rungs, with their verifiers looked up.
        prices: fills in costs that were not recorded, where the price is known.
        learned: a policy's scorers, for verifiers that learn; None: they are fitted here, out of fold.
        seed: of those folds.
        progress: called with the number of samples done and their total.
    """
    ladder = ladder.of(task)
    columns, copies = Columns(ladder, prices), CopyGroups()
    seen = learn(samples, ladder, [task], seed=seed, given=learned)
    for done, sample in enumerate(seen or samples, start=1):
        columns.add(sample, judged(sample, ladder))
        copies.add(sample)
        if progress is not None:
            progress(done, len(samples))
    return Table(
        task=task,
        ids=tuple(sample.hash_id for sample in samples),
        groups=copies.of([sample.request.group for sample in samples]),
        rungs=ladder.names,
        contents=copies.numbers(),
        **columns.fields(),
    )


def by_task(samples: Iterable[Sample]) -> dict[str, list[Sample]]:
    """Return the samples of each task, tasks in the order in which they appear."""
    tasks: dict[str, list[Sample]] = {}
    for sample in samples:
        tasks.setdefault(sample.request.task, []).append(sample)
    return tasks
