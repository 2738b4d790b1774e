"""`cascade assess LOG`: assesses from a decision log whether a cascade pays, and lists what the log cannot show."""

from __future__ import annotations

from cascade.cli.shared.options import open_for_reading
from cascade.cli.shared.terminal import dollars, print_json, say, show_blocks
from cascade.errors import ConfigError


def assess_log(named: str, *, task: list[str] | None, as_json: bool) -> None:
    """Assess the tasks of a log.

    Raises:
        ConfigError: the log has no decision of a requested task.
        LogUnavailable: it cannot be read.
    """
    from calibration.assess.log_assessment import LEVEL, assess_report
    from cascade.report import report

    held = open_for_reading(named, None)
    try:
        made = report(held, level=LEVEL)
    finally:
        held.close()
    absent = [name for name in task or () if name not in made.tasks]
    if absent:
        message = f"The log has no decision of task {absent[0]!r}; it has {', '.join(made.tasks) or 'none'}."
        raise ConfigError(message)
    found = {name: assess_report(name, one) for name, one in made.tasks.items() if task is None or name in task}
    if as_json:
        print_json({"log": named, "tasks": {name: one.to_json() for name, one in found.items()}})
        return
    show_blocks(
        "Assessed",
        {
            name: [
                ("verdict", one.verdict),
                ("why", one.why),
                *(("net saving", dollars(one.net_usd)) for _ in range(one.net_usd is not None)),
                *(("the log shows", sentence) for sentence in one.tells),
                *(("it cannot show", sentence) for sentence in one.lacks),
            ]
            for name, one in found.items()
        },
    )
    say(f"Intervals are {100 * LEVEL:.1f} %: the three behind a verdict hold jointly with confidence 90 %.")
