"""`cascade demo`: runs every step on the embedded models: explore, calibrate, run, report; no key, no network."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cascade.cli.shared.demo_comparison import label, show_comparison, show_hull, show_other_targets
from cascade.cli.shared.demo_files import TASK, as_samples, graded_file, prepare
from cascade.cli.shared.progress import progress
from cascade.cli.shared.terminal import interactive, percent, printable, stdout
from cascade.extras import require_extra

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calibration.samples.grade import Graded
    from cascade.config import Config
    from cascade.embedded.language import Order
    from cascade.policy.policy import Policy
    from cascade.result import Result

SAMPLES = 400
FRESH = 600
LOSS = 0.03
"""What the demo certifies: at most so much less often right than the large model."""
LEARNT_FROM = 20_251
"""Seed of the orders that the policy is fitted on."""
RUN_ON = 20_252
"""Seed of the fresh orders."""
TYPED = "Could you send 3, no, make that 5 red chairs to Lyon by 4 May?"

STORY = f"""\
A cascade asks a cheap model first, lets verifiers score the answer, and escalates to a dearer model only if the
confidence is low. Here three tiny models turn orders such as
  "{TYPED}"
into JSON. They come with the package, need no key and no network, and are called through litellm like any other model.
The language is a toy and the prices are nominal (no money is spent): watch the mechanics, not the savings."""

FILES = """\

All files are in {0}: cascade.yaml, samples.jsonl (recorded and graded), policy.json, results.jsonl,
fresh.jsonl (each model alone on the fresh orders), decisions.db. Go on with:

  cascade report {0}/decisions.db --by from
  cascade replay {0}/fresh.jsonl --policy {0}/policy.json
  cascade calibrate {0}/samples.jsonl -c {0}/cascade.yaml --target-escalation 0.1 -o {0}/policy-10.json
  cascade init        for your own models

