"""Batch run: answers a file of requests, a result a line, resumable, in constant memory; a failure is a line too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cascade.bulk.journal import Journal, encoded, journal_of
from cascade.bulk.journal_recorder import JournalRecorders, request_content, request_key
from cascade.bulk.logged_result import logged_result
from cascade.bulk.result_line import result_line
from cascade.bulk.result_output import ResultOutput
from cascade.bulk.result_table import form_of
from cascade.bulk.settlement import Settlement, settle
from cascade.bulk.stop import Stop
from cascade.bulk.waves.state import remove_batches, require_collected
from cascade.engine.cascade import Cascade, Order
from cascade.errors import ConfigError
from cascade.exchange import Request
from cascade.guards.accounts import PICO
from cascade.hashing import fingerprint
from cascade.ladder import Ladder
from cascade.log.past import pasts
from cascade.policy.policy import Policy
from cascade.result import Result

FINAL = frozenset({"accepted", "exhausted", "abstained", "capped"})
"""Final outcomes, kept by a resumed run; the others (failed, deadline, budget) are retried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Summary of a bulk run."""

    n: int
    """Number of requests, those of earlier runs included."""

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

    settlement: Settlement
    """What an earlier run had left open in the decision log."""

    from_log: int = 0
    """Results taken from the decision log, since the journal had lost their answers."""

    lost: int = 0
    """Answers of an earlier run that neither journal nor log hold whole: they were asked and paid again."""

    lost_usd: float = 0.0
    """What these had cost, in US dollars."""

    stopped: bool
    """True if the run stopped before the last request; the journal is kept."""


class _Run:
    """The state of one run: what was read, and what is done."""

    def __init__(self, journal: Journal, output: ResultOutput, app: Cascade, settlement: Settlement) -> None:
        self.journal, self.output = journal, output
        self._app, self._logged = app, settlement.logged
        self.from_log: set[str] = set()
        self.read = self.resumed = 0
        self.outcomes: Counter[str] = Counter()
        self.spent, self.saved = 0.0, 0.0
        self.estimated = False
        self.positions: dict[int, tuple[int, Request]] = {}
        """Position and request of those in flight, by their index among the ones that are run."""

    def unfinished(self, requests: Iterable[Request], stop: Stop) -> Iterator[Request]:
        """Yield the requests that have no final result yet, as they are to be begun; the others go to the output."""
        index = 0
        for request in stop.until(requests):
            position, self.read = self.read, self.read + 1
            key = request_key(request)
            line = self.journal.get(key, request_content(request))
            if line is not None and line.get("outcome") in FINAL:
                self.resumed += 1
                self.outcomes[line["outcome"]] += 1
                self.journal.index.set_position(key, position)
                self.output.put(encoded(line) + b"\n")
                continue
            if (result := self._from_log(request)) is not None:
                self.outcomes[result.outcome] += 1
                self.from_log.add(result.decision_id)
                content = request_content(request)
                self.output.put(self.journal.append(key, content, result_line(result), position=position))
                continue
            self.positions[index] = position, request
            index += 1
            yield request

    def _from_log(self, request: Request) -> Result[Any] | None:
        """Return the result of a request whose answers the journal lost, if the log has it finished and whole."""
        identity = self.journal.opened(request_key(request), request_content(request))
        if identity is None or identity not in self._logged or self._app.log is None:
            return None
        past = next(pasts(self._app.log, ids=[identity]), None)
        result = None if past is None else logged_result(past, self._app.request(request), self._app.ladder)
        if result is None:
            self.journal.index.close_decision(identity)  # it is asked again: another decision, and both were paid
        return result

    def keep(self, index: int, result: Result[Any], again_usd: float) -> None:
        """Keep a result."""
        position, request = self.positions.pop(index)
        self.spent += result.cost_usd - again_usd
        self.outcomes[result.outcome] += 1
        if result.saved_usd is not None:
            self.saved += result.saved_usd
            self.estimated = True
        key = request_key(request)
        self.output.put(self.journal.append(key, request_content(request), result_line(result), position=position))

    @property
    def done(self) -> int:
        """Number of results, those of earlier runs included."""
        return self.read - len(self.positions)


def run_file(
    app: Cascade,
    requests: Iterable[Request],
    output: Path,
    *,
    concurrency: int = 16,
    max_cost_usd: float | None = None,
    overwrite: bool = False,
    order: Order = "input",
    stop: Stop | None = None,
    on_done: Callable[[int, float, Result[Any] | None], None] | None = None,
) -> Batch:
    """Answer every request and write one result per line to `output`.

    Requests are read as they are begun, and results are held on disk only. Resumable: each result goes to the journal
    at once, and the same command with the same ladder and policy resumes there, after it has settled the decision log
    (`cascade.bulk.settlement`). A failed request is a line too; the next run retries it, and until then the journal
    stays.

    Args:
        app: the ladder to run.
        requests: the requests; keys differ.
        output: file for the results; JSON lines, or by its ending CSV, TSV or Parquet.
        concurrency: maximum number of calls at once.
        max_cost_usd: budget of this run in US dollars; requests beyond it end as `budget`, and the next run retries
            them.
        overwrite: replace an existing output of a finished run.
        order: `input`: the output is written at the end, in the requests' order; `as-finished`: line by line, as
            results are there.
        stop: signal for a graceful shutdown.
        on_done: callback after each request: number done, US dollars spent so far, the result (None at the start).

    Raises:
        ConfigError: the output exists; the journal was begun with another ladder or policy, or cannot be written; calls
            of it are in flight in provider batches.
        DataError: reading the requests failed; finished work is kept.
        LogUnavailable: it had to stop; finished work is kept.
    """
    if output.exists() and not overwrite and not journal_of(output).exists():
        message = f"{output} already exists; give another --output, or --force to overwrite it."
        raise ConfigError(message)
    require_collected(output)
    form_of(output, order)  # before the journal: it may be refused
    stop = stop or Stop()
    with open_journal(app.ladder, app.policy, output) as journal, ResultOutput(output, order) as written:
        settlement = settle(journal, app.log, final=FINAL)
        app.host.correct_spending(settlement.corrections)
        keeper = JournalRecorders(journal, settlement.carried)
        run = _Run(journal, written, app, settlement)
        if on_done is not None:
            on_done(journal.index.n_items, 0.0, None)

        def keep(index: int, result: Result[Any]) -> None:
            run.keep(index, result, keeper.again_usd((result.task, result.request_id)))
            if on_done is not None:
                on_done(run.done, run.spent, result)

        for _ in app.stream_many(
            run.unfinished(requests, stop), concurrency=concurrency, max_cost_usd=max_cost_usd, order="as-finished",
            on_result=keep, keep=keeper,
        ):  # fmt: skip
            pass
        stopped = stop.cut
        if not stopped:
            if app.log is not None and not app.log.read_only:
                with app.log.reading():  # all rows are committed, and the log is whole: the journal is not needed
                    pass
            unfinished = any(outcome not in FINAL for outcome in run.outcomes)
            written.finish(journal, keep=unfinished)
            if not unfinished:
                remove_batches(output)
    lost = [one for one in settlement.lost if one.decision_id not in run.from_log]
    return Batch(
        n=run.read,
        outcomes=run.outcomes,
        spent_usd=run.spent,
        saved_usd=run.saved if run.estimated else None,
        resumed=run.resumed,
        ambiguous=journal.ambiguous - len(settlement.lost),
        settlement=settlement,
        from_log=len(run.from_log),
        lost=len(lost),
        lost_usd=sum(one.pico for one in lost) / PICO,
        stopped=stopped,
    )


def open_journal(ladder: Ladder, policy: Policy | None, output: Path) -> Journal:
    """Open the journal of a bulk run's output, which belongs to its ladder and policy.

    Raises:
        ConfigError: another process holds it, it cannot be written, or it belongs to another run.
    """
    made_by = fingerprint([ladder.fingerprint(), None if policy is None else policy.sha256])
    return Journal(output, kind="run", made_by=made_by)
