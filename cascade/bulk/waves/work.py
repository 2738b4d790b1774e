"""Work: what provider batches are asked for: a bulk run's results, or an exploration's samples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from cascade.bulk.batch import Batch, open_journal, run_file
from cascade.bulk.exploration import Exploration, explore_file, unfinished
from cascade.bulk.journal import Journal
from cascade.bulk.request_file import RequestFile
from cascade.bulk.waves.state import WaveState
from cascade.config import Config
from cascade.engine.cascade import Cascade
from cascade.engine.recording import RunRecorder
from cascade.errors import ConfigError
from cascade.exchange import Request
from cascade.failure import FailureKind
from cascade.plugins import resolve
from cascade.policy.policy import Policy
from cascade.samples.reader import read_files
from cascade.samples.sample import Sample
from cascade.samples.table import parse_mapping


class Work(Protocol):
    """What is done with the requests, the same by batches as live."""

    waits_as: FailureKind
    """What a call without an answer is to the flow: there a bulk run's request ends; of a sample, all else goes on."""

    def journal(self) -> Journal:
        """Open the journal of the output.

        Raises:
            ConfigError: another process holds it, it cannot be written, or it belongs to another run.
        """
        ...

    def open(self, config: Config, **how: Any) -> Cascade:
        """Open a cascade for it, as `Config.open`."""
        ...

    def walk(self, app: Cascade, journal: Journal, keep: RunRecorder, *, concurrency: int) -> None:
        """Take every request as far as its answers go."""
        ...

    def finish(self, app: Cascade, *, max_cost_usd: float | None) -> Batch | Exploration:
        """Write the output, from the journal's answers and what the client of `app` is asked besides."""
        ...


class RunWork:
    """A bulk run's results."""

    waits_as = FailureKind.DEADLINE

    def __init__(self, config: Config, requests: Iterable[Request], output: Path) -> None:
        """Take re-iterable requests.

        Raises:
            ConfigError: some requests would only be observed, which is live.
        """
        if any(one.observes for one in (config.settings, *config.tasks.values())):
            message = f"{config.path}: `mode: observe` asks live; `cascade batch` needs `mode: enforce`."
            raise ConfigError(message)
        self.requests, self._output = requests, output
        self._policy = None if config.policy is None else Policy.load(config.policy)
        self._ladder = resolve(config.ladder, None)

    def journal(self) -> Journal:
        """Open the journal of the output, which belongs to ladder and policy."""
        return open_journal(self._ladder, self._policy, self._output)

    def open(self, config: Config, **how: Any) -> Cascade:
        """Open a cascade with its policy."""
        return config.open(**how)

    def walk(self, app: Cascade, journal: Journal, keep: RunRecorder, *, concurrency: int) -> None:
        """Run every request."""
        del journal
        for _ in app.stream_many(self.requests, concurrency=concurrency, order="as-finished", keep=keep):
            pass

    def finish(self, app: Cascade, *, max_cost_usd: float | None) -> Batch:
        """Write the results."""
        return run_file(app, self.requests, self._output, max_cost_usd=max_cost_usd, overwrite=True)


class ExploreWork:
    """An exploration's samples: every rung and verifier on each."""

    waits_as = FailureKind.MISSING

    def __init__(self, samples: Sequence[Sample], output: Path) -> None:
        """Take the samples, and the file that they are written to."""
        self.samples, self._output = samples, output

    def journal(self) -> Journal:
        """Open the journal of the output."""
        return Journal(self._output, kind="explore")

    def open(self, config: Config, **how: Any) -> Cascade:
        """Open a cascade without a policy."""
        return config.open(policy=False, **how)

    def walk(self, app: Cascade, journal: Journal, keep: RunRecorder, *, concurrency: int) -> None:
        """Ask every rung and verifier about every sample that lacks some."""
        merged, todo = unfinished(app, self.samples, journal)
        app.explore((merged[i] for i in todo), concurrency=concurrency, keep=keep)

    def finish(self, app: Cascade, *, max_cost_usd: float | None) -> Exploration:
        """Write the samples."""
        return explore_file(app, self.samples, self._output, max_cost_usd=max_cost_usd)


def work_of(config: Config, state: WaveState) -> Work:
    """Return the work of a state.

    Raises:
        ConfigError: it cannot be done by batches.
        DataError: the samples cannot be read.
    """
    mapping = None if state.mapping is None else parse_mapping(state.mapping)
    if state.purpose == "explore":
        return ExploreWork(read_files([Path(state.input)], mapping)[: state.limit], state.output)
    return RunWork(config, RequestFile(state.input, mapping=mapping), state.output)
