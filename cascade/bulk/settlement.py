"""Settlement of a resumed run: decision log and journal are brought to agree on what an earlier run did and paid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cascade.bulk.journal import Journal
from cascade.bulk.journal_recorder import Carried
from cascade.bulk.reply_line import reply_of
from cascade.guards.accounts import midnight_ms
from cascade.guards.call_recorder import Charge
from cascade.log import Log
from cascade.log.calls import outcome_columns
from cascade.log.settlement import (
    BATCH,
    Means,
    PaidCall,
    answered_calls,
    begun_calls,
    doubtful_calls,
    mean_charges,
    outcomes_of,
    write_outcomes,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Result of a settlement."""

    carried: dict[str, Carried] = field(default_factory=dict)
    """What calls of decisions that are not finished may have cost, by decision id."""

    corrections: Counter[str | None] = field(default_factory=Counter)
    """Picodollars that today's calls were booked at too little, by principal; below 0: too much."""

    answered: int = 0
    """Calls whose answer the journal had and the log had not."""

    lost: Sequence[PaidCall] = ()
    """Calls that the log knows as answered, whose answer the journal has not (a power loss): they are paid again,
    unless the log has the decision with its text."""

    logged: Collection[str] = frozenset()
    """Ids of those decisions among theirs that are finished in the log."""

    missing: int = 0
    """Finished decisions that the log had not; they are written again."""


def settle(journal: Journal, log: Log | None, *, final: Collection[str] = ()) -> Settlement:
    """Bring the log to agree with the journal of an earlier run, whose process has ended.

    - A call without an outcome gets the one that the journal has, at its cost; if the journal has none either, it may
      have been charged, and is booked at its mean cost, once.
    - A finished request whose decision the log has not is redone from the journal's answers, under the same id.
    - A request that was begun keeps its decision id, unless the log has that decision with an outcome to try again.

    Args:
        journal: the journal.
        log: the decision log; None if absent.
        final: outcomes of decisions that are not tried again.

    Raises:
        LogUnavailable: the log cannot be read or written.
    """
    if log is None or log.read_only or not journal.resumed:
        return Settlement()
    index, today = journal.index, midnight_ms()
    open_decisions = index.open_decisions()
    corrections: Counter[str | None] = Counter()
    answered = 0
    # Thousands, after a provider batch: what the journal knows is written a piece at a time.
    for some in begun_calls(log, since_ms=journal.began_ms):
        told = [{**row, **outcome} for row in some if (outcome := _outcome(journal, row)) is not None]
        before = {row["call_id"]: row["worst_pico" if row["charged_pico"] is None else "charged_pico"] for row in some}
        write_outcomes(log, told)
        corrections.update(_corrections(told, before, today))
        answered += sum(row["state"] == "answered" for row in told)
    doubtful = list(doubtful_calls(log, since_ms=journal.began_ms, decisions=open_decisions))
    there = outcomes_of(log, open_decisions)
    # What a settlement has booked (then no time was measured) is booked anew until its decision is written: a later one
    # knows better what such a call costs.
    begun = [
        row for row in doubtful
        if row["state"] == "begun" or (row["ms"] is None and row["decision_id"] not in there)
    ]  # fmt: skip
    known = {row["call_id"]: outcome for row in begun if (outcome := _outcome(journal, row)) is not None}
    rows = [{**row, **known[row["call_id"]]} for row in begun if row["call_id"] in known]
    # What is not known costs what calls of its kind have cost in the mean, those included that became known just now.
    write_outcomes(log, rows)
    means = mean_charges(log, since_ms=journal.began_ms) if doubtful else {}
    expected = {row["call_id"]: pico for row in doubtful if (pico := _expected(journal, row, means)) is not None}
    unknown = [
        {**row, **outcome_columns(None, Charge(pico=expected[row["call_id"]], maybe=True))}
        for row in begun
        if row["call_id"] not in known and row["call_id"] in expected
    ]
    write_outcomes(log, unknown)
    before = {row["call_id"]: row["worst_pico" if row["charged_pico"] is None else "charged_pico"] for row in begun}
    corrections.update(_corrections([*rows, *unknown], before, today))
    carried: dict[str, Carried] = {}
    settled = {row["call_id"]: row for row in (*doubtful, *rows, *unknown)}
    for row in settled.values():
        if row["maybe_charged"] and row["call_id"] in expected and row["decision_id"] in open_decisions:
            most, mean = carried.get(row["decision_id"], (0, 0))
            carried[row["decision_id"]] = most + row["worst_pico"], mean + expected[row["call_id"]]
    for identity, ended in there.items():
        if ended not in final:
            index.close_decision(identity)
    lost = answered_calls(log, index.unanswered())
    logged = {one.decision_id for one in lost if one.decision_id is not None and there.get(one.decision_id) in final}
    missing = 0
    for decisions in index.decisions(BATCH):
        for identity in set(decisions) - outcomes_of(log, decisions).keys():
            index.redo(identity)
            missing += 1
    answered += sum(row["state"] == "answered" for row in rows)
    return Settlement(
        carried=carried, corrections=corrections, answered=answered, lost=lost, logged=logged, missing=missing
    )


def _corrections(rows: Sequence[dict[str, Any]], before: Mapping[str, int], today: int) -> dict[str | None, int]:
    """Return what today's calls were booked at too little, by principal."""
    found: Counter[str | None] = Counter()
    for row in rows:
        if row["at_ms"] >= today:
            found[row["principal"]] += row["charged_pico"] - before[row["call_id"]]
    return found


def _outcome(journal: Journal, row: dict[str, Any]) -> dict[str, Any] | None:
    """Return the columns of a call's outcome as the journal knows it; None if it does not."""
    found = journal.index.call(row["call_id"])
    if found is None or found[0] == "begun":
        return None
    state, place = found
    entry = journal.at(place)
    if state == "ended":
        return dict(entry["outcome"])
    charge = entry.get("charge")
    reply = reply_of(entry["reply"])
    outcome = outcome_columns(reply, None if charge is None else Charge(**charge))
    return {**outcome, "ms": round(1000 * reply.latency_s)}


def _expected(journal: Journal, row: dict[str, Any], means: Means) -> int | None:
    """Return the picodollars that a call costs in the mean; None if it is another run's."""
    found = journal.index.call(row["call_id"])
    if found is None:
        return None
    known = means.get((row["rung"], row["verifier"], row["model_requested"]))
    pico = int(journal.at(found[1]).get("expected", row["worst_pico"])) if known is None else known
    return min(pico, int(row["worst_pico"]))
