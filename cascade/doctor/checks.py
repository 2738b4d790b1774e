"""Environment checks: Python, litellm, start-up code, package name clashes, calls on loopback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cascade.doctor.findings import Finding
from cascade.extras import DISTRIBUTION

PACKAGES = ("cascade", "verifiers", "calibration")
BROKEN_LITELLM = {
    "1.82.7": "it was trojaned",
    "1.82.8": "it was trojaned",
    "1.106.1": "calls with tools crash",
    "1.106.2": "calls with tools crash",
    "1.107.": "reported as trojaned, and its cache crashes",
}


def environment() -> Iterator[Finding]:
    """Check the installed environment; no model is called."""
    for check in (_python, _litellm, _start_up_code, _owners, _names, _self_test):
        yield from check()


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
        yield Finding(check="litellm", state="error", text=f"{found} must not be used ({why}); install 1.110.2.")
    else:
        yield Finding(check="litellm", state="ok", text=found)


def _start_up_code() -> Iterator[Finding]:
    """Check start-up code (`.pth` files): a trojaned release of litellm contained such a file."""
    from cascade.doctor.start_up_code import start_up_code

    found = [code for code in start_up_code() if code.suspicious or not code.known]
    for code in found:
        whose = f"installed by {code.owner}" if code.owner is not None else "of no installed package"
        does = "contains suspicious code" if code.suspicious else "is not a known file"
        yield Finding(
            check="start-up code",
            state="error" if code.suspicious else "warning",
            text=f"{code.path}, {whose}, runs at every Python start and {does}; inspect it before you use a key.",
        )
    if not found:
        yield Finding(check="start-up code", state="ok", text="no .pth file runs unexpected code")


def _owners() -> Iterator[Finding]:
    """Check the owner of the three top-level packages: another distribution also installs `verifiers`."""
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
            owner = ", ".join(others) or "another package on the path"
            yield Finding(
                check=check,
                state="error",
                text=f"{where} belongs to {owner}, not to {DISTRIBUTION}; uninstall it, then reinstall {DISTRIBUTION}, "
                "or use a separate environment for it.",
            )
        elif others:
            yield Finding(
                check=check,
                state="warning",
                text=f"ours, but {', '.join(others)} also installs it; the last one installed overwrites the other.",
            )
        else:
            yield Finding(check=check, state="ok", text=f"ours, in {where}")


def _names() -> Iterator[Finding]:
    """Check for name clashes with distributions on the index, and whether one of them is installed."""
    from importlib.metadata import distributions

    from cascade.doctor.name_clashes import report_names

    installed = {(found.name or "").lower().replace("_", "-").replace(".", "-") for found in distributions()}
    for name in report_names(installed):
        yield Finding(check=f"name: {name.name}", state="warning" if name.present else "ok", text=name.text)


def _ours(package: str) -> bool:
    """Return whether an import of this name finds our package."""
    import importlib
    from importlib.util import find_spec

    if package == "calibration":  # only looked up: it cannot be imported without the extra `fit`
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
    """Run the self-test on loopback: one call is one request; skipped if litellm cannot be imported."""
    import asyncio

    if any(finding.state == "error" for finding in _litellm()):
        return
    from cascade.doctor.self_test import self_test

    try:
        trials = asyncio.run(self_test())
    except OSError as error:
        yield Finding(check="calls on loopback", state="warning", text=f"not tested: {error}")
        return
    failed = [trial for trial in trials if not trial.passed]
    for trial in failed:
        text = f"failed: {trial.found}. Install litellm 1.110.2, and report this."
        yield Finding(check=f"calls on loopback: {trial.name}", state="error", text=text)
    if not failed:
        yield Finding(check="calls on loopback", state="ok", text="; ".join(trial.name for trial in trials))
