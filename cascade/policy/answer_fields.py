"""Answer fields: which part of an answer a policy was fitted on, in words, and held against what a task declares."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from cascade.errors import PolicyMismatch

if TYPE_CHECKING:
    from cascade.policy.policy import Policy

ANSWER_FIELDS = "answer_fields"
"""Key of a task's measured figures: JSON pointers of the samples' answer fields, '' where none was declared."""

BY_DEFAULT = "by default: the property `answer` of JSON, else all but its free text; of a text its final answer"


def name_fields(fields: Iterable[str]) -> str:
    """Return answer fields in words."""
    return ", ".join(f"at {field}" if field else BY_DEFAULT for field in fields)


def require_answer_fields(policy: Policy | None, declared: Callable[[str], str | None]) -> None:
    """Check that a policy was fitted on the field that holds a task's answer now.

    Args:
        policy: the policy; None: pass marks.
        declared: the JSON pointer that a task declares; None: it leaves it to its requests.

    Raises:
        PolicyMismatch: it was fitted on another field.
    """
    for name, task in ({} if policy is None else policy.tasks).items():
        fitted, own = task.measured.get(ANSWER_FIELDS), declared(name)
        if fitted and own is not None and list(fitted) != [own]:
            message = (
                f"The policy does not fit this configuration: task {name!r} has its answer at {own}, and the policy "
                f"was fitted on it {name_fields(fitted)}. Calibrate again, or set `answer` as it was."
            )
            raise PolicyMismatch(message)