This was a toy language at nominal prices: it shows the mechanics and the calibration, not the savings to expect."""


def demo(
    *,
    directory: Annotated[Path, typer.Option("--dir", metavar="DIR", help="Folder for its files.")] = Path("demo"),
    no_input: Annotated[bool, typer.Option("--no-input", help="Do not ask for a sentence.")] = False,
) -> None:
    """Run every step on embedded models in about a minute: explore, calibrate, run, report. No key, no network.

    Three tiny language models that come with the package read orders. The cascade is certified to be right at most 3
    points less often than the large model alone, runs on fresh orders, and reports. Language and prices are toys: the
    demo shows the mechanics and the calibration, not the savings to expect.
    """
    require_extra("fit", "scipy", use="The demo")
    from cascade.config import load_config
    from cascade.embedded.language import HELD_OUT_SEEDS, orders
    from cascade.settings import UncalibratedWarning

    warnings.simplefilter("ignore", UncalibratedWarning)
    _tell(STORY)
    config = load_config(prepare(directory))
    fresh = orders(FRESH, HELD_OUT_SEEDS[RUN_ON])
    learnt = _explore(config, orders(SAMPLES, HELD_OUT_SEEDS[LEARNT_FROM]), directory)
    policy = _calibrate(config, learnt, directory)
    results = _run(config, policy, fresh, directory)
    _compare(config, policy, results, fresh, learnt, directory)
    _take_apart(results, policy)
    if not no_input and interactive():
        _try(config, policy)
    _report(config)
    _tell(FILES.format(directory))


def _explore(config: Config, learnt: Sequence[Order], directory: Path) -> Graded:
    from cascade.bulk.exploration import explore_file

    _head(1, "Explore", f"{SAMPLES} orders, every model and every verifier on each.")
    output = directory / "samples.jsonl"
    with config.open(policy=False, log=False) as app, progress("Exploring", len(learnt)) as report:
        explored = explore_file(app, as_samples(learnt, "order"), output, concurrency=4, on_done=report)
    graded = graded_file(explored.samples, output)
    _tell("Exactly right: " + ", ".join(f"{rung} {percent(mean)}" for rung, mean in graded.accuracy.items()) + ".")
    return graded


def _calibrate(config: Config, learnt: Graded, directory: Path) -> Policy:
    from calibration import MaxLoss
    from calibration.fit.complete import with_schemas
    from calibration.fit.fit import calibrate

    points = f"{100 * LOSS:.0f} points"
    _head(2, "Calibrate", f"certified at most {points} less often right than always asking the large model.")
    samples = with_schemas(learnt.samples, config)
    policy = calibrate(samples, config.ladder, target=MaxLoss(LOSS), choose_rungs=True)
    policy.save(directory / "policy.json")
    task = policy.tasks[TASK]
    certificate, point = task.certificate or {}, task.points[0]
    if not task.certified:
        _tell(f"{task.why} Until then the large model alone serves.")
        return policy
    learnt_from = task.n - certificate["samples"]
    thresholds = ", then ".join(
        f"{rung} until its confidence is below {threshold.t:.3f}"
        for rung, threshold in zip(point.rungs, point.thresholds, strict=False)
    )
    _tell(
        f"Certified with {percent(1.0 - certificate['delta'])} confidence: on orders like these it is right at most "
        f"{points} less often than {task.reference}. It took {task.n} labelled orders: {learnt_from} "
        f"to learn from and {certificate['samples']} to test on; on these it cost "
        f"{percent(task.measured['cost_vs_top'])} of always asking {task.reference}.\n"
        f"The verifiers' scores are combined into one confidence: it asks {thresholds}, then {point.rungs[-1]}."
    )
    return policy


def _run(config: Config, policy: Policy, fresh: Sequence[Order], directory: Path) -> list[Result[Any]]:
    from cascade.bulk.batch import run_file

    _head(3, "Run", f"{FRESH} fresh orders, each climbing the ladder until an answer is accepted.")
    requests = [sample.request for sample in as_samples(fresh, "fresh")]
    done: dict[str, Result[Any]] = {}
    with config.open(policy=policy) as app, progress("Running", len(requests)) as report:

        def keep(count: int, spent: float, result: Result[Any] | None) -> None:
            report(count, spent)
            if result is not None:
                done[result.request_id] = result

        run_file(app, requests, directory / "results.jsonl", concurrency=4, overwrite=True, on_done=keep)
    return [done[request.id] for request in requests]


def _compare(
    config: Config,
    policy: Policy,
    results: Sequence[Result[Any]],
    fresh: Sequence[Order],
    learnt: Graded,
    directory: Path,
) -> None:
    from cascade.bulk.exploration import explore_file
    from cascade.stats.intervals import proportion_interval

    up = sum(result.escalated for result in results)
    low, high = proportion_interval(up, len(results)) or (0.0, 1.0)
    _tell(
        f"Escalated: {percent(up / len(results))} of {len(results)} (90 % interval {percent(low)} to {percent(high)})."
    )
    output = directory / "fresh.jsonl"
    with (
        config.open(policy=False, log=False) as app,
        progress("Asking each model alone, to compare", len(fresh)) as report,
    ):
        explored = explore_file(app, as_samples(fresh, "fresh"), output, concurrency=4, on_done=report)
    alone = graded_file(explored.samples, output)
    show_comparison(results, alone)
    show_hull(config, policy, alone)
    show_other_targets(config, learnt, alone)
    if config.log is not None:
        label(config.log, results, alone)


def _take_apart(results: Sequence[Result[Any]], policy: Policy) -> None:
    """Explain one order that escalated, as `cascade show` does: that of the least confidence."""
    up = [result for result in results if result.escalated]
    if not up:
        return
    chosen = min(up, key=lambda result: result.attempts[0].confidence or 0.0)
    _tell("\nOne order that escalated, taken apart (`cascade show` does it for every decision of a log):")
    for attempt in chosen.attempts:
        _tell(f"  {attempt.rung}: {printable(attempt.response.text if attempt.response else 'no answer')}")
    stdout().print(chosen.explain(policy))


def _try(config: Config, policy: Policy) -> None:
    """Run one order that the user types."""
    _tell("")
    typed = typer.prompt(f"An order of your own (Enter takes: {TYPED})", default=TYPED, show_default=False)
    with config.open(policy=policy, log=False) as app:
        result = app.run(typed[:200], task=TASK)
    _tell(printable(result.answer or "no answer"))
    for attempt in result.attempts:
        sure = "" if attempt.confidence is None else f", confidence {attempt.confidence:.3f}"
        _tell(f"  {attempt.rung}: {attempt.decision.action} ({attempt.decision.reason}{sure})")


def _report(config: Config) -> None:
    from cascade.log import open_log
    from cascade.report import report

    _head(4, "Report", "what `cascade report` shows of the run.")
    if config.log is not None:
        held = open_log(config.log, read_only=True)
        try:
            stdout().print(report(held))
        finally:
            held.close()


def _head(number: int, title: str, text: str) -> None:
    console = stdout()
    console.print()
    console.print(f"{number} {title}: ", style="bold", end="", highlight=False)
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def _tell(text: str) -> None:
    stdout().print(text, highlight=False, markup=False, soft_wrap=True)
