"""JSON Lines format of samples: strict validation, streaming; unknown fields are kept."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Annotated, Any, NotRequired, cast

from annotated_types import Ge, Gt, Le, MinLen
from pydantic import ConfigDict, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from cascade.errors import CascadeError, DataError
from cascade.exchange import Request, Response, TokenLogProb
from cascade.files import explain, refuse_duplicates
from cascade.samples.key_set import KeySet
from cascade.samples.sample import Recording, Sample
from cascade.usage import Usage
from cascade.verdict import Verdict

LINE_LIMIT = 1 << 20
"""Maximum size of a line in bytes."""

_OPEN = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)
Share = Annotated[float, Ge(0), Le(1)]
Cost = Annotated[float, Ge(0)]


class _Usage(TypedDict):
    __pydantic_config__ = _OPEN  # type: ignore[misc]
    input_tokens: NotRequired[Annotated[int, Ge(0)]]
    output_tokens: NotRequired[Annotated[int, Ge(0)]]
    cached_tokens: NotRequired[Annotated[int, Ge(0)]]
    cache_write_tokens: NotRequired[Annotated[int, Ge(0)]]
    cache_write_hour_tokens: NotRequired[Annotated[int, Ge(0)]]
    image_tokens: NotRequired[Annotated[int, Ge(0)]]
    reasoning_tokens: NotRequired[Annotated[int, Ge(0)]]
    estimated: NotRequired[bool]


class _Verdict(TypedDict):
    __pydantic_config__ = _OPEN  # type: ignore[misc]
    score: NotRequired[Share | None]
    cost_usd: NotRequired[Cost]
    latency_s: NotRequired[Cost]
    veto: NotRequired[bool]
    reason: NotRequired[str]
    signals: NotRequired[dict[str, float | None]]


class RecordingLine(TypedDict):
    """JSON form of a recording."""

    __pydantic_config__ = _OPEN  # type: ignore[misc]
    model: Annotated[str, MinLen(1)]
    content: NotRequired[str | None]
    tool_calls: NotRequired[list[dict[str, Any]] | None]
    finish_reason: NotRequired[str | None]
    logprobs: NotRequired[list[Annotated[float, Le(1e-6)]] | None]
    tokens: NotRequired[list[str] | None]
    samples: NotRequired[list[str]]
    sample_answers: NotRequired[list[str | None]]
    usage: NotRequired[_Usage]
    cost_usd: NotRequired[Cost | None]
    latency_s: NotRequired[Cost | None]
    rung: NotRequired[Annotated[str, MinLen(1)]]
    verdicts: NotRequired[dict[str, _Verdict]]
    correct: NotRequired[Share | None]
    label_source: NotRequired[str | None]


class SampleLine(TypedDict):
    """JSON form of a sample; unknown fields are kept."""

    __pydantic_config__ = _OPEN  # type: ignore[misc]
    id: NotRequired[Annotated[str, MinLen(1)]]
    task: NotRequired[str]
    messages: NotRequired[list[dict[str, Any]]]
    prompt: NotRequired[str]
    gold: NotRequired[Any]
    schema: NotRequired[dict[str, Any] | None]
    tools: NotRequired[list[dict[str, Any]] | None]
    params: NotRequired[dict[str, Any]]
    metadata: NotRequired[dict[str, Any]]
    recordings: NotRequired[list[RecordingLine]]
    group: NotRequired[str | None]
    propensity: NotRequired[Annotated[float, Gt(0), Le(1)]]
    tags: NotRequired[dict[str, str]]


LINE: TypeAdapter[Any] = TypeAdapter(SampleLine)
"""Validator of one line; `cascade schema samples` prints its JSON Schema."""


def read_samples(path: str | Path, *, unique: bool = True) -> Iterator[Sample]:
    """Stream a samples file (.jsonl or .jsonl.gz) line by line.

    Args:
        path: the file.
        unique: whether to check that ids differ.

    Raises:
        DataError: the file cannot be read, or a line is not a sample; names file, line and field.
    """
    with KeySet() as seen:
        yield from _samples(Path(path), seen if unique else None)


def _samples(path: Path, seen: KeySet | None) -> Iterator[Sample]:
    for number, line in lines(path):
        try:
            sample = sample_of(json.loads(line, parse_constant=_no_constant, object_pairs_hook=refuse_duplicates))
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


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the non-blank lines of a text file, plain or gzipped, with their numbers from 1.

    Raises:
        DataError: the file cannot be read, is not UTF-8, or a line is over 1 MiB.
    """
    number = 0
    try:
        with _opened(path) as file:
            while data := file.readline(LINE_LIMIT + 1):
                number += 1
                if len(data) > LINE_LIMIT:
                    message = f"{path}, line {number}: it is over 1 MiB; shorten the line."
                    raise DataError(message)
                text = data.decode("utf-8-sig" if number == 1 else "utf-8")
                if text.strip():
                    yield number, text
    except UnicodeDecodeError:
        message = f"{path}, line {number}: it is not UTF-8 text; save the file as UTF-8."
        raise DataError(message) from None
    except (OSError, EOFError) as error:
        message = f"{path} cannot be read: {getattr(error, 'strerror', None) or error}."
        raise DataError(message) from None


