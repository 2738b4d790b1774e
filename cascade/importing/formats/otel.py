"""OpenTelemetry: model calls traced by the GenAI semantic conventions, in JSON of OTLP or of an SDK.

Prompt and answer are found in each of the places where instrumentations have put them:

- `gen_ai.input.messages`, `gen_ai.output.messages`, `gen_ai.system_instructions` on the span, or on the event
  `gen_ai.client.inference.operation.details` (of the span, or a log record);
- events `gen_ai.user.message`, `gen_ai.choice`, … (conventions up to 1.36), of the span or as log records;
- `gen_ai.content.prompt` and `gen_ai.content.completion` (older), and `gen_ai.prompt.0.content`, … (OpenLLMetry).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from cascade.importing.bodies.answered import Answered, figure_of, iso_of, seconds_between
from cascade.importing.bodies.asked import Asked, Unusable
from cascade.importing.bodies.otlp import Event, Span, holds_logs, parts_of
from cascade.importing.bodies.traced import chat_message, traced_answer, traced_request
from cascade.importing.imported import Imported
from cascade.importing.reader import Choices, Found
from cascade.importing.records import decoded, records
from cascade.importing.stores.event_store import EventStore
from cascade.importing.tally import Tally

DETAILS = "gen_ai.client.inference.operation.details"
CALLS = frozenset({"chat", "generate_content", "text_completion", "completion"})
"""Operations that are one call of a model; an agent's span holds the messages of its calls once more."""

_MESSAGES = {f"gen_ai.{role}.message": role for role in ("system", "user", "assistant", "tool")}
_PARAMS = {name: name for name in ("temperature", "top_p", "top_k", "max_tokens", "seed", "frequency_penalty",
                                   "presence_penalty")} | {"stop_sequences": "stop"}  # fmt: skip
_HEAD = 20
"""Records of a file from which it is told whether it holds log records."""


def read(sources: Sequence[Path | str], tally: Tally, choices: Choices) -> Iterator[Found]:
    """Yield the answers of traced calls; see `cascade.importing.reader`. Log records are read first, spans then."""
    del choices
    paths = [Path(source) for source in sources]
    with EventStore() as store:
        for path in paths:
            if any(holds_logs(record) for _, record in islice(records(path, Tally()), _HEAD)):
                for _, record in records(path, Tally()):
                    for part in parts_of(record):
                        if isinstance(part, Event) and part.name.startswith("gen_ai."):
                            store.add(part)
        for path in paths:
            for number, record in records(path, tally):
                for part in parts_of(record):
                    if isinstance(part, Event):
                        tally.rows += 1
                        tally.beside["log records"] += 1
                        continue
                    yield from _take(_answer(part, (*part.events, *store.take(part.span))), tally, path, number)
        for event in store.left_over():
            if event.name == DETAILS:
                found = _answer(_span_of(event), (event,))
                tally.beside["log records"] -= isinstance(found, Imported)
                tally.rows -= isinstance(found, Imported)
                yield from _take(found, tally, paths[0], 0)


def _take(found: Imported | str | None, tally: Tally, path: Path, number: int) -> Iterator[Found]:
    if isinstance(found, Imported):
        yield found, path, number
        return
    tally.rows += 1
    if found is None:
        tally.beside["spans of other work"] += 1
    else:
        tally.skip(found, path, number)


def _span_of(event: Event) -> Span:
    """Return a span for an event that tells a whole call, whose span is not in the files."""
    trace = event.span.partition("-")[0]
    return Span(
        span=event.span, trace=trace, attributes=event.attributes, events=(), start=event.at, end=None, failed=False
    )


def _answer(span: Span, events: Sequence[Event]) -> Imported | str | None:
    """Return a span's answer, or why there is none; None for a span that is no call of a model."""
    details = next((event.attributes for event in events if event.name == DETAILS), {})
    told = {**span.attributes, **details}
    operation = told.get("gen_ai.operation.name", told.get("llm.request.type"))
    model = told.get("gen_ai.request.model", told.get("gen_ai.response.model"))
    if not isinstance(model, str) or (operation is not None and str(operation) not in CALLS):
        return None
    if span.failed or "error.type" in told:
        return "the call failed"
    try:
        asked = _asked(told, events)
        answers = [answer for answer in _answers(told, events) if answer is not None]
    except Unusable as reason:
        return str(reason)
    if not answers:
        return "its answer was not stored"
    finish = told.get("gen_ai.response.finish_reasons")
    finish = finish[0] if isinstance(finish, list | tuple) and finish else None
    provider = told.get("gen_ai.provider.name", told.get("gen_ai.system"))
    session = told.get("gen_ai.conversation.id", told.get("session.id"))
    return Imported(
        messages=asked.messages,
        params={**_params(told), **asked.params},
        model=model,
        other_names=(f"{provider}/{model}", str(told.get("gen_ai.response.model", ""))),
        content=answers[0].content,
        tool_calls=answers[0].tool_calls,
        finish_reason=answers[0].finish_reason or (str(finish) if finish else None),
        samples=tuple(answer.content for answer in answers[1:]),
        usage=_usage(told),
        latency_s=seconds_between(span.start, span.end),
        at=iso_of(span.start),
        source_id=span.span.rpartition("-")[2] or None,
        session=str(session) if session else None,
        group=span.trace or None,
    )


