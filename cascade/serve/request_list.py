"""Request list: the latest decisions of a log by task, outcome, rung and time, and one of them explained."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from cascade.display.explanation import explanation_sheet
from cascade.display.numbers import dollars, duration
from cascade.display.sanitize import one_line, printable
from cascade.extras import require_extra
from cascade.log import Log
from cascade.report.page.rendering import page_style
from cascade.report.queries.source import iso

PAGE = 50
"""Requests on one page."""

LONGEST = 160
"""Characters of a prompt in the list; the page of one request has all that the log has."""

ALL = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Filter of the list; "" stands for all."""

    period: str = "7d"
    task: str = ALL
    outcome: str = ALL
    rung: str = ALL
    escalated: str = ALL
    """yes, no."""
    before: int | None = None
    """Only decisions before this one, by its place in the log's order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One page of the list."""

    rows: Sequence[Mapping[str, Any]]
    """Decisions, the latest first, each with `reason`: why its last attempt ended so."""
    options: Mapping[str, Sequence[str]]
    """What the log has, by filter: tasks, outcomes, rungs."""
    earlier: int | None
    """Where the next page begins; None where there is none."""


def listed(log: Log, chosen: Chosen, *, since_ms: int | None) -> Listed:
    """Read one page of the list.

    Args:
        log: the log.
        chosen: the filter.
        since_ms: only decisions that ended then or later, Unix milliseconds.

    Raises:
        LogUnavailable: the log cannot be read.
    """
    from sqlalchemy import and_, func, select

    from cascade.log.tables import attempts, decisions

    d = decisions.c
    last = attempts.alias("last")
    query = (
        select(decisions, last.c.reason, last.c.failure)
        .outerjoin(last, and_(last.c.decision_id == d.decision_id, last.c.position == d.attempts - 1))
        .order_by(d.sequence.desc())
        .limit(PAGE + 1)
    )
    wanted = {d.task: chosen.task, d.outcome: chosen.outcome, d.rung: chosen.rung}
    for column, value in wanted.items():
        query = query.where(column == value) if value else query
    if chosen.escalated in ("yes", "no"):
        query = query.where(d.escalated.is_(chosen.escalated == "yes"))
    if since_ms is not None:
        query = query.where(d.at_ms >= since_ms)
    if chosen.before is not None:
        query = query.where(d.sequence < chosen.before)
    with log.reading() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
        options = {
            name: sorted(
                value
                for (value,) in connection.execute(
                    select(column).group_by(column).order_by(func.count().desc()).limit(200)
                )
                if value is not None
            )
            for name, column in (("task", d.task), ("outcome", d.outcome), ("rung", d.rung))
        }
    more = len(rows) > PAGE
    return Listed(rows=rows[:PAGE], options=options, earlier=rows[PAGE - 1]["sequence"] if more else None)


def list_page(found: Listed, chosen: Chosen, periods: Mapping[str, str]) -> str:
    """Return the list as a page; logged text is escaped.

    Args:
        found: the rows.
        chosen: the filter.
        periods: the periods to choose from, by key.
    """
    rows = [
        {
            "id": row["decision_id"],
            "at": iso(row["at_ms"])[:19].replace("T", " "),
            "cells": (
                row["task"], row["outcome"], row["rung"] or "–", row["failure"] or row["reason"] or "–",
                "–" if row["confidence"] is None else f"{row['confidence']:.3f}", dollars(row["cost_usd"]),
                duration(row["latency_s"]),
            ),
            "text": _prompt(row["request_text"]),
        }
        for row in found.rows
    ]  # fmt: skip
    page: str = _template("requests.html").render(
        rows=rows, chosen=chosen, options=found.options, earlier=found.earlier, periods=periods, style=page_style(),
        columns=("task", "outcome", "answered by", "why", "confidence", "cost", "latency"),
    )  # fmt: skip
    return page


def request_page(log: Log, identity: str) -> str:
    """Return the page of one decision: why, as `cascade show` says it, and its texts where the log has them.

    Raises:
        DataError: the log has no such decision.
        LogUnavailable: the log cannot be read.
    """
    from markupsafe import Markup

    from cascade.log.past import logged_policy, past_of

    past = past_of(log, identity)
    sha256 = past.decision["policy_sha256"]
    if past.observed is not None:
        sha256 = sha256 or past.observed.decision["policy_sha256"]
    sheet = explanation_sheet(past.explanation(logged_policy(log, sha256)))
    texts = [("Request", _whole(past.decision["request_text"]))]
    texts += [(f"Answer of {row['rung']}", row["answer_text"]) for row in past.attempts]
    page: str = _template("request.html").render(
        identity=past.decision["decision_id"], style=page_style(),
        sheet=Markup(sheet.html()),  # noqa: S704 - a sheet escapes what it shows
        texts=[(name, printable(text)) for name, text in texts if text],
    )  # fmt: skip
    return page


def _whole(stored: str | None) -> str:
    """Return the messages of a request as text; as they are stored, where they are cut."""
    try:
        messages = json.loads(stored or "[]")
        return "\n\n".join(f"{message['role']}: {message['content']}" for message in messages)
    except (ValueError, KeyError, TypeError):
        return stored or ""


def _prompt(stored: str | None) -> str:
    text = one_line(_whole(stored).removeprefix("user: "))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


@cache
def _template(name: str) -> Any:
    require_extra("serve", "jinja2", use="The dashboard")
    from jinja2 import Environment, StrictUndefined

    made = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters["shown"] = one_line
    return made.from_string(files("cascade.serve").joinpath(name).read_text("utf-8"))
