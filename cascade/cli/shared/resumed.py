"""What is said of a bulk run that goes on after it was killed."""

from __future__ import annotations

from cascade.cli.shared.terminal import say


def tell_ambiguous(count: int) -> None:
    """Say how many calls were made again though they may have been billed; nothing where there are none."""
    if count:
        say(
            f"{count} calls were in flight when an earlier run was killed; they were made again, and may have been "
            "billed twice (ambiguous)."
        )
