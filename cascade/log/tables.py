"""Tables of the decision log, the same on SQLite and PostgreSQL: a row a request, attempt, verdict, label, call.

Money is US dollars, or picodollars in accounting columns; times of day are Unix milliseconds in UTC, durations are
seconds, lists and mappings are JSON text.
Attempts and verdicts repeat task and rung, so that a report over the whole log reads each table once without joins.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, MetaData, String, Table, Text, text
from sqlalchemy.sql import quoted_name

APPLICATION_ID = 0x43_53_43_44
"""Marks a SQLite file as a decision log ("CSCD"), so that no other program's database is written to."""

SCHEMA_VERSION = 8
"""Of these tables; kept in SQLite's user_version, and in PostgreSQL's table `cascade_schema`."""

EXPIRING, EXPIRING_WHERE = "decisions_expiring", "text_until_ms IS NOT NULL AND request_text IS NOT NULL"
"""Name and condition of the index by which texts expire."""

_COUNTER = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData()

decisions = Table(
    "decisions",
    metadata,
    Column("sequence", _COUNTER, primary_key=True, autoincrement=True),  # the order: clocks jump
    Column("decision_id", String, nullable=False, unique=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("task", String, nullable=False),
    Column("principal", String),
    Column("session", String),
    Column("quality", String),
    Column("group", String),
    Column("request_id", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("rung", String),  # whose answer was returned
    Column("model", String),
    Column("confidence", Double),
    Column("calibrated", Boolean, nullable=False),
    Column("first_answered", Boolean, nullable=False),  # the denominator of the escalation rate
    Column("escalated", Boolean, nullable=False),  # from the first rung, for quality
    Column("policy_sha256", String),
    Column("weight", Double, nullable=False),
    Column("cost_usd", Double, nullable=False),
    Column("answers_usd", Double, nullable=False),
    Column("verifiers_usd", Double, nullable=False),
    Column("saved_usd", Double),
    Column("saved_how", String),
    Column("latency_s", Double, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", Text),
    Column("flags", Text, nullable=False),
    Column("tags", Text, nullable=False),
    Column("request_chars", BigInteger, nullable=False),
    Column("request_text", Text),  # the messages as JSON; only where `store_text` asks for it
    # What tries without an answer may have cost on top of cost_usd, at their worst case.
    Column("maybe_charged_usd", Double, nullable=False, server_default=text("0")),
    Column("maybe_charged_estimate_usd", Double),  # what these have cost in the mean; NULL in schema 2
    Column("mode", String),  # enforce, observe; NULL before schema 4, which enforced only
    Column("propensity", Double),  # probability with which the request came into this mode; NULL before schema 4
    Column("next_usd", Double),  # what the next rung would have cost; NULL at the top, and where not known
    Column(
        "first_piece_s", Double
    ),  # to the first piece of a stream that was passed on as it came; NULL: verified first
    Column("text_until_ms", BigInteger),  # when its texts are deleted (a label queue); NULL: they were never kept so
    Column("text_propensity", Double),  # probability with which it was drawn to keep its texts; NULL as above
    Column("prompt", String),  # fingerprint of its system prompt; '': it has none; NULL before schema 8
    Index("decisions_task_at", "task", "at_ms"),
    Index("decisions_request", "request_id"),
    sqlite_autoincrement=True,  # else a purge of the newest rows frees their numbers, and readers miss what comes next
)

attempts = Table(
    "attempts",
    metadata,
    Column("decision_id", String, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("task", String, nullable=False),
    Column("rung", String, nullable=False),
    Column("model", String, nullable=False),
    Column("action", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("confidence", Double),
    Column("t", Double),
    Column("g", Double),
    Column("u", Double),
    Column("failure", String),  # its kind; NULL: it answered
    Column("status", Integer),
    Column("finish_reason", String),
    Column("answer_usd", Double, nullable=False),
    Column("verifiers_usd", Double, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cached_tokens", BigInteger, nullable=False),
    Column("reasoning_tokens", BigInteger, nullable=False),
    Column("usage_estimated", Boolean, nullable=False),
    Column("latency_s", Double, nullable=False),  # its verifiers' calls included
    Column("tries", Integer, nullable=False),
    Column("model_reported", String),
    Column("flags", Text, nullable=False),
    Column("answer_chars", BigInteger, nullable=False),
    Column("answer_text", Text),
    Column("features", Text),  # seen by the combiner and told by no other column; NULL: none, or an old row
    Column("same_as", Integer),  # position of the first attempt with the same typed answer; NULL where it is not told
    sqlite_with_rowid=False,
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("decision_id", String, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("place", Integer, primary_key=True),  # in the order in which they were given
    Column("task", String, nullable=False),
    Column("rung", String, nullable=False),
    Column("verifier", String, nullable=False),
    Column("score", Double),
    Column("veto", Boolean, nullable=False),
    Column("abstained", Boolean, nullable=False),
    Column("failed", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("signals", Text, nullable=False),
    Column("cost_usd", Double, nullable=False),
    Column("latency_s", Double, nullable=False),
    Column("calls", Integer, nullable=False),
    Column("source", String, nullable=False),
    Column("flags", Text, nullable=False),
    sqlite_with_rowid=False,
)

labels = Table(
    "labels",
    metadata,
    Column("decision_id", String, primary_key=True),
    Column("rung", String, primary_key=True),  # '': the answer that was returned
    Column("source", String, primary_key=True),
    Column("correct", Double, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("propensity", Double),  # probability with which the decision was drawn to be labelled; NULL: not drawn
)

policies = Table(
    "policies",
    metadata,
    Column("sha256", String, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("tasks", Text, nullable=False),  # what was promised and measured, by task
    Column("content", Text),  # the whole policy, as in its file; NULL before schema 4
)

losses = Table(
    "losses",
    metadata,
    Column("sequence", _COUNTER, primary_key=True, autoincrement=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("n", BigInteger, nullable=False),  # decisions that could not be logged
    Column("reason", Text, nullable=False),
    Column("loss_id", String, unique=True),  # so that the same loss written twice is one; NULL in schema 1
    sqlite_autoincrement=True,
)

calls = Table(
    "calls",
    metadata,
    # When, and a sha256 of what was asked, for whom, and which try it was: rows of one time lie together on disk.
    Column("call_id", String, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),  # when the intent was written: before the call
    Column("until_ms", BigInteger),  # when the call is to be over, at the latest; NULL: it is
    Column("writer", String),  # the process that makes it; NULL: it has ended, and `log.on_outage` is not refuse
    Column("purpose", String, nullable=False),  # run, explore, observe
    Column("decision_id", String),  # NULL: an exploration's
    Column("request_id", String),  # NULL: the decision's
    Column("task", String, nullable=False),
    Column("principal", String),
    Column("rung", String, nullable=False),
    Column("verifier", String),  # the verifier that asked; NULL: the call is for the rung's answer
    Column("attempt", Integer, nullable=False),  # which try of this question, from 1
    Column("endpoint", String, nullable=False),  # host and port; '': the provider's own
    Column("model_requested", String, nullable=False),
    Column("worst_pico", BigInteger, nullable=False),  # picodollars that it may cost at most
    Column("state", String, nullable=False),  # begun, answered, failed, cancelled, unsent
    # From here on: the outcome, NULL until it is known.
    Column("class", String),  # ok, or the kind of failure
    Column("http_status", Integer),
    Column("finish_raw", String),
    Column("model_reported", String),
    Column(
        "usage_source", String
    ),  # reported, estimated, implausible (ours, since what was reported cannot be true), none
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("cost_est", Double),  # US dollars by our prices of the requested model
    Column("cost_reported", Double),  # US dollars that the provider says it charged, where it says so
    Column("maybe_charged", Boolean),  # the provider may have billed it, though nothing usable came
    Column("charged_pico", BigInteger),  # what budgets were charged: the cost, or the worst case where maybe charged
    Column("ms", BigInteger),
    sqlite_with_rowid=False,
)

receipts = Table(
    "receipts",
    metadata,
    Column("position", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False),
    Column("decision_id", String, nullable=False, unique=True),  # of a link that is no decision: its kind and position
    Column("previous", String, nullable=False),  # the digest at the position before; 64 zeros at the first
    Column("digest", String, nullable=False),  # sha256 of `previous` and the rows or content, in canonical bytes
    Column("purged_ms", BigInteger),  # when the decision was purged; counts only where a later link names its position
    Column("content", Text),  # what a link says that is no decision: where the chain begins, a purge; NULL: a decision
)


def _observed(table: Table, name: str, *more: Column[Any]) -> Table:
    """Return a table of observations: like one of decisions, and no figure of decisions holds it."""
    copied = table.to_metadata(metadata, name=name)
    for index in copied.indexes:
        index.name = quoted_name(f"{name}_{'_'.join(column.name for column in index.columns)}", quote=None)
    for column in more:
        copied.append_column(column)
    return copied


# What the cascade would have done where the top answered, under the decision by which it did: all that it would have
# returned and cost, and every rung and verdict, reached or not.
observations = _observed(decisions, "observations", Column("paid_usd", Double, nullable=False))  # what observing cost
observed_attempts = _observed(attempts, "observed_attempts")
observed_verdicts = _observed(verdicts, "observed_verdicts")

# The stream that watches certificates: drawn by hash before the outcome, whether or not the reference then answered.
watched = Table(
    "watched",
    metadata,
    Column("decision_id", String, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("task", String, nullable=False),
    Column("policy_sha256", String, nullable=False),
    Column("propensity", Double, nullable=False),  # probability with which it was drawn
    Column("rung", String),  # whose answer was served; NULL: none
    Column("reference", String, nullable=False),  # the rung that was asked too
    Column("same", Boolean),  # whether the reference gave the same answer; NULL: it gave none, or was not asked
    Column("reference_text", Text),  # what it answered, where texts are stored
    Column("paid_usd", Double, nullable=False),  # what asking it cost
)

# Apart, so that observations have none: their texts go with their decision's.
Index(EXPIRING, decisions.c.text_until_ms, sqlite_where=text(EXPIRING_WHERE), postgresql_where=text(EXPIRING_WHERE))

unobserved = Table(
    "unobserved",
    metadata,
    Column("count_id", String, primary_key=True),  # so that the same count written twice is one
    Column("at_ms", BigInteger, nullable=False),  # the hour's begin
    Column("task", String, nullable=False),
    Column("reason", String, nullable=False),  # queue, budget, closing, failed
    Column("n", BigInteger, nullable=False),  # requests that were drawn and then dropped
)
