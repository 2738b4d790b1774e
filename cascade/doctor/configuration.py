"""Configuration checks: prices, order of the ladder, keys, policy, decision log."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cascade.display.numbers import dollars
from cascade.doctor.findings import Finding
from cascade.endpoint import Endpoint
from cascade.errors import CascadeError, ConfigError, LogUnavailable, PolicyMismatch, UnknownPrice
from cascade.result import BYPASSED

if TYPE_CHECKING:
    from cascade.config import Config
    from cascade.ladder import Rung
    from cascade.log import Log

KEYS = {
    "anthropic": "ANTHROPIC_API_KEY",
    "azure": "AZURE_API_KEY",
    "cohere": "COHERE_API_KEY",
    "deepseek": "DEEPSEEK_API_KEY",
    "fireworks_ai": "FIREWORKS_API_KEY",
    "gemini": "GEMINI_API_KEY",
    "groq": "GROQ_API_KEY",
    "mistral": "MISTRAL_API_KEY",
    "openai": "OPENAI_API_KEY",
    "openrouter": "OPENROUTER_API_KEY",
    "together_ai": "TOGETHERAI_API_KEY",
    "xai": "XAI_API_KEY",
}
"""Environment variable of each provider's key, as litellm reads it."""

_DAY_MS = 86_400_000


def configuration(path: Path | None) -> Iterator[Finding]:
    """Check the configuration and the files it names; no model is called."""
    config, finding = _read(path)
    yield finding
    if config is None:
        return
    yield from _prices(config)
    yield from _capabilities(config)
    yield from _keys(config)
    yield from _policy(config)
    yield from _log(config)


def _read(path: Path | None) -> tuple[Config | None, Finding]:
    """Read the configuration; a missing one is a warning, a broken one an error."""
    from cascade.config import default_path, load_config

    try:
        chosen = path or default_path()
    except ConfigError as error:
        return None, Finding(check="configuration", state="warning", text=str(error))
    try:
        config = load_config(chosen)
    except CascadeError as error:
        return None, Finding(check="configuration", state="error", text=str(error))
    rungs = " → ".join(config.ladder.names)
    return config, Finding(check="configuration", state="ok", text=f"{chosen}: {rungs}")


def _prices(config: Config) -> Iterator[Finding]:
    book = config.price_book
    known: list[tuple[str, float]] = []
    for rung, place in _places(config):
        name = _called(rung, place)
        model = place.model or rung.model
        price = place.price or (rung.price if place.model is None else None)
        try:
            quote = book.quote(model, price)
        except UnknownPrice as error:
            yield Finding(check=f"price of {name}", state="error", text=str(error))
            continue
        typical = book.typical_usd(model, price)
        known.append((rung.name, typical or 0.0))
        text = f"{dollars(typical)} for 500 tokens in and 200 out ({quote.source})"
        yield Finding(check=f"price of {name}", state="ok", text=text)
    pairs = [(low, high) for i, low in enumerate(known) for high in known[i + 1 :]]
    dearer = [(low, high) for low, high in pairs if low[1] > high[1] and low[0] != high[0]]
    for low, high in dearer:
        text = (
            f"{low[0]} ({dollars(low[1])}) is below {high[0]} ({dollars(high[1])}), which is cheaper; "
            "swap them, or remove the dearer one."
        )
        yield Finding(check="order of the ladder", state="warning", text=text)
    if known and not dearer:
        yield Finding(check="order of the ladder", state="ok", text="cheapest first")


def _capabilities(config: Config) -> Iterator[Finding]:
    """Say what each rung's model can do: a request that needs what it cannot skips the rung."""
    from cascade.capabilities import window_of
    from cascade.ladder import CAPABILITIES

    for rung in config.ladder:
        told = {need: rung.able(need) for need in CAPABILITIES}
        parts = [
            f"{what} {', '.join(found)}"
            for what, value in (("can", True), ("cannot", False), ("not known:", None))
            if (found := [need for need, able in told.items() if able is value])
        ]
        window = window_of(rung)
        parts.append("window not known" if window is None else f"window of {window:,} tokens")
        yield Finding(check=f"capabilities of {rung.name}", state="ok", text="; ".join(parts))


def _places(config: Config) -> Iterator[tuple[Rung, Endpoint]]:
    """Return every endpoint of every rung."""
    for rung in config.ladder:
        for place in rung.endpoints or (Endpoint(api_base=rung.api_base, api_key=rung.api_key),):
            yield rung, place


