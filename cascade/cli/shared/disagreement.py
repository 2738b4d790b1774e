"""Rows of a disagreement assessment for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cascade.cli.shared.terminal import percent, share
from cascade.display.numbers import count, span

if TYPE_CHECKING:
    from calibration.assess.disagreement import AtBound, DisagreementAssessment


def disagreement_rows(found: DisagreementAssessment) -> list[tuple[str, str]]:
    """Return verdict, reason, and what would be saved at which disagreement."""
    rows: list[tuple[str, str]] = [("verdict", found.verdict), ("why", found.why)]
    rows.append(("compared", f"{count(found.n)} requests; estimates are made on {count(found.n_learnt)} of them"))
    rows += [
        (f"{rung} says the same", f"{share(one['same'])} of {count(one['n'])}") for rung, one in found.same.items()
    ]
    rows += [(f"at most {percent(one.bound)} differ", _at(one)) for one in found.bounds]
    if found.repeats is not None:
        rows.append(
            (
                f"{found.reference} itself",
                f"differs from itself on {share(found.repeats['differs'])} of {count(found.repeats['n'])} requests",
            )
        )
    return [*rows, *(("note", warning) for warning in found.warnings)]


def _at(one: AtBound) -> str:
    saved = span(one.saved.value, one.saved.low, one.saved.high)
    differs = span(one.disagreement.value, one.disagreement.low, one.disagreement.high)
    if one.more is None:
        certify = "no number of requests would certify it at this rate"
    elif one.more == 0:
        certify = "to certify it these requests may do"
    else:
        certify = f"to certify it about {count(one.more)} more are needed"
    mix = f"a random mix would save {percent(one.mix_saved)}"
    return f"{' → '.join(one.rungs)} saves {saved}, differs in {differs}; {mix}; {certify}"
