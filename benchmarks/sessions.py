"""Ten-step tool loops over two providers on loopback, faults injected: share finished, and 400s from foreign blocks.

python -m benchmarks.sessions --loops 40
"""

from __future__ import annotations

import argparse
import itertools
import random
import time
from functools import partial
from typing import Any

from tests.cascade.clients.test_tool_loops import FAULTS, STEPS, faulty_loops

SHARES = (0.0, 0.1, 0.25, 0.4)
LADDERS = (("openai", "anthropic"), ("anthropic", "openai"))
COLUMNS = ("ladder", "floor", "faults", "finished", "steps", "requests", "faults met", "400s", "up", "down", "wall")


def fault(share: float, place: int) -> Any:
    """Return the fault of the request at a place, drawn by a seed; None for none."""
    drawn = random.Random(f"0:{place}")
    return drawn.choice(FAULTS) if drawn.random() < share else None


def row(*cells: Any) -> None:
    """Print a row of the table."""
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loops", type=int, default=40, help="loops of each row")
    loops: int = parser.parse_args().loops
    row(*COLUMNS)
    row(*["---"] * len(COLUMNS))
    for providers, floor, share in itertools.product(LADDERS, ("exchange", "never"), SHARES):
        started = time.monotonic()
        done, seen = faulty_loops(providers, loops, partial(fault, share), floor=floor, at_once=8)
        moves = [
            providers.index(after) - providers.index(before)
            for rungs in done
            for before, after in itertools.pairwise(rungs)
        ]
        finished = f"{sum(len(rungs) == STEPS for rungs in done)} of {loops}"
        wall = f"{time.monotonic() - started:.0f} s"
        row(" → ".join(providers), floor, f"{share:.0%}", finished, sum(map(len, done)), seen.total(), seen["fault"],
            seen[400], moves.count(1), moves.count(-1), wall)  # fmt: skip


if __name__ == "__main__":
    main()
