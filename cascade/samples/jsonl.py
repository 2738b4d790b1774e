"""JSON Lines format of samples: strict validation, streaming; unknown fields are kept."""

from __future__ import annotations

import gzip
import json
import math
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, cast

from pydantic import ValidationError

from cascade.errors import CascadeError, DataError
from cascade.exchange import Request, Response, TokenLogProb
from cascade.files import explain, refuse_duplicates
from cascade.finish_reason import FINISH_UNKNOWN
from cascade.flow.repair import ASKED_AGAIN
from cascade.samples.key_set import KeySet
from cascade.samples.line_types import LINE, LOWEST_LOGPROB, RecordingLine, SampleLine, UsageLine, VerdictLine
from cascade.samples.sample import Recording, Sample
from cascade.usage import Usage
from cascade.verdict import Verdict

LINE_LIMIT = 64 << 20
"""Maximum size of a line in bytes: more than providers take in one request with pictures."""

_MOST_ABOVE_ZERO = 1e-6

Say = Callable[[str], None]


def read_samples(
    path: str | Path, *, unique: bool = True, rungs: Collection[str] | None = None, say: Say | None = None
) -> Iterator[Sample]:
    """Stream a samples file (.jsonl or .jsonl.gz) line by line.

    Args:
        path: the file.
        unique: whether to check that ids differ.
        rungs: the rungs that are asked for: a recording of another one that cannot be used is left out; None: all are.
        say: called with a sentence where that happened.

    Raises:
        DataError: the file cannot be read, or a line is not a sample; names file, line and field.
    """
    with KeySet() as seen:
        yield from _samples(Path(path), seen if unique else None, rungs, say)


def _samples(path: Path, seen: KeySet | None, rungs: Collection[str] | None, say: Say | None) -> Iterator[Sample]:
    left_out = 0
    for number, line in lines(path):
        try:
            content = json.loads(line, object_pairs_hook=refuse_duplicates)
            try:
                sample = sample_of(content)
            except (ValueError, CascadeError):
                if rungs is None or (kept := _asked_for(content, rungs)) is None:
                    raise
                sample, left_out = sample_of(kept), left_out + 1
        except ValidationError as error:
            problem = explain(error)
        except RecursionError:
            problem = "it is nested too deeply."
        except json.JSONDecodeError as error:
            problem = f"it is not JSON ({error.msg} at column {error.colno})."
        except (ValueError, CascadeError) as error:
            problem = str(error)
        else:
            if seen is None or seen.add(sample):
                yield sample
                continue
            problem = (
                f"id {sample.request.id!r} appears twice in task {sample.request.task!r}; give each sample its own id."
            )
        message = f"{path}, line {number}: {problem}"
        raise DataError(message) from None
    if left_out and say is not None:
        say(
            f"{path}: of {left_out:,} samples the recordings of rungs that are not asked for are left out, since some "
            "cannot be used."
        )


