"""Work list of an annotator: the samples to label next, each with its propensity to be chosen.

The draw is stored in the samples, so that rounds can be combined: `propensity`, the probability to be chosen in this
round or an earlier one, and `labelling: {"round": 2, "chosen": true}`. With these, labels are used without bias.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from calibration.arrays import Flags, Floats
from calibration.combine.fit_combiner import fit_combiner
from calibration.planning.selection import draw, spread_budget, weigh_for_certificate, weigh_for_estimate
from calibration.samples.replayed import apply_point, feature_rows
from calibration.samples.sameness import same_answers
from calibration.samples.table import Table, lay_out
from calibration.targets.bound import MaxError, MaxLoss
from cascade.errors import DataError
from cascade.hashing import unit
from cascade.labelling.mark import Mark, mark_of, marked
from cascade.ladder import Ladder
from cascade.policy.policy import SALT, TaskPolicy
from cascade.samples.sample import Sample
from cascade.stats.ppi import Estimate, estimate_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkList:
    """One task's samples with the draw stored in them, and its figures."""

    samples: tuple[Sample, ...]
    """All of the task's samples, in their order."""

    round: int
    """The number of this draw on these samples, from 1."""

    n_labelled: int
    """Samples with all labels that this purpose needs."""

    n_harmless: int
    """Samples that need no label, since the first rung's answer equals the reference's; 0 unless a loss is bounded."""

    n_chosen: int
    """Samples to label now."""

    smallest: float
    """The smallest propensity in this round's draw, in (0, 1]."""

    accuracy: Estimate | None
    """Accuracy of the first rung, estimated from the labels; None with fewer than two."""

    def to_json(self) -> dict[str, Any]:
        """Return the figures as `next-labels --json` prints them."""
        guess = self.accuracy
        return {
            "n": len(self.samples),
            "round": self.round,
            "n_labelled": self.n_labelled,
            "n_harmless": self.n_harmless,
            "n_chosen": self.n_chosen,
            "smallest_propensity": self.smallest,
            "accuracy_first_rung": None
            if guess is None
            else {"value": guess.value, "low": guess.low, "high": guess.high, "label_worth": guess.worth},
        }


def choose_labels(
    task: str,
    samples: Sequence[Sample],
    ladder: Ladder,
    *,
    labels: int,
    bound: MaxError | MaxLoss | None = None,
    policy: TaskPolicy | None = None,
    proxy: str | None = None,
    seed: int = 0,
) -> WorkList:
    """Choose which samples of one task to label next.

    Args:
        task: the task.
        samples: its samples, with recordings of the first rung (and of the reference, if a loss is bounded).
        ladder: the rungs with their verifiers; the last one is the reference.
        labels: how many to choose.
        bound: the bound to certify: labels go, evenly, where a threshold may accept. None: an accuracy is estimated,
            and labels go where the first rung is in doubt.
        policy: its combiners give the confidences; None, or a policy of a single rung: existing labels give them, else
            all samples count alike.
        proxy: a recorded or computed verifier whose score improves the estimate of accuracy (PPI++).
        seed: of the draw.

    Raises:
        DataError: nothing is left to label, or the proxy is unknown.
    """
    laid = lay_out(task, samples, ladder)
    harmless = np.zeros(len(laid), dtype=bool)
    if isinstance(bound, MaxLoss) and len(laid.rungs) > 1:
        harmless = same_answers(samples, (laid.rungs[0], laid.rungs[-1]))[:, 0]
    needed = [0, len(laid.rungs) - 1] if isinstance(bound, MaxLoss) else [0]
    labelled = np.all(~np.isnan(laid.correct[:, needed]), axis=1)
    asked = np.all(laid.present[:, needed], axis=1) & ~harmless
    rounds = np.array([mark_of(sample).round for sample in samples])
    drawn_before = rounds > 0
    # Rows labelled outside these draws have propensity 1: they represent only themselves, and are not drawn.
    offered = asked & (~labelled | drawn_before)
    vacant = np.flatnonzero(offered & ~labelled)
    if not vacant.size:
        message = f"Task {task!r}: none of {len(samples)} samples is left to label (rung {laid.rungs[0]!r})."
        raise DataError(message)
    sure = probabilities(laid, policy)
    weight = (
        weigh_for_estimate(sure)
        if bound is None
        else weigh_for_certificate(sure, bound=bound.value, per_accepted=isinstance(bound, MaxError), harmless=harmless)
    )
    number = 1 + int(rounds.max())
    # Rows labelled in an earlier round get a propensity too: their overall propensity must count this round.
    pi = np.ones(len(laid))
    pi[offered] = spread_budget(weight[offered], labels, vacant=~labelled[offered])
    salt = f"{SALT}:{seed}"
    chosen = np.zeros(len(laid), dtype=bool)
    order = laid.take(vacant).u("", salt=salt, purpose=f"label-{number}")
    start = unit(salt=salt, purpose=f"label-start-{number}", task=task, rung="", request_id="")
    chosen[vacant] = draw(pi[vacant], order, start)
    earlier = np.where(drawn_before, [sample.propensity for sample in samples], 0.0)
    ever = np.clip(1.0 - (1.0 - earlier) * (1.0 - pi), 0.0, 1.0)
    written = [
        marked(sample, Mark(round=number, chosen=bool(chosen[i])), propensity=float(ever[i])) if offered[i] else sample
        for i, sample in enumerate(samples)
    ]
    return WorkList(
        samples=tuple(written),
        round=number,
        n_labelled=int((labelled & ~harmless).sum()),
        n_harmless=int(harmless.sum()),
        n_chosen=int(chosen.sum()),
        smallest=float(pi[vacant].min()),
        accuracy=_accuracy(laid, samples, drawn_before, proxy),
    )


