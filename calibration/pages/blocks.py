"""Blocks: the fitted policy of each task and operating point, as names and values for display."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from calibration.pages.in_short import fitted_in_short
from cascade.display.numbers import added_words, dollars, percent, share
from cascade.display.policy import asked
from cascade.policy.answer_fields import ANSWER_FIELDS, name_fields
from cascade.policy.policy import CONFIDENCE_OF, Policy, TaskPolicy
from cascade.report.values.line import as_judged, confidence_of
from cascade.stats.single_mix import place_words

FINE = 5
"""Rungs from which on the threshold grid is coarser than a few hundred labels can resolve."""


def operating_points(policy: Policy) -> dict[str, TaskPolicy]:
    """Return every task's own operating point and those of its dial, by task and `task, quality NAME`."""
    found: dict[str, TaskPolicy] = {}
    for name, fitted in policy.tasks.items():
        found[name] = fitted
        found |= {f"{name}, quality {point}": one for point, one in fitted.dial.items()}
    return found


def block(fitted: TaskPolicy) -> list[tuple[str, str]]:
    """Return the fitted policy of one task, as names and values."""
    found: dict[str, Any] = fitted.measured
    rate = found["escalation_rate"]
    expected = share({"value": rate["expected"], "low": rate["low"], "high": rate["high"]})
    return [
        ("in short", fitted_in_short(fitted)),
        ("samples", f"{found['n']:,}, {found['n_labelled']:,} of them labelled"),
        ("asked for", asked(fitted.target) + as_judged(fitted.certificate or {})),
        *(("ladder", line) for line in _ladders(found["points"])),
        *_promise(fitted),
        *confidence_line(fitted.confidence_means, max((one.rungs for one in fitted.points), key=len)),
        (alone(fitted) or ("escalation rate", expected)),
        *_borrowed(found.get("borrowed")),
        *_measured_on(found),
        *((f"… of {level['rung']}", share({**level, "value": level["expected"]})) for level in found["rungs"][1:]),
        *_disagreement(found),
        ("accuracy", _accuracy(found)),
        *_dimensions(found.get("dimensions") or {}),
        ("a request", f"{dollars(found['cost_usd_per_request'])}, {percent(found['cost_vs_top'])} of always-top"),
        *cached_line(found.get("cached")),
        *added_line(found.get("added_latency")),
        *_moves(found.get("redraws")),
        *_singles(found),
        *hull_line(found.get("hull")),
        *_rungs(found.get("rungs_tried") or []),
        *_grid(found),
        *_fields(found.get(ANSWER_FIELDS)),
    ]


def _accuracy(found: dict[str, Any]) -> str:
    """Return the accuracy beside that of the reference; of labels where answers differ, only the audit tells one."""
    if found["accuracy"]["value"] is None and "audit" in found:
        return f"unknown: {found['audit']['n']} rows of the audit are labelled, {found['audit']['needed']} are needed"
    audited = f", by the audit of {found['audit']['n']:,} rows" if "audit" in found else ""
    return f"{share(found['accuracy'])}; always {found['reference']}: {percent(found['accuracy_top'])}{audited}"


def _fields(found: list[str] | None) -> list[tuple[str, str]]:
    """Return which part of an answer was read."""
    return [("answer read", name_fields(found))] if found else []


def alone(fitted: TaskPolicy) -> tuple[str, str] | None:
    """Return the name and value that stand for the rate of a policy that asks one model only; None if it escalates."""
    rungs = {point.rungs for point in fitted.points}
    if any(len(one) > 1 for one in rungs):
        return None
    names = sorted(one[0] for one in rungs)
    top = names == [fitted.reference]
    return ("served by the top", "100 %") if top else ("served by", f"{' or '.join(names)} alone")


def _moves(found: dict[str, Any] | None) -> list[tuple[str, str]]:
    """Return how far cost and loss move with another draw of labels; empty where that was not asked for."""
    if found is None or not found["draws"]:
        return []
    cost, loss = found["cost_vs_top"], found["loss"]
    points = f"{100 * loss['low']:.1f} to {100 * loss['high']:.1f} points lost"
    line = f"{percent(cost['low'])} to {percent(cost['high'])} of always-top, {points}"
    return [("with other labels", f"{line} (90 % of {found['draws']} {found['how']})")]