def _asked_for(content: Any, rungs: Collection[str]) -> dict[str, Any] | None:
    """Return a line without recordings of other rungs; None if it has none."""
    recordings = content.get("recordings") if isinstance(content, dict) else None
    if not isinstance(recordings, list):
        return None
    kept = [
        one
        for one in recordings
        if not isinstance(one, dict)
        or not isinstance(name := one.get("rung") or one.get("model"), str)
        or name in rungs
    ]
    return None if len(kept) == len(recordings) else {**content, "recordings": kept}


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the non-blank lines of a text file, plain or gzipped, with their numbers from 1.

    Raises:
        DataError: the file cannot be read, is not UTF-8, or a line is over 64 MiB.
    """
    number = 0
    try:
        with opened(path) as file:
            while data := file.readline(LINE_LIMIT + 1):
                number += 1
                if len(data) > LINE_LIMIT:
                    message = (
                        f"{path}, line {number}: it is over {LINE_LIMIT >> 20} MiB; shorten the line, or give pictures "
                        "by address."
                    )
                    raise DataError(message)
                text = data.decode("utf-8-sig" if number == 1 else "utf-8")
                if text.strip():
                    yield number, text
    except UnicodeDecodeError:
        message = f"{path}, line {number}: it is not UTF-8 text; save the file as UTF-8."
        raise DataError(message) from None
    except (OSError, EOFError, zlib.error) as error:
        message = f"{path} cannot be read: {getattr(error, 'strerror', None) or error}."
        raise DataError(message) from None


def opened(path: Path) -> IO[bytes]:
    """Open a file, plain or gzipped (`.gz`), to read its bytes."""
    return cast("IO[bytes]", gzip.open(path, "rb")) if path.name.endswith(".gz") else path.open("rb")


def _require_finite(value: Any, place: str = "") -> None:
    """Refuse NaN and infinite numbers, which JSON does not know and nothing below can write.

    Lists of log-probabilities are left to their own type: −∞ means something there.

    Raises:
        DataError: there is one; names its place.
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            message = (
                f"{place or 'it'} is {json.dumps(value)}; a finite number was expected. Use null for a missing number."
            )
            raise DataError(message)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key != "logprobs":
                _require_finite(item, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            _require_finite(item, f"{place}.{number}")


def sample_of(content: Any, *, finite: bool = False) -> Sample:
    """Build a sample from the content of one line.

    Args:
        content: the content.
        finite: whether its numbers are known to be finite, or will be checked: to look at each takes a quarter of this.

    Raises:
        ValidationError, DataError, ConfigError: it is not a valid sample.
    """
    if not finite:
        _require_finite(content)
    line = _given(LINE.validate_python(content), SampleLine)
    textless = line.get("textless", False)
    if textless and not any((entry or {}).get("served_features") is not None for entry in line.get("recordings", [])):
        message = "it is textless and no recording has `served_features`; one or more were expected."
        raise DataError(message)
    if textless:
        line["prompt"] = ""
    if "messages" not in line and "prompt" not in line:
        message = "it has neither `messages` nor `prompt`; one of them was expected."
        raise DataError(message)
    known = SampleLine.__annotations__
    params = {key: value for key, value in line.get("params", {}).items() if value is not None}
    if line.get("tools"):
        params["tools"] = line["tools"]
    request = Request(
        messages=tuple(map(_message, line["messages"]))
        if "messages" in line
        else ({"role": "user", "content": line["prompt"]},),
        task=line.get("task", "default"),
        schema=line.get("schema"),
        params=params,
        id=line.get("id", ""),
        session=line.get("session"),
        group=line.get("group"),
        tags={key: value for key, value in line.get("tags", {}).items() if value is not None},
    )
    recordings: dict[str, Recording] = {}
    for number, entry in enumerate(line.get("recordings", [])):
        recording = _recording(_given(entry, RecordingLine), f"recordings.{number}")
        if recording.rung in recordings:
            message = f"recordings: rung {recording.rung!r} appears twice; give each recording its own `rung`."
            raise DataError(message)
        recordings[recording.rung] = recording
    return Sample(
        request=request,
        gold=line.get("gold"),
        recordings=recordings,
        propensity=line.get("propensity", 1.0),
        textless=textless,
        hash_id=line.get("hash_id", ""),
        extra={key: value for key, value in line.items() if key not in known or key == "metadata"},
    )


def _given(line: Mapping[str, Any], form: type) -> dict[str, Any]:
    """Return a line without known fields that are null: writers of tables give every field in every row."""
    known = form.__annotations__
    return {key: value for key, value in line.items() if value is not None or key not in known}


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message without what is null in itself, its parts and its tool calls; `content` may be null.

    Providers refuse fields that are not theirs, and writers of tables give every field in every row.
    """
    made = {key: value for key, value in message.items() if value is not None or key == "content"}
    for key in ("content", "tool_calls"):
        if isinstance(made.get(key), list):
            made[key] = [_part(part) for part in made[key]]
    return made


def _part(part: Any) -> Any:
    """Return a part of a message, or a tool call, without what is null; what a tool is given stays as it is."""
    if not isinstance(part, Mapping):
        return part
    return {
        key: value if key in ("input", "arguments") else _part(value)
        for key, value in part.items()
        if value is not None
    }


def _recording(line: Mapping[str, Any], place: str) -> Recording:
    known = RecordingLine.__annotations__
    logprobs, tokens = line.get("logprobs"), line.get("tokens")
    if logprobs is not None and tokens is not None and len(tokens) != len(logprobs):
        message = f"{place}: {len(tokens)} tokens for {len(logprobs)} logprobs; as many were expected."
        raise DataError(message)
    response = Response(
        text=line.get("content") or "",
        tool_calls=tuple(line.get("tool_calls") or ()),
        finish_reason=line.get("finish_reason"),
        logprobs=None if logprobs is None else _tokens(logprobs, tokens),
        samples=tuple(text or "" for text in line.get("samples", ())),
        usage=Usage(**_fields(line.get("usage", {}), UsageLine)),
        cost_usd=line.get("cost_usd"),
        latency_s=line.get("latency_s") or 0.0,
        flags=(
            *((FINISH_UNKNOWN,) if line.get("finish_unknown") else ()),
            *((f"{ASKED_AGAIN}{again}",) if (again := line.get("asked_again")) else ()),
        ),
    )
    verdicts = {
        name: Verdict(name=name, source="recorded", **_fields(entry, VerdictLine))
        for name, entry in line.get("verdicts", {}).items()
        if entry is not None
    }
    return Recording(
        rung=line.get("rung") or line["model"],
        model=line["model"],
        response=response,
        verdicts=verdicts,
        correct=line.get("correct"),
        label_source=line.get("label_source"),
        features=line.get("served_features"),
        extra={key: value for key, value in line.items() if key not in known or key == "sample_answers"},
    )


def _fields(line: Mapping[str, Any], form: type) -> dict[str, Any]:
    """Return the known fields of a line that are given."""
    return {key: value for key, value in line.items() if key in form.__annotations__ and value is not None}


def _tokens(logprobs: list[float | None], tokens: list[str | None] | None) -> tuple[TokenLogProb, ...]:
    """Return the log-probabilities; the first token of an echoed prompt has none, and null elsewhere is −∞."""
    texts: list[str | None] = [None] * len(logprobs) if tokens is None else tokens
    return tuple(
        TokenLogProb(token=text, logprob=LOWEST_LOGPROB if value is None else value)
        for place, (text, value) in enumerate(zip(texts, logprobs, strict=True))
        if place or value is not None
    )


def sample_line(sample: Sample) -> dict[str, Any]:
    """Serialise a sample as the content of one line; the inverse of `sample_of`."""
    request = sample.request
    line: dict[str, Any] = {"id": request.id, "task": request.task}
    line |= {"textless": True} if sample.textless else {"messages": [dict(m) for m in request.messages]}
    if sample.hash_id != request.id:
        line["hash_id"] = sample.hash_id
    optional = {
        "gold": sample.gold,
        "schema": request.schema,
        "params": dict(request.params),
        "session": request.session,
        "group": request.group,
        "tags": dict(request.tags),
    }
    line |= {key: value for key, value in optional.items() if value is not None and (value != {} or key == "gold")}
    if sample.propensity != 1.0:
        line["propensity"] = sample.propensity
    line |= sample.extra
    line["recordings"] = [_recording_line(recording) for recording in sample.recordings.values()]
    return line


def _recording_line(recording: Recording) -> dict[str, Any]:
    response = recording.response
    usage = {name: getattr(response.usage, name) for name in UsageLine.__annotations__ if not name.startswith("__")}
    line: dict[str, Any] = {"model": recording.model, "content": response.text, "cost_usd": response.cost_usd}
    if recording.features is not None:
        line["served_features"] = dict(recording.features)
    if FINISH_UNKNOWN in response.flags:
        line["finish_unknown"] = True
    again = next((flag for flag in response.flags if flag.startswith(ASKED_AGAIN)), None)
    if again is not None:
        line["asked_again"] = again.removeprefix(ASKED_AGAIN)
    line["usage"] = {key: value for key, value in usage.items() if value or key in ("input_tokens", "output_tokens")}
    if recording.rung != recording.model:
        line["rung"] = recording.rung
    if response.logprobs is not None:
        line |= _logprobs_line(response.logprobs)
    optional = {
        "tool_calls": [dict(call) for call in response.tool_calls],
        "finish_reason": response.finish_reason,
        "samples": list(response.samples),
        "latency_s": response.latency_s,
        "correct": recording.correct,
        "label_source": recording.label_source,
    }
    line |= {key: value for key, value in optional.items() if value not in (None, [], 0.0) or key == "correct"}
    if recording.verdicts:
        line["verdicts"] = {name: verdict_line(verdict) for name, verdict in recording.verdicts.items()}
    return line | dict(recording.extra)


def _logprobs_line(given: tuple[TokenLogProb, ...]) -> dict[str, Any]:
    """Return log-probabilities as fields; of an answer with a NaN or a figure above 0, none can be used."""
    if any(math.isnan(item.logprob) or item.logprob > _MOST_ABOVE_ZERO for item in given):
        return {"unusable_logprobs": True}
    line: dict[str, Any] = {
        "logprobs": [LOWEST_LOGPROB if item.logprob == -math.inf else item.logprob for item in given]
    }
    if any(item.token is not None for item in given):
        line["tokens"] = [item.token for item in given]
    return line


def verdict_line(verdict: Verdict) -> dict[str, Any]:
    """Serialise a verdict for a samples file."""
    line: dict[str, Any] = {"score": verdict.score, "cost_usd": verdict.cost_usd}
    optional = {
        "veto": verdict.veto,
        "reason": verdict.reason,
        "signals": dict(verdict.signals),
        "latency_s": verdict.latency_s,
    }
    return line | {key: value for key, value in optional.items() if value}
