"""Assessment without labels: what a policy would save at what disagreement with the reference; worth it, or not.

Everything is estimated out of fold on the rows that a certificate learns from (`same_split`), never on those that it
certifies on: whoever reads this and then chooses a bound has not looked at them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from calibration.arrays import Floats
from calibration.assess.assessment import Verdict
from calibration.assess.worth import LEVEL, Estimate
from calibration.certify.shortfall import enough_draws
from calibration.combine.rung_fits import RungFits
from calibration.samples.layout import Layout, lay_out_tasks
from calibration.samples.learned import apply_scorers
from calibration.samples.pairs import Pairs, pairs_of_sameness
from calibration.samples.same_figures import few_are_same, repeat_figures, same_shares
from calibration.samples.sameness import Sameness
from calibration.samples.subladders import list_subladders
from calibration.stats.estimates import estimate
from calibration.stats.split import LEARN
from calibration.thresholds.evidence import Evidence, ParetoPolicy
from calibration.thresholds.pareto_policies import share_up
from calibration.thresholds.path import policy_path
from cascade.display.numbers import count, percent, span
from cascade.exchange import EMPTY
from cascade.ladder import Ladder
from cascade.prices import PriceBook
from cascade.samples.sample import Sample
from cascade.stats.influence import measure_mean, ratio_interval

BOUNDS = (0.01, 0.02, 0.05, 0.1)
"""Disagreements for which the saving is estimated."""

EXPECTED = 0.6
"""Greatest expected disagreement of a policy, as a share of the bound, as of a certificate's candidates."""

