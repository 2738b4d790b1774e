"""What one more verdict buys on the recorded sets: AUROC and cost at equal loss, with and without it, on held-out rows.

    python -m benchmarks.extra_verdicts learned|arithmetic|voter [--splits 10] [--n 300]

Each split draws n labels (at most half of the rows), fits the combiners on them with calibration's own code, without
and with the verdict, and tries both on all other rows: there answers are accepted from the most confident down, as far
as one point of accuracy is lost against the reference. What the verdict costs is in the cost. Prints a table of
RESULTS/worth.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.recorded_sets import FOLDER, PAIRS
from benchmarks.splits import splits
from calibration.arrays import Floats
from calibration.assess.imagined import cost_at_loss
from calibration.combine.learned_gain import pays
from calibration.combine.rung_fits import RungFits
from calibration.samples.columns import answer_cost
from calibration.samples.learned import LearnedSamples
from calibration.samples.recorded import recorded_ladder
from calibration.samples.replayed import confidences, goes_up
from calibration.samples.scorer_fits import fit_scorers
from calibration.samples.table import Table, lay_out
from calibration.stats.rate import fit_threshold
from cascade.policy.operating_point import Threshold
from cascade.policy.text_scorer import hash_words
from cascade.prices import PriceBook
from cascade.samples.jsonl import read_samples
from cascade.samples.sample import Sample
from cascade.stats.auroc import measure_auroc
from cascade.verdict import Verdict
from verifiers import Agreement, Arithmetic, Learned

LOSS = 0.01
"""Accuracy that may be lost against the reference."""
RATE = 0.25
"""Escalation rate that thresholds are fitted for."""
HEAD = (
    "| set | verdict | n | alone | given the confidence | AUROC without → with | cost without → with | cheaper in | "
    "rate at 25 %, without, with |"
)
RULE_HEAD = "| set | without | with | kept in | by the rule |"
BINS = 10
"""Equal parts of the confidence within which a verdict is compared with itself."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One split: without and with the verdict, on rows that nothing was fitted on."""

    auroc: tuple[float, float]
    given: float
    cost: tuple[float, float]
    rate: tuple[float, float]


