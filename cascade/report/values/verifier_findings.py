"""Findings on verifiers: what fails, or costs without telling right from wrong; what is free and idle is a footnote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cascade.report.values.finding import FEW, OFTEN, Finding, harm, money, note
from cascade.report.values.format_numbers import count, dollars, percent
from cascade.report.values.parts import VerifierReport

MOSTLY = 0.5
"""Abstention rate from which a verifier has little effect."""


def verifier_findings(verifiers: Sequence[VerifierReport], reference: str | None) -> Iterator[Finding]:
    """Yield the findings on the verifiers of a task.

    Args:
        verifiers: the verifiers of every rung.
        reference: the top, which cannot escalate: a free verifier's verdict there has no effect.
    """
    shown = [one for one in verifiers if one.rung != reference or one.cost_usd]
    for verifier in shown:
        yield from _verifier(verifier)
    if idle := [one for one in shown if not one.cost_usd and _at_chance(one)]:
        named = ", ".join(f"{_name(one)} (AUROC {one.auroc.value or 0.0:.2f})" for one in idle)
        yield note(f"Free, and no better than chance: {named}. They can still serve as guards.")
    if silent := [one for one in shown if not one.cost_usd and _silent(one)]:
        named = ", ".join(f"{_name(one)} on {percent(one.abstained)}" for one in silent)
        yield note(f"Free, and abstaining on most answers: {named}.")


def _verifier(verifier: VerifierReport) -> Iterator[Finding]:
    if (verifier.failed or 0.0) > OFTEN:
        yield harm(
            (verifier.failed or 0.0) * verifier.n,
            f"Verifier {_name(verifier)} failed on {percent(verifier.failed)} of answers and is ignored there. Check "
            "its setup.",
        )
    elif verifier.cost_usd and _silent(verifier):
        yield money(
            verifier.cost_usd,
            f"Verifier {_name(verifier)} cost {dollars(verifier.cost_usd)} and abstains on "
            f"{percent(verifier.abstained)} of answers. Calibrate without it.",
        )
    if verifier.cost_usd and _at_chance(verifier):
        area = verifier.auroc
        worth = "no better than chance" if (area.high or 0.0) >= 0.5 else "worse than chance"
        yield money(
            verifier.cost_usd,
            f"Verifier {_name(verifier)} separates right from wrong {worth} (AUROC {area.value or 0.0:.2f}, "
            f"{area.low or 0.0:.2f}–{area.high or 0.0:.2f}, n = {count(area.n)}) and cost "
            f"{dollars(verifier.cost_usd)}. Calibrate without it.",
        )


def _name(verifier: VerifierReport) -> str:
    return f"{verifier.verifier} on {verifier.rung}"


def _silent(verifier: VerifierReport) -> bool:
    return (verifier.abstained or 0.0) > MOSTLY and (verifier.failed or 0.0) <= OFTEN


def _at_chance(verifier: VerifierReport) -> bool:
    area = verifier.auroc
    return area.n >= FEW and area.low is not None and area.high is not None and area.low <= 0.5
