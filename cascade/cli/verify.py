"""`cascade verify`: checks the receipt chain of a decision log for tampering."""

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
        typer.Option("--head", metavar="DIGEST", help="A chain head noted earlier; it must still be in the chain."),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Verify the receipt chain of a decision log, and name the first row that was tampered with.

    Exit code 1 if a row was changed, removed or inserted. The chain cannot detect that its own end was cut off: keep
    the printed head somewhere else, and give it the next time with --head.
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
        message = f"{held.name} has no receipts; set `log: {{path: …, receipts: true}}` to write them."
        raise DataError(message)
    else:
        print_text(found.head)
    purges = f"{found.purged} of purged decisions ({found.purges} purges)"
    say(f"{found.receipts} receipts checked, {purges}, {found.unchained} decisions from before the chain.")
    if found.broken is not None:
        fail(f"The chain is broken: {found.broken}.")
        raise typer.Exit(BROKEN)
    say("The chain is intact; its head is on stdout.")
