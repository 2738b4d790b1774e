"""Nodes of a cluster: each has what a run needs, and the same of it, before anything is asked there."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from cascade.config import Config, load_config
from cascade.config.document import SIZE
from cascade.errors import CascadeError, ConfigError
from cascade.files import read_text
from cascade.hashing import fingerprint
from cascade.policy.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """What every node needs."""

    config: str
    """The configuration's file."""

    contents: Mapping[str, str]
    """What `contents_of` returned where the run was started."""

    files: Sequence[tuple[Any, str]]
    """Files that it must see, each with its filesystem of pyarrow: one of the input, one of what the run writes."""

    def checked(self) -> Config:
        """Return the configuration of this node.

        Raises:
            ConfigError: it lacks something, or has another version of it.
        """
        try:
            config = load_config(self.config)
            found = contents_of(config)
        except CascadeError as error:
            problem = f"cannot open the cascade: {error} Configuration and policy are expected there at the same path"
            raise ConfigError(_told(problem)) from None
        different = [name for name, one in self.contents.items() if found[name] != one]
        if different:
            problem = (
                f"has another {' and another '.join(different)} than the one that the run was started with, and would "
                f"decide otherwise; {self.config} and what it names are expected to be the same on every node"
            )
            raise ConfigError(_told(problem))
        for filesystem, path in self.files:
            try:
                is_there = filesystem.get_file_info(path).is_file
            except OSError as error:
                raise ConfigError(_told(f"cannot reach {path}: {error}")) from None
            if not is_there:
                problem = f"does not see {path}; input and output are expected where every node sees them, as s3://…"
                raise ConfigError(_told(problem))
        return config


def contents_of(config: Config) -> dict[str, str]:
    """Return what decides, each part with a version or fingerprint of its contents.

    Raises:
        ConfigError: a file of the configuration cannot be read.
    """
    text = read_text(config.path, what="configuration", limit=SIZE)
    return {
        "package": version("calibrated-cascade"),
        "configuration": fingerprint([text, config.ladder.fingerprint()]),
        "policy": "none" if config.policy is None else Policy.load(config.policy).sha256,
    }


def check_nodes(ray: Any, needed: Needed) -> None:
    """Check every node that has CPUs, each in a task of its own.

    Raises:
        ConfigError: a node lacks something, or has another version of it; the message names node and part.
    """
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    def check() -> str | None:
        try:
            needed.checked()
        except CascadeError as error:
            return str(error)
        return None

    task = ray.remote(num_cpus=0, max_retries=3)(check)
    nodes = [node["NodeID"] for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
    strategies = [NodeAffinitySchedulingStrategy(node, soft=False) for node in nodes]
    for problem in ray.get([task.options(scheduling_strategy=one).remote() for one in strategies]):
        if problem is not None:
            raise ConfigError(problem)


def _told(problem: str) -> str:
    return f"Node {platform.node()} {problem.rstrip('.')}."
