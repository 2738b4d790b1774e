"""`python -m tests.faults.server`: the fault server for people; what it counted is printed at the end."""

from __future__ import annotations

import argparse
import json
import signal
import threading

from tests.faults.behaviours import BEHAVIOURS, FAMILIES
from tests.faults.server import Server, known


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.server", description="An OpenAI-compatible server on loopback that misbehaves."
    )
    parser.add_argument("--port", type=int, default=8085, help="0: wherever there is room (default: 8085)")
    parser.add_argument("--seed", type=int, default=0, help="where the draws of a mix begin (default: 0)")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before any answer (default: 0)")
    parser.add_argument("--mode", help="a behaviour, or a mix as ok=0.9,hang=0.1; default: what the model's name says")
    parser.add_argument("--list", action="store_true", help="name every behaviour and leave")
    given = parser.parse_args()
    if given.list:
        for family, module in FAMILIES.items():
            print(f"{family}: {module.__doc__.splitlines()[0]}")
        print(" ".join(sorted(BEHAVIOURS)))
        return
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    mode = None if given.mode is None else _mode(given.mode, parser)
    with Server(mode=mode, seed=given.seed, port=given.port, delay_s=given.delay, keep=False) as server:
        print(f"listening on {server.url} (ledger: {server.url.removesuffix('/v1')}/ledger)", flush=True)
        stopped.wait()
        print(json.dumps(server.ledger.as_dict(), indent=2), flush=True)


def _mode(text: str, parser: argparse.ArgumentParser) -> str | dict[str, float]:
    try:
        if "=" not in text:
            known(text)
            return text
        shares = {name: float(share) for name, _, share in (part.partition("=") for part in text.split(","))}
        for name in shares:
            known(name)
    except (KeyError, ValueError) as error:
        parser.error(str(error.args[0]))
    return shares
