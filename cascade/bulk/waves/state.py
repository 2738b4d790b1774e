"""WaveState: which provider batches a bulk run has sent; written in a folder beside its output around each step."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, Self

from cascade.errors import ConfigError, DataError
from cascade.files import strict_json, write_atomically

FORMAT = 1

Purpose = Literal["run", "explore"]

Step = Literal["prepared", "creating", "sent", "ended", "collected"]
"""How far a batch is: its file lies here; it was uploaded and may have been created; it has an id; the provider has
ended it; its answers are in the journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentBatch:
    """One provider batch."""

    key: str
    """Our name of it, which its metadata carries."""

    wave: int
    """The wave that it is part of, from 1."""

    rung: str
    """The rung on whose behalf its calls are made."""

    model: str
    """The model, as `provider/name`."""

    api_base: str | None
    """The address, if it is not the provider's own."""

    lines: int
    """Number of calls."""

    reserved_pico: int
    """Picodollars that they may cost at most, in a batch."""

    step: Step = "prepared"
    """How far it is."""

    file_id: str = ""
    """The provider's id of the uploaded file."""

    batch_id: str = ""
    """The provider's id of the batch."""

    status: str = ""
    """What the provider last said of it."""

    charged_pico: int = 0
    """Picodollars that its answers cost."""

    answered: int = 0
    """Number of answers."""

    failed: int = 0
    """Number of calls that failed permanently, as live ones do."""

    missing: int = 0
    """Number of calls that expired, or failed in a way that another try may mend."""

    repeated: int = 0
    """Number of further lines for calls that were answered already; they are not taken."""

    foreign: int = 0
    """Number of lines for calls that are not of this batch; they are not taken."""


@dataclass(slots=True, kw_only=True)
class WaveState:
    """The state of a bulk run by provider batches."""

    output: Path
    """The file for results."""

    input: str
    """The file of requests."""

    purpose: Purpose = "run"
    """What it is: a bulk run, or an exploration of samples."""

    mapping: str | None = None
    """Columns of a table, as `--map`."""

    limit: int | None = None
    """Only so many requests of the input, from its beginning; None: all."""

    max_cost_usd: float | None = None
    """US dollars that the run may cost; None: no limit."""

    batches: list[SentBatch] = field(default_factory=list)
    """The batches, in the order in which they were prepared."""

    @classmethod
    def load(cls, output: Path) -> Self:
        """Load the state of an output.

        Raises:
            ConfigError: there is none.
            DataError: it is not one of ours.
        """
        path = folder_of(output) / "state.json"
        try:
            told = strict_json(path.read_text(encoding="utf-8"))
            if told.pop("format") != FORMAT:
                told = {"format": None}  # which no field has
            batches = [SentBatch(**batch) for batch in told.pop("batches")]
            return cls(output=output, batches=batches, **told)
        except FileNotFoundError:
            if output.exists():
                message = f"{output} is written already; no batches of it are under way."
                raise ConfigError(message) from None
            message = (
                f"No batches of {output} were submitted; `cascade batch submit --input FILE --output {output}` was "
                f"expected first, or `cascade explore REQUESTS --batch --output {output}`."
            )
            raise ConfigError(message) from None
        except (OSError, KeyError, TypeError, ValueError, AttributeError):
            message = f"{path} is not a state of `cascade batch`; it is damaged, or of a later release."
            raise DataError(message) from None

    def save(self) -> None:
        """Write the state durably.

        Raises:
            ConfigError: it cannot be written.
        """
        own = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in ("output", "batches")}
        told = {"format": FORMAT, **own, "batches": [asdict(batch) for batch in self.batches]}
        write_atomically(self.folder / "state.json", json.dumps(told, indent=1) + "\n")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run for this process, and read what another one has done since the state was loaded.

        Raises:
            ConfigError: another process holds it.
        """
        with (self.folder / "lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                message = f"Another `cascade batch` works on {self.output}; wait for it, or stop it."
                raise ConfigError(message) from None
            self.batches = type(self).load(self.output).batches
            yield

    def put(self, batch: SentBatch, **changes: Any) -> SentBatch:
        """Take a batch, or its next step, and write the state durably."""
        batch = replace(batch, **changes)
        for place, known in enumerate(self.batches):
            if known.key == batch.key:
                self.batches[place] = batch
                break
        else:
            self.batches.append(batch)
        self.save()
        return batch

    @property
    def folder(self) -> Path:
        """Return the folder of state, requests and answers; made if it is missing."""
        folder = folder_of(self.output)
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    @property
    def open(self) -> list[SentBatch]:
        """Return the batches that are not collected."""
        return [batch for batch in self.batches if batch.step != "collected"]

    @property
    def wave(self) -> int:
        """Return the number of the last wave; 0 if there was none."""
        return max((batch.wave for batch in self.batches), default=0)

    @property
    def committed_pico(self) -> int:
        """Return the picodollars spent, and those reserved for batches that are not collected."""
        return sum(one.charged_pico if one.step == "collected" else one.reserved_pico for one in self.batches)

    def file(self, batch: SentBatch, what: Literal["requests", "calls", "answers", "errors"]) -> Path:
        """Return the path of a batch's file."""
        return self.folder / f"{batch.key}.{what}.jsonl"

    def remove(self) -> None:
        """Remove the folder: the output is complete."""
        remove_batches(self.output)


def require_collected(output: Path) -> None:
    """Require that no call for an output is in flight in a provider batch: asked live, it would be paid twice.

    Raises:
        ConfigError: some are.
    """
    if is_begun(output) and (flying := WaveState.load(output).open):
        message = (
            f"{sum(batch.lines for batch in flying)} calls for {output} are in provider batches that were not collected"
            f", and asked now would be paid twice; `cascade batch collect {output}` was expected first."
        )
        raise ConfigError(message)


def is_begun(output: Path) -> bool:
    """Return whether an output has batches, or is about to have some."""
    return (folder_of(output) / "state.json").exists()


def remove_batches(output: Path) -> None:
    """Remove an output's folder of batches, if there is one."""
    shutil.rmtree(folder_of(output), ignore_errors=True)


def folder_of(output: Path) -> Path:
    """Return the folder of an output's batches: `results.jsonl.batches`."""
    return output.with_name(output.name + ".batches")
