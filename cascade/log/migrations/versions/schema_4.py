"""What a decision was made from, and observations: what the cascade would have done where the top answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "4"
down_revision = "3"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, which rows from before lack, and make the tables."""
    op.add_column("decisions", sa.Column("mode", sa.String(), nullable=True))
    op.add_column("decisions", sa.Column("propensity", sa.Double(), nullable=True))
    op.add_column("decisions", sa.Column("next_usd", sa.Double(), nullable=True))
    op.add_column("attempts", sa.Column("features", sa.Text(), nullable=True))
    op.add_column("attempts", sa.Column("same_as", sa.Integer(), nullable=True))
    op.add_column("labels", sa.Column("propensity", sa.Double(), nullable=True))
    op.add_column("policies", sa.Column("content", sa.Text(), nullable=True))
    op.create_table(
        "observations",
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
        sa.Column("maybe_charged_estimate_usd", sa.Double(), nullable=True),
        sa.Column("mode", sa.String(), nullable=True),
        sa.Column("propensity", sa.Double(), nullable=True),
        sa.Column("next_usd", sa.Double(), nullable=True),
        sa.Column("paid_usd", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("decision_id"),
    )
    op.create_index("observations_request_id", "observations", ["request_id"], unique=False)
    op.create_index("observations_task_at_ms", "observations", ["task", "at_ms"], unique=False)
    op.create_table(
        "observed_attempts",
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
        sa.Column("features", sa.Text(), nullable=True),
        sa.Column("same_as", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("decision_id", "position"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "observed_verdicts",
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
    op.create_table(
        "unobserved",
        sa.Column("count_id", sa.String(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("count_id"),
    )
