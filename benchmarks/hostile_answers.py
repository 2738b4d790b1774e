"""Worst-case time of every check of a hostile answer: random pieces up to the limits, the worst of each kind reported.

python -m benchmarks.hostile_answers --texts 400
"""

from __future__ import annotations

import argparse
import json
import random
import time
from typing import Any

from tests.attacks.answer_checks import SchemaRejected
from tests.attacks.matrix import cases
from tests.soak.test_l19_growth import LOOKS, PIECES, filled
from verifiers.compiled_schema import compile_schema

SIZES = (1_000, 50_000, 1 << 20)
"""Characters: a short answer, what Hedging reads of a long one, and the most that is read as JSON."""


def worst(texts: int, seed: int) -> dict[str, dict[int, tuple[float, str]]]:
    """Return the longest CPU time, of this thread, of every check at every size, with its pieces."""
    rng = random.Random(seed)
    found: dict[str, dict[int, tuple[float, str]]] = {name: dict.fromkeys(SIZES, (0.0, "")) for name in LOOKS}
    for _ in range(texts):
        before, piece, after = ("".join(rng.choices(PIECES, k=rng.randint(low, 4))) for low in (0, 1, 0))
        for size in SIZES:
            text = filled(before, piece, after, size)[: 1 << 20]
            for name, look in LOOKS.items():
                took = min(_timed(look, text) for _ in range(2))
                if took > found[name][size][0]:
                    found[name][size] = (took, piece)
    return found


def schemas() -> tuple[float, str]:
    """Return the longest time that a schema of the attack matrix takes to be compiled or refused."""
    longest = (0.0, "")
    for case in cases():
        if case.check.startswith("schema_"):
            took = _timed(_compiled, case.input)
            longest = max(longest, (took, case.name))
    return longest


ARRAYS: dict[str, Any] = {
    "whole numbers": list(range(140_000)),
    "fractions": [place + 0.5 for place in range(100_000)],
    "large numbers": [10**300 + place for place in range(3_000)],
    "numbers of all sizes": [float(f"1e{place % 300}") + place for place in range(40_000)],
    "texts": [f"xxxxxxxx{place}" for place in range(60_000)],
    "objects": [{"a": place, "b": [place]} for place in range(38_000)],
    "one of each": [1, 1.0, "1", True, None, [1], {"a": 1}] * 15_000,
}
"""Answers of nearly a mebibyte."""

DEAR: dict[str, Any] = {
    "uniqueItems": {"uniqueItems": True},
    "contains": {"contains": {"const": -1}},
    "multipleOf": {"items": {"multipleOf": 1e-7}},
    "enum of numbers": {"items": {"anyOf": [{"enum": list(range(-100, 0))}, True]}},
    "const of numbers": {"items": {"anyOf": [{"const": -1.5}, True]}},
    "const of a list": {"const": list(range(10_000))},
    "oneOf": {"oneOf": [{"type": "array", "items": {"type": kind}} for kind in ("string", "integer", "object")]},
    "anyOf of fifty": {"items": {"anyOf": [*({"type": "object", "required": ["z"]} for _ in range(49)), True]}},
    "unevaluatedItems": {"anyOf": [{"contains": {"type": "object"}}], "unevaluatedItems": False},
    "pattern": {"items": {"anyOf": [{"pattern": "^(a|b|x)*[0-9]{1,20}$"}, True]}},
}
"""Schemas whose keywords take the longest."""


def checks() -> tuple[float, str]:
    """Return the longest time that checking one of the arrays against one of the schemas takes."""
    longest = (0.0, "")
    for name, schema in DEAR.items():
        compiled = compile_schema(schema)
        for kind, array in ARRAYS.items():
            text = json.dumps(array)
            took = min(
                _timed(lambda value, text=text, own=compiled: own.complaint(value, text), array) for _ in range(2)
            )
            longest = max(longest, (took, f"{name} on {kind}"))
    return longest


def _compiled(schema: object) -> None:
    try:
        compile_schema(schema)  # type: ignore[arg-type]  # some of them are none
    except SchemaRejected:
        return


def _timed(look: object, text: object) -> float:
    began = time.thread_time()
    look(text)  # type: ignore[operator]
    return time.thread_time() - began


def main() -> None:
    """Print the figures as a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print("| look | " + " | ".join(f"{size:,} characters" for size in SIZES) + " | worst piece |")
    print("|---|" + "---|" * (len(SIZES) + 1))
    for name, by_size in worst(given.texts, given.seed).items():
        cells = [f"{1000 * took:.2f} ms" for took, _ in by_size.values()]
        print(f"| {name} | {' | '.join(cells)} | `{by_size[SIZES[-1]][1]!a}` |")
    took, name = schemas()
    print(f"\nSchemas of the matrix, compiled or refused: at most {1000 * took:.2f} ms ({name!a}).")
    took, name = checks()
    print(f"Answers of a mebibyte against dear schemas: at most {1000 * took:.1f} ms ({name}).")


if __name__ == "__main__":
    main()
