"""What tests of the command line share: lines of files, written and read."""

from __future__ import annotations

import json
from pathlib import Path


def write_lines(path: Path, lines: list[dict]) -> Path:
    """Write JSON lines."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def read_lines(path: Path) -> list[dict]:
    """Read JSON lines."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def recorded(n: int, task: str = "default") -> list[dict]:
    """Return samples with recordings of two rungs: the small one is right where it hedges little."""
    lines = []
    for i in range(n):
        right = i % 3 != 0
        text = f"The answer is {i}." if right or i % 2 else f"I am not sure, but maybe it is {i + 1}."
        lines.append(
            {
                "id": f"{task}-{i}",
                "task": task,
                "prompt": f"question {i}",
                "gold": str(i),
                "recordings": [
                    {"model": "small", "content": text, "cost_usd": 0.001, "correct": float(right)},
                    {"model": "large", "content": f"The answer is {i}.", "cost_usd": 0.01, "correct": 1.0},
                ],
            }
        )
    return lines
