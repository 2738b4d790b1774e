"""Policy made of fitted tasks: the print of its ladder, the verifiers that it reads, and when it was made."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from calibration.samples.table import Table
from cascade.ladder import Ladder
from cascade.policy.changes import kept_description
from cascade.policy.features import EARLIER, LENGTH
from cascade.policy.policy import LadderPrint, Policy, TaskPolicy
from cascade.policy.sample_print import MOST_BYTES, SamplePrint


def make_policy(ladder: Ladder, tasks: Mapping[str, TaskPolicy], *, named: bool, seed: int) -> Policy:
    """Return the policy of some tasks.

    Args:
        ladder: the ladder that they were fitted on.
        tasks: the fitted tasks by name.
        named: whether the ladder is names of recorded rungs only, which have no fingerprint.
        seed: of the fit.
    """
    return Policy(
        ladder=LadderPrint(
            rungs=ladder.names,
            verifiers=_read_verifiers(ladder.names, tasks),
            fingerprint=None if named else ladder.fingerprint(),
            described=None if named else kept_description(ladder.described()),
        ),
        tasks=dict(tasks),
        created=_now(),
        seed=seed,
    )


def print_samples(tables: Mapping[str, Table], key: bytes, shared_by: int) -> dict[str, SamplePrint]:
    """Return the fingerprints of each task's samples; tasks share the bytes that a policy may take."""
    found = {name: table.contents for name, table in tables.items()}
    return {
        name: SamplePrint.of(contents.tolist(), key, most_bytes=MOST_BYTES // max(shared_by, 1))
        for name, contents in found.items()
        if contents is not None
    }


def _now() -> str:
    """Return the time of day; SOURCE_DATE_EPOCH, set by reproducible builds, makes policies equal byte for byte."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    moment = datetime.fromtimestamp(int(epoch), UTC) if epoch.isdecimal() else datetime.now(UTC)
    return moment.isoformat(timespec="seconds")


def _read_verifiers(rungs: Sequence[str], tasks: Mapping[str, TaskPolicy]) -> dict[str, tuple[str, ...]]:
    """Return the verifiers read by the combiners, by rung."""
    read: dict[str, dict[str, None]] = {rung: {} for rung in rungs}
    for task in tasks.values():
        for point in (point for one in (task, *task.dial.values()) for point in one.points):
            for rung, combiner in point.combiners.items():
                for name in combiner.features:
                    if name != LENGTH and not name.startswith(EARLIER):
                        read[rung][name.split(".", 1)[0]] = None
    return {rung: tuple(names) for rung, names in read.items() if names}
