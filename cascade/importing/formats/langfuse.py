"""Langfuse's exports: `observations_v2` (enriched observations), or `observations`, with `scores` as labels.

Parquet, CSV, JSON and JSON Lines of the blob storage export, and JSON of the API (camel case), are read. Answers are
the generations. A score of an observation labels it; a score of a trace labels the trace's answer if it has only one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cascade.errors import DataError
from cascade.importing.bodies.answered import figure_of, iso_of, seconds_between
from cascade.importing.bodies.asked import KEPT, Unusable
from cascade.importing.bodies.traced import tool_calls, traced_answer, traced_request
from cascade.importing.imported import Imported
from cascade.importing.reader import Choices, Found
from cascade.importing.records import decoded, first_record, records
from cascade.importing.stores.score_store import ScoreStore, chosen_name
from cascade.importing.tally import Tally

COLUMNS = frozenset(
    {
        "id", "trace_id", "type", "start_time", "end_time", "level", "input", "output", "provided_model_name",
        "model_parameters", "usage_details", "total_cost", "session_id", "tool_calls", "tool_definitions",
        "prompt_name", "data_type", "value", "observation_id", "name", "source", "timestamp",
    }
)  # fmt: skip
"""Columns that are read."""

_NAMES = {
    "traceId": "trace_id", "startTime": "start_time", "endTime": "end_time", "model": "provided_model_name",
    "modelParameters": "model_parameters", "usageDetails": "usage_details", "calculatedTotalCost": "total_cost",
    "totalCost": "total_cost", "sessionId": "session_id", "toolCalls": "tool_calls", "promptName": "prompt_name",
    "toolDefinitions": "tool_definitions", "observationId": "observation_id", "dataType": "data_type",
    "providedModelName": "provided_model_name",
}  # fmt: skip
_GENERATIONS = frozenset({"GENERATION", "generation"})


def is_score(row: Mapping[str, Any]) -> bool:
    """Tell whether a row is a score."""
    return "value" in row and ("data_type" in row or "dataType" in row)


def read(sources: Sequence[Path | str], tally: Tally, choices: Choices) -> Iterator[Found]:
    """Yield the generations of observations, labelled by scores; see `cascade.importing.reader`."""
    paths = [Path(source) for source in sources]
    scores = [path for path in paths if is_score(first_record(path) or {})]
    observations = [path for path in paths if path not in scores]
    if not observations:
        message = f"{', '.join(map(str, paths))}: these are scores; give the observations that they belong to too."
        raise DataError(message)
    with ScoreStore() as store:
        _keep(scores, store, tally)
        name = chosen_name(store, choices.score, tally)
        if name is not None and store.has_traces:
            for path in observations:
                for _, row in records(path, Tally(), {"type", "trace_id"}):
                    known = _named(row)
                    if str(known.get("type")) in _GENERATIONS and known.get("trace_id"):
                        store.count_answer(str(known["trace_id"]))
        for path in observations:
            for number, row in records(path, tally, COLUMNS):
                known = _named(row)
                if str(known.get("type")) not in _GENERATIONS:
                    tally.rows += 1
                    tally.beside[f"observations of type {str(known.get('type') or 'unknown').lower()}"] += 1
                    continue
                answer = _answer(known, store, name)
                if isinstance(answer, Imported):
                    yield answer, path, number
                else:
                    tally.rows += 1
                    tally.skip(answer, path, number)


def _keep(paths: Sequence[Path], store: ScoreStore, tally: Tally) -> None:
    for path in paths:
        for number, row in records(path, tally, COLUMNS):
            tally.rows += 1
            why = store.add(row)
            if why is None:
                tally.beside["scores"] += 1
            else:
                tally.skip(why, path, number)


def _named(row: Mapping[str, Any]) -> Mapping[str, Any]:
    if "trace_id" in row or "traceId" not in row:
        return row
    return {_NAMES.get(key, key): value for key, value in row.items()}


def _answer(row: Mapping[str, Any], store: ScoreStore, score: str | None) -> Imported | str:
    """Return a generation's answer, or why there is none."""
    if str(row.get("level")) == "ERROR":
        return "the call failed"
    try:
        asked = traced_request(row.get("input"))
        answered = traced_answer(row.get("output"))
    except Unusable as reason:
        return str(reason)
    calls = tool_calls(row.get("tool_calls"))
    if answered is None and not calls:
        return "its answer was not stored"
    params = {**_params(row.get("model_parameters")), **asked.params}
    tools = [*_tools(row.get("tool_definitions"))]
    if tools and "tools" not in params:
        params["tools"] = tools
    identity, trace = str(row.get("id") or ""), str(row.get("trace_id") or "")
    label = None if score is None else store.label(score, identity, trace)
    cost = figure_of(row.get("total_cost"))
    return Imported(
        messages=asked.messages,
        params=params,
        model=str(row.get("provided_model_name") or asked.model or (answered.model if answered else "") or "unknown"),
        content=answered.content if answered else "",
        tool_calls=(answered.tool_calls if answered else ()) or calls,
        finish_reason=answered.finish_reason if answered else None,
        usage={**_usage(row.get("usage_details")), **(answered.usage if answered else {})},
        cost_usd=cost or None,  # 0: no price was known
        latency_s=seconds_between(row.get("start_time"), row.get("end_time")),
        at=iso_of(row.get("start_time")),
        source_id=identity or None,
        session=str(row["session_id"]) if row.get("session_id") else None,
        group=trace or None,
        tags={"prompt": str(row["prompt_name"])} if row.get("prompt_name") else {},
        correct=None if label is None else label[0],
        label_source=None if label is None else label[1],
    )


def _pairs(value: Any) -> dict[str, Any]:
    """Return an object: JSON, its text, or the list of pairs that Parquet's maps are."""
    given = decoded(value)
    if isinstance(given, list) and all(isinstance(pair, tuple) and len(pair) == 2 for pair in given):
        return dict(given)
    return dict(given) if isinstance(given, Mapping) else {}


def _params(value: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, given in _pairs(value).items():
        if name in KEPT and given is not None:
            number = figure_of(given) if isinstance(given, str) else None
            parsed = decoded(given) if number is None else int(number) if number.is_integer() else number
            made[name] = parsed
    return made


def _usage(value: Any) -> dict[str, int]:
    counts = {name: int(n) for name, given in _pairs(value).items() if (n := figure_of(given)) is not None and n > 0}

    def total(start: str, *words: str) -> int:
        return sum(n for name, n in counts.items() if name.startswith(start) and all(word in name for word in words))

    made = {
        "input_tokens": total("input") or total("prompt"),
        "output_tokens": total("output") or total("completion"),
        "cached_tokens": total("input", "cache", "read") or total("input", "cached") or total("cache_read"),
        "reasoning_tokens": total("output", "reasoning") or total("reasoning"),
    }
    return {name: n for name, n in made.items() if n}


def _tools(value: Any) -> Iterator[dict[str, Any]]:
    """Yield tool definitions: of a list, or by name, as texts or not."""
    given = decoded(value)
    pairs = _pairs(given) if not isinstance(given, list) or (given and isinstance(given[0], tuple)) else None
    for name, tool in pairs.items() if pairs is not None else ((None, item) for item in given):
        told = decoded(tool)
        if not isinstance(told, Mapping):
            continue
        if isinstance(told.get("function"), Mapping):
            yield dict(told)
            continue
        parameters = decoded(told.get("parameters", told.get("input_schema")))
        function = {"name": told.get("name") or name, "description": told.get("description"), "parameters": parameters}
        yield {"type": "function", "function": {key: item for key, item in function.items() if item is not None}}
