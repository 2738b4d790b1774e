"""Run of a certification on pairs for commands: the file that labels are written into, and its completed samples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cascade.cli.shared.options import is_log, open_for_reading
from cascade.cli.shared.progress import progress, summed
from cascade.cli.shared.terminal import say
from cascade.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calibration.fit.paired.run import PairedRun
    from cascade.cli.shared.rungs import Chosen
    from cascade.config import Config
    from cascade.policy.policy import Policy
    from cascade.samples.sample import Sample


def work_file(
    named: str, labelled: Path | None, mapping: dict[str, str] | None, tasks: list[str] | None
) -> tuple[Path, list[Sample]]:
    """Return the file that labels are written into, and its samples.

    Of a log, its samples are drawn once into a file beside it: the rows that certify must not move while it grows.
    """
    from cascade.samples.reader import read_files
    from cascade.samples.rows import is_table

    if is_log(named):
        from cascade.cli.shared.log_samples import say_skips, write_log_samples
        from cascade.cli.shared.missing_hours import require_hours
        from cascade.log.samples import Skips

        beside = Path("cascade-log") if "://" in named else Path(named)
        kept = labelled or beside.with_name(f"{beside.name}.certify.jsonl")
        if not kept.exists():
            held, skips = open_for_reading(named, None), Skips()
            try:
                require_hours(held, tasks)
                say_skips(skips, write_log_samples(held, kept, skips=skips, tasks=tasks))
            finally:
                held.close()
        say(f"The samples of the log are in {kept}, where labels are kept; remove it to draw them anew.")
        return kept, read_files([kept])
    file = Path(named)
    kept = labelled or file
    if is_table(kept) or kept.suffix == ".gz":
        message = f"{kept} cannot be written in place; give --labelled FILE.jsonl."
        raise ConfigError(message)
    source = kept if kept.exists() else file
    return kept, read_files([source], mapping if source == file else None)


def require_recorded(found: Sequence[Sample], path: Path, chosen: Chosen, tasks: list[str] | None) -> None:
    """Check that answers were recorded: of requests alone, say which command comes first."""
    rows = [sample for sample in found if tasks is None or sample.request.task in tasks]
    if rows and not any(sample.recordings for sample in rows):
        made = f"{path.name.removesuffix('.gz').removesuffix(path.suffix)}.samples.jsonl"
        config = f" --config {chosen.config.path}" if chosen.config is not None else ""
        message = (
            f"None of the {len(rows):,} lines of {path} has a recorded answer: they are requests. Record every rung's "
            f"answers first, which says what it costs before it asks: cascade explore {path}{config} --output {made}; "
            f"then: cascade certify {made}, with the same options."
        )
        raise DataError(message)


def open_run(found: Sequence[Sample], path: Path, chosen: Chosen, *given: Any, **more: Any) -> PairedRun:
    """Open the run on completed samples: schemas of their tasks, labels by gold answers; of a log, observed ones."""
    from calibration.certify.looks import Looks
    from calibration.fit.complete import with_labels, with_schemas
    from calibration.fit.paired.run import PairedRun
    from calibration.samples.observed import fit_rows

    config = chosen.config
    found = list(fit_rows(found, say))
    filled = with_labels(found if config is None else with_schemas(found, config), say)
    with progress("Judging recordings", len(filled), costs=False) as bar:
        return PairedRun(
            filled, chosen.ladder, *given, verifiers=chosen.verifiers, looks=Looks.beside([path]),
            abstaining=_abstaining(config, filled), prices=None if config is None else config.price_book,
            progress=summed(bar), **more,
        )  # fmt: skip


def record_judges(run: PairedRun, chosen: Chosen, out: Path) -> Policy:
    """Return the policy of a run, with fingerprints of its samples; judges stand in it as not probed."""
    from calibration.judges.admission import require_admitted
    from calibration.judges.screening import with_judges
    from cascade.policy.sample_key import keep_key, new_key, read_key

    judges = require_admitted(
        run.samples, chosen.ladder, list(run.tasks), out, verifiers=chosen.verifiers, probes=False
    )  # fmt: skip
    key = read_key(out) or new_key()
    keep_key(out, key)
    return with_judges(run.policy(sample_key=key), judges)


def _abstaining(config: Config | None, found: Sequence[Sample]) -> list[str]:
    if config is None:
        return []
    names = {sample.request.task for sample in found}
    return [name for name in names if config.tasks.get(name, config.settings).on_exhausted == "abstain"]
