"""`cascade renew`: certifies a void policy again by what its log has observed, unattended."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Annotated

import typer

from cascade.cli.shared.options import ConfigOption, JsonOption, load
from cascade.cli.shared.terminal import print_json, say, warn

if TYPE_CHECKING:
    from cascade.cli.shared.renewal import Renewal
    from cascade.cli.shared.task_renewal import TaskRenewal


def renew(
    *,
    config: ConfigOption = None,
    every: Annotated[
        float | None,
        typer.Option("--every", min=0.05, metavar="MINUTES", help="Go on, and look again every so many minutes."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Certify a policy again that a changed prompt or ladder has made void, by the requests observed since; no label.

    With `observe: {on_changed: renew}` the reference serves such requests, and they are observed. This command says how
    many are still missing, in hours and dollars; once they are there it certifies the same bound on disagreement and
    writes the policy's file, which programs and servers with that configuration serve within seconds. A look that fails
    is counted, and the next one comes at twice as many requests. `cascade serve --renew` runs it beside the server.
    """
    from cascade.cli.shared.renewal import Renewal, require_renewing
    from cascade.errors import DataError, LogUnavailable

    loaded = load(config)
    require_renewing(loaded)
    renewal = Renewal(config=loaded)
    if every is None:
        found = renewal.step()
        _tell(found, renewal)
        if as_json:
            print_json({"policy": str(renewal.path), "tasks": {one.task: one.to_json() for one in found}})
        return
    told: list[TaskRenewal] = []
    first = True
    pause = threading.Event()
    while True:
        try:
            found = renewal.step()
        except (DataError, LogUnavailable) as error:  # a moment's trouble of the log, or too little to fit on
            warn(str(error))
            found = told
        if [one.stage for one in found] != [one.stage for one in told] or first:
            _tell(found, renewal)
        first = False
        told = found
        pause.wait(every * 60.0)


def _tell(found: list[TaskRenewal], renewal: Renewal) -> None:
    from cascade.cli.shared.renewal import stamp

    for one in found:
        say(f"{stamp()}: {one.sentence()}")
        if one.policy_sha256 is not None:
            say(f"{stamp()}: The policy {one.policy_sha256[:12]} is in {renewal.path}, and is served within seconds.")
    if not found:
        say("No policy is void, or no request has come since.")
