"""`cascade doctor`: checks the installation, the package names and the configuration."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cascade.cli.shared.options import ConfigOption, JsonOption, load
from cascade.cli.shared.terminal import print_json, printable, stdout

if TYPE_CHECKING:
    from cascade.doctor.findings import Finding

BROKEN = 2
"""Exit code if a check fails."""


def doctor(
    *,
    config: ConfigOption = None,
    ping: Annotated[
        bool, typer.Option("--ping", help="Ask each rung, at each endpoint, for one token; this costs a little.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check the environment: versions, package name clashes, configuration, prices, keys, database.

    On loopback it also tests that litellm retries no call by itself, follows no redirect, and does not set the price.
    Exit code 2 if a check fails. No model is called without --ping, which finds wrong keys, model names and ports.
    """
    from cascade.doctor.checks import environment
    from cascade.doctor.configuration import configuration

    found = [*environment(), *configuration(config)]
    if ping:
        found += _pinged(config)
    broken = any(finding.state == "error" for finding in found)
    if as_json:
        print_json({"ok": not broken, "checks": [asdict(finding) for finding in found]})
    else:
        colours = {"ok": "green", "warning": "yellow", "error": "red"}
        console = stdout()
        for finding in found:
            console.print(f"{finding.state:7}", style=colours[finding.state], end=" ", markup=False, highlight=False)
            console.print(f"{finding.check}: {printable(finding.text)}", markup=False, highlight=False, soft_wrap=True)
    if broken:
        raise typer.Exit(BROKEN)


def _pinged(config: Path | None) -> tuple[Finding, ...]:
    """Ask the rungs; a configuration that cannot be read is a finding already."""
    from cascade.doctor.ping import ping
    from cascade.errors import CascadeError

    try:
        return ping(load(config))
    except CascadeError:
        return ()
