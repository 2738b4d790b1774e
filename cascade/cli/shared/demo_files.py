"""Files of the demo: its configuration, its folder, and orders as samples."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cascade.errors import ConfigError

if TYPE_CHECKING:
    from calibration.samples.grade import Graded
    from cascade.embedded.language import Order
    from cascade.samples.sample import Sample

TASK = "orders"
"""The one task of the demo."""

CONFIG = """\
# The demo's ladder: three small language models that come with the package, reached through litellm like any other.
# Their prices are nominal: no money is spent; only their proportions are realistic.
ladder:
  - {model: embedded/small, name: small}
  - {model: embedded/medium, name: medium}
  - {model: embedded/large, name: large}
verify: [refusal, schema, logprob, agreement]
tasks:
  orders:
    schema: order.schema.json
    target: {max_loss: 0.03}
log: decisions.db
"""

EARLIER = CONFIG.replace("{max_loss: 0.03}", "{escalation_rate: 0.25}")
"""The configuration of the demo before 0.8, which it may replace."""

OURS = (
    "samples.jsonl",
    "samples.jsonl.part",
    "fresh.jsonl",
    "fresh.jsonl.part",
    "results.jsonl",
    "results.jsonl.part",
    "policy.json",
    "decisions.db",
    "decisions.db-wal",
    "decisions.db-shm",
)
"""Files that the demo rewrites each time."""


def prepare(directory: Path) -> Path:
    """Write the demo's configuration into a folder, remove files of an earlier demo, and return its path.

    Raises:
        ConfigError: the folder cannot be made, or holds a configuration that is not the demo's.
    """
    from cascade.embedded.language import SCHEMA
    from cascade.files import write_atomically

    path = directory / "cascade.yaml"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        foreign = path.exists() and path.read_text(encoding="utf-8", errors="replace") not in {CONFIG, EARLIER}
    except OSError as error:
        message = f"{directory} cannot be used: {error.strerror}. Give another folder with --dir."
        raise ConfigError(message) from None
    if foreign:
        message = f"{path} exists and is not the demo's; give another folder with --dir."
        raise ConfigError(message)
    for name in OURS:
        (directory / name).unlink(missing_ok=True)
    write_atomically(directory / "order.schema.json", json.dumps(SCHEMA, indent=1) + "\n")
    write_atomically(path, CONFIG)
    return path


def as_samples(orders: Sequence[Order], name: str) -> list[Sample]:
    """Return orders as samples; the tag serves `cascade report --by from`."""
    from cascade.exchange import Request
    from cascade.samples.sample import Sample

    return [
        Sample(
            request=Request.of(order.sentence, task=TASK, id=f"{name}-{i}", tags={"from": "web" if i % 3 else "phone"}),
            gold=order.gold,
        )
        for i, order in enumerate(orders)
    ]


def graded_file(samples: Sequence[Sample], path: Path) -> Graded:
    """Grade recorded orders by their gold answers, and write them."""
    from calibration.samples.grade import grade, json_equal
    from cascade.bulk.journal import dump
    from cascade.files import write_atomically
    from cascade.samples.jsonl import sample_line

    graded = grade(samples, json_equal)
    write_atomically(path, "".join(dump(sample_line(sample)) + "\n" for sample in graded.samples))
    return graded
