"""Certificate of a paired walk: what it bounds in words, whose sameness it is about, and what it assumes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from calibration.certify.certificate import Certificate, about_labels, state_tasks, state_traffic
from calibration.certify.each_slice import EachSlice, describe_slices
from calibration.certify.hypothesis_tests import Found
from calibration.certify.paired_shortfall import explain
from calibration.certify.paired_walk import EverySingle, Tester
from calibration.certify.verification import Candidate
from calibration.samples.audit import Audit
from calibration.samples.checks import Checks
from calibration.samples.pairs import Pairs
from calibration.samples.sameness import Sameness
from calibration.targets.bound import MaxDisagreement, MaxLoss
from cascade.display.numbers import percent
from cascade.policy.policy import P_NO_HARM, P_SAME

WITHOUT_LABELS = (
    "No label was used: it is about saying the same as the reference, whether the reference is right or wrong."
)
RECORD = (
    "Every certification on these rows is in the record of looks beside the samples: one that was deleted, or made "
    "on a copy of the samples, cannot be seen."
)


def make_certificate(
    pairs: Pairs,
    tester: Tester,
    found: Found,
    *,
    sameness: Sameness,
    about: Mapping[str, Any],
    look: int,
    tasks: int,
    audit: Audit | None = None,
    checks: Checks | None = None,
    repeats: Mapping[str, Any] | None = None,
    label_sources: Sequence[str] = (),
    flagged: float | None = None,
    learnt: int = 0,
    person: Mapping[str, Any] | None = None,
    walked: Sequence[Candidate] = (),
) -> Certificate:
    """Return the certificate of a walk.

    Args:
        pairs: all comparable rows of the task.
        tester: the certifying rows, bound and level.
        found: the walk's result.
        sameness: whose sameness it is.
        about: its name, version and options.
        look: which look at the certifying rows this is.
        tasks: how many tasks share 1 − confidence.
        audit: what the audit found; None for a bound on disagreement, which needs no label.
        checks: what a person's checks of a judge's sameness found; None if it is no judge's.
        repeats: how often the reference differs from itself; None where it answered no request twice.
        label_sources: sources of the labels.
        flagged: expected share of draws that some candidate flags; None for a bound on disagreement.
        learnt: rows with labels that were learnt from.
        person: the person's subsample that confirms a judge; None if labels are all of one kind.
        walked: the candidates that passed, else the first: what each slice is told of.
    """
    bound, table = tester.bound, pairs.table
    certified = bool(found.points)
    why, more = (None, None) if certified else explain(tester, found, audit=audit, checks=checks)
    each = None
    if isinstance(tester, EachSlice) and walked:
        slices = tester.by_slice(walked)
        each = {"tag": tester.tag, "slices": slices}
        why = None if why is None else f"{why} {describe_slices(tester.tag, slices)}".rstrip()
    last = found.last if certified else None
    reference = table.rungs[-1]
    judges = [source for source in label_sources if source.startswith("judge")]
    if person is not None:
        label_sources = [source for source in label_sources if source not in judges]
    shared = {
        "sameness": dict(about),
        "look": look,
        "samples_needed": more,
        "no_reference": pairs.no_reference,
        "only_reference": pairs.only_reference,
        "copies": pairs.split.copies,
        **({} if repeats is None else {"reference_differs_from_itself": dict(repeats)}),
    }
    if isinstance(bound, MaxDisagreement):
        told: dict[str, Any] = {
            "bounds": state_promise(table.task, reference, bound, sameness),
            "bounds_the_loss": state_loss(bound, reference) if sameness.is_reader else None,
            "confidence_means": P_SAME,
            **shared,
            **({} if checks is None else {"tested_bound": tester.eps, "checks": checks.to_json()}),
        }
    else:
        told = {
            "bounds": state_bounded_loss(table.task, _against(tester, reference), bound, label_sources),
            "confidence_means": P_NO_HARM,
            **shared,
            "learnt_labels": learnt,
            "certify_labels": label_rows(tester),
            "expected_flagged": flagged,
            "tested_bound": tester.eps,
            "against": list(tester.names) if isinstance(tester, EverySingle) else [reference],
            "audit": None if audit is None else audit.to_json(),
            **({} if person is None else {"person": {**person, "judges": judges}}),
        }
    return Certificate(
        bound=bound.to_json(),
        certified=certified,
        why=why,
        labels_needed=None if more is None or flagged is None else math.ceil(more * flagged),
        delta=tester.delta,
        tasks=tasks,
        method=found.method,
        unit=tester.unit,
        n=len(tester.drawn),
        samples=len(tester.pairs.table),
        accepted=None if last is None else last.accepted,
        risk=None if last is None else last.risk,
        p_value=found.p,
        tests=found.tests,
        label_sources=tuple(label_sources) if pairs.labelled else (),
        assumptions=_assumptions(
            pairs,
            tester,
            found,
            sameness=sameness,
            look=look,
            tasks=tasks,
            audit=audit,
            checks=checks,
            sources=label_sources,
            person=None if person is None else {**person, "judges": judges},
        ),
        disagreement=None if pairs.labelled else told,
        each=each,
        pairs=told if pairs.labelled else None,
    )


def _against(tester: Tester, reference: str) -> str:
    """Return whom the answers are compared with, as text."""
    if not isinstance(tester, EverySingle):
        return reference
    return f"any single one of {', '.join(tester.names[:-1])} and {tester.names[-1]}"


def label_rows(tester: Tester) -> int:
    """Return how many of the tested draws differ and have labels."""
    pairs = tester.pairs
    return int((pairs.any_differs & pairs.known)[tester.drawn].sum()) if pairs.labelled else 0


def state_promise(task: str, reference: str, bound: MaxDisagreement, sameness: Sameness) -> str:
    """Return what is bounded, as a sentence."""
    return (
        f"With confidence {bound.confidence:g}, at most {100 * bound.value:g} % of the requests of task {task!r} get "
        f"an answer that is not the same as {reference}'s, {sameness.whose}; requests that fail, or that a budget or a "
        "deadline ends, are outside."
    )


def state_loss(bound: MaxDisagreement, reference: str) -> str:
    """Return what a bound on disagreement says about labels, as a sentence; it holds for the reader's sameness only."""
    return (
        f"Bounds the loss: whatever labels in [0, 1] are given, the same label to the same value, accuracy is at most "
        f"{100 * bound.value:g} points below always asking {reference}. It bounds no error."
    )


