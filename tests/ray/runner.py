"""Runs a file on a small Ray cluster of this process's own, and prints the summary: what the tests start and kill."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def main(config: str, source: str, output: str, actors: str) -> None:
    """Run the file."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray

    from cascade.bulk.cluster.run import run_on_ray
    from cascade.config import load_config
    from cascade.errors import CascadeError

    ray.init("local", num_cpus=2, object_store_memory=120_000_000, include_dashboard=False, log_to_driver=False)
    try:
        done = run_on_ray(load_config(Path(config)), source, output, actors=int(actors))
        told = {"n": done.n, "outcomes": dict(done.outcomes), "cost_usd": done.cost_usd, "resumed": done.resumed}
    except CascadeError as error:
        told = {"error": str(error)}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    ray.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
