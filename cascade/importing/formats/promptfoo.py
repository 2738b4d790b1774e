"""promptfoo's evaluations: `results.results[]` of `promptfoo eval --output results.json` (or `.jsonl`).

The providers of one test are the rungs; `success` is the label where the test asserts something. Two prompts of one
test are dependent: they share a group.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cascade.importing.bodies.answered import figure_of
from cascade.importing.bodies.asked import Unusable
from cascade.importing.bodies.traced import tool_calls, traced_request
from cascade.importing.imported import Imported
from cascade.importing.reader import Choices, Found
from cascade.importing.records import records
from cascade.importing.tally import Tally

ERROR = 2
"""promptfoo's `failureReason` of a result without an answer."""

_KINDS = frozenset({"chat", "completion", "completions", "messages", "responses", "converse"})
"""What stands between provider and model in an id: `openai:chat:gpt-4o`."""

_BY_MODEL = ("llm-rubric", "model-graded", "factuality", "g-eval", "answer-relevance", "context-", "select-best",
             "conversation-relevance", "trajectory", "search-rubric", "agent-rubric", "pi", "moderation")  # fmt: skip
"""Beginnings of the types of assertions that ask a model."""


def read(sources: Sequence[Path | str], tally: Tally, choices: Choices) -> Iterator[Found]:
    """Yield the answers of evaluations; see `cascade.importing.reader`."""
    del choices
    for source in sources:
        path = Path(source)
        for number, row in records(path, tally):
            answer = _answer(row, path)
            if isinstance(answer, Imported):
                yield answer, path, number
            else:
                tally.rows += 1
                tally.skip(answer, path, number)


def model_of(provider: str) -> str:
    """Return the model of a provider's id as litellm writes it: `openai:chat:gpt-4o` is `openai/gpt-4o`."""
    parts = provider.split(":")
    if len(parts) < 2 or "/" in parts[0] or provider.startswith(("file:", "http:", "https:", "python:", "exec:")):
        return provider
    kept = [parts[0], *parts[2:]] if len(parts) > 2 and parts[1] in _KINDS else parts
    return f"{kept[0]}/{':'.join(kept[1:])}"


def _answer(row: Mapping[str, Any], path: Path) -> Imported | str:
    """Return a result's answer, or why there is none."""
    response, prompt, provider = (_mapping(row.get(key)) for key in ("response", "prompt", "provider"))
    output = response.get("output")
    # `error` also tells which assertion failed; older versions have no `failureReason`.
    unknown = not isinstance(row.get("failureReason"), int)
    failed = output in (None, "") and bool(row.get("error") or response.get("error"))
    if row.get("failureReason") == ERROR or (unknown and failed):
        return "the provider answered with an error"
    if output is None:
        return "it holds no answer"
    raw = prompt.get("raw", row.get("prompt") if isinstance(row.get("prompt"), str) else None)
    try:
        asked = traced_request(raw, or_text=True)
    except Unusable as reason:
        return str(reason)
    calls = tool_calls(output) if _are_calls(output) else ()
    content = "" if calls else output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)
    name = provider.get("id") or row.get("provider")
    test, tokens = _mapping(row.get("testCase")), _mapping(response.get("tokenUsage"))
    asserted = _mappings(test.get("assert"))
    grading = _mapping(row.get("gradingResult"))
    graded = [_mapping(one.get("assertion")) for one in _mappings(grading.get("componentResults"))]
    labelled = bool(asserted or graded) and isinstance(row.get("success"), bool)
    latency = figure_of(row.get("latencyMs"))
    cached = response.get("cached") is True
    cost = figure_of(row.get("cost", response.get("cost")))
    finish = response.get("finishReason")
    return Imported(
        messages=asked.messages,
        params=asked.params,
        model=model_of(str(name)) if isinstance(name, str) and name else "unknown",
        other_names=tuple(str(one) for one in (name, provider.get("label")) if one),
        content=content,
        tool_calls=calls,
        finish_reason=finish if isinstance(finish, str) else None,
        usage={
            key: int(n)
            for key, n in (
                ("input_tokens", figure_of(tokens.get("prompt"))),
                ("output_tokens", figure_of(tokens.get("completion"))),
            )
            if n
        },
        cost_usd=None if cached or not cost else cost,
        latency_s=None if cached or latency is None else latency / 1000,
        source_id=row["id"] if isinstance(row.get("id"), str) else None,
        session=_conversation(test),
        group=f"{path.name}:{row['testIdx']}" if isinstance(row.get("testIdx"), int) else None,
        correct=float(row["success"]) if labelled else None,
        label_source=_label_source([*asserted, *graded]) if labelled else None,
    )


def _label_source(assertions: Sequence[Mapping[str, Any]]) -> str:
    """Return who decided on success: a person who rated it, else a model, else assertions alone."""
    kinds = [str(one.get("type")).removeprefix("not-") for one in assertions]
    if "human" in kinds:
        return "human"
    return "judge:promptfoo" if any(kind.startswith(_BY_MODEL) for kind in kinds) else "promptfoo"


def _are_calls(output: Any) -> bool:
    """Tell tool calls, which promptfoo gives as the output, from structured output."""
    return (
        isinstance(output, list)
        and bool(output)
        and all(
            isinstance(_mapping(item).get("function"), Mapping) and "arguments" in item["function"] for item in output
        )
    )


def _conversation(test: Mapping[str, Any]) -> str | None:
    for place in (test.get("metadata"), test.get("vars")):
        for key in ("conversationId", "sessionId"):
            if isinstance(found := _mapping(place).get(key), str):
                return found
    return None


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
