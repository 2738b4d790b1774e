"""`cascade serve`: an HTTP server that speaks the APIs of OpenAI and Anthropic, and answers by the cascade."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cascade.cli.shared.exit_codes import INTERRUPTED, require_logged
from cascade.cli.shared.options import ConfigOption, load
from cascade.cli.shared.terminal import say
from cascade.errors import ConfigError
from cascade.extras import require_extra

if TYPE_CHECKING:
    from cascade.config import Config
    from cascade.serve.gateway.keyring.key import Key


def serve(
    *,
    config: ConfigOption = None,
    host: Annotated[
        str, typer.Option("--host", metavar="HOST", help="Address to bind; any but loopback needs --keys.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0: any free one.")] = 8400,
    keys: Annotated[
        Path | None,
        typer.Option("--keys", metavar="FILE", help="The file of keys (`cascade keys new`); reloaded as it changes."),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=1, metavar="N", help="Processes; above 1 with the log on PostgreSQL.")
    ] = 1,
    renew: Annotated[
        float | None,
        typer.Option(
            "--renew",
            min=0.05,
            metavar="MINUTES",
            help="Run `cascade renew` beside: certify a void policy again, looking every so many minutes.",
        ),
    ] = None,
    dashboard: Annotated[
        bool, typer.Option("--dashboard", help="Show the log's report too, live, under /dashboard/.")
    ] = False,
) -> None:
    """Serve the cascade to any client of OpenAI or Anthropic: chat completions, responses and messages.

    A client changes its base URL (http://HOST:PORT/v1; Anthropic's: http://HOST:PORT) and names cascade/TASK as the
    model. Streams are verified, then sent. SIGTERM: no further requests are taken, those that run have 30 s, the log
    is flushed, exit 0. Without --keys only programs of this machine can ask.
    """
    require_extra("serve", use="The server")
    from cascade.config import load_config
    from cascade.policy.policy import Policy
    from cascade.serve.access import is_loopback
    from cascade.serve.gateway.keyring.key_file import KeyFile
    from cascade.serve.gateway.serving import Reloaded, Serving
    from cascade.serve.gateway.workers import Workers
    from cascade.serve.listening import bound

    if keys is None and not is_loopback(host):
        message = (
            f"{host} is reached from other machines, and there are no keys; make one with `cascade keys new` and give "
            "--keys keys.yaml, or bind 127.0.0.1."
        )
        raise ConfigError(message)
    held = None if keys is None else KeyFile(keys).current
    loaded = load(config)
    if dashboard and loaded.log is None:
        message = f"{loaded.path} names no `log`, so there is nothing for --dashboard to show; set one."
        raise ConfigError(message)
    if workers > 1:
        _require_shared(loaded, () if held is None else held())

    if renew is not None:
        from cascade.cli.shared.renewal import Renewal, require_renewing

        require_renewing(loaded)
        _ = Renewal(config=loaded).path  # refuses before anything is served

    def reloaded() -> Reloaded:
        again = load_config(loaded.path)
        policy = None if again.policy is None else Policy.load(again.policy)
        return Reloaded(policy=policy, aliases=again.serve.aliases)

    def work() -> bool:
        with ExitStack() as stack:
            app = stack.enter_context(loaded.open())
            mounted: dict[str, Any] = {}
            if dashboard and app.log is not None:
                from cascade.serve.dashboard import dashboard as application
                from cascade.serve.live import Live

                mounted["/dashboard/"] = application(stack.enter_context(Live(app.log)), app.log)
            serving = Serving(
                app,
                loaded.serve,
                keys=held,
                mounted=mounted,
                reloaded=reloaded,
                processes=workers,
                shared=loaded.limits.shared,
            )
            interrupted = serving.run(listening, told if workers == 1 else lambda: None)
            say("Stopping: what was decided is being logged.")
        require_logged(app)
        return interrupted

    with bound(host, port) as listening, _renewing(loaded.path, renew):
        shown = f"[{host}]" if ":" in host else host
        where = f"http://{shown}:{listening.getsockname()[1]}"
        told = partial(say, f"Serving {loaded.path} at {where}; Ctrl+C ends it.")
        interrupted = work() if workers == 1 else Workers(workers, work).run(told)
    if interrupted:
        raise typer.Exit(INTERRUPTED)


@contextmanager
def _renewing(config: Path, every: float | None) -> Iterator[None]:
    """Run `cascade renew` in a process of its own for as long as the server runs; its sentences go to our stderr."""
    if every is None:
        yield
        return
    command = [sys.executable, "-m", "cascade", "renew", "--config", str(config), "--every", str(every)]
    child = subprocess.Popen(command, start_new_session=True)  # noqa: S603 - our own command
    try:
        yield
    finally:
        child.terminate()
        try:
            child.wait(timeout=5.0)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _require_shared(loaded: Config, keys: Sequence[Key]) -> None:
    """Refuse several processes on what only one can have.

    Raises:
        ConfigError: the log is an SQLite file, or a daily budget is not shared.
    """
    if isinstance(loaded.log, Path):
        message = (
            f"{loaded.path}: --workers writes the log from several processes, which an SQLite file is not for; "
            "set log: postgresql://user@host/database."
        )
        raise ConfigError(message)
    if loaded.limits.shared is None and (loaded.limits.daily or any(key.usd_per_day is not None for key in keys)):
        message = (
            f"{loaded.path}: with --workers, daily budgets are shared by a store; set guards: "
            "{shared: redis://…}, or postgresql://…."
        )
        raise ConfigError(message)