def main() -> None:
    """Print a row a set, or a row a set and voter."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("verdict", choices=("learned", "arithmetic", "voter"))
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--n", type=int, default=300)
    parser.add_argument("--rule", action="store_true", help="of learned: as calibrate does, only where it pays")
    parser.add_argument("--sets", nargs="*", default=list(PAIRS))
    chosen = parser.parse_args()
    print(RULE_HEAD if chosen.rule else HEAD)
    print("|---" * (5 if chosen.rule else 9) + "|")
    for name in chosen.sets:
        samples = list(read_samples(FOLDER / f"{name}.jsonl.gz"))
        for label, rows in _with_verdict(chosen.verdict, name, samples):
            (_show_rule if chosen.rule else _show)(name, label, rows, chosen.splits, chosen.n)


def _with_verdict(kind: str, name: str, samples: list[Sample]) -> list[tuple[str, list[Sample]]]:
    """Return the samples once for each verdict to try: as they are, or with that of a voter recorded."""
    if kind != "voter":
        return [(kind, samples)]
    usd = {
        model: np.mean([_usd(one, model) for one in samples if model in one.recordings])
        for model in dict.fromkeys(rung for one in samples for rung in one.recordings)
    }
    if len(usd) < 4:
        return []
    others = sorted((model for model in usd if model not in PAIRS[name]), key=lambda model: float(usd[model]))
    return [(model, [_voted(one, PAIRS[name][0], model) for one in samples]) for model in others[:2]]


def _usd(sample: Sample, model: str) -> float:
    recording = sample.recordings[model]
    return answer_cost(recording.response, recording.model, PriceBook()) or 0.0


def _voted(sample: Sample, rung: str, voter: str) -> Sample:
    """Return a sample whose recording of the rung has the voter's verdict, at the price of the voter's answer."""
    if voter not in sample.recordings or rung not in sample.recordings:
        return sample
    judge, own = Agreement(model=voter, name="voter"), sample.recordings[rung]
    field = sample.request.answer_field
    final = judge._final(own.response, field)  # noqa: SLF001 - as its flow does, with a recorded answer
    said = judge._share(final, [sample.recordings[voter].response], field)  # noqa: SLF001
    verdict = Verdict(name="voter", score=said.score, cost_usd=_usd(sample, voter))
    own = replace(own, verdicts={**own.verdicts, "voter": verdict})
    return replace(sample, recordings={**sample.recordings, rung: own})


def _show(name: str, label: str, samples: list[Sample], count: int, n: int) -> None:
    pair, task = PAIRS[name], samples[0].request.task
    both = [one for one in samples if all(rung in one.recordings for rung in pair)]
    plain = [item for item in recorded_ladder(samples, pair, None)[0].verifiers if item.name != "voter"]
    more = {"arithmetic": Arithmetic(), "learned": Learned()}.get(label, "voter")
    verdict = more if isinstance(more, str) else more.name
    without = lay_out(task, both, recorded_ladder(samples, pair, plain))
    ladder = recorded_ladder(samples, pair, [*plain, more])
    whole = lay_out(task, both, ladder)  # a verdict that learns is out of fold here
    fitted = min(n, len(both) // 2)
    tried: list[Tried] = []
    for seed, (fit, rest) in enumerate(splits(len(both), fitted, "grouped", count=count, groups=whole.groups)):
        table = whole
        if label == "learned":
            scorers = fit_scorers([both[int(i)] for i in fit], ladder, [task], seed=seed)
            table = lay_out_learned(whole, both, scorers, fit)
        tried.append(_tried((without, table), verdict, fit, rest, seed))
    mean = {key: np.mean([getattr(one, key) for one in tried], axis=0) for key in ("auroc", "given", "cost", "rate")}
    won = np.mean([one.cost[1] < one.cost[0] - 1e-9 for one in tried])
    lost = np.mean([one.cost[1] > one.cost[0] + 1e-9 for one in tried])
    alone = _auroc(_column(whole, verdict), whole)
    print(
        f"| {name} | {label} | {fitted} | {alone:.2f} | {mean['given']:.2f} | {mean['auroc'][0]:.3f} → "
        f"{mean['auroc'][1]:.3f} | {mean['cost'][0]:.1%} → {mean['cost'][1]:.1%} | {won:.0%}, dearer in {lost:.0%} | "
        f"{mean['rate'][0]:.1%}, {mean['rate'][1]:.1%} |",
        flush=True,
    )


def _show_rule(name: str, label: str, samples: list[Sample], count: int, n: int) -> None:
    """Print how often calibrate's rule keeps the verdict, and the cost without it, with it, and by the rule."""
    del label
    pair, task = PAIRS[name], samples[0].request.task
    both = [one for one in samples if all(rung in one.recordings for rung in pair)]
    plain = list(recorded_ladder(samples, pair, None)[0].verifiers)
    ladder = recorded_ladder(samples, pair, [*plain, Learned()])
    without, whole = lay_out(task, both, recorded_ladder(samples, pair, plain)), lay_out(task, both, ladder)
    fitted = min(n, len(both) // 2)
    found = []
    for seed, (fit, rest) in enumerate(splits(len(both), fitted, "grouped", count=count, groups=whole.groups)):
        scorers = fit_scorers([both[int(i)] for i in fit], ladder, [task], seed=seed)
        table = lay_out_learned(whole, both, scorers, fit)
        costs = _tried((without, table), "learned", fit, rest, seed).cost
        kept = pays(table.take(fit), pair[0], ("learned",), seed=seed)
        found.append((*costs, kept, costs[kept]))
    mean = np.mean(found, axis=0)
    print(f"| {name} | {mean[0]:.1%} | {mean[1]:.1%} | {mean[2]:.0%} | {mean[3]:.1%} |", flush=True)


def lay_out_learned(
    whole: Table, samples: Sequence[Sample], scorers: LearnedSamples | None, fit: NDArray[np.intp]
) -> Table:
    """Return the table with the column of scorers that were fitted on the rows `fit` (m,) only, there out of fold."""
    rung = whole.rungs[0]
    fitted = {} if scorers is None else scorers.scorers.get(whole.task, {})
    if scorers is None or rung not in fitted:
        scores = np.full(len(whole), np.nan)
    else:
        (scorer,) = fitted[rung].values()
        scores = np.array([scorer.score(hash_words(one.request, one.recordings[rung].response)) for one in samples])
        held = scorers.held_out[whole.task, rung]
        scores[fit] = np.where(np.isnan(held), scores[fit], held)
    rows = whole.rows[rung].copy()
    rows[:, whole.names[rung].index("learned")] = scores
    return replace(whole, rows={**whole.rows, rung: rows})


def _tried(
    tables: tuple[Table, Table], verdict: str, fit: NDArray[np.intp], rest: NDArray[np.intp], seed: int
) -> Tried:
    rung, salt = tables[0].rungs[0], str(seed)
    found: list[tuple[float, float, float, Floats]] = []
    for table in tables:
        learnt, held = table.take(fit), table.take(rest)
        fits = RungFits(learnt, seed=seed)
        sure = confidences(held, rung, fits.combiner((rung,)), {})
        t, g = fit_threshold(fits.served((rung,)), RATE, vetoed=learnt.forced[:, 0])
        up = goes_up(held, rung, sure, Threshold(t=t, g=g), salt=salt)
        found.append((_auroc(sure, held), _cost(held, sure), float(up.mean()), sure))
    (before, cheap, rate, without), (after, cost, other, _) = found
    held = tables[1].take(rest)
    given = _given(_column(held, verdict), without, held.correct[:, 0])
    return Tried(auroc=(before, after), given=given, cost=(cheap, cost), rate=(rate, other))


def _column(table: Table, verdict: str) -> Floats:
    """Return the first rung's column of a verdict, (n,); NaN where there is none."""
    names = table.names[table.rungs[0]]
    return table.rows[table.rungs[0]][:, names.index(verdict)] if verdict in names else np.full(len(table), np.nan)


def _auroc(sure: Floats, table: Table) -> float:
    rows = ~np.isnan(sure) & ~np.isnan(table.correct[:, 0])
    found = measure_auroc(sure[rows], table.correct[rows, 0])
    return float("nan") if found is None else found.value


def _cost(table: Table, sure: Floats) -> float:
    paid, dear = table.answer_usd[:, 0] + table.verifier_usd[:, 0], table.answer_usd[:, -1]
    known = ~np.isnan(table.correct[:, 0] + table.correct[:, -1] + paid + dear + sure)
    lost = table.correct[known, -1] - table.correct[known, 0]
    return cost_at_loss(sure[known], lost, ~table.forced[known, 0], paid[known], dear[known], LOSS)


def _given(extra: Floats, sure: Floats, correct: Floats) -> float:
    """Return the AUROC of a verdict among answers of like confidence: over the pairs within each tenth of it."""
    rows = ~np.isnan(extra + sure + correct)
    extra, sure, right = extra[rows], sure[rows], correct[rows] >= 0.5
    if not len(extra):
        return float("nan")
    place = np.argsort(np.argsort(sure, kind="stable"), kind="stable") * BINS // len(sure)
    won = pairs = 0.0
    for part in range(BINS):
        good, bad = extra[(place == part) & right], extra[(place == part) & ~right]
        apart = good[:, None] - bad[None, :]
        won += float((apart > 0.0).sum() + 0.5 * (apart == 0.0).sum())
        pairs += apart.size
    return won / pairs if pairs else float("nan")


if __name__ == "__main__":
    main()