def _called(rung: Rung, place: Endpoint) -> str:
    return f"{rung.name} at {place.name}" if rung.endpoints else rung.name


def _keys(config: Config) -> Iterator[Finding]:
    for rung, place in _places(config):
        model = place.model or rung.model
        provider = model.split("/", 1)[0] if "/" in model else "openai"
        variable = KEYS.get(provider)
        check = f"key of {_called(rung, place)}"
        if place.api_key is not None:
            yield Finding(check=check, state="ok", text="from the configuration")
        elif variable is None:
            yield Finding(check=check, state="ok", text=f"no known key is needed for {provider}")
        elif os.environ.get(variable):
            yield Finding(check=check, state="ok", text=f"{variable} is set")
        else:
            yield Finding(check=check, state="warning", text=f"{variable} is not set; calls will be refused.")


def _policy(config: Config) -> Iterator[Finding]:
    from cascade.engine.void_policy import VOID
    from cascade.policy.policy import Policy

    if config.policy is None:
        text = "none is configured: every task uses pass marks; fit one with `cascade calibrate`."
        yield Finding(check="policy", state="warning", text=text)
        return
    try:
        policy = Policy.load(config.policy)
        policy.require(config.ladder)
    except PolicyMismatch as error:
        renews = config.observe.on_changed == "renew"
        text = f"{error} Until `cascade renew` has certified it again, the reference serves." if renews else str(error)
        yield Finding(check="policy", state="warning" if renews else "error", text=text)
        return
    except CascadeError as error:
        yield Finding(check="policy", state="error", text=str(error))
        return
    if void := [name for name, task in policy.tasks.items() if VOID in task.measured]:
        text = f"{config.policy}: void for {', '.join(void)}, where the reference serves until it is renewed."
        yield Finding(check="policy", state="warning", text=text)
        return
    yield Finding(check="policy", state="ok", text=f"{config.policy}: {', '.join(policy.tasks)}")


def _log(config: Config) -> Iterator[Finding]:
    if config.log is None:
        yield Finding(
            check="decision log",
            state="warning",
            text="none is configured; `cascade report` needs one: set `log: decisions.db`.",
        )
        return
    if isinstance(config.log, Path) and not config.log.exists():
        writable = config.log.parent.is_dir() and os.access(config.log.parent, os.W_OK)
        text = (
            f"{config.log} will be created"
            if writable
            else f"{config.log.parent} is not a writable folder; create it, or change `log`."
        )
        yield Finding(check="decision log", state="ok" if writable else "error", text=text)
        return
    from cascade.log import open_log

    try:
        with open_log(config.log, spool=config.spool) as log:
            _require_sound(log)
            text, down = f"{log.name} can be opened", log.warnings
            waiting = log.spooled
            unchecked = _flagged(log)
    except CascadeError as error:
        yield Finding(check="decision log", state="error", text=str(error))
        return
    if waiting:
        yield Finding(check="spool", state="warning", text=f"{waiting} entries wait for {log.name} to come back.")
    yield Finding(check="decision log", state="warning" if down else "ok", text=" ".join(down) or text)
    yield from unchecked


def _require_sound(log: Log) -> None:
    """Check a SQLite log page by page, which opening it does not: a damaged one may be written to for long."""
    from cascade.log.truncation import malformed

    with log.reading() as connection:
        if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA quick_check(1)").scalar() != "ok":
            raise LogUnavailable(malformed(Path(log.name)))


def _flagged(log: Log) -> list[Finding]:
    """Return what was not verified, and what went to the reference alone, in the decisions of the last day, by task."""
    from cascade.log.rows import now_ms
    from cascade.report.queries.flag_query import count_flags
    from cascade.report.queries.scope import Scope
    from cascade.report.values.tally import tally_by_task

    found = tally_by_task()
    with log.reading() as connection:
        count_flags(connection, Scope(since_ms=now_ms() - _DAY_MS), found)
    return [
        Finding(
            check="failures of the cascade" if flag.startswith(BYPASSED) else "verification", state="warning",
            text=f"task {task}: {n:,} decisions of the last day carry the flag {flag}; `cascade report` says more.",
        )
        for task, tally in sorted(found.items())
        for flag, n in tally.flags.most_common()
        if flag.startswith(("unchecked:", "language:", BYPASSED))
    ]  # fmt: skip
