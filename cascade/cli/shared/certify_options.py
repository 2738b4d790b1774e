"""Options of `cascade certify` that depend on each other, checked before anything is read or asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cascade.errors import ConfigError

if TYPE_CHECKING:
    from calibration.targets.bound import MaxDisagreement, MaxLoss
    from calibration.targets.target import Best


def chosen_bound(
    loss: float | None,
    target: str | None,
    single: tuple[str | None, float | None],
    confidence: float,
    *,
    audit_bound: bool,
    same: float | None,
) -> MaxLoss | MaxDisagreement | Best:
    """Return the bound of --max-loss, --margin or --max-disagreement, or the aim of --target best."""
    from calibration.targets.bound import MaxDisagreement, MaxLoss
    from calibration.targets.target import Best

    named, margin = single
    if (named is None) != (margin is None):
        message = "--never-worse-than and --margin belong together; give both, or none."
        raise ConfigError(message)
    if sum(one is not None for one in (loss, target, named, same)) != 1:
        message = "Exactly one of --max-loss, --max-disagreement, --never-worse-than and --target best was expected."
        raise ConfigError(message)
    if same is not None:
        return MaxDisagreement(same, confidence)
    loss = margin if loss is None else loss
    if loss is not None:
        return MaxLoss(loss, confidence)
    if audit_bound:
        message = "--audit-bound is of a bound, and --target best has none; leave it out."
        raise ConfigError(message)
    return Best()


def require_together(prompt: Path | None, labels: int | None, same: float | None, *, dry_run: bool) -> None:
    """Check which options go together: a dry run with a prompt, labels with all that takes some."""
    if dry_run and prompt is None:
        message = "--dry-run shows what --prompt FILE would ask and cost; give it with --prompt."
        raise ConfigError(message)
    if (labels is None) != (same is not None):
        message = "--labels N says how many rows may be labelled: --max-disagreement takes none, all else needs it."
        raise ConfigError(message)


def require_judge(by: str, model: str | None, rubric: Path | None) -> None:
    """Check that a judge is named where it labels, and there only."""
    if (by == "judge") != (model is not None):
        message = "--by judge and --judge-model belong together; give both, or none."
        raise ConfigError(message)
    if rubric is not None and by != "judge":
        message = "--rubric is for a judge; give it with --by judge."
        raise ConfigError(message)