MIN_LEARN = 20
"""Least rows to learn from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtBound:
    """What the cheapest policy that should keep a bound on disagreement saves; estimates, not certified."""

    bound: float
    """The bound on disagreement, in (0, 1)."""

    rungs: tuple[str, ...]
    """The rungs that the policy asks."""

    disagreement: Estimate
    """Share of requests answered otherwise than by the reference, out of fold, with its 90 % interval."""

    saved: Estimate
    """Saving as a share of always asking the reference, verifiers deducted; −0.1: it costs a tenth more."""

    mix_saved: float
    """What a random mix of a rung and the reference would save at the same disagreement, without any verifier."""

    kept: bool
    """Whether the whole interval of the disagreement lies within the bound."""

    more: int | None
    """About how many more recorded requests a certificate of this bound needs; 0: these may do; None: no number
    suffices at the rate seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DisagreementAssessment:
    """Assessment of one task by answers that are the same as the reference's; no label is used."""

    task: str
    """The task."""

    verdict: Verdict
    """worth it, not worth it, or cannot tell."""

    why: str
    """The reason, in a sentence."""

    reference: str
    """The rung that answers are compared with."""

    n: int
    """Requests on which answers could be compared."""

    n_learnt: int
    """Those of them that the estimates are made on; the others are left for a certificate."""

    same: Mapping[str, Any]
    """By rung: how often it says what the reference says; see `same_shares`."""

    repeats: Mapping[str, Any] | None
    """How often the reference differs from itself; see `repeat_figures`."""

    bounds: tuple[AtBound, ...]
    """What is saved at which disagreement, where something is."""

    warnings: tuple[str, ...]
    """What makes a bound on disagreement useless here."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {"by": "disagreement", **asdict(self)}


def assess_samples(
    samples: Sequence[Sample],
    ladder: Ladder,
    *,
    sameness: Sameness | None = None,
    prices: PriceBook | None = None,
    seed: int = 0,
    choose_rungs: bool = False,
    abstains: bool = False,
) -> DisagreementAssessment:
    """Lay out the samples of one task, and assess them; arguments as of `assess_disagreement`.

    Raises:
        DataError: no sample has recordings of the reference and of a rung below it.
    """
    task = samples[0].request.task
    parts = {task: list_subladders(ladder.of(task).names, choose=choose_rungs)}
    seen = apply_scorers(samples, ladder, [task], EMPTY)  # without labels nothing is learnt
    layout = lay_out_tasks(
        seen, ladder, {task: len(samples)}, parts, sameness=sameness or Sameness(), contents=True, prices=prices
    )[task]
    return assess_disagreement(layout, seed=seed, choose_rungs=choose_rungs, abstains=abstains)


def assess_disagreement(
    layout: Layout, *, seed: int = 0, choose_rungs: bool = False, abstains: bool = False
) -> DisagreementAssessment:
    """Assess a task by sameness with the reference.

    Args:
        layout: the samples, laid out with sameness and contents.
        seed: of the folds.
        choose_rungs: whether rungs may be left out.
        abstains: whether the task gives no answer where the last rung's was vetoed.

    Raises:
        DataError: no sample has recordings of the reference and of a rung below it.
    """
    pairs = pairs_of_sameness(layout, abstains=abstains)
    learnt, reference = pairs.learnt, layout.table.rungs[-1]
    shares = same_shares(layout)
    bounds: tuple[AtBound, ...] = ()
    verdict: Verdict = "cannot tell"
    whole = np.all(learnt.table.present, axis=1)
    if whole.sum() < MIN_LEARN:
        least = math.ceil(MIN_LEARN / LEARN)
        why = (
            f"{count(int(whole.sum()))} of {count(len(pairs.table))} compared requests are there to learn from, with "
            f"every rung's answer; {MIN_LEARN} were expected, so about {least} compared requests."
        )
    else:
        bounds = _bounds(pairs, seed=seed, choose_rungs=choose_rungs)
        verdict, why = _decide(bounds, reference)
    return DisagreementAssessment(
        task=layout.table.task,
        verdict=verdict,
        why=why,
        reference=reference,
        n=len(pairs.table),
        n_learnt=int(whole.sum()),
        same=shares,
        repeats=repeat_figures(layout),
        bounds=bounds,
        warnings=few_are_same(shares),
    )


def _bounds(pairs: Pairs, *, seed: int, choose_rungs: bool) -> tuple[AtBound, ...]:
    learnt = pairs.learnt
    path = policy_path(RungFits(learnt.table, seed=seed, any_class=True), seed=seed, choose_rungs=choose_rungs)
    top, *cheaper = path.pareto_policies
    harm = learnt.harm[np.all(learnt.table.present, axis=1)]
    found = []
    for bound in BOUNDS:
        likely = [one for one in cheaper if top.quality - one.quality <= EXPECTED * bound]
        if likely:
            policy = min(likely, key=lambda one: one.cost_usd)
            found.append(_at(bound, policy, path.evidence, harm, len(pairs.table)))
    if not found and cheaper:
        found.append(_at(BOUNDS[-1], cheaper[0], path.evidence, harm, len(pairs.table)))
    return tuple(found)


def _at(bound: float, policy: ParetoPolicy, evidence: Evidence, harm: Floats, n: int) -> AtBound:
    differs, cost = serve_shares(evidence, policy, harm)
    groups = evidence.table.groups if any(evidence.table.groups) else None
    top = evidence.costs(evidence.table.rungs[-1:])[:, 0]
    saving, whole = measure_mean(top - cost), measure_mean(top)
    low, high = ratio_interval(saving, whole, LEVEL, groups)
    rate = estimate(differs, groups)
    saved = saving.value / whole.value if whole.value else 0.0
    # The certifying part is the rest of the rows; the level is that of a first look.
    enough = enough_draws(float(differs.sum()), len(differs), bound, (1.0 - LEVEL) / 2.0)
    return AtBound(
        bound=bound,
        rungs=policy.rungs,
        disagreement=Estimate(value=rate["value"] or 0.0, low=rate["low"], high=rate["high"]),
        saved=Estimate(value=saved, low=_finite(low), high=_finite(high)),
        mix_saved=mix_saving(evidence, harm, rate["value"] or 0.0),
        kept=rate["high"] is not None and rate["high"] <= bound,
        more=None if enough is None else max(0, math.ceil(enough / (1.0 - LEARN)) - n),
    )


def serve_shares(evidence: Evidence, policy: ParetoPolicy, harm: Floats) -> tuple[Floats, Floats]:
    """Return each row's expected harm and cost under a policy, (m,) each, by out-of-fold confidences.

    `harm` (m, K) of serving each rung of the evidence's table. Rows of a tie are shared out as the policy does in
    expectation.
    """
    rungs = policy.rungs
    part, held, cost = evidence.table.on(rungs), evidence.confidences(rungs), evidence.costs(rungs)
    columns = [evidence.table.rungs.index(rung) for rung in rungs]
    live = np.ones(len(part))
    differs, spent = np.zeros(len(part)), np.zeros(len(part))
    for k, column in enumerate(columns):
        up = np.zeros(len(part))
        spent += live * cost[:, k]
        if k + 1 < len(rungs):
            forced = part.forced[:, k]
            up = share_up((held[:, k], held[:, k]), policy.rates[k], (forced, forced), (live, live))[0]
        differs += (live - up) * harm[:, column]
        live = up
    return differs, spent


def mix_saving(evidence: Evidence, harm: Floats, differs: float) -> float:
    """Return the greatest saving, as a share, of a random mix of one rung and the reference that differs so often."""
    rungs = evidence.table.rungs
    top = float(evidence.costs(rungs[-1:]).mean())
    best = 0.0
    for k, rung in enumerate(rungs[:-1]):
        alone = float(harm[:, k].mean())
        share = 1.0 if alone <= differs else differs / alone
        best = max(best, share * (1.0 - float(evidence.costs((rung,)).mean()) / top) if top else 0.0)
    return best


def _decide(bounds: tuple[AtBound, ...], reference: str) -> tuple[Verdict, str]:
    """Return the verdict and its reason, from the estimates at every bound."""
    if not bounds:
        return "not worth it", f"Nothing below {reference} costs less: ask it alone."
    good = next((one for one in bounds if one.kept and _beats(one)), None)
    if good is not None:
        certain = "these requests may do" if good.more == 0 else f"about {count(good.more or 0)} more are needed"
        last = "" if good.more is None else f" To certify at most {percent(good.bound)}, {certain}."
        alone = len(good.rungs) == 1
        mix = "" if alone else f"; a random mix would save {percent(good.mix_saved)}"
        return "worth it", (
            f"{f'{good.rungs[0]} alone' if alone else 'It'} saves {_span(good.saved)} of always {reference}, and "
            f"answers otherwise than it in {_span(good.disagreement)} of requests{mix}.{last}"
        )
    if all(one.saved.high is not None and one.saved.high <= 0.0 for one in bounds):
        return "not worth it", f"Whatever is answered below {reference}, nothing is saved."
    least = bounds[-1]
    if least.disagreement.low is not None and least.disagreement.low > least.bound:
        return "not worth it", (
            f"The safest policy that saves anything answers otherwise than {reference} in {_span(least.disagreement)} "
            "of requests: the verifiers tell too little apart. A share of requests at random would save less, and "
            "differ less."
        )
    kept = [one for one in bounds if one.kept]
    if kept and not any(one.saved.value > one.mix_saved for one in kept):
        return "not worth it", (
            f"A random mix saves as much at the same disagreement ({percent(kept[-1].mix_saved)} against "
            f"{percent(kept[-1].saved.value)}): the verifiers tell too little apart."
        )
    return "cannot tell", (
        f"It may save {_span(least.saved)} of always {reference}, and may answer otherwise than it in "
        f"{_span(least.disagreement)} of requests: more recorded requests decide."
    )


def _beats(one: AtBound) -> bool:
    """Return whether a policy surely saves something, and more than a random mix; a model alone is no mix."""
    saves = one.saved.low is not None and one.saved.low > 0.0
    return saves and (len(one.rungs) == 1 or one.saved.value > one.mix_saved)


def _span(found: Estimate) -> str:
    return span(found.value, found.low, found.high)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
