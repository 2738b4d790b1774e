"""`cascade verify`: whether a decision log with receipts is as it was written."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from cascade.cli.shared.options import ConfigOption, JsonOption, LogArgument, open_for_reading
from cascade.cli.shared.terminal import fail, print_json, print_text, say
from cascade.errors import DataError

BROKEN = 1


def verify(
    log: LogArgument = None,
    *,
    head: Annotated[
        str | None,
        typer.Option("--head", metavar="DIGEST", help="A head that was noted before; it must still be in the chain."),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check the receipts of a decision log, and name the first row that is not as it was written.

    Exit code 1 if one was changed, removed or slipped in. The chain cannot tell that its own end was cut off: note the
    head that is printed, somewhere else, and give it the next time with --head.
    """
    held = open_for_reading(log, config)
    try:
        from cascade.log.receipts import verify as check

        with held.reading() as connection:
            found = check(connection, head=head)
    finally:
        held.close()
    if as_json:
        print_json({"ok": found.broken is None, **asdict(found)})
    elif not found.receipts and found.broken is None:
        message = f"{held.name} holds no receipts; runs with `log: {{path: …, receipts: true}}` write them."
        raise DataError(message)
    else:
        print_text(found.head)
    say(f"{found.receipts} receipts checked, {found.purged} of purged decisions, {found.unchained} decisions without.")
    if found.broken is not None:
        fail(f"The chain is broken: {found.broken}.")
        raise typer.Exit(BROKEN)
    say("The chain is whole; its head is on stdout.")