def probabilities(laid: Table, policy: TaskPolicy | None) -> Floats:
    """Return confidences of the answers below the reference, (n,) in [0, 1]: of the last rung asked below the top."""
    points = [] if policy is None else [point for point in policy.points if len(point.rungs) > 1]
    if not points:
        return _from_labels(laid)
    point = max(points, key=lambda item: item.weight)
    served = apply_point(laid.on(point.rungs), point, salt=SALT)
    sure = np.zeros(len(laid))
    for k in range(len(point.rungs) - 1):
        sure = np.where(served.reached[:, k], served.confidence[:, k], sure)
    return np.nan_to_num(sure)


def _from_labels(laid: Table) -> Floats:
    rung = laid.rungs[0]
    rows, names = feature_rows(laid, rung, {})
    known = ~np.isnan(laid.correct[:, 0]) & laid.present[:, 0] & ~laid.vetoed[:, 0]
    if not known.any():
        return np.full(len(laid), 0.5)
    fitted = fit_combiner(rows[known], laid.correct[known, 0], names, seed=0)
    return np.where(laid.forced[:, 0] | ~laid.present[:, 0], 0.0, fitted.confidences(rows, names))


def _accuracy(laid: Table, samples: Sequence[Sample], drawn: Flags, proxy: str | None) -> Estimate | None:
    """Estimate the first rung's accuracy; None with too few labels, or if some rows had propensity 0."""
    names = laid.names[laid.rungs[0]]
    if proxy is not None and proxy not in names:
        message = f"Task {laid.task!r}: no verifier {proxy!r} was recorded or computed; there are {', '.join(names)}."
        raise DataError(message)
    correct = laid.correct[:, 0]
    labelled, there = ~np.isnan(correct), laid.present[:, 0]
    # Before the first draw the labels count as a uniform sample; after it, rows outside the draw are not represented.
    spoken_for = not drawn.any() or bool(np.all((labelled | drawn)[there]))
    if np.count_nonzero(labelled & there) < 2 or not spoken_for:
        return None
    return estimate_mean(
        correct[there],
        propensity=np.array([sample.propensity for sample in samples])[there],
        proxy=None if proxy is None else laid.rows[laid.rungs[0]][there, names.index(proxy)],
    )
