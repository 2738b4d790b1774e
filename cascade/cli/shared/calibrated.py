"""Calibration summary for a terminal: one block per task and operating point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cascade.cli.shared.terminal import say, show_blocks, warn

if TYPE_CHECKING:
    from cascade.policy.policy import Policy


def show_calibrated(policy: Policy) -> None:
    """Print the fitted policy on stdout, and its caveats on stderr."""
    from calibration.pages.blocks import block, operating_points

    show_blocks("Calibrated", {name: block(fitted) for name, fitted in operating_points(policy).items()})
    labelled = any(fitted.measured["n_labelled"] for fitted in policy.tasks.values())
    audited = any("audit" in fitted.measured for fitted in policy.tasks.values())
    where = "measured on the audit" if audited else "estimated on held-out labels"
    more = f"; accuracy is {where}" if labelled else ""
    say(f"Intervals are 90 %; the rate's is for the true rate{more}.")
    if any(fitted.certified is None for fitted in policy.tasks.values()):
        say("Aims are met in expectation; they are not certified.")
    for name, fitted in operating_points(policy).items():
        if fitted.certificate is not None and fitted.certified:
            say(f"{name}: certified under these assumptions: {' '.join(fitted.certificate['assumptions'])}")


def print_baseline(policy: Policy) -> None:
    """Print first on stderr what stands against serving a policy: single models beat it, or one beats the reference."""
    from calibration.pages.blocks import operating_points

    for name, fitted in operating_points(policy).items():
        for sentence in fitted.measured.get("baseline", []):
            warn(f"{name}: {sentence}")


def print_caveats(policy: Policy) -> None:
    """Print warnings and alternative operating points on stderr."""
    from calibration.pages.blocks import operating_points

    for name, fitted in operating_points(policy).items():
        if fitted.why:
            warn(f"{name}: {fitted.why}")
        for warning in fitted.measured.get("warnings", []):
            warn(f"{name}: {warning}")
    for name, fitted in operating_points(policy).items():
        if fitted.measured.get("feasible"):
            say(f"{name}: other operating points in expectation, dearest first; estimates, not certified:")
            for line in fitted.measured["feasible"]:
                say(f"  {line}")
