"""Scorer fits: fits the verifiers that learn from texts, and gives every sample a verdict that did not see it.

A scorer that is asked about a sample it was fitted on knows the answer, and a combiner fitted on such scores trusts it
too much. So each labelled sample is scored by a scorer fitted on the other folds. All others, and new requests, are
scored by one of these, and not by one fitted on all: that one, of more samples, spreads its scores further, and a
threshold found on the others' scores would miss its rate (by 3 points in 25 on wildbench at 300 labels). Where
something is to be certified, scorers are fitted on the part of the rows that does not certify (`stats/split`), and what
certifies is scored as new requests will be. Needs scikit-learn, here only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from calibration.arrays import Floats
from calibration.samples.copies import CopyGroups
from calibration.samples.learned import LearnedSamples, Scorers, apply_scorers, learned_verifiers, require_text
from calibration.stats.folds import assign_folds
from calibration.stats.split import split_rows
from cascade.exchange import EMPTY
from cascade.extras import require_extra
from cascade.hashing import unit
from cascade.ladder import Ladder
from cascade.policy.text_scorer import BUCKETS, Buckets, TextScorer, encode_weights, hash_words
from cascade.samples.sample import Sample

FEWEST, FEWEST_OF_A_CLASS = 30, 8
"""Labels from which on a scorer is fitted, and those of either class among them."""

FOLDS = 10
"""Folds; the scorer that serves was fitted on all but one of them."""

MOST = 10_000
"""Labelled samples of a task that are fitted: with more, weights hardly move."""

ON_PAIRS = "a certificate on pairs is begun without labels to learn from, so it abstains."

C = 1.0
"""Inverse ridge, scikit-learn's default; no set was used to choose it."""


def fit_scorers(
    samples: Iterable[Sample], ladder: Ladder, tasks: Iterable[str], *, seed: int = 0, certifies: bool = False
) -> LearnedSamples | None:
    """Fit the verifiers that learn, on the labels of all rungs below the last; None if the ladder has none.

    Args:
        samples: labelled samples, re-iterable; read once here.
        ladder: the rungs, with their verifiers looked up.
        tasks: the tasks to fit.
        seed: of folds and split.
        certifies: whether something is to be certified: then the rows that certify are not fitted on.

    Raises:
        DataError: a sample's texts were not stored, or were redacted.
    """
    wanted = {task: names for task in tasks if (names := learned_verifiers(ladder, task))}
    if not wanted:
        return None
    require_extra("fit", "scipy", "sklearn", use="The verifier `learned`")
    rows = {task: _Rows(tuple(names)) for task, names in wanted.items()}
    for sample in samples:
        if sample.request.task in rows:
            rows[sample.request.task].add(sample, next(iter(wanted[sample.request.task].values()))[0])
    scorers: dict[str, dict[str, dict[str, TextScorer]]] = {}
    held_out: dict[tuple[str, str], Floats] = {}
    notes: dict[str, tuple[str, ...]] = {}
    for task, own in rows.items():
        for rung, verifiers in wanted[task].items():
            fitted = own.fit(rung, seed=seed, certifies=certifies)
            if isinstance(fitted, str):
                notes[task] = (*notes.get(task, ()), f"{', '.join(verifiers)} on rung {rung}: {fitted}")
                continue
            scorer, held_out[task, rung] = fitted
            scorers.setdefault(task, {})[rung] = dict.fromkeys(verifiers, scorer)
    return LearnedSamples(samples=samples, wanted=wanted, scorers=scorers, held_out=held_out, notes=notes)


def learn(
    samples: Iterable[Sample],
    ladder: Ladder,
    tasks: Iterable[str],
    *,
    seed: int = 0,
    certifies: bool = False,
    paired: bool = False,
    given: Scorers | None = None,
) -> LearnedSamples | None:
    """Return the samples as judged by the verifiers that learn; None if the ladder has none. See `fit_scorers`.

    Args:
        samples: labelled samples, re-iterable.
        ladder: the rungs, with their verifiers looked up.
        tasks: the tasks to fit.
        seed: of folds and split.
        certifies: whether something is to be certified.
        paired: whether it is certified on pairs, whose labels come later: then nothing is learnt, and a note says so.
        given: another policy's scorers, to be used as they are; None: they are fitted.
    """
    if given is None and not paired:
        return fit_scorers(samples, ladder, tasks, seed=seed, certifies=certifies)
    found = apply_scorers(samples, ladder, tasks, given or EMPTY)
    if not isinstance(found, LearnedSamples):
        return None
    notes = {task: tuple(f"{name} on rung {rung}: {ON_PAIRS}" for rung, own in names.items() for name in own)
             for task, names in found.wanted.items()}  # fmt: skip
    return found if given is not None else replace(found, notes=notes)