def _opened(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if path.name.endswith(".gz") else path.open("rb")


def _no_constant(name: str) -> Any:
    message = f"it holds {name}, which is not a valid JSON number; use null for a missing number."
    raise ValueError(message)


def sample_of(content: Any) -> Sample:
    """Build a sample from the content of one line.

    Raises:
        ValidationError, DataError, ConfigError: it is not a valid sample.
    """
    line = LINE.validate_python(content)
    if "messages" not in line and "prompt" not in line:
        message = "it has neither `messages` nor `prompt`; one of them was expected."
        raise DataError(message)
    known = SampleLine.__annotations__
    params = dict(line.get("params", {}))
    if line.get("tools"):
        params["tools"] = line["tools"]
    request = Request(
        messages=tuple(line["messages"]) if "messages" in line else ({"role": "user", "content": line["prompt"]},),
        task=line.get("task", "default"),
        schema=line.get("schema"),
        params=params,
        id=line.get("id", ""),
        group=line.get("group"),
        tags=line.get("tags", {}),
    )
    recordings: dict[str, Recording] = {}
    for entry in line.get("recordings", []):
        recording = _recording(entry)
        if recording.rung in recordings:
            message = f"recordings: rung {recording.rung!r} appears twice; give each recording its own `rung`."
            raise DataError(message)
        recordings[recording.rung] = recording
    return Sample(
        request=request,
        gold=line.get("gold"),
        recordings=recordings,
        propensity=line.get("propensity", 1.0),
        extra={key: value for key, value in line.items() if key not in known or key == "metadata"},
    )


def _recording(line: Mapping[str, Any]) -> Recording:
    known = RecordingLine.__annotations__
    logprobs, tokens = line.get("logprobs"), line.get("tokens")
    if logprobs is not None and tokens is not None and len(tokens) != len(logprobs):
        message = f"recordings: {len(tokens)} tokens for {len(logprobs)} logprobs; as many were expected."
        raise DataError(message)
    response = Response(
        text=line.get("content") or "",
        tool_calls=tuple(line.get("tool_calls") or ()),
        finish_reason=line.get("finish_reason"),
        logprobs=None
        if logprobs is None
        else tuple(
            TokenLogProb(token=None if tokens is None else tokens[i], logprob=value) for i, value in enumerate(logprobs)
        ),
        samples=tuple(line.get("samples", ())),
        usage=Usage(**{key: value for key, value in line.get("usage", {}).items() if key in _Usage.__annotations__}),
        cost_usd=line.get("cost_usd"),
        latency_s=line.get("latency_s") or 0.0,
    )
    verdicts = {}
    for name, entry in line.get("verdicts", {}).items():
        fields = {key: value for key, value in entry.items() if key in _Verdict.__annotations__}
        verdicts[name] = Verdict(name=name, source="recorded", **fields)
    return Recording(
        rung=line.get("rung") or line["model"],
        model=line["model"],
        response=response,
        verdicts=verdicts,
        correct=line.get("correct"),
        label_source=line.get("label_source"),
        extra={key: value for key, value in line.items() if key not in known or key == "sample_answers"},
    )


def sample_line(sample: Sample) -> dict[str, Any]:
    """Serialise a sample as the content of one line; the inverse of `sample_of`."""
    request = sample.request
    line: dict[str, Any] = {"id": request.id, "task": request.task, "messages": [dict(m) for m in request.messages]}
    optional = {
        "gold": sample.gold,
        "schema": request.schema,
        "params": dict(request.params),
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
    usage = {name: getattr(response.usage, name) for name in _Usage.__annotations__ if not name.startswith("__")}
    line: dict[str, Any] = {"model": recording.model, "content": response.text, "cost_usd": response.cost_usd}
    line["usage"] = {key: value for key, value in usage.items() if value or key in ("input_tokens", "output_tokens")}
    if recording.rung != recording.model:
        line["rung"] = recording.rung
    if response.logprobs is not None:
        line["logprobs"] = [item.logprob for item in response.logprobs]
        if all(item.token is not None for item in response.logprobs):
            line["tokens"] = [item.token for item in response.logprobs]
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
