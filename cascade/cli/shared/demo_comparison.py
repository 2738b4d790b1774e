"""Comparison of the demo: its run against each model alone, their mixes, and mere escalation rates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cascade.cli.shared.demo_files import TASK
from cascade.cli.shared.terminal import dollars, percent, stdout

if TYPE_CHECKING:
    from calibration.samples.grade import Graded
    from cascade.config import Config
    from cascade.policy.policy import Policy
    from cascade.result import Result

OTHER_TARGETS = (0.10, 0.25, 0.50)
"""Escalation rates, to compare."""


def show_comparison(results: Sequence[Result[Any]], alone: Graded) -> None:
    """Show accuracy and cost beside those of each model alone on the same orders."""
    usd = {
        rung: sum(sample.recordings[rung].response.cost_usd or 0.0 for sample in alone.samples)
        for rung in alone.accuracy
    }
    rows = [(f"always {rung}", accuracy, usd[rung]) for rung, accuracy in alone.accuracy.items()]
    right = [
        sample.recordings[result.rung].correct or 0.0 if result.rung is not None else 0.0
        for result, sample in zip(results, alone.samples, strict=True)
    ]
    rows.append(("the cascade", sum(right) / len(right), sum(result.cost_usd for result in results)))
    top_usd = usd[list(usd)[-1]]
    _show(
        f"{len(right)} fresh orders, nominal prices",
        ("", "exactly right", "cost", "of always-top"),
        [(name, percent(accuracy), dollars(cost), percent(cost / top_usd)) for name, accuracy, cost in rows],
    )


def show_hull(config: Config, policy: Policy, alone: Graded) -> None:
    """Say where the cascade stands against single models and their random mixes, by a replay on the same orders."""
    from calibration import replay
    from calibration.fit.complete import with_schemas
    from cascade.stats.single_mix import place_words

    replayed = replay(with_schemas(alone.samples, config), policy, config.ladder)
    found, told = replayed.to_json()["tasks"][TASK], replayed.baselines[TASK]
    lost = 100.0 * (found["accuracy_top"] - found["accuracy"]["value"])
    said = f"{lost:.1f} points less often right than the large model, for {percent(found['cost_vs_top'])} of its cost."
    if told.hull is not None and told.hull.below is not True:
        hull = told.hull
        lead = (hull.lead, hull.low, hull.high)
        place = place_words(hull.mix, hull.mix_accuracy, lead, below=hull.below, n=hull.n)
        said += f" Against the hull of single models, {place}, the cascade in {percent(told.hull.accuracy)}."
    stdout().print(" ".join((said, *told.sentences)), highlight=False, markup=False, soft_wrap=True)


def show_other_targets(config: Config, learnt: Graded, alone: Graded) -> None:
    """Show the outcome of other targets: fitted on the samples, replayed on the fresh orders, no call made."""
    from calibration import EscalationRate, replay
    from calibration.fit.complete import with_schemas
    from calibration.fit.fit import calibrate

    fitting, testing = with_schemas(learnt.samples, config), with_schemas(alone.samples, config)
    rows = []
    for rate in OTHER_TARGETS:
        policy = calibrate(fitting, config.ladder, target=EscalationRate(rate))
        found = replay(testing, policy, config.ladder).to_json()["tasks"][TASK]
        place = None if found["hull"] is None else found["hull"]["below"]
        rows.append(
            (
                percent(rate),
                percent(found["escalation_rate"]["value"]),
                percent(found["accuracy"]["value"]),
                percent(found["cost_vs_top"]),
                {True: "below", False: "above", None: "within chance"}[place],
            )
        )
    _show(
        "Mere escalation rates, replayed on the same orders",
        ("target", "escalated", "exactly right", "of always-top's cost", "the hull"),
        rows,
    )


def label(log: str | Path, results: Sequence[Result[Any]], alone: Graded) -> None:
    """Write labels of each rung's answer to the decision log: the demo has the gold answers."""
    from cascade.log import open_log

    held = open_log(log)
    try:
        for rung in alone.accuracy:
            labels = [
                (result.decision_id, sample.recordings[rung].correct or 0.0)
                for result, sample in zip(results, alone.samples, strict=True)
            ]
            held.labels(labels, rung=rung, source="gold")
    finally:
        held.close()


def _show(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold")
    for heading in headings:
        table.add_column(heading, justify="right" if heading else "left")
    for row in rows:
        table.add_row(*row, style="bold" if row[0] == "the cascade" else None)
    stdout().print(table)
