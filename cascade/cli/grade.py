"""`cascade grade`: labels recordings (`correct`) by the gold answers, or by a judge."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cascade.cli.shared.options import ConfigOption, JsonOption, MapOption, YesOption, load
from cascade.cli.shared.terminal import print_json, print_text, say
from cascade.errors import ConfigError

if TYPE_CHECKING:
    from calibration.samples.grade import Graded, Grader
    from cascade.config import Config


def grade(
    samples: Annotated[Path, typer.Argument(metavar="SAMPLES", help="Samples with recordings and gold answers.")],
    *,
    grader: Annotated[
        str,
        typer.Option(
            "--grader",
            metavar="GRADER",
            help="Grader: exact, normalized, contains, numeric (the number that the answer arrives at), json, judge, "
            "MODULE:FUNCTION of answer and gold; auto: chosen by the form of the gold answer.",
        ),
    ] = "auto",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="File for the graded samples; default: SAMPLES itself."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Also grade recordings that have a label.")] = False,
    judge_model: Annotated[
        str | None, typer.Option("--judge-model", metavar="MODEL", help="Model of the judge, with --grader judge.")
    ] = None,
    rubric: Annotated[
        Path | None, typer.Option("--rubric", metavar="FILE", help="Rubric for the judge: what a good answer is.")
    ] = None,
    max_cost: Annotated[
        float | None, typer.Option("--max-cost", metavar="USD", help="Budget: stop before the judge could spend more.")
    ] = None,
    config: ConfigOption = None,
    mapping: MapOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Label each recorded answer (`correct`, `label_source`) where the label is missing.

    What an answer says is read as a typed value: a number with its unit, a choice, a date, JSON. Where it does not say
    it plainly, as with several numbers, it gets no label, and is counted. The json grader compares values; if the gold
    answer is a plain value, it is compared with the answer field: the sample's, else `answer` of its task in the
    configuration. A judge sees the gold answer, if there is one, and costs money; its grading is resumable.
    """
    from calibration.fit.complete import with_schemas
    from calibration.samples.grade import grade as fill
    from cascade.files import write_atomically
    from cascade.policy.answer_fields import name_fields
    from cascade.samples.jsonl import sample_line
    from cascade.samples.reader import read_files
    from cascade.samples.rows import is_table
    from cascade.samples.table import parse_mapping

    if output is None:
        if is_table(samples) or samples.suffix == ".gz":
            message = f"{samples} cannot be written in place; give --output FILE.jsonl."
            raise ConfigError(message)
        output = samples
    if (grader == "judge") != (judge_model is not None):
        message = "--grader judge and --judge-model belong together; give both, or none."
        raise ConfigError(message)
    found = read_files([samples], parse_mapping(mapping) if mapping else None)
    loaded = _config(config)
    read = found if loaded is None else with_schemas(found, loaded)  # only read by them: the file keeps its own fields
    declared = sorted({one.request.answer_field or "" for one in read})
    if any(declared):
        say(f"The answer is read {name_fields(declared)}.")
    if judge_model is not None:
        from calibration.judges.labels import judge_samples
        from cascade.cli.explore import explore_samples

        graded = judge_samples(
            found,
            judge_model,
            output=output,
            rubric=rubric,
            overwrite=overwrite,
            config=loaded,
            explore=partial(explore_samples, max_cost=max_cost, yes=yes),
        )
    else:
        graded = fill(read, _grader(grader), overwrite=overwrite, source="gold")
    from cascade.bulk.journal import dump

    named = zip(found, graded.samples, strict=True)
    kept = (replace(own, recordings=labelled.recordings) for own, labelled in named)
    write_atomically(output, "".join(dump(sample_line(sample)) + "\n" for sample in kept))
    _show(graded, output, as_json=as_json)


def _config(config: Path | None) -> Config | None:
    """Return the named configuration, or the default one; None if absent."""
    from cascade.config import default_path

    if config is None:
        try:
            config = default_path()
        except ConfigError:
            return None
    return load(config)


def _grader(name: str) -> Grader:
    from calibration.samples.grade import GRADERS

    if name in GRADERS:
        return GRADERS[name]
    module, colon, function = name.partition(":")
    if not colon or not module or not function:
        message = f"No grader is called {name!r}; give {', '.join(GRADERS)}, judge, or MODULE:FUNCTION."
        raise ConfigError(message)
    import importlib
    import sys

    sys.path.insert(0, "")
    try:
        found = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        message = f"The grader {name!r} cannot be loaded: {error}."
        raise ConfigError(message) from None
    finally:
        sys.path.remove("")
    if not callable(found):
        message = (
            f"The grader {name!r} is not a function; one of answer and gold, with a result in [0, 1], was expected."
        )
        raise ConfigError(message)
    loaded: Grader = found
    return loaded


def _show(graded: Graded, output: Path, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "output": str(output),
                "n": len(graded.samples),
                "filled": graded.filled,
                "kept": graded.kept,
                "without_gold": graded.without_gold,
                "unsure": graded.unsure,
                "accuracy": graded.accuracy,
            }
        )
    else:
        print_text(str(output))
    say(f"{graded.filled} recordings graded, {graded.kept} had a label, {graded.without_gold} have no gold answer.")
    if graded.unsure:
        say(f"{graded.unsure} were left without a label: the grader could not tell what they answer (a judge might).")
    for rung, mean in graded.accuracy.items():
        say(f"  {rung}: {100 * mean:.1f} % correct")