def state_bounded_loss(task: str, reference: str, bound: MaxLoss, sources: Sequence[str]) -> str:
    """Return what is bounded, as a sentence; labels of a judge are its opinion, and never called a loss."""
    judges = [source.partition(":")[2] or source for source in sources if source.startswith("judge")]
    what = f"as {' and '.join(judges)} judges, the answers are" if judges else "the accuracy is"
    return (
        f"With confidence {bound.confidence:g}, {what} at most {100 * bound.value:g} points below always asking "
        f"{reference}, on requests of task {task!r}; requests that fail, or that a budget or a deadline ends, are "
        "outside."
    )


def _assumptions(
    pairs: Pairs,
    tester: Tester,
    found: Found,
    *,
    sameness: Sameness,
    look: int,
    tasks: int,
    audit: Audit | None,
    checks: Checks | None,
    sources: Sequence[str],
    person: Mapping[str, Any] | None,
) -> tuple[str, ...]:
    bound, table = tester.bound, pairs.table
    stated = [*state_traffic(table.task)]
    if checks is not None:
        taken, left = percent(bound.value - tester.eps), percent(tester.eps)
        stated += [
            f"What is the same is told {sameness.whose}. {checks.describe()}",
            (
                f"The bound on what it wrongly calls the same, {taken} of all requests, is taken off: a judged "
                f"disagreement of at most {left} was tested. Each has half of 1 − confidence."
            ),
            "Those who checked are right about what is the same.",
        ]
    elif audit is None:
        stated.append(WITHOUT_LABELS)
    else:
        stated += [about_labels(tuple(sources)), audit.describe(), f"What is the same is told {sameness.whose}."]
        if person is not None:
            stated.append(
                f"What {', '.join(person['judges'])} said is nowhere taken as right: it chose what was learnt, and "
                f"makes noise smaller. Of the rows on which a served answer differs each was drawn for a person with "
                f"probability {person['share']:.3g}, by hash: {person['drawn']} were, {person['labelled']} have their "
                "label, and the others count as harmed. The audit is the judge's."
            )
        missing = int(found.tests[found.step or 0].get("unlabelled", 0)) if found.points else 0
        if missing:
            stated.append(f"{missing} rows on which a served answer differs have no label, and count as harmed.")
        if tester.eps < bound.value:
            stated.append(
                f"The audit's bound on the same value with another label, {percent(bound.value - tester.eps)}, is "
                f"taken off: a loss of at most {percent(tester.eps)} was tested, at four fifths of 1 − confidence."
            )
    if isinstance(tester, EachSlice):
        stated.append(
            f"The bound is kept in each of the {len(tester.parts)} values of tag.{tester.tag} that the samples have "
            "(intersection–union test); another value is another slice, of which nothing is said."
        )
    if tasks > 1:
        stated.append(state_tasks(tasks, bound.confidence, bound.delta / tasks))
    if tester.unit == "group":
        what = "disagreement" if audit is None else "loss"
        stated.append(
            f"Samples of one group are not independent, so each group counts once: the {what} is that of a random "
            "request of a random group."
        )
    if pairs.split.copies:
        kept = ", and the samples as they came keep the bound too" if audit is None else ""
        stated.append(f"{pairs.split.copies} samples are copies of others: each request counts once in the test{kept}.")
    outside = [
        f"{count} {what}"
        for count, what in (
            (pairs.no_reference, "samples without a recording of the reference"),
            (pairs.only_reference, "samples with no other recording than the reference's"),
        )
        if count
    ]
    if outside:
        stated.append(
            f"{' and '.join(outside)} are outside: whether they are missing is independent of whether answers differ."
        )
    stated.append(
        f"It is look {look} at these rows, at 1 − confidence over {look * (look + 1)}, so that all looks together keep "
        f"their confidence. {RECORD}"
    )
    return tuple(stated)
