"""The demo's policy against the hull of single models, on more fresh orders than the demo has time for.

    python -m benchmarks.demo_hull DEMO_FOLDER [--orders 1500] [--seed 777001]

DEMO_FOLDER is what `cascade demo` left, configuration and policy. Every model is asked alone about other orders,
and the policy is replayed on them, as the demo does on its own.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from pathlib import Path

from calibration import replay
from calibration.fit.complete import with_schemas
from calibration.pages.blocks import hull_line
from cascade.bulk.exploration import explore_file
from cascade.cli.shared.demo_files import TASK, as_samples, graded_file
from cascade.config import load_config
from cascade.embedded.language import orders
from cascade.policy.policy import Policy


def main() -> None:
    """Print the policy's place, on all orders and on each 300 of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--orders", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=777_001)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    config, policy = load_config(given.folder / "cascade.yaml"), Policy.load(given.folder / "policy.json")
    with tempfile.TemporaryDirectory() as folder, config.open(policy=False, log=False) as app:
        asked, graded = Path(folder) / "asked.jsonl", Path(folder) / "graded.jsonl"
        found = explore_file(app, as_samples(orders(given.orders, given.seed), "more"), asked, concurrency=4)
        rows = with_schemas(graded_file(found.samples, graded).samples, config)
    parts = [rows, *(rows[at : at + 300] for at in range(0, len(rows), 300))]
    for part in parts:
        for _, place in hull_line(replay(part, policy, config.ladder).to_json()["tasks"][TASK]["hull"]):
            print(f"| {len(part):,} | {place} |", flush=True)


if __name__ == "__main__":
    main()
