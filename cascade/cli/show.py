"""`cascade show`: one decision of the log, taken apart."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cascade.cli.shared.options import ConfigOption, JsonOption, LogArgument, open_for_reading
from cascade.cli.shared.terminal import print_json, stdout


def show(
    decision: Annotated[
        str, typer.Argument(metavar="ID", help="A decision's id, or a request's for its last decision.")
    ],
    log: LogArgument = None,
    *,
    config: ConfigOption = None,
    policy: Annotated[
        Path | None,
        typer.Option("--policy", metavar="FILE", help="The policy that decided, where the log has not kept it."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Explain one decision from the log alone: verdicts, confidence, threshold, cost, and what would have changed it.

    Each signal's part in the confidence is in log-odds; they and the intercept sum to it. The log needs no texts.
    """
    from cascade.log.past import logged_policy, past_of
    from cascade.policy.policy import Policy

    held = open_for_reading(log, config)
    try:
        past = past_of(held, decision)
        sha256 = past.decision["policy_sha256"]
        if past.observed is not None:
            sha256 = sha256 or past.observed.decision["policy_sha256"]
        decided_by = logged_policy(held, sha256) if policy is None else Policy.load(policy)
    finally:
        held.close()
    found = past.explanation(decided_by)
    if as_json:
        print_json(found.to_json())
    else:
        stdout().print(found)