def _asked(told: Mapping[str, Any], events: Sequence[Event]) -> Asked:
    """Return what a call asked, from the first place that holds it.

    Raises:
        Unusable: none does.
    """
    given: Any = decoded(told.get("gen_ai.input.messages"))
    if not given:
        given = [message for event in events if (message := _message(event)) is not None]
    if not given:
        given = _indexed(told, "gen_ai.prompt.")
    if not given:
        given = next(
            (event.attributes.get("gen_ai.prompt") for event in events if "gen_ai.prompt" in event.attributes), None
        )
    instructions = decoded(told.get("gen_ai.system_instructions"))
    if given and instructions:
        parts = instructions if isinstance(instructions, list) else [instructions]
        messages = given if isinstance(given, list) else [{"role": "user", "content": given}]
        given = [{"role": "system", "parts": parts}, *messages]
    asked = traced_request(given or told.get("gen_ai.prompt"))
    tools = decoded(told.get("gen_ai.tool.definitions"))
    made = [_tool(tool) for tool in tools if isinstance(tool, Mapping)] if isinstance(tools, list) else []
    params = {**asked.params, **({"tools": made} if made else {})}
    return Asked(messages=asked.messages, params=params, model=asked.model)


def _answers(told: Mapping[str, Any], events: Sequence[Event]) -> Iterator[Answered | None]:
    given: Any = decoded(told.get("gen_ai.output.messages"))
    if isinstance(given, list) and given:
        for message in given:
            yield traced_answer([message] if isinstance(message, Mapping) else message)
        return
    chosen = [event.attributes for event in events if event.name == "gen_ai.choice"]
    for choice in chosen:
        message = decoded(choice.get("message", choice.get("content")))
        finish = choice.get("finish_reason")
        if isinstance(message, Mapping):
            yield traced_answer({"role": "assistant", **message, "finish_reason": finish})
        else:
            yield traced_answer(message)
    if not chosen:
        indexed = _indexed(told, "gen_ai.completion.")
        found = [event.attributes.get("gen_ai.completion") for event in events] + [told.get("gen_ai.completion")]
        for message in indexed or [one for one in found if one][:1]:
            yield traced_answer({"role": "assistant", **message} if isinstance(message, dict) else message)


def _message(event: Event) -> dict[str, Any] | None:
    """Return the message that an event of the older conventions holds; None for other events."""
    role = _MESSAGES.get(event.name)
    if role is None:
        return None
    message: dict[str, Any] = {"role": role, **{key: decoded(value) for key, value in event.attributes.items()}}
    if "id" in message and role == "tool":
        message["tool_call_id"] = message["id"]
    content = message.get("content")
    if isinstance(content, list):  # Bedrock's blocks: [{"text": …}]
        texts = [item.get("text") for item in content if isinstance(item, Mapping)]
        message["content"] = "\n".join(text for text in texts if isinstance(text, str))
    return {key: message[key] for key in ("role", "content", "tool_calls", "tool_call_id", "name") if key in message}


def _indexed(told: Mapping[str, Any], start: str) -> list[dict[str, Any]]:
    """Return messages whose fields are attributes of their own: `gen_ai.prompt.0.role`, `gen_ai.prompt.0.content`."""
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    for name, value in told.items():
        if name.startswith(start):
            number, _, field = name.removeprefix(start).partition(".")
            if number.isdigit() and field:
                found[int(number)][field] = value
    made = []
    for _, fields in sorted(found.items()):
        message = {key: value for key, value in fields.items() if key in ("role", "content", "finish_reason")}
        calls: dict[str, dict[str, Any]] = defaultdict(dict)
        for name, value in fields.items():
            if name.startswith("tool_calls."):
                number, _, field = name.removeprefix("tool_calls.").partition(".")
                calls[number][field] = value
        if calls:
            message["tool_calls"] = [call for _, call in sorted(calls.items())]
        made.append(message)
    return made


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(tool.get("function"), Mapping):
        return dict(tool)
    function = {key: tool[key] for key in ("name", "description", "parameters") if tool.get(key) is not None}
    return {"type": "function", "function": function}


def _params(told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        own: told[f"gen_ai.request.{name}"]
        for name, own in _PARAMS.items()
        if told.get(f"gen_ai.request.{name}") is not None
    }


def _usage(told: Mapping[str, Any]) -> dict[str, int]:
    def count(*names: str) -> int:
        found = (figure_of(told.get(f"gen_ai.usage.{name}")) for name in names)
        return int(next((n for n in found if n and n > 0), 0))

    made = {
        "input_tokens": count("input_tokens", "prompt_tokens"),
        "output_tokens": count("output_tokens", "completion_tokens"),
        "cached_tokens": count("cache_read.input_tokens", "input_tokens.cached", "cache_read_input_tokens"),
        "reasoning_tokens": count("reasoning.output_tokens", "reasoning_tokens", "output_tokens.reasoning"),
    }
    return {name: n for name, n in made.items() if n}


__all__ = ["CALLS", "DETAILS", "chat_message", "read"]