class _Rows:
    """The words and labels of one task's samples; at most `MOST` labelled ones keep their words."""

    def __init__(self, rungs: Sequence[str]) -> None:
        self._groups: list[str | None] = []
        self._copies = CopyGroups()
        self._labels: dict[str, list[float]] = {rung: [] for rung in rungs}
        self._words: dict[str, dict[int, Buckets]] = {rung: {} for rung in rungs}
        self._draws: list[float] = []

    def add(self, sample: Sample, verifier: str) -> None:
        """Append a sample."""
        row = len(self._groups)
        self._groups.append(sample.request.group)
        self._copies.add(sample)
        # Copies and groups are drawn together, so that a sample's like never scores it.
        whose = sample.request.group or ("" if sample.textless else sample.request.content)
        self._draws.append(unit(salt="learned", purpose="fit", task=sample.request.task, rung="", request_id=whose))
        for rung, labels in self._labels.items():
            recording = sample.recordings.get(rung)
            correct = None if recording is None else recording.correct
            labels.append(np.nan if correct is None else correct)
            if recording is not None and correct is not None:
                require_text(sample, rung, verifier)
                self._words[rung][row] = hash_words(sample.request, recording.response)
        if row % MOST == 0 and row:
            self._thin()

    def fit(self, rung: str, *, seed: int, certifies: bool) -> tuple[TextScorer, Floats] | str:
        """Return a rung's scorer and its scores out of fold, NaN where not fitted on; a sentence if there is none."""
        self._thin()
        y = np.asarray(self._labels[rung])
        groups = self._copies.of(self._groups)
        taken = np.zeros(len(y), dtype=bool)
        taken[list(self._words[rung])] = True
        if certifies:
            taken &= split_rows(groups, seed=seed)
        right, labelled = float(y[taken].sum()), int(taken.sum())
        if labelled < FEWEST or min(right, labelled - right) < FEWEST_OF_A_CLASS:
            return (
                f"{labelled} labels to learn from, {right:.0f} of them right; {FEWEST} with {FEWEST_OF_A_CLASS} of "
                "each class were expected, so it abstains."
            )
        index = np.flatnonzero(taken)
        words = [self._words[rung][int(row)] for row in index]
        own = [groups[int(row)] for row in index]
        fold = assign_folds(y[index], seed=seed, folds=FOLDS, groups=own if any(own) else None)
        held = np.full(len(y), np.nan)
        rows = _matrix(words)
        fitted: list[TextScorer] = []
        for one in np.unique(fold):
            inside = fold != one
            if not 0.0 < y[index][inside].mean() < 1.0:
                return "all right or all wrong answers are of one group, so none is left to score it by; it abstains."
            fitted.append(_fit(rows[inside], y[index][inside]))
            for at in np.flatnonzero(~inside):
                held[index[at]] = fitted[-1].score(words[int(at)])
        return fitted[0], held

    def _thin(self) -> None:
        """Keep the words of the `MOST` samples of the least draws, each with its whole group."""
        if len(self._draws) <= MOST:
            return
        most = float(np.partition(np.asarray(self._draws), MOST - 1)[MOST - 1])
        for kept in self._words.values():
            for row in [row for row in kept if self._draws[row] > most]:
                del kept[row]


def _matrix(words: Sequence[Buckets]) -> Any:
    """Return a sparse matrix (n, buckets): 1/√m in each of the m buckets of a prompt, and of an answer."""
    from scipy.sparse import csr_matrix

    parts = [part for pair in words for part in pair]
    values = np.concatenate([np.full(len(part), 1.0 / np.sqrt(max(len(part), 1))) for part in parts])
    ends = np.cumsum([sum(map(len, pair)) for pair in words])
    # A bucket that both fill stands twice in a row: the entries are summed, as the scorer sums them.
    return csr_matrix((values, np.concatenate(parts), np.concatenate([[0], ends])), shape=(len(words), BUCKETS))


def _fit(rows: Any, correct: Floats) -> TextScorer:
    """Fit one scorer; a fraction counts as that share of a right answer and the rest of a wrong one."""
    from sklearn.linear_model import LogisticRegression

    shares = np.concatenate([correct, 1.0 - correct])
    kept = np.flatnonzero(shares > 0.0)
    model = LogisticRegression(C=C, max_iter=1000, tol=1e-6)
    model.fit(rows[kept % len(correct)], kept < len(correct), sample_weight=shares[kept])
    weights = model.coef_[0]
    scale = float(np.abs(weights).max()) / 127.0
    whole = np.rint(weights / scale) if scale > 0.0 else np.zeros(BUCKETS)
    return TextScorer(
        intercept=float(model.intercept_[0]), scale=scale, weights=encode_weights(whole.astype(np.int8)), n=len(correct)
    )
