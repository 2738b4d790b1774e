"""log_draw(): draws decisions of a log to label, with the probability of each, in one pass and little memory."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from cascade.hashing import unit
from cascade.log.label import HUMAN
from cascade.policy.policy import SALT

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select

    from cascade.log.log import Log

Draw = Literal["uniform", "doubt"]
"""uniform: all decisions alike. doubt: rather those whose confidence is near a half, where a label tells most."""

FLOOR = 0.2
"""Least weight of a decision in a draw by doubt; the greatest is 1."""

CHUNK = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Decisions that were drawn to be labelled."""

    propensity: dict[str, float]
    """The probability of each to be drawn, in this draw or an earlier one, by decision id; in a label queue, also to be
    kept there."""

    n: int
    """Decisions that could be drawn: with an answer and its text."""

    n_labelled: int
    """Those of them that the annotator has labelled already."""

    n_textless: int
    """Decisions with an answer whose text the log does not store."""


def log_draw(
    log: Log,
    n: int,
    *,
    annotator: str,
    how: Draw = "uniform",
    tasks: Sequence[str] | None = None,
    since_ms: int | None = None,
    until_ms: int | None = None,
) -> Drawn:
    """Draw decisions that an annotator has not labelled yet, by hashed choices (sequential Poisson sampling).

    By Ohlsson (1998): a decision of weight w and hashed number u comes up at rank u / w, and is drawn if it is among
    the first n; its probability is min(1, rank of the last one times w). A later draw goes on where one ended.

    Args:
        log: the log.
        n: decisions to draw.
        annotator: a name; all annotators have the same order, so that they overlap early.
        how: by which weights.
        tasks: only these; None: all.
        since_ms: only decisions that ended then or later, Unix milliseconds.
        until_ms: only decisions that ended before.

    Raises:
        LogUnavailable: the log cannot be read.
    """
    counts = {"n": 0, "labelled": 0, "textless": 0}

    def open_rows() -> Iterator[tuple[float, str, float, float]]:
        for row in _rows(log, annotator, tasks=tasks, since_ms=since_ms, until_ms=until_ms):
            if row["textless"]:
                counts["textless"] += 1
                continue
            counts["n"] += 1
            if row["labelled"]:
                counts["labelled"] += 1
                continue
            weight = 1.0 if how == "uniform" else _doubt(row["confidence"])
            u = unit(salt=SALT, purpose="label", task=row["task"], rung="", request_id=row["decision_id"])
            yield u / weight, row["decision_id"], weight, row["kept"] or 1.0

    first = heapq.nsmallest(n, open_rows())
    everything = len(first) < n or counts["n"] - counts["labelled"] == n
    last = math.inf if everything or not first else first[-1][0]
    return Drawn(
        propensity={identity: kept * min(1.0, last * weight) for _, identity, weight, kept in first},
        n=counts["n"],
        n_labelled=counts["labelled"],
        n_textless=counts["textless"],
    )


def _doubt(confidence: float | None) -> float:
    """Return the weight of a confidence: the standard deviation of its label, 1 at a half; unknown counts as a half."""
    held = 0.5 if confidence is None else confidence
    return FLOOR + (1.0 - FLOOR) * 2.0 * math.sqrt(held * (1.0 - held))


def _rows(log: Log, annotator: str, **within: Any) -> Iterator[Any]:
    from sqlalchemy import exists, select

    from cascade.log.tables import attempts, decisions, labels

    d = decisions.c
    labelled = exists().where(
        labels.c.decision_id == d.decision_id, labels.c.source.in_((HUMAN, f"{HUMAN}:{annotator}"))
    )
    kept = exists().where(attempts.c.decision_id == d.decision_id, attempts.c.answer_text.is_not(None))
    textless: ColumnElement[bool] = d.request_text.is_(None) | ~kept
    query = select(
        d.decision_id, d.task, d.confidence, d.text_propensity.label("kept"), labelled.label("labelled"),
        textless.label("textless"),
    ).where(d.rung.is_not(None))  # fmt: skip
    yield from rows_within(log, query, **within)


def rows_within(
    log: Log,
    query: Select[Any],
    *,
    tasks: Sequence[str] | None = None,
    since_ms: int | None = None,
    until_ms: int | None = None,
) -> Iterator[Any]:
    """Yield the rows of a query on decisions, within tasks and times as of `log_draw`; memory holds a part of them.

    Raises:
        LogUnavailable: the log cannot be read.
    """
    from cascade.log.tables import decisions

    d = decisions.c
    if tasks is not None:
        query = query.where(d.task.in_([log.stored_name(task) for task in tasks]))
    if since_ms is not None:
        query = query.where(d.at_ms >= since_ms)
    if until_ms is not None:
        query = query.where(d.at_ms < until_ms)
    with log.reading() as connection:
        yield from connection.execution_options(yield_per=CHUNK).execute(query).mappings()
