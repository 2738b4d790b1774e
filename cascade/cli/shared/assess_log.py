"""`cascade assess LOG`: assesses from a decision log whether a cascade pays, and lists what the log cannot show."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cascade.cli.shared.disagreement import disagreement_rows
from cascade.cli.shared.log_samples import say_skips, write_log_samples
from cascade.cli.shared.missing_hours import MissingHours, count_missing
from cascade.cli.shared.options import names, open_for_reading
from cascade.cli.shared.terminal import dollars, print_json, say, show_blocks
from cascade.errors import ConfigError

if TYPE_CHECKING:
    from calibration.assess.disagreement import DisagreementAssessment
    from calibration.assess.log_assessment import LogAssessment
    from calibration.samples.sameness import Sameness
    from cascade.cli.shared.rungs import Chosen
    from cascade.ladder import Ladder
    from cascade.log.log import Log
    from cascade.samples.sample import Sample


def assess_log(
    named: str,
    *,
    chosen: Chosen | None,
    verifiers: str | None,
    task: list[str] | None,
    sameness: Sameness | None,
    choose_rungs: bool,
    seed: int,
    as_json: bool,
) -> None:
    """Assess the tasks of a log: by observed decisions where there are some, else by labels and costs.

    Args:
        named: the log.
        chosen: the ladder; None: the rungs that the log has, in their order.
        verifiers: names of the verifiers to use; None: all that the log has.
        task: only these; None: all.
        sameness: whose sameness; None: the reader's, as the log stores it.
        choose_rungs: whether rungs may be left out.
        seed: of the folds.
        as_json: whether to print JSON.

    Raises:
        ConfigError: the log has no decision of a requested task.
        LogUnavailable: it cannot be read.
    """
    from calibration.assess.log_assessment import LEVEL, assess_report
    from cascade.report import report

    held = open_for_reading(named, None)
    try:
        made = report(held, level=LEVEL)
        absent = [name for name in task or () if name not in made.tasks]
        if absent:
            message = f"The log has no decision of task {absent[0]!r}; it has {', '.join(made.tasks) or 'none'}."
            raise ConfigError(message)
        missing = count_missing(held, task)
        wanted = [name for name, one in missing.items() if one.seen and name in made.tasks]
        observed = (
            {}
            if not wanted
            else _observed(held, wanted, chosen, verifiers, sameness, choose_rungs=choose_rungs, seed=seed)
        )
    finally:
        held.close()
    found = {name: assess_report(name, one) for name, one in made.tasks.items() if task is None or name in task}
    if as_json:
        print_json(
            {
                "log": named,
                "tasks": {name: _json(one, observed.get(name), missing.get(name)) for name, one in found.items()},
            }
        )
        return
    shown = {name: _rows(one, observed.get(name), missing.get(name)) for name, one in found.items()}
    show_blocks("Assessed", shown)
    if any(name not in observed for name in found):
        say(f"Intervals are {100 * LEVEL:.1f} %: the three behind a verdict hold jointly with confidence 90 %.")
    if observed:
        say(
            "Observed: estimates with 90 % intervals, out of fold, on the rows that a certificate learns from. "
            f"`cascade calibrate {named} --max-disagreement E` certifies."
        )


def _observed(
    log: Log,
    tasks: list[str],
    chosen: Chosen | None,
    verifiers: str | None,
    sameness: Sameness | None,
    *,
    choose_rungs: bool,
    seed: int,
) -> dict[str, DisagreementAssessment]:
    """Return the assessments of observed tasks, from the samples that `cascade samples` would write."""
    from calibration.assess.disagreement import assess_samples
    from calibration.fit.complete import schema_filler
    from calibration.samples.observed import fit_rows
    from cascade.log.samples import Skips
    from cascade.samples.reader import ChangedSamples, SampleFiles

    skips = Skips()
    with tempfile.TemporaryDirectory(prefix="cascade-") as folder:
        path = Path(folder) / "samples.jsonl"
        say_skips(skips, write_log_samples(log, path, skips=skips, tasks=tasks))
        source: Iterable[Sample] = fit_rows(SampleFiles([path]), say)
        config = None if chosen is None else chosen.config
        if config is not None:
            source = ChangedSamples(source, schema_filler(config))
        return {
            name: assess_samples(
                [sample for sample in source if sample.request.task == name],
                _ladder(source, name, chosen, verifiers),
                sameness=sameness,
                prices=None if config is None else config.price_book,
                choose_rungs=choose_rungs,
                abstains=config is not None and config.abstains(name),
                seed=seed,
            )
            for name in tasks
        }


def _ladder(source: Iterable[Sample], task: str, chosen: Chosen | None, verifiers: str | None) -> Ladder:
    """Return the ladder: that of --config or --rungs, else the rungs that the log has, in their order."""
    from calibration.samples.recorded import recorded_ladder
    from cascade.ladder import Ladder
    from cascade.plugins import resolve

    given = None if chosen is None else chosen.ladder
    if isinstance(given, Ladder):
        return resolve(given)
    own = [sample for sample in source if sample.request.task == task]
    longest = max((tuple(sample.recordings) for sample in own), key=len, default=())
    return recorded_ladder(own, given or longest, names(verifiers))


def _rows(
    one: LogAssessment, seen: DisagreementAssessment | None, missing: MissingHours | None
) -> list[tuple[str, str]]:
    tells = [("the log shows", sentence) for sentence in one.tells]
    lacks = [("it cannot show", sentence) for sentence in one.lacks]
    net = [("net saving", dollars(one.net_usd))] if one.net_usd is not None else []
    if seen is None:
        return [("verdict", one.verdict), ("why", one.why), *net, *tells, *lacks]
    rows = disagreement_rows(seen)
    if missing is not None and missing.dropped:
        rows.append(("missing", f"{missing.sentence()}."))
    if missing is not None and missing.too_many:
        rows[0] = ("verdict", "cannot tell")
        rows[1] = ("why", "Too many observations were dropped: what is left is no fair sample of the traffic.")
    return [*rows, *tells, *(("quality", sentence) for sentence in one.lacks[:1] if not one.n_labelled)]


def _json(one: LogAssessment, seen: DisagreementAssessment | None, missing: MissingHours | None) -> dict[str, Any]:
    found = one.to_json()
    if seen is not None:
        unfair = missing is not None and missing.too_many
        found["verdict"] = "cannot tell" if unfair else seen.verdict
        found["why"] = "Too many observations were dropped." if unfair else seen.why
        found["disagreement"] = seen.to_json()
    if missing is not None:
        found["missing"] = missing.to_json()
    return found