def _measured_on(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Return which samples the figures are of, where these are not all."""
    n = found.get("n_measured")
    if n is None or n == found["n"]:
        return []
    return [("the next figures", f"of the {n:,} samples that certify; single models of all {found['n']:,}")]


def _grid(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the size of the threshold grid if it is coarse: with five rungs or six."""
    if not found.get("bins") or len(found["singles"]) < FINE:
        return []
    return [("thresholds tried", f"{found['bins']} a rung at most: the more rungs, the coarser")]


def _promise(fitted: TaskPolicy) -> list[tuple[str, str]]:
    """Return whether the bound is certified; empty for an aim."""
    if fitted.certificate is None:
        return []
    sure = confidence_of(fitted.certificate)
    of = ", of a random request" if fitted.certificate.get("weighting") else ""
    held = f"with {percent(sure)} confidence{of}, {fitted.certificate['method']}"
    line = ("certified", f"yes, {held}" if fitted.certified else "no: the safest policy serves")
    return [line, *_each(fitted.certificate.get("each"))]


def _each(found: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Return which slices keep the bound, and which of them may be named; empty where it is not about slices."""
    if found is None:
        return []
    by_outcome: dict[str, list[str]] = {}
    for name, one in found["slices"].items():
        by_outcome.setdefault(one["outcome"], []).append(name)
    named = [name for name, one in found["slices"].items() if one["holds_by_name"]]
    words = {"pass": "pass", "undecided": "undecided", "fail": "do not pass"}
    told = "; ".join(f"{words[outcome]}: {', '.join(names)}" for outcome, names in by_outcome.items())
    alone = f"; holds by itself (δ over all slices): {', '.join(named) or 'none'}"
    return [(f"each tag.{found['tag']}", told + alone)]


def confidence_line(means: str | None, asked: Sequence[str]) -> list[tuple[str, str]]:
    """Return what a confidence is the probability of; empty where just one rung was asked, which takes none."""
    return [("confidence", f"{means}: {CONFIDENCE_OF[means]}")] if means in CONFIDENCE_OF and len(asked) > 1 else []


def cached_line(found: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Return the cost if prompts were cached as recorded; empty where the prompt cache makes no difference."""
    if found is None:
        return []
    share = f", {percent(found['cost_vs_top'])} of always-top" if "cost_vs_top" in found else ""
    usd = f"{dollars(found['cost_usd_per_request'])}{share}"
    where = "above only where the session had asked that rung in the five minutes before"
    return [("… if cached", f"{usd}, escalated prompts in the provider's cache as recorded; {where}")]


def added_line(found: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Return the latency added against always-top; empty where the samples do not tell."""
    if found is None:
        return []
    return [("added latency", f"{added_words(found)} against always-top (n = {found['n']:,})")]


def _dimensions(found: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    """Return the accuracy in each bounded dimension."""
    return [
        (f"… in {name}", f"{share(one['accuracy'])}; always the top: {percent(one['accuracy_top'])}")
        for name, one in found.items()
    ]


def _borrowed(found: dict[str, Any] | None) -> list[tuple[str, str]]:
    """Return the partial pooling of the rate; empty without pooling."""
    if found is None:
        return []
    others = f"{found['tasks']:,} other task{'s' if found['tasks'] > 1 else ''}"
    return [("borrowed", f"of {others}, worth {found['rows']:,.0f} samples beside its own {found['n']:,}")]


def _ladders(points: list[dict[str, Any]]) -> list[str]:
    """Return each operating point as text, with its share of the requests if there are two."""
    lines = []
    for point in points:
        thresholds = ", ".join(f"{one['t']:.4g}" for one in point["thresholds"])
        part = "" if len(points) == 1 else f"{percent(point['weight'])} of requests: "
        lines.append(f"{part}{' → '.join(point['rungs'])}" + (f", thresholds {thresholds}" if thresholds else ""))
    return lines


def _disagreement(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Return how often an answer is not the same as the reference's, on the certifying rows; empty if not compared."""
    own, again = found.get("disagreement"), found.get("reference_differs_from_itself")
    if own is None:
        return []
    rows = [("disagreement", f"{share(own)} of {own['n']:,} requests")]
    if again is not None:
        rows.append(
            (f"{found['reference']} itself", f"differs on {share(again['differs'])} of {again['n']:,} requests")
        )
    return rows


def _singles(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the best single model, the baseline of a cascade."""
    for single in found["singles"]:
        if single["rung"] == found["best_single"]:
            cost = dollars(single["cost_usd_per_request"])
            return [("best single model", f"{single['rung']}: {share(single['accuracy'])} at {cost} a request")]
    return []


def hull_line(found: dict[str, Any] | None) -> list[tuple[str, str]]:
    """Return the policy's place against the hull of single models; empty where it is not known."""
    if found is None:
        return []
    if "mix_accuracy" not in found:
        return []  # of an earlier release, which compared cost at equal accuracy
    lead = (found["lead"], found["low"], found["high"])
    place = place_words(found["mix"], found["mix_accuracy"], lead, below=found["below"], n=found["n"])
    return [("against the hull", place)]


def _rungs(tried: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return rungs left out, rungs that never pay, and the saving."""
    lines = []
    for rung in tried:
        if not rung["used"]:
            what = "left out" if rung["pays"] else "never pays"
            saves = rung["saves_usd_per_request"]
            than = "" if saves is None else f"; with it, equal quality costs {dollars(saves)} a request more"
            lines.append((f"rung {rung['rung']}", f"{what}{than}"))
    return lines
