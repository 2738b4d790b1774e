"""The first schema on PostgreSQL; 1 was SQLite's alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "attempts",
        sa.Column("decision_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("rung", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("t", sa.Double(), nullable=True),
        sa.Column("g", sa.Double(), nullable=True),
        sa.Column("u", sa.Double(), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("finish_reason", sa.String(), nullable=True),
        sa.Column("answer_usd", sa.Double(), nullable=False),
        sa.Column("verifiers_usd", sa.Double(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cached_tokens", sa.BigInteger(), nullable=False),
        sa.Column("reasoning_tokens", sa.BigInteger(), nullable=False),
        sa.Column("usage_estimated", sa.Boolean(), nullable=False),
        sa.Column("latency_s", sa.Double(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("model_reported", sa.String(), nullable=True),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.Column("answer_chars", sa.BigInteger(), nullable=False),
        sa.Column("answer_text", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("decision_id", "position"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "calls",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=True),
        sa.Column("writer", sa.String(), nullable=True),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("decision_id", sa.String(), nullable=True),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("principal", sa.String(), nullable=True),
        sa.Column("rung", sa.String(), nullable=False),
        sa.Column("verifier", sa.String(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("model_requested", sa.String(), nullable=False),
        sa.Column("worst_pico", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("class", sa.String(), nullable=True),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("finish_raw", sa.String(), nullable=True),
        sa.Column("model_reported", sa.String(), nullable=True),
        sa.Column("usage_source", sa.String(), nullable=True),
        sa.Column("input_tokens", sa.BigInteger(), nullable=True),
        sa.Column("output_tokens", sa.BigInteger(), nullable=True),
        sa.Column("cost_est", sa.Double(), nullable=True),
        sa.Column("cost_reported", sa.Double(), nullable=True),
        sa.Column("maybe_charged", sa.Boolean(), nullable=True),
        sa.Column("charged_pico", sa.BigInteger(), nullable=True),
        sa.Column("ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("call_id"),
    )
    op.create_table(
        "decisions",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("decision_id", sa.String(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("principal", sa.String(), nullable=True),
        sa.Column("session", sa.String(), nullable=True),
        sa.Column("quality", sa.String(), nullable=True),
        sa.Column("group", sa.String(), nullable=True),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("rung", sa.String(), nullable=True),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("calibrated", sa.Boolean(), nullable=False),
        sa.Column("first_answered", sa.Boolean(), nullable=False),
        sa.Column("escalated", sa.Boolean(), nullable=False),
        sa.Column("policy_sha256", sa.String(), nullable=True),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("cost_usd", sa.Double(), nullable=False),
        sa.Column("answers_usd", sa.Double(), nullable=False),
        sa.Column("verifiers_usd", sa.Double(), nullable=False),
        sa.Column("saved_usd", sa.Double(), nullable=True),
        sa.Column("saved_how", sa.String(), nullable=True),
        sa.Column("latency_s", sa.Double(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("request_chars", sa.BigInteger(), nullable=False),
        sa.Column("request_text", sa.Text(), nullable=True),
        sa.Column("maybe_charged_usd", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("decision_id"),
    )
    op.create_index("decisions_request", "decisions", ["request_id"], unique=False)
    op.create_index("decisions_task_at", "decisions", ["task", "at_ms"], unique=False)
    op.create_table(
        "labels",
        sa.Column("decision_id", sa.String(), nullable=False),
        sa.Column("rung", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("correct", sa.Double(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", "rung", "source"),
    )
    op.create_table(
        "losses",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("loss_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("loss_id"),
    )
    op.create_table(
        "policies",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("tasks", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sha256"),
    )
    op.create_table(
        "receipts",
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("decision_id", sa.String(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("purged_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("decision_id"),
    )
    op.create_table(
        "verdicts",
        sa.Column("decision_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("rung", sa.String(), nullable=False),
        sa.Column("verifier", sa.String(), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("veto", sa.Boolean(), nullable=False),
        sa.Column("abstained", sa.Boolean(), nullable=False),
        sa.Column("failed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("signals", sa.Text(), nullable=False),
        sa.Column("cost_usd", sa.Double(), nullable=False),
        sa.Column("latency_s", sa.Double(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", "position", "place"),
        sqlite_with_rowid=False,
    )
