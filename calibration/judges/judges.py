"""Judge ranking on recorded verdicts: upper bound of the false-accept rate, AUROC, cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from calibration.assess.worth import Estimate, estimated
from calibration.stats.margin import Groups, bound_mean
from calibration.stats.measures import brier, ece
from calibration.stats.rate import escalates, expected_rate, fit_threshold
from cascade.errors import ConfigError, DataError
from cascade.samples.sample import Sample
from cascade.stats.auroc import measure_auroc

TRUE_ACCEPT = 0.9
"""True-accept rate at which judges are compared (equal use)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EqualUse:
    """A judge at its threshold of equal use, where all judges have the same true-accept rate."""

    true_accept: float
    """The expected true-accept rate; less than asked for if more right answers never pass."""

    t: float
    """The threshold: an answer passes above it, and at it with probability 1 − g. Fitted on the right answers."""

    g: float
    """The share of ties at `t` that does not pass."""

    false_accept: Estimate
    """False-accept rate: share of wrong answers that pass; `high` holds for all judges at once, with the confidence
    asked for. The threshold does not depend on the wrong answers, so the bound is exact, as at a fixed mark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeRank:
    """Figures of one judge, on the answers that all judges were shown."""

    judge: str
    """The name of its recorded verdicts."""

    n: int
    """Labelled answers."""

    n_wrong: float
    """Number of wrong ones; a fractional label counts as the nearer class."""

    false_accept: Estimate | None
    """False-accept rate: share of wrong answers that it passes at the pass mark. `high` holds for all judges at once,
    with the confidence asked for."""

    true_accept: float | None
    """True-accept rate: share of right answers that it passes at the pass mark, which may suit only some judges."""

    equal: EqualUse | None
    """Figures at equal use; None where no answer is right."""

    auroc: Estimate | None
    """AUROC of right against wrong answers; an abstention ranks as 0."""

    ece: float | None
    """Expected calibration error of its scores taken as probabilities."""

    brier: float | None
    """Brier score."""

    abstained: float
    """Share of answers on which it abstains; these do not pass."""

    cost_usd: float
    """Mean cost of a verdict in US dollars."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Judges, the best first."""

    judges: tuple[JudgeRank, ...]
    """By the upper bound of the false-accept rate, then AUROC, then cost."""

    ranked_by: Literal["equal use", "pass mark"]
    """Where that rate is measured: at equal use, or at the pass mark."""

    pass_at: float
    """The score from which on an answer passes."""

    confidence: float
    """Confidence with which all upper bounds hold at once."""

    n_left_out: int
    """Labelled answers without a verdict of some judge."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return asdict(self)


def rank_judges(
    samples: Iterable[Sample],
    judges: Sequence[str],
    *,
    rungs: Sequence[str] | None = None,
    pass_at: float = 0.5,
    true_accept: float | None = TRUE_ACCEPT,
    confidence: float = 0.9,
) -> Ranking:
    """Rank judges by their recorded verdicts on labelled answers; all on the same answers.

    Bounds are exact at (1 − confidence) / judges (Bonferroni), so that the choice of the best is covered. Answers of
    several rungs to one request, and samples of one group, are not independent and count as one group.

    Args:
        samples: recorded, with verdicts and labels.
        judges: names of recorded verdicts.
        rungs: only answers of these; None: all.
        pass_at: the score from which on an answer passes, in [0, 1].
        true_accept: the true-accept rate, in (0, 1), at which judges are ranked: judges use their scales differently,
            so one pass mark does not fit all. None: rank at the pass mark.
        confidence: of the upper bounds, in (0, 1).

    Raises:
        ConfigError: a judge has no recorded verdict, or a number is out of range.
        DataError: no labelled answer has a verdict of every judge, or none is wrong.
    """
    wanted = TRUE_ACCEPT if true_accept is None else true_accept
    if not 0.0 < confidence < 1.0 or not 0.0 <= pass_at <= 1.0 or not 0.0 < wanted < 1.0:
        message = (
            f"found confidence {confidence}, a pass mark of {pass_at} and a share of {wanted} right answers; numbers "
            "in (0, 1), [0, 1] and (0, 1) were expected"
        )
        raise ConfigError(message)
    scores: list[list[float]] = []
    costs: list[list[float]] = []
    correct: list[float] = []
    groups: list[str] = []
    seen: set[str] = set()
    left_out = 0
    for sample in samples:
        for rung, recording in sample.recordings.items():
            if recording.correct is None or (rungs is not None and rung not in rungs):
                continue
            verdicts = [recording.verdicts.get(name) for name in judges]
            seen.update(name for name, verdict in zip(judges, verdicts, strict=True) if verdict is not None)
            if any(verdict is None for verdict in verdicts):
                left_out += 1
                continue
            given = [verdict for verdict in verdicts if verdict is not None]
            scores.append([0.0 if one.veto else np.nan if one.score is None else one.score for one in given])
            costs.append([one.cost_usd for one in given])
            correct.append(recording.correct)
            groups.append(f"{sample.request.task}\n{sample.request.group or sample.request.id}")
    absent = [name for name in judges if name not in seen]
    if absent:
        message = f"No labelled answer has a recorded verdict of {absent[0]!r}; record some with `cascade explore`."
        raise ConfigError(message)
    if not correct or min(correct) == 1.0:
        found = "no labelled answer has a verdict of every judge" if not correct else "no labelled answer is wrong"
        message = f"The judges cannot be ranked: {found}; some answers known to be wrong are needed."
        raise DataError(message)
    table, paid, y = np.array(scores), np.array(costs), np.array(correct)
    delta = (1.0 - confidence) / len(judges)
    ranked = [
        _rank(name, table[:, j], paid[:, j], y, groups, pass_at=pass_at, true_accept=wanted, delta=delta)
        for j, name in enumerate(judges)
    ]
    ranked.sort(key=lambda one: _key(one, equal=true_accept is not None))
    return Ranking(
        judges=tuple(ranked),
        ranked_by="pass mark" if true_accept is None else "equal use",
        pass_at=pass_at,
        confidence=confidence,
        n_left_out=left_out,
    )


def _rank(
    name: str,
    scores: np.ndarray[Any, np.dtype[np.float64]],
    costs: np.ndarray[Any, np.dtype[np.float64]],
    y: np.ndarray[Any, np.dtype[np.float64]],
    groups: Groups,
    *,
    pass_at: float,
    true_accept: float,
    delta: float,
) -> JudgeRank:
    told = ~np.isnan(scores)
    passes = (told & (np.nan_to_num(scores, nan=-1.0) >= pass_at)).astype(float)
    wrong, right = y < 0.5, y >= 0.5  # a fractional label counts as the nearer class
    own = [groups[int(i)] for i in np.flatnonzero(wrong)]
    margin = bound_mean(passes[wrong], delta, groups=own)
    auroc = measure_auroc(np.where(told, scores, 0.0), y)
    return JudgeRank(
        judge=name,
        n=len(y),
        n_wrong=float(wrong.sum()),
        false_accept=None if margin.value is None else Estimate(value=margin.value, low=margin.low, high=margin.high),
        true_accept=float(passes[right].mean()) if right.any() else None,
        equal=_equal(scores, right, own, true_accept=true_accept, delta=delta) if right.any() else None,
        auroc=None if auroc is None else estimated(auroc, tuple(groups)),
        ece=ece(scores, y),
        brier=brier(scores, y),
        abstained=1.0 - float(told.mean()),
        cost_usd=float(costs.mean()),
    )


def _equal(
    scores: np.ndarray[Any, np.dtype[np.float64]],
    right: np.ndarray[Any, np.dtype[np.bool_]],
    groups: Groups,
    *,
    true_accept: float,
    delta: float,
) -> EqualUse | None:
    """Return a judge's figures at equal use; `groups` are those of the wrong answers. None if no answer is wrong."""
    abstains, ranked = np.isnan(scores), np.nan_to_num(scores)
    t, g = fit_threshold(ranked[right], 1.0 - true_accept, vetoed=abstains[right])
    u = np.random.default_rng(0).random(len(ranked))  # only breaks ties
    passes = ~escalates(ranked, u, t, g, vetoed=abstains)
    margin = bound_mean(passes[~right].astype(float), delta, groups=groups)
    if margin.value is None:
        return None
    return EqualUse(
        true_accept=1.0 - expected_rate(ranked[right], t, g, vetoed=abstains[right]),
        t=t,
        g=g,
        false_accept=Estimate(value=margin.value, low=margin.low, high=margin.high),
    )


def _key(judge: JudgeRank, *, equal: bool) -> tuple[float, float, float]:
    found = judge.false_accept if not equal else None if judge.equal is None else judge.equal.false_accept
    bound = 1.0 if found is None or found.high is None else found.high
    return bound, -(judge.auroc.value if judge.auroc else 0.5), judge.cost_usd
