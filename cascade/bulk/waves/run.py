"""WaveRun: a bulk run or an exploration by provider batches, in waves, each step resumed where one ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cascade.bulk.batch import FINAL, Batch
from cascade.bulk.exploration import Exploration
from cascade.bulk.journal import Journal, journal_of
from cascade.bulk.settlement import settle
from cascade.bulk.waves.collecting import collect, look
from cascade.bulk.waves.failed_calls import FailedCalls
from cascade.bulk.waves.money import Money, dollars_of
from cascade.bulk.waves.prepare import prepare
from cascade.bulk.waves.sending import send
from cascade.bulk.waves.state import Purpose, WaveState, folder_of, is_begun
from cascade.bulk.waves.waiting import Missing
from cascade.bulk.waves.work import Work
from cascade.clients import Client
from cascade.config import Config
from cascade.errors import ConfigError
from cascade.exchange import ModelCall, Response
from cascade.failure import CallFailure, FailureKind
from cascade.guards.call_recorder import call_key
from cascade.log import Log, open_log


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What one step came to."""

    sent: int = 0
    """Calls that were sent in new batches."""

    in_flight: int = 0
    """Calls of batches that the provider has not ended."""

    missing: int = 0
    """Calls that expired or failed in a way that another try may mend, and were not answered since."""

    refused: int = 0
    """Calls that were not sent, since a limit would not have paid for them."""

    done: Batch | Exploration | None = None
    """The finished run; None while batches are in flight or calls are missing, and where it was finished before."""

    complete: bool = False
    """Whether the output is written."""


class WaveRun:
    """A bulk run or an exploration by provider batches."""

    def __init__(self, config: Config, state: WaveState, work: Work) -> None:
        """Take the configuration, the state, and what is done with the requests."""
        self.config, self.state, self.work = config, state, work

    def advance(self, *, missing: Missing = "keep", on_step: Callable[[str], None] = lambda _: None) -> Progress:
        """Take every step that can be taken now: finish sending, collect what has ended, send the next wave, or finish.

        Args:
            missing: what is done about calls that expired or failed.
            on_step: called with a sentence about each step.

        Raises:
            BatchRefused: a provider refused or cannot be reached; what was done before stays done.
            ConfigError, DataError, LogUnavailable: it cannot go on.
        """
        with self.state.locked():
            if self.state.batches and not journal_of(self.state.output).exists():
                return self._without_journal()
            return self._advance(missing, on_step)

    def _without_journal(self) -> Progress:
        """Clean up after a run that is complete; never begin it again, since its answers were paid for.

        Raises:
            ConfigError: it is not complete.
        """
        state = self.state
        if not state.output.exists() or state.open:
            message = (
                f"{journal_of(state.output)} is missing, and with it the answers of {len(state.batches)} batches that "
                f"were sent; put it back, or remove {folder_of(state.output)} to send and pay them again."
            )
            raise ConfigError(message)
        state.remove()
        return Progress(complete=True)

    def _advance(self, missing: Missing, on_step: Callable[[str], None]) -> Progress:
        state = self.state
        with self._log() as log:
            with self.work.journal() as journal:
                sent = self._send(journal, log, on_step)
            for batch in [one for one in state.open if one.step == "sent"]:
                seen = look(self.config, state, batch)
                if seen.step == "ended":
                    on_step(f"Wave {seen.wave}: {seen.batch_id} of {seen.rung} {seen.status}")
            with self.work.journal() as journal:
                failed = FailedCalls(state.folder, state.purpose)
                for batch in [one for one in state.open if one.step == "ended"]:
                    got = collect(self.config, state, journal, failed, batch)
                    counts = f"{got.answered} answered, {got.failed} failed, {got.missing} missing"
                    on_step(f"Wave {got.wave}: {counts}; ${dollars_of(got.charged_pico):.4f}")
            if state.open:
                return Progress(sent=sent, in_flight=sum(one.lines for one in state.open))
            with self.work.journal() as journal:
                # Nothing is in flight, so what the journal does not know as ended was never sent.
                settle(journal, log, final=FINAL)
                failed = FailedCalls(state.folder, state.purpose)
                money = Money(
                    self.config, log, max_cost_usd=state.max_cost_usd, committed_pico=state.committed_pico
                )  # fmt: skip
                prepare(self.config, state, journal, self.work, failed, money, missing=missing)
                sent += self._send(journal, log, on_step)
                lost = sum(
                    failed.missing(one) and journal.index.reply(one.key) is None for one in failed.by_key.values()
                )  # fmt: skip
        if state.open:
            return Progress(sent=sent, in_flight=sum(one.lines for one in state.open), refused=money.refused)
        if lost and missing == "keep":
            return Progress(missing=lost, refused=money.refused)
        return Progress(done=self._finish(failed, live=missing == "live"), complete=True, refused=money.refused)

    def _send(self, journal: Journal, log: Log | None, on_step: Callable[[str], None]) -> int:
        sent = 0
        for batch in [one for one in self.state.open if one.step in ("prepared", "creating")]:
            gone = send(self.config, self.state, journal, log, batch)
            sent += gone.lines
            on_step(f"Wave {gone.wave}: {gone.lines} calls of {gone.rung} sent as {gone.batch_id}")
        return sent

    def _finish(self, failed: FailedCalls, *, live: bool) -> Batch | Exploration:
        state = self.state
        left = None
        if state.max_cost_usd is not None:
            left = max(0.0, state.max_cost_usd - dollars_of(state.committed_pico))
        again = {one.request_id for one in failed.by_key.values() if failed.missing(one)} if live else set()
        with self.work.open(self.config) as app:
            app.host.put_before_client(lambda client: _Answered(client, failed, again))
            done = self.work.finish(app, max_cost_usd=left if again else None)
        if not journal_of(state.output).exists():
            state.remove()
        return done

    @contextmanager
    def _log(self) -> Iterator[Log | None]:
        named = self.config.log
        if named is None:
            yield None
            return
        config = self.config
        log = open_log(
            named,
            store_text=config.store_text,
            label_queue=config.label_queue,
            receipts=config.receipts,
            spool=config.spool,
            on_outage=config.log_on_outage,
        )
        with closing(log):
            yield log


