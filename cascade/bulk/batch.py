"""Batch run: answers a file of requests, one result per line, in order, resumable; a failure is a line too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cascade.bulk.journal import Journal, journal_of
from cascade.bulk.journal_recorder import JournalRecorders
from cascade.bulk.result_line import result_line
from cascade.bulk.stop import Stop
from cascade.engine.cascade import Cascade
from cascade.errors import ConfigError, DataError
from cascade.exchange import Request
from cascade.hashing import fingerprint
from cascade.result import Result
from cascade.samples.jsonl import read_samples
from cascade.samples.request_limits import require_allowed

FINAL = frozenset({"accepted", "exhausted", "abstained", "capped"})
"""Final outcomes, kept by a resumed run; the others (failed, deadline, budget) are retried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Summary of a bulk run."""

    outcomes: Mapping[str, int]
    """Number of results by outcome, including earlier runs."""

    spent_usd: float
    """Cost of this run."""

    saved_usd: float | None
    """Saving of this run against always-top; None if it could not be estimated for any result."""

    resumed: int
    """Results from an earlier run."""

    ambiguous: int
    """Ambiguous calls: in flight when an earlier run was killed, possibly billed; they are repeated."""

    stopped: bool
    """True if the run stopped before the last request; the journal is kept."""


def read_requests(path: str | Path) -> list[Request]:
    """Read requests, as lines of a samples file (recordings are ignored).

    A line can also set `principal`, `session`, `deadline_s` and `max_cost_usd`. Only parameters on the allow-list are
    accepted; see `cascade.samples.request_limits`.

    Raises:
        DataError: a line is not a request; names file, line and field.
    """
    requests = []
    for sample in read_samples(path):
        fields: dict[str, Any] = {}
        for name, kinds in _FIELDS.items():
            value = sample.extra.get(name)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, kinds):
                expected = "a text" if kinds is str else "a number"
                message = f"{path}, request {sample.request.id!r}: {name} is {value!r:.60}; {expected} was expected."
                raise DataError(message)
            fields[name] = value
        request = replace(sample.request, **fields) if fields else sample.request
        try:
            require_allowed(request)
        except DataError as error:
            raise DataError(f"{path}: {error}") from None
        requests.append(request)
    return requests


_FIELDS: Mapping[str, Any] = {
    "principal": str,
    "session": str,
    "deadline_s": int | float,
    "max_cost_usd": int | float,
}


def run_file(
    app: Cascade,
    requests: Sequence[Request],
    output: Path,
    *,
    concurrency: int = 16,
    max_cost_usd: float | None = None,
    overwrite: bool = False,
    stop: Stop | None = None,
    on_done: Callable[[int, float, Result[Any] | None], None] | None = None,
) -> Batch:
    """Answer every request and write one result per line to `output`, in the requests' order.

    Resumable: each result goes to the journal at once, and the same command with the same ladder and policy resumes
    there. A failed request is a line too; the next run retries it, and until then the journal stays.

    Args:
        app: the ladder to run.
        requests: in order; keys differ.
        output: file for the results (.jsonl).
        concurrency: maximum number of calls at once.
        max_cost_usd: budget of this run in US dollars; requests beyond it end as `budget`, and the next run retries
            them.
        overwrite: replace an existing output of a finished run.
        stop: signal for a graceful shutdown.
        on_done: callback after each request: number done, US dollars spent so far, the result (None at the start).

    Raises:
        ConfigError: the output exists; the journal was begun with another ladder or policy, or cannot be written.
        LogUnavailable: it had to stop; finished work is kept.
    """
    if output.exists() and not overwrite and not journal_of(output).exists():
        message = f"{output} already exists; give another --output, or --force to overwrite it."
        raise ConfigError(message)
    stop = stop or Stop()
    spent, saved = 0.0, [0.0]
    estimated = False
    made_by = fingerprint([app.ladder.fingerprint(), app.policy.sha256 if app.policy is not None else None])
    with Journal(output, kind="run", made_by=made_by) as journal:
        todo = [request for request in requests if not _finished(journal, request)]
        resumed, ambiguous = len(requests) - len(todo), journal.ambiguous
        keeper = JournalRecorders(journal)
        count = resumed
        if on_done is not None:
            on_done(count, spent, None)

        def keep(index: int, result: Result[Any]) -> None:
            nonlocal spent, estimated, count
            request = todo[index]
            spent += result.cost_usd - keeper.again_usd((request.task, request.id))
            count += 1
            if result.saved_usd is not None:
                saved.append(result.saved_usd)
                estimated = True
            journal.append((request.task, request.id), _content(request), result_line(result))
            if on_done is not None:
                on_done(count, spent, result)

        app.run_many(
            stop.until(todo), concurrency=concurrency, max_cost_usd=max_cost_usd, on_result=keep, keep=keeper.keep
        )
        stopped = count < len(requests)
        lines = [journal.done[request.task, request.id] for request in requests] if not stopped else []
        outcomes = Counter(str(line["outcome"]) for line in lines)
        if not stopped:
            journal.finish(lines, keep=any(outcome not in FINAL for outcome in outcomes))
    return Batch(
        outcomes=outcomes,
        spent_usd=spent,
        saved_usd=sum(saved) if estimated else None,
        resumed=resumed,
        ambiguous=ambiguous,
        stopped=stopped,
    )


def _finished(journal: Journal, request: Request) -> bool:
    line = journal.get((request.task, request.id), _content(request))
    return line is not None and line.get("outcome") in FINAL


def _content(request: Request) -> Any:
    schema = request.schema
    return [list(map(dict, request.messages)), dict(request.params), None if schema is None else dict(schema)]
