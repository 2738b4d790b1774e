"""What labels tell of one task, for `cascade assess`: whether a cascade pays, and what its verifiers are worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cascade.cli.shared.disagreement import disagreement_rows
from cascade.cli.shared.terminal import dollars, percent, show_blocks
from cascade.display.numbers import added_words

if TYPE_CHECKING:
    from calibration.assess.assessment import Assessment, RungAssessment
    from calibration.assess.disagreement import DisagreementAssessment
    from calibration.assess.repair import RepairWorth
    from calibration.assess.worth import VerifierWorth
    from calibration.judges.skip_rule import SkipRule
    from cascade.ladder import Ladder
    from cascade.prices import PriceBook
    from cascade.samples.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """What labels tell of one task."""

    assessment: Assessment
    """Whether a cascade pays."""

    worth: tuple[VerifierWorth, ...]
    """Of each verifier."""

    rules: tuple[SkipRule, ...]
    """Where a verifier can be skipped."""

    repairs: tuple[RepairWorth, ...]
    """What asking a rung once more was worth, where recordings were."""

    pictures: dict[str, Any] | None
    """Curves, where they were asked for."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            **self.assessment.to_json(),
            "verifiers": [one.to_json() for one in self.worth],
            "sparing": [rule.to_json() for rule in self.rules],
            "repair": [one.to_json() for one in self.repairs],
        }


def assess_labels(
    name: str,
    rows: Sequence[Sample],
    ladder: Ladder,
    prices: PriceBook | None,
    costs: tuple[float, float, int],
    seed: int,
    diagnostics: Path | None,
) -> Assessed:
    """Assess one task by its labels; `costs`: shadow share, US dollars of a label, requests that share them."""
    from calibration.assess.assessment import Overheads, assess_table
    from calibration.assess.diagnostics import diagnose
    from calibration.assess.repair import measure_repair
    from calibration.assess.worth import measure_worth
    from calibration.combine.held_out import hold_out
    from calibration.judges.skip_rule import propose_skip_rule
    from calibration.samples.selective import require_unselective_samples
    from calibration.samples.table import lay_out

    table = lay_out(name, rows, ladder, prices=prices)
    require_unselective_samples(table, rows, needs="whether a cascade pays")
    held_out = hold_out(table, seed=seed)
    labelled = int((table.correct >= 0.0).sum())  # each label was paid for; NaN if absent
    shadow_share, label_usd, requests = costs
    overheads = Overheads(shadow_share=shadow_share, label_usd=label_usd, labels=labelled, requests=requests)
    return Assessed(
        assessment=assess_table(table, held_out, overheads),
        worth=measure_worth(table, seed=seed),
        rules=propose_skip_rule(table, seed=seed),
        repairs=measure_repair(rows, ladder),
        pictures=None if diagnostics is None else diagnose(table, held_out).to_json(),
    )


def show_assessed(name: str, quality: Assessed, apart: DisagreementAssessment | None) -> None:
    """Show one task's assessment, and what can be said without its labels."""
    assessment, worth, rules = quality.assessment, quality.worth, quality.rules
    rows = [("verdict", assessment.verdict), ("why", assessment.why)]
    for rung in assessment.rungs:
        rows += _figures(rung)
        rows += [("", one.sentence()) for one in worth if one.rung == rung.rung and one.standing != "constant"]
        silent = [one.verifier for one in worth if one.rung == rung.rung and one.standing == "constant"]
        if silent:
            rows.append(("", f"Constant or no verdict on every answer: {', '.join(silent)}."))
        rows += [("", _rule(rule)) for rule in rules if rule.rung == rung.rung and rule.pays]
        rows += [("", one.sentence()) for one in quality.repairs if one.rung == rung.rung]
    if apart is not None:
        rows += [("without labels", apart.verdict), *disagreement_rows(apart)[1:]]
    show_blocks("Assessed", {name: rows})


def _rule(rule: SkipRule) -> str:
    gain = f"that skips {percent(rule.spared)} of its verdicts and saves {dollars(rule.saves_usd)} per answer"
    ends = f"{rule.when} is below {rule.below:.3g} or above {rule.above:.3g}"
    return f"{rule.verifier} can be skipped where {ends}: {gain} (verifier `Sparing`)."


def _figures(rung: RungAssessment) -> list[tuple[str, str]]:
    lead, area, net = rung.lead, rung.area, rung.net_usd
    rows = [
        (rung.rung, f"{rung.verdict}; {rung.n:,} samples labelled on it and the reference"),
        ("the reference leads by", f"{100 * lead.value:.1f} points ({_points(lead.low)} to {_points(lead.high)})"),
        ("area above chance", f"{100 * area.value:.2f} points ({_points(area.low)} to {_points(area.high)})"),
    ]
    if net is not None:
        rows.append(("net saving", f"{dollars(net.value)} ({dollars(net.low)} to {dollars(net.high)})"))
        off = [
            ("answers below", rung.below_usd), ("verifiers", rung.verifiers_usd),
            ("shadow", rung.shadow_usd), ("labels", rung.labels_usd),
            ("other models", rung.hull_usd),
        ]  # fmt: skip
        taken = ", ".join(f"{name} {dollars(usd)}" for name, usd in off)
        rows.append(("taken off", f"{taken}, from {dollars(rung.gross_usd)}"))
    if rung.accepted_latency is not None and rung.escalated_latency is not None:
        accepted, escalated = (added_words(one.to_json()) for one in (rung.accepted_latency, rung.escalated_latency))
        rows.append(("added latency", f"{accepted} where accepted; {escalated} where escalated"))
    if rung.more_labels is not None:
        rows.append(
            ("to decide", f"about {rung.more_labels:,} more labelled samples, if the estimates stay as they are")
        )
    return rows


def _points(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.2f}"
