"""Merger: gathers the answers to one request into one sample, in bounded memory."""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError

from cascade.bulk.journal import encoded
from cascade.dialects.inbound.structured import forced_tool, without_tools
from cascade.errors import CascadeError, ConfigError
from cascade.files import explain
from cascade.hashing import canonical_json
from cascade.importing.imported import Imported
from cascade.importing.repeats import count_repeat
from cascade.importing.rung_names import RungNames
from cascade.importing.secrets import scrub
from cascade.importing.tally import Tally
from cascade.redaction import may_hold_secret
from cascade.samples.jsonl import sample_line, sample_of
from cascade.samples.sample import Recording, Sample

ASKED = frozenset({"functions", "response_format", "stop", "tools"})
"""Parameters that belong to the question. Two calls that differ in others, such as a temperature, ask the same."""

_CACHE_KIB = 32 * 1024


class Merger:
    """Collects recorded answers and yields samples; a context manager.

    The first answer to a request goes into a temporary file at once. What a request is, is known by a digest of its
    chat and of `ASKED`, in a temporary SQLite database; so are further answers to it, until they are merged at the end.
    """

    def __init__(self, *, task: str, rungs: RungNames, tally: Tally, folder: Path) -> None:
        """Take the task, the names of rungs, where to count, and the folder for temporary files.

        Raises:
            ConfigError: the folder cannot be written.
        """
        self._task, self._rungs, self._tally = task, rungs, tally
        try:
            self._firsts = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by the context manager
        except OSError as error:
            message = (
                f"{folder} cannot be written: {error.strerror or error}. Give an --output in a folder that exists."
            )
            raise ConfigError(message) from None
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(
            f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -{_CACHE_KIB};"
            "CREATE TABLE requests (key BLOB PRIMARY KEY, n INTEGER) WITHOUT ROWID;"
            "CREATE TABLE further (n INTEGER, line BLOB); BEGIN;"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._firsts.close()
        self._db.close()

    def add(self, answer: Imported, path: Path | str, number: int) -> None:
        """Take one answer; one that cannot be a sample is counted as left out.

        Args:
            answer: the answer.
            path: its file, for counts.
            number: its row there.
        """
        self._tally.rows += 1
        content = self._line(answer)
        try:
            sample, line = _written(content)
            if may_hold_secret(line.decode()) and scrub(content):
                self._tally.note("a key, or a password in an address, was cut out", path, number)
                sample, line = _written(content)
        except ValidationError as error:
            self._tally.skip(f"it cannot be a sample: {explain(error)}".rstrip("."), path, number)
            return
        except (CascadeError, ValueError, RecursionError) as error:
            self._tally.skip(f"it cannot be a sample: {error}".rstrip("."), path, number)
            return
        self._tally.date(answer.at)
        key, n = _digest(sample), self._tally.requests
        if self._db.execute("INSERT OR IGNORE INTO requests VALUES (?, ?)", (key, n)).rowcount == 1:
            self._tally.requests += 1
            self._count(*sample.recordings.values())
            self._firsts.write(line)
            return
        (n,) = self._db.execute("SELECT n FROM requests WHERE key = ?", (key,)).fetchone()
        self._db.execute("INSERT INTO further VALUES (?, ?)", (n, line))

    def samples(self) -> Iterator[bytes]:
        """Yield the lines of the samples, in the order in which their requests were first seen."""
        self._db.execute("CREATE INDEX further_by_request ON further (n)")
        further = self._db.execute("SELECT n, line FROM further ORDER BY n, rowid")
        ahead = further.fetchone()
        self._firsts.flush()
        self._firsts.seek(0, os.SEEK_SET)
        for n, line in enumerate(self._firsts):
            if ahead is None or ahead[0] != n:
                yield line
                continue
            sample = _read(line)
            while ahead is not None and ahead[0] == n:
                sample = self._merged(sample, _read(ahead[1]))
                ahead = further.fetchone()
            # Made anew, since its id is a hash of its content, and parameters may have left it.
            schema = None if "response_format" in sample.request.params else sample.request.schema
            whole = replace(sample, request=replace(sample.request, id="", schema=schema))
            yield encoded(sample_line(whole)) + b"\n"

    def _line(self, answer: Imported) -> dict[str, Any]:
        rung, model = self._rungs.find(answer.model, answer.other_names)
        self._tally.models[rung][answer.model] += 1
        tool = forced_tool(answer.params, answer.messages)
        said = _as_json(answer, tool.name) if tool is not None else None
        recording = {
            "model": model,
            "rung": rung,
            "content": answer.content if said is None else said,
            "tool_calls": [*answer.tool_calls] if said is None else [],
            "finish_reason": answer.finish_reason if said is None else "stop",
            "logprobs": None if answer.logprobs is None else [*answer.logprobs],
            "samples": [*answer.samples],
            "usage": dict(answer.usage),
            "cost_usd": answer.cost_usd,
            "latency_s": answer.latency_s,
            "correct": answer.correct,
            "label_source": None if answer.correct is None else answer.label_source,
            "model_recorded": answer.model if answer.model != model else None,
            "source_id": answer.source_id,
            "at": answer.at,
        }
        line = {
            "task": self._task,
            "messages": [dict(message) for message in answer.messages],
            "params": dict(answer.params) if tool is None else without_tools(answer.params),
            "schema": None if tool is None else dict(tool.schema),
            "session": answer.session,
            "group": answer.session or answer.group,
            "tags": dict(answer.tags),
            "gold": answer.gold,
            "at": answer.at,
            "recordings": [{key: value for key, value in recording.items() if value is not None}],
        }
        return {key: value for key, value in line.items() if value is not None}

    def _count(self, *recordings: Recording) -> None:
        for recording in recordings:
            self._tally.recordings[recording.rung] += 1
            self._tally.labelled[recording.rung] += recording.correct is not None

    def _merged(self, sample: Sample, other: Sample) -> Sample:
        """Return a sample with the answer of another one to the same request."""
        kept = dict(sample.recordings)
        params = dict(sample.request.params)
        differing = {
            key for key in {*params, *other.request.params} if params.get(key) != other.request.params.get(key)
        }
        if differing:
            # What not all answers were made with belongs to the answers.
            params = {key: value for key, value in params.items() if key not in differing}
            kept = {rung: _with_params(one, sample.request.params, differing) for rung, one in kept.items()}
        for rung, one in other.recordings.items():
            answer = _with_params(one, other.request.params, differing)
            earlier = kept.get(rung)
            if earlier is None:
                kept[rung] = answer
                self._count(answer)
                continue
            count_repeat(self._tally.repeats[rung], earlier.response, answer.response, sample.request.answer_field)
            # A label is worth more than being first.
            better = earlier.correct is None and answer.correct is not None
            chosen = answer if better else earlier
            self._tally.labelled[rung] += better
            n = int(earlier.extra.get("repeats", 0)) + 1
            kept[rung] = replace(chosen, extra={**chosen.extra, "repeats": n})
        return replace(
            sample,
            request=replace(sample.request, params=params),
            recordings=kept,
            gold=sample.gold if sample.gold is not None else other.gold,
        )


def _as_json(answer: Imported, tool: str) -> str | None:
    """Return the one call of the forced tool as the JSON text that it is when served; None if the answer is another."""
    calls = [call.get("function") for call in answer.tool_calls]
    if len(calls) != 1 or not isinstance(calls[0], Mapping) or calls[0].get("name") != tool:
        return None
    arguments = calls[0].get("arguments")
    return arguments if isinstance(arguments, str) else None


def _written(content: dict[str, Any]) -> tuple[Sample, bytes]:
    """Return a sample and its line.

    Raises:
        ValidationError, CascadeError, ValueError: it is not a valid sample; a number that is not finite is refused by
            the encoder.
    """
    sample = sample_of(content, finite=True)
    return sample, encoded(sample_line(sample)) + b"\n"


def _with_params(recording: Recording, params: Mapping[str, Any], names: set[str]) -> Recording:
    own = {name: params[name] for name in sorted(names) if name in params}
    if not own:
        return recording
    return replace(recording, extra={**recording.extra, "params": {**recording.extra.get("params", {}), **own}})


def _digest(sample: Sample) -> bytes:
    request = sample.request
    asked = {name: value for name, value in request.params.items() if name in ASKED}
    return blake2b(canonical_json([request.messages, asked, request.schema]), digest_size=16).digest()


def _read(line: bytes) -> Sample:
    return sample_of(json.loads(line))
