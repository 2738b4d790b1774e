"""`cascade keys`: makes, lists and revokes the keys of `cascade serve`; a secret is shown once and not kept."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Annotated, Any

import typer

from cascade.cli.shared.exit_codes import guarded
from cascade.cli.shared.options import JsonOption
from cascade.cli.shared.terminal import say
from cascade.errors import ConfigError

keys = typer.Typer(name="keys", help="Manage the keys of `cascade serve`.", no_args_is_help=True, rich_markup_mode=None)

FileOption = Annotated[Path, typer.Option("--keys", metavar="FILE", help="The file of keys.")]
FILE = Path("keys.yaml")

SECRET_BYTES = 32
"""Random bytes of a secret."""


@keys.command()
@guarded
def new(
    name: Annotated[str, typer.Argument(metavar="ID", help="Its name, in logs and in commands.")],
    *,
    file: FileOption = FILE,
    principal: Annotated[
        str | None,
        typer.Option("--principal", metavar="NAME", help="On whose behalf its requests are made; default: its id."),
    ] = None,
    task: Annotated[
        list[str] | None,
        typer.Option("--task", metavar="TASK", help="A task that it may ask; repeatable; default: all."),
    ] = None,
    quality: Annotated[
        list[str] | None,
        typer.Option(
            "--quality", metavar="NAME", help="An operating point that it may name; repeatable; default: all."
        ),
    ] = None,
    usd_per_day: Annotated[
        float | None, typer.Option("--usd-per-day", min=0, help="US dollars that it may spend a UTC day.")
    ] = None,
    rpm: Annotated[float | None, typer.Option("--rpm", min=0, help="Requests a minute.")] = None,
    tpm: Annotated[float | None, typer.Option("--tpm", min=0, help="Tokens a minute.")] = None,
    concurrency: Annotated[int | None, typer.Option("--concurrency", min=1, help="Requests that run at once.")] = None,
    may: Annotated[
        list[str] | None,
        typer.Option(
            "--may", metavar="WHAT", help="What it may beside asking: feedback, explain, metrics, reload; repeatable."
        ),
    ] = None,
) -> None:
    """Make a key, add it to the file, and print its secret: this is the only time that it is shown."""
    from cascade.serve.gateway.keyring.key import digest
    from cascade.serve.gateway.keyring.key_file import add_key

    secret = f"cck-{secrets.token_urlsafe(SECRET_BYTES)}"
    given: dict[str, Any] = {
        "id": name, "sha256": digest(secret), "principal": principal, "tasks": task, "qualities": quality,
        "usd_per_day": usd_per_day, "rpm": rpm, "tpm": tpm, "concurrency": concurrency, "may": may,
    }  # fmt: skip
    add_key(file, {field: value for field, value in given.items() if value not in (None, [])})
    typer.echo(secret)
    say(f"{file} has the key {name}; the secret above is shown only now. A server that runs takes it within a second.")


@keys.command("list")
@guarded
def list_(*, file: FileOption = FILE, as_json: JsonOption = False) -> None:
    """List the keys and what they may; secrets are not known."""
    from dataclasses import asdict

    from cascade.serve.gateway.keyring.key_file import read_keys

    found = [{k: v for k, v in asdict(key).items() if k != "sha256"} for key in read_keys(file)]
    if as_json:
        typer.echo(json.dumps({"keys": found}, indent=2))
        return
    for key in found:
        limits = [
            f"{field}: {', '.join(value) if isinstance(value, tuple) else value}"
            for field, value in key.items()
            if field != "id" and value not in (None, ())
        ]
        typer.echo(f"{key['id']}  {'; '.join(limits) or 'no limits of its own'}")
    if not found:
        say(f"{file} has no keys.")


@keys.command()
@guarded
def revoke(
    name: Annotated[str, typer.Argument(metavar="ID", help="The key's name.")], *, file: FileOption = FILE
) -> None:
    """Take a key out of the file: a server that runs refuses it within a second."""
    from cascade.serve.gateway.keyring.key_file import remove_key

    if not file.exists():
        raise ConfigError(f"{file} does not exist; give the file of keys with --keys.")
    remove_key(file, name)
    say(f"{file} has the key {name} no more.")
