"""`cascade dashboard`: serves the report of a running system as a live web page."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from cascade.cli.shared.terminal import say
from cascade.errors import ConfigError
from cascade.extras import require_extra


def dashboard(
    log: Annotated[str, typer.Argument(metavar="LOG", help="The decision log: a file, or postgresql://….")],
    *,
    host: Annotated[
        str, typer.Option("--host", metavar="HOST", help="Address to bind; any but loopback needs a key.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen on.")] = 8088,
    key_env: Annotated[
        str | None,
        typer.Option(
            "--key-env",
            metavar="NAME",
            help="Environment variable of the access key, sent as a bearer token, or as the password of any user.",
        ),
    ] = None,
) -> None:
    """Serve the report of a running system as a live web page, by task and period, with /metrics for Prometheus.

    It only reads the log. On loopback, any user of this machine can open it without a key. Any other address needs a
    key, and should be behind a proxy that terminates TLS.
    """
    require_extra("serve", use="The dashboard")
    from cascade.log import open_log
    from cascade.serve.access import checked_key
    from cascade.serve.dashboard import dashboard as application
    from cascade.serve.listening import bound
    from cascade.serve.live import Live
    from cascade.serve.server import make_server

    key = None if key_env is None else os.environ.get(key_env)
    if key_env is not None and not key:
        message = f"The environment variable {key_env} is empty or missing; set it to the dashboard's key."
        raise ConfigError(message)
    checked_key(host, key)
    held = open_log(log, read_only=True)
    try:
        with Live(held) as live:
            server = make_server(application(live, held), host=host, port=port, key=key)
            shown = f"[{host}]" if ":" in host else host
            with bound(host, port) as listening:
                say(f"The dashboard is at http://{shown}:{port}/; Ctrl+C ends it.")
                server.run(sockets=[listening])
    finally:
        held.close()
