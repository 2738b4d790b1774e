"""The fault matrix as values, and one run of all its cases through a whole Cascade over each of the real clients."""

from __future__ import annotations

import asyncio
import socket
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from cascade.engine.cascade import Cascade
from cascade.errors import RunError
from cascade.guards.endpoint_pool import RetryBudget
from cascade.guards.limits import Limits
from cascade.ladder import Ladder, Rung
from cascade.result import Result
from cascade.usage import Price
from tests.faults.server import Server
from verifiers import LogProb, Refusal

KEY = "sk-canary-4f9a8b7c6d5e"
PRICE = Price(input_usd=1e-6, output_usd=2e-6)
TIMEOUT_S = 20.0
AT_ONCE = 12

ROWS: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("matrix.toml").read_text(encoding="utf-8"))["row"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One behaviour of the server, and what the engine must do about it."""

    row: int
    """The row of the matrix."""

    mode: str
    """The server's behaviour."""

    status: int | None
    """The HTTP status that must be recorded."""

    expected: dict[str, Any]
    """The case as it stands in the file."""

    @property
    def name(self) -> str:
        """Names it, and the tasks that run it."""
        return f"{self.row}-{self.expected.get('place', self.mode)}"


def _cases() -> list[Case]:
    cases = []
    for row in ROWS:
        for case in row.get("case", ()):
            statuses = case.get("status")
            for place, mode in enumerate(case["modes"]):
                status = statuses[place] if isinstance(statuses, list) else statuses
                cases.append(Case(row=row["n"], mode=mode, status=status or None, expected=case))
    return cases


CASES = _cases()


@dataclass(slots=True, kw_only=True)
class Ran:
    """What came of all cases."""

    results: dict[str, Result[Any]] = field(default_factory=dict)
    """By case: with a rung above; the result of an error too."""

    alone: dict[str, str] = field(default_factory=dict)
    """By case: without a rung above, the outcome or the error's class."""

    told: dict[str, str] = field(default_factory=dict)
    """By case: all that an error or result says."""

    hits: Counter[str] = field(default_factory=Counter)
    """The server's count by model."""

    elsewhere: int = 0
    """Hits at the target of a redirect."""


def run_all(log: Path, client: Literal["direct", "litellm"]) -> Ran:
    """Run every case through one client: with a second rung that answers, then alone."""
    ran = Ran()
    with Server() as server, of_all(server, log, client) as app:
        asyncio.run(_run(app, ran))
        ran.hits = server.ledger.by_model
        ran.elsewhere = server.ledger.by_path["/elsewhere"]
    return ran


def of_all(server: Server, log: Path, client: Literal["direct", "litellm"]) -> Cascade:
    """Return a cascade with two tasks a case: with a second rung that answers, and alone (`NAME-alone`)."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    places = {"dns": "http://nowhere.invalid/v1", "tls": server.url.replace("http:", "https:"), "closed": closed}
    tasks = {}
    for case in CASES:
        asked: dict[str, Any] = {
            "client": client,
            "api_base": places.get(case.expected.get("place", ""), server.url),
        }
        asked["timeout_s"] = case.expected.get("timeout_s", TIMEOUT_S)
        first = _rung(server, f"{case.name}/{case.mode}", name="first", **asked)
        second = _rung(server, f"{case.name}/second", name="second", client=client)
        tasks[case.name] = Ladder(first, second)
        tasks[f"{case.name}-alone"] = Ladder(_rung(server, f"{case.name}-alone/{case.mode}", name="second", **asked))
    limits = Limits(retry_budget=RetryBudget(rate=1.0, burst=10_000))
    ladder = Ladder(_rung(server, "ok", name="second"), tasks={name: list(own) for name, own in tasks.items()})
    return Cascade(ladder, limits=limits, log=log, store_text="full")


async def _run(app: Cascade, ran: Ran) -> None:
    room = asyncio.Semaphore(AT_ONCE)

    async def one(case: Case, *, alone: bool) -> None:
        name = f"{case.name}-alone" if alone else case.name
        async with room:
            try:
                result, error = await app.arun("Is it fine?", task=name), None
            except RunError as raised:
                result, error = raised.result, raised
        if alone:
            ran.alone[case.name] = result.outcome if error is None else type(error).__name__
        else:
            ran.results[case.name] = result
            ran.told[case.name] = f"{error!r} {error} {result!r}"

    await asyncio.gather(*(one(case, alone=alone) for case in CASES for alone in (False, True)))


def _rung(server: Server, model: str, **fields: Any) -> Rung:
    usual: dict[str, Any] = {"api_base": server.url, "api_key": KEY, "price": PRICE, "verify": (Refusal(), LogProb())}
    return Rung(f"openai/{model}", **{**usual, **fields})
