"""Certification for commands: a bound without labels, and what is said of a policy in the end."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from cascade.cli.shared.calibrated import print_baseline, print_caveats, show_calibrated
from cascade.cli.shared.progress import progress, summed
from cascade.cli.shared.terminal import fail, print_json, say

if TYPE_CHECKING:
    from calibration.targets.by_task import Target
    from cascade.cli.shared.rungs import Chosen
    from cascade.policy.policy import Policy


def certify_same(
    path: Path,
    source: Path,
    chosen: Chosen,
    bound: Target,
    out: Path,
    *,
    tasks: list[str] | None,
    seed: int,
    max_added_p95_s: float | None,
    each: str | None,
) -> Policy:
    """Fit and certify a bound that needs no label; judges stand in the policy as not probed.

    Args:
        path: the recorded samples.
        source: the file that certifications are counted beside.
        chosen: the ladder.
        bound: the bound.
        out: the policy's file.
        tasks: only these; None: all.
        seed: of the folds.
        max_added_p95_s: greatest latency added at the 95 % quantile, in seconds; None: any.
        each: the tag of whose values each has to keep the bound; None: the requests as a whole do.
    """
    from calibration.fit.calibrate_files import calibrate_files

    with progress("Judging recordings", None, costs=False) as bar:
        return calibrate_files(
            path, config=chosen.config, rungs=chosen.rungs, verifiers=chosen.verifiers, target=bound, choose_rungs=True,
            tasks=tasks, out=out, seed=seed, probe_judges=False, looks_beside=[source], max_added_p95_s=max_added_p95_s,
            each=each, say=say, progress=summed(bar),
        )  # fmt: skip


def end_certified(
    policy: Policy, out: Path, chosen: Chosen, figures: dict[str, Any], *, as_json: bool, required: bool
) -> None:
    """Print the policy and what its certificates bound, and where it is.

    Raises:
        typer.Exit: 1, where it had to be certified and is not.
    """
    print_baseline(policy)
    if as_json:
        measured = {
            name: {"n": one.n, **one.measured, "certificate": one.certificate} for name, one in policy.tasks.items()
        }
        print_json({"policy": str(out), **figures, "tasks": measured})
    else:
        show_calibrated(policy)
        for name, one in policy.tasks.items():
            if one.certified and one.certificate is not None:
                about = one.certificate.get("pairs") or one.certificate["disagreement"]
                say(f"{name}: {about['bounds']}")
    print_caveats(policy)
    uncertified = [name for name, one in policy.tasks.items() if one.certified is False]
    if required and uncertified:
        fail(f"Not certified: {', '.join(uncertified)}. The safest policy is in {out}; no cheaper one can be promised.")
        raise typer.Exit(1)
    folder = Path() if chosen.config is None else chosen.config.path.parent
    say(f"The policy is in {out}; put `policy: {os.path.relpath(out, folder)}` into the configuration to serve it.")
