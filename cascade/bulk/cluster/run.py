"""A bulk run on Ray: Parquet files in, a folder of Parquet files out, by actors that run the whole cascade."""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from cascade.bulk.batch import FINAL
from cascade.bulk.cluster.blocks import ParquetInput
from cascade.bulk.cluster.node import Needed, check_nodes, contents_of
from cascade.bulk.cluster.places import parquet_files, place_of
from cascade.bulk.cluster.work import Work
from cascade.config import Config
from cascade.errors import CascadeError, ConfigError, DataError
from cascade.extras import require_extra
from cascade.hashing import fingerprint
from cascade.plugins import resolve
from cascade.policy.policy import Policy
from cascade.redaction import shortened
from cascade.samples.table import fields_of

_SHARE_CPUS = 0.5
_LEAST_CPUS = 0.1
_TASK_CPUS = 0.25
_FILTER_CPUS = 1.0
"""What Ray reserves to leave out what was done before a run was broken off."""
_AT_ONCE = 2
"""Blocks that an actor works on at once, so that it is not idle at the end of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RayRun:
    """Summary of a run on Ray."""

    n: int
    """Number of requests, those of earlier runs included."""

    outcomes: Mapping[str, int]
    """Number of results by outcome, including earlier runs."""

    cost_usd: float
    """Cost of all results, including earlier runs."""

    asked: Mapping[str, int]
    """Number of results that reached a rung, by rung."""

    failures: Mapping[str, Mapping[str, int]]
    """Of these, those in which the rung failed, by rung and kind of failure."""

    resumed: bool
    """Whether an earlier run was gone on with."""


def run_on_ray(
    config: Config,
    source: str,
    output: str,
    *,
    mapping: Mapping[str, str] | None = None,
    actors: int | None = None,
    concurrency: int = 16,
    overwrite: bool = False,
) -> RayRun:
    """Answer the requests of Parquet files on a Ray cluster, and write the results to a folder.

    The cluster is the one that runs (`RAY_ADDRESS`, or `ray.init` before), else one of this machine. Resumable: blocks
    that are written are not run again (Ray's checkpoints), and blocks in flight go on with their journals where all
    nodes see the output's folder. Both lie in `<output>.ray` until the output is complete.

    Args:
        config: the configuration; every node has it, and the files that it names, at the same path.
        source: Parquet files: a path or an address that pyarrow knows (`s3://…`), with `*` and `?` in its last part.
        output: the folder for the results, a path or an address.
        mapping: fields of a request to columns; see `samples.table.read_table`. The ids are in a column `id`.
        actors: processes that run the cascade; None: one for each CPU but one.
        concurrency: calls at once, of each block that an actor works on.
        overwrite: replace an existing output.

    Raises:
        MissingExtra: Ray is not installed.
        ConfigError: the output exists; the cluster has too few CPUs; budgets or the log are not shared; a node lacks
            the configuration, input or output, or has another version. Nothing was asked.
        DataError: a file cannot be read, an id is missing or there twice, a row is no request.
        CascadeError: it had to stop; what was answered is kept.
    """
    require_extra("ray", use="--engine ray")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    files = ParquetInput(source)
    fields = fields_of(Path(source), files.columns, mapping)
    n = files.checked(fields)
    work = Work(output, _made_by(config, source, mapping, n), overwrite=overwrite)
    import ray

    if not ray.is_initialized():
        try:
            ray.init(log_to_driver=False)
        except (OSError, RuntimeError, ValueError) as error:
            message = f"No cluster of Ray can be used: {error}. Check RAY_ADDRESS; without it, one is started here."
            raise ConfigError(message) from None
    actors, cpus = _share(actors, float(ray.cluster_resources().get("CPU", 0.0)))
    _require_shared(config, actors, nodes=len(ray.nodes()))
    work.begin()
    needed = Needed(
        config=str(config.path.absolute()), contents=contents_of(config),
        files=((files.filesystem, files.names[0]), (work.filesystem, work.note)),
    )  # fmt: skip
    actor = (needed, source, dict(fields), work.journals, concurrency)
    try:
        try:
            check_nodes(ray, needed)
        except BaseException:
            work.withdraw()
            raise
        work.replace()
        _run(ray, files, output, work.checkpoint, actor, (actors, cpus))
    except ray.exceptions.RayError as error:
        raise _explained(error) from None
    done = _summary(output, n, resumed=work.resumed)
    work.finish(complete=all(outcome in FINAL for outcome in done.outcomes))
    return done


def _explained(error: BaseException) -> CascadeError:
    """Return what ended a run: an actor's own error, which Ray wraps, or Ray's."""
    kept = "What was done is kept; run the same command again."
    below: BaseException | None = error
    while below is not None:
        inner = getattr(below, "cause", None) or below.__cause__
        if isinstance(below, CascadeError) and inner is None:  # Ray's wrapper is an error of both kinds
            return type(below)(f"{below} {kept}")
        below = inner
    said = shortened(str(error).strip().rpartition("\n")[2], 300).rstrip(".")
    return CascadeError(f"Ray ended the run: {type(error).__name__}: {said}. {kept}")


def _run(
    ray: Any, files: ParquetInput, output: str, checkpoint: str, actor: tuple[Any, ...], share: tuple[int, float]
) -> None:
    from ray.data import ActorPoolStrategy
    from ray.data.checkpoint import CheckpointConfig

    from cascade.bulk.cluster.actor import CascadeActor

    actors, cpus = share
    context = ray.data.DataContext.get_current()
    before = context.checkpoint_config, context.raise_original_map_exception
    context.checkpoint_config = CheckpointConfig("id", checkpoint, delete_checkpoint_on_success=False)
    context.raise_original_map_exception = True  # else an actor's own error is lost in a traceback
    try:
        source = files.datasource(sorted({*actor[2].values()}))
        rows = ray.data.read_datasource(source, num_cpus=_TASK_CPUS, override_num_blocks=len(files.blocks()))
        rows.map_batches(
            CascadeActor, fn_constructor_args=actor,
            batch_size=None, batch_format="pyarrow", zero_copy_batch=True, num_cpus=cpus,
            compute=ActorPoolStrategy(
                size=actors, max_concurrent_calls_per_actor=_AT_ONCE, max_tasks_in_flight_per_actor=2 * _AT_ONCE,
                enable_true_multi_threading=True,
            ),
        ).write_parquet(output, ray_remote_args={"num_cpus": _TASK_CPUS})  # fmt: skip
    finally:
        context.checkpoint_config, context.raise_original_map_exception = before


def _share(actors: int | None, cpus: float) -> tuple[int, float]:
    """Return the number of actors, and the CPUs that each reserves, so that some are left for reading.

    Raises:
        ConfigError: none would be left, and Ray would wait for ever.
    """
    free = cpus - _FILTER_CPUS - 2 * _TASK_CPUS
    most = int(free / _LEAST_CPUS + 1e-9)
    actors = max(1, min(most, round(cpus) - 1)) if actors is None else actors
    if actors > most:
        message = (
            f"The cluster has {cpus:g} CPUs; reading, writing and resuming take {cpus - free:g}, which leaves room for "
            f"{max(0, most)} actors, and {actors} were asked for: no row would ever move. Give --actors {max(1, most)} "
            "or fewer, or a cluster of 2 CPUs or more."
        )
        raise ConfigError(message)
    return actors, math.floor(100 * min(_SHARE_CPUS, free / actors)) / 100


def _require_shared(config: Config, actors: int, *, nodes: int) -> None:
    limits = config.limits
    if actors == 1 and nodes == 1:
        return
    if isinstance(config.log, Path):
        message = (
            f"{config.path}: several actors write the log, which an SQLite file is not for; set log: "
            "postgresql://user@host/database."
        )
        raise ConfigError(message)
    if limits.shared is None and (limits.daily or limits.escalation_cap is not None):
        message = (
            f"{config.path}: several actors would each have the whole budget and escalation cap; set guards: "
            "{shared: redis://…}, or postgresql://…."
        )
        raise ConfigError(message)


def _made_by(config: Config, source: str, mapping: Mapping[str, str] | None, n: int) -> str:
    policy = None if config.policy is None else Policy.load(config.policy)
    ladder = resolve(config.ladder, None)
    return fingerprint([source, n, mapping, ladder.fingerprint(), None if policy is None else policy.sha256])


def _summary(output: str, n: int, *, resumed: bool) -> RayRun:
    """Return what the results in the output amount to.

    Raises:
        DataError: they are not as many as the requests.
    """
    from pyarrow.parquet import ParquetFile

    filesystem, path = place_of(output)
    outcomes, cost_usd = Counter[str](), 0.0
    asked, failures = Counter[str](), dict[str, Counter[str]]()
    for name in parquet_files(filesystem, path):
        with filesystem.open_input_file(name) as file:
            for batch in ParquetFile(file).iter_batches(columns=["outcome", "cost_usd", "attempts"]):
                outcomes.update(batch.column(0).to_pylist())
                cost_usd += math.fsum(batch.column(1).to_pylist())
                for attempt in chain.from_iterable(map(json.loads, batch.column(2).to_pylist())):
                    asked[attempt["rung"]] += 1
                    if attempt["failure"] is not None:
                        failures.setdefault(attempt["rung"], Counter())[attempt["failure"]["kind"]] += 1
    if outcomes.total() != n:
        message = f"{output} has {outcomes.total()} results, and {n} requests were asked; run it again."
        raise DataError(message)
    return RayRun(n=n, outcomes=outcomes, cost_usd=cost_usd, asked=asked, failures=failures, resumed=resumed)
