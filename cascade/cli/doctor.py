"""`cascade doctor`: what is installed, whose the package names are, and whether the configuration can be used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

from cascade.cli.shared.options import ConfigOption, JsonOption
from cascade.cli.shared.terminal import print_json, printable, stdout
from cascade.errors import CascadeError, ConfigError
from cascade.extras import DISTRIBUTION

if TYPE_CHECKING:
    from cascade.config import Config

State = Literal["ok", "warning", "error"]
PACKAGES = ("cascade", "verifiers", "calibration")
BROKEN_LITELLM = {
    "1.82.7": "it was trojaned",
    "1.82.8": "it was trojaned",
    "1.106.1": "calls with tools crash",
    "1.106.2": "calls with tools crash",
    "1.107.": "reported as trojaned, and its cache crashes",
}
BROKEN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found."""

    check: str
    """What was looked at."""

    state: State
    """ok; warning: it works, with a doubt; error: it does not work."""

    text: str
    """What was found, and what to do where it is not ok."""


def doctor(*, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Check the environment: versions, who owns the package names, configuration, prices, keys, database.

    On loopback it also tries out that litellm repeats no call by itself, follows no redirect, and does not set the
    price. Exit code 2 if anything is broken; no model is called.
    """
    found = [finding for check in _checks(config) for finding in check()]
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


def _checks(config: Path | None) -> list[Callable[[], Iterator[Finding]]]:
    from cascade.cli.shared.checkup import configuration

    return [_python, _litellm, _start_up_code, _owners, _names, _self_test, lambda: configuration(config)]


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    fine = sys.version_info >= (3, 11)
    yield Finding(
        check="python",
        state="ok" if fine else "error",
        text=version if fine else f"{version}; 3.11 or newer is needed.",
    )


def _litellm() -> Iterator[Finding]:
    from importlib.metadata import PackageNotFoundError, version

    try:
        found = version("litellm")
    except PackageNotFoundError:
        yield Finding(check="litellm", state="error", text=f"not installed; reinstall {DISTRIBUTION}.")
        return
    why = next(
        (why for bad, why in BROKEN_LITELLM.items() if found == bad or (bad[-1] == "." and found.startswith(bad))), None
    )
    if why is not None:
        yield Finding(check="litellm", state="error", text=f"{found} must not be used ({why}); install 1.101.6.")
    else:
        yield Finding(check="litellm", state="ok", text=found)


def _start_up_code() -> Iterator[Finding]:
    """Name what runs whenever Python starts: a trojaned release of litellm came with such a file."""
    from cascade.doctor.start_up_code import start_up_code

    found = [code for code in start_up_code() if code.suspicious or not code.known]
    for code in found:
        whose = f"installed by {code.owner}" if code.owner is not None else "of no installed package"
        does = "does what no honest one needs" if code.suspicious else "is not one that we know"
        yield Finding(
            check="start-up code",
            state="error" if code.suspicious else "warning",
            text=f"{code.path}, {whose}, runs whenever Python starts and {does}; look into it before any key is used.",
        )
    if not found:
        yield Finding(check="start-up code", state="ok", text="no .pth file runs anything unexpected")


def _owners() -> Iterator[Finding]:
    """Say whose the three top-level packages are: another distribution also installs one called `verifiers`."""
    from importlib.metadata import packages_distributions
    from importlib.util import find_spec

    owners = packages_distributions()
    for package in PACKAGES:
        spec = find_spec(package)
        others = sorted(set(owners.get(package, ())) - {DISTRIBUTION})
        where = str(Path(spec.origin).parent) if spec is not None and spec.origin is not None else None
        check = f"package {package}"
        if where is None:
            yield Finding(check=check, state="error", text=f"cannot be imported; reinstall {DISTRIBUTION}.")
        elif not _ours(package):
            who = ", ".join(others) or "something on the path"
            yield Finding(
                check=check,
                state="error",
                text=f"{where} belongs to {who}, not to {DISTRIBUTION}; uninstall that, then reinstall {DISTRIBUTION}, "
                "or give it an environment of its own.",
            )
        elif others:
            yield Finding(
                check=check,
                state="warning",
                text=f"ours, but {', '.join(others)} installs one too, and whichever comes last overwrites the other.",
            )
        else:
            yield Finding(check=check, state="ok", text=f"ours, in {where}")


def _names() -> Iterator[Finding]:
    """Name the distributions on the index that share a name with ours, and whether one of them is installed."""
    from importlib.metadata import distributions

    from cascade.doctor.name_clashes import report_names

    installed = {(found.name or "").lower().replace("_", "-").replace(".", "-") for found in distributions()}
    for name in report_names(installed):
        yield Finding(check=f"name: {name.name}", state="warning" if name.present else "ok", text=name.text)


def _ours(package: str) -> bool:
    """Tell whether what would be imported under a name is ours."""
    import importlib
    from importlib.util import find_spec

    if package == "calibration":  # looked up and not imported: without the extra `fit` it cannot be
        spec = find_spec(package)
        folder = Path(spec.origin).parent if spec is not None and spec.origin is not None else Path()
        return (folder / "samples" / "grade.py").is_file()
    try:
        module: Any = importlib.import_module(package)
        if package == "verifiers":
            return bool(getattr(module, "__distribution__", None) == DISTRIBUTION)
        importlib.import_module("cascade.ladder")
    except ImportError:
        return False
    return True


def _self_test() -> Iterator[Finding]:
    """Try out on loopback that one call is one request; skipped where litellm is not to be imported."""
    import asyncio

    if any(finding.state == "error" for finding in _litellm()):
        return
    from cascade.doctor.self_test import self_test

    try:
        trials = asyncio.run(self_test())
    except OSError as error:
        yield Finding(check="calls on loopback", state="warning", text=f"not tried out: {error}")
        return
    failed = [trial for trial in trials if not trial.passed]
    for trial in failed:
        text = f"does not hold: {trial.found}. Install litellm 1.101.6, and report it."
        yield Finding(check=f"calls on loopback: {trial.name}", state="error", text=text)
    if not failed:
        yield Finding(check="calls on loopback", state="ok", text="; ".join(trial.name for trial in trials))


def check_config(path: Path | None) -> tuple[Config | None, Finding]:
    """Read the configuration; a missing one is a warning, a broken one an error."""
    from cascade.config import default_path, load_config

    try:
        chosen = path or default_path()
    except ConfigError as error:
        return None, Finding(check="configuration", state="warning", text=str(error))
    try:
        config = load_config(chosen)
    except CascadeError as error:
        return None, Finding(check="configuration", state="error", text=str(error))
    rungs = " → ".join(config.ladder.names)
    return config, Finding(check="configuration", state="ok", text=f"{chosen}: {rungs}")
