"""`cascade dashboard`: the report of a running system as a page that stays up to date."""

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
        str, typer.Option("--host", metavar="HOST", help="What to bind; anything but loopback needs a key.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="The port.")] = 8088,
    key_env: Annotated[
        str | None,
        typer.Option(
            "--key-env",
            metavar="NAME",
            help="The environment variable that holds the key: asked for as a bearer token, or as the password of any "
            "user.",
        ),
    ] = None,
) -> None:
    """Show the report of a running system in the browser: refreshed, by task and period; /metrics for Prometheus.

    It only reads the log. On loopback whoever is on this machine may look; elsewhere a key is needed, and a proxy that
    speaks TLS should stand before it.
    """
    require_extra("serve", use="The dashboard")
    from cascade.log import open_log
    from cascade.serve.access import checked_key
    from cascade.serve.dashboard import dashboard as application
    from cascade.serve.live import Live
    from cascade.serve.server import make_server

    key = None if key_env is None else os.environ.get(key_env)
    if key_env is not None and not key:
        message = f"The environment variable {key_env} is empty or missing; the dashboard's key was expected in it."
        raise ConfigError(message)
    checked_key(host, key)
    held = open_log(log, read_only=True)
    try:
        with Live(held) as live:
            server = make_server(application(live, held), host=host, port=port, key=key)
            shown = f"[{host}]" if ":" in host else host
            say(f"The dashboard is at http://{shown}:{port}/; Ctrl+C ends it.")
            server.run()
    finally:
        held.close()
    if not server.started:
        message = f"The dashboard could not be served at {host}:{port}; is the port taken? Give another with --port."
        raise ConfigError(message)