class _Answered(Client):
    """The client of the last pass: permanent failures are told again, requests with a missing call go on live."""

    def __init__(self, client: Client, failed: FailedCalls, again: set[str]) -> None:
        self._client, self._failed, self._again = client, failed, again

    async def ask(self, call: ModelCall) -> Response | CallFailure:
        if (failure := self._failed.final(call_key(call))) is not None:
            return failure
        if call.request_id in self._again:
            return await self._client.ask(call)
        message = "it was not sent in a batch, since a limit of the run or the day would not have paid for it"
        return CallFailure(kind=FailureKind.BUDGET, message=message, tries=0)

    def check(self, call: ModelCall) -> None:
        self._client.check(call)

    async def warm_up(self) -> None:
        await self._client.warm_up()

    async def aclose(self) -> None:
        """Do nothing: the client is closed by the one that made it."""


def begin(
    output: Path,
    source: Path,
    *,
    purpose: Purpose = "run",
    mapping: str | None,
    limit: int | None = None,
    max_cost_usd: float | None,
    overwrite: bool,
) -> WaveState:
    """Begin a run, or return the one that was begun; its cost limit is the one given last.

    Raises:
        ConfigError: the output exists, or was begun with another file.
    """
    own: dict[str, Any] = {"purpose": purpose, "input": str(source), "mapping": mapping, "limit": limit}
    if is_begun(output):
        state = WaveState.load(output)
        found = {name: getattr(state, name) for name in own}
        if found != own:
            different = next(name for name in own if found[name] != own[name])
            message = (
                f"{output} was begun with {different} {found[different]!r}, and {own[different]!r} was given; give the "
                f"same, or another --output."
            )
            raise ConfigError(message)
        if max_cost_usd not in (None, state.max_cost_usd):
            with state.locked():
                state.max_cost_usd = max_cost_usd
                state.save()
        return state
    if output.exists() and not overwrite and not journal_of(output).exists():
        message = f"{output} already exists; give another --output, or --force to overwrite it."
        raise ConfigError(message)
    state = WaveState(output=output, max_cost_usd=max_cost_usd, **own)
    state.save()
    return state
