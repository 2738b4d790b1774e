"""A certified task policy from one table: learnt from one part of the rows, certified on the other."""

from __future__ import annotations

from collections.abc import Sequence

from calibration.certify.candidates import list_candidates, weigh_caution
from calibration.certify.certificate import Certified
from calibration.certify.certification import certify
from calibration.combine.rung_fits import RungFits
from calibration.samples.table import Flags, Table
from calibration.stats.split import number_groups, split_rows
from calibration.targets.bound import Bound, MaxLoss
from calibration.thresholds.path import policy_path
from cascade.policy.policy import SALT


def fit_certified(
    laid: Table,
    bound: Bound,
    *,
    tasks: int = 1,
    seed: int = 0,
    choose_rungs: bool = False,
    same: Flags | None = None,
    chosen: Flags | None = None,
    label_sources: Sequence[str] = (),
    salt: str = SALT,
) -> Certified:
    """Split the rows of a task, groups whole, learn combiners and path on one part, and certify on the other.

    What is certified is served as it is: nothing is fitted again on all rows.

    Args:
        laid: the samples of the task.
        bound: what to certify.
        tasks: how many tasks share 1 − confidence.
        seed: of split, folds and draws.
        choose_rungs: whether rungs may be left out.
        same: whether an answer is the reference's, (n, K); see `sameness`.
        chosen: which rows were drawn for labelling, (n,); None: all that are labelled.
        label_sources: who labelled.
        salt: of the hashed choices, as in the policy.

    Raises:
        DataError: the part to learn from has too few labels, or labels of one kind only.
    """
    first = split_rows(laid.groups, seed=seed)
    learnt = laid.take(first)
    path = policy_path(RungFits(learnt, seed=seed), seed=seed, choose_rungs=choose_rungs)
    verification = laid.take(~first)
    draws = int(number_groups(verification.groups).max(initial=-1)) + 1
    caution = weigh_caution(draws, bound) if isinstance(bound, MaxLoss) else 0.0
    return certify(
        verification,
        list_candidates(path, bound, caution=caution),
        bound,
        delta=bound.delta / tasks,
        salt=salt,
        tasks=tasks,
        learnt=learnt,
        same=None if same is None else same[~first],
        chosen=None if chosen is None else chosen[~first],
        label_sources=label_sources,
        seed=seed,
    )
