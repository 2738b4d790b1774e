"""Native bodies: answers in Anthropic's and Gemini's own forms, read as Chat Completions.

litellm translates them; read here is what litellm leaves out or breaks on: the reason for stopping in the provider's
own word, which tool calls the provider answered itself, and a whole answer whose usage is missing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from cascade.dialects.message import SERVER_TOOL, block_call, is_message
from cascade.exchange import EMPTY
from cascade.hashing import content_id

_MOST_CHARACTERS = 80
_SERVER_BLOCKS = frozenset({"server_tool_use", "mcp_tool_use"})
_PLACES = ("stop_reason", "stopReason", "done_reason", "finish_reason")
"""Where a reason stands at the top of a body: Anthropic, Bedrock, Ollama, Cohere."""


def native_finish(body: Any) -> tuple[str | None, bool]:
    """Return why the first answer in a body ended, in the provider's own word, and whether a reason was due."""
    told = _mapping(body)
    for name, key in (("choices", "finish_reason"), ("candidates", "finishReason")):
        if answers := _sequence(told.get(name)):
            return _word(_mapping(answers[0]).get(key)), True
    blocked = _mapping(told.get("promptFeedback")).get("blockReason")
    if blocked is not None:
        return _word(blocked), True
    for key in _PLACES:
        if key in told:
            return _word(told[key]), True
    return None, False


def server_call_ids(body: Any) -> frozenset[str]:
    """Return the ids of the tool calls that the provider answered itself, in a message of Anthropic's form."""
    blocks = map(_mapping, _sequence(_mapping(body).get("content")))
    return frozenset(str(block.get("id")) for block in blocks if str(block.get("type")) in _SERVER_BLOCKS)


def server_tool_flags(body: Any) -> tuple[str, ...]:
    """Return flags for the tools that the provider ran, by a body of Gemini's or Perplexity's form."""
    told = _mapping(body)
    first = _mapping((_sequence(told.get("candidates")) or (EMPTY,))[0])
    parts = map(_mapping, _sequence(_mapping(first.get("content")).get("parts")))
    ran = ["code_execution"] if any("executableCode" in part for part in parts) else []
    searched = (_mapping(first.get("groundingMetadata")).get("webSearchQueries"), told.get("search_results"))
    ran += ["web_search"] if any(searched) or told.get("citations") else []
    return tuple(f"{SERVER_TOOL}{name}" for name in ran)


def as_chat(body: Any) -> Mapping[str, Any] | None:
    """Return a body as a chat completion, from whichever of the known forms; None where it is no answer."""
    told = _mapping(body)
    choices = _sequence(told.get("choices"))
    if choices and all(is_message(_mapping(choice).get("message", 0)) for choice in choices):
        return told
    if told.get("type") == "message" and isinstance(told.get("content"), list):
        return _of_anthropic(told) if _are_blocks(told["content"]) else None
    if candidates := _sequence(told.get("candidates")):
        parts = _mapping(_mapping(candidates[0]).get("content")).get("parts")
        return _of_gemini(told) if _are_blocks(parts or ()) else None
    return None


def _are_blocks(blocks: Any) -> bool:
    """Tell whether a content is made of blocks whose texts are texts; what is none must not vanish from an answer."""
    return all(
        isinstance(block, Mapping)
        and all(isinstance(block.get(key, ""), str | None) for key in ("text", "thinking", "type"))
        for block in _sequence(blocks)
    )


def _of_anthropic(told: Mapping[str, Any]) -> Mapping[str, Any]:
    blocks = [*map(_mapping, told["content"])]
    message: dict[str, Any] = {"role": "assistant", "content": _joined(blocks, "text")}
    thinking = [block for block in blocks if block.get("type") in {"thinking", "redacted_thinking"}]
    if thinking:
        message |= {"thinking_blocks": thinking, "reasoning_content": _joined(thinking, "thinking")}
    calls = [block_call(block) for block in blocks if block.get("type") in {"tool_use", *_SERVER_BLOCKS}]
    message |= {"tool_calls": calls} if calls else {}
    used = _mapping(told.get("usage"))
    cached, made = _count(used, "cache_read_input_tokens"), _count(used, "cache_creation_input_tokens")
    usage = {
        **used,
        "prompt_tokens": _sum(used.get("input_tokens"), cached + made),
        "completion_tokens": used.get("output_tokens"),
    }
    return _completion(told, message, told.get("stop_reason"), usage if used else None)


def _of_gemini(told: Mapping[str, Any]) -> Mapping[str, Any]:
    first = _mapping(told["candidates"][0])
    parts = [*map(_mapping, _sequence(_mapping(first.get("content")).get("parts")))]
    message: dict[str, Any] = {
        "role": "assistant",
        "content": _joined([part for part in parts if not part.get("thought")], "text"),
    }
    if shown := _joined([part for part in parts if part.get("thought")], "text"):
        message["reasoning_content"] = shown
    calls = [_of_function_call(part, [told.get("responseId"), place]) for place, part in enumerate(parts)]
    calls = [call for call in calls if call is not None]
    message |= {"tool_calls": calls} if calls else {}
    used = _mapping(told.get("usageMetadata"))
    thoughts = _count(used, "thoughtsTokenCount")
    usage = {
        "prompt_tokens": used.get("promptTokenCount"),
        "completion_tokens": _sum(used.get("candidatesTokenCount"), thoughts),
        "total_tokens": used.get("totalTokenCount"),
        "cached_tokens": used.get("cachedContentTokenCount"),
        "reasoning_tokens": thoughts,
    }
    whole = _completion(told, message, first.get("finishReason"), usage if used else None)
    choice = {**whole["choices"][0], "logprobs": first.get("logprobsResult")}
    return {**whole, "id": told.get("responseId"), "model": told.get("modelVersion"), "choices": [choice]}


def _completion(
    told: Mapping[str, Any], message: Mapping[str, Any], reason: Any, usage: Mapping[str, Any] | None
) -> dict[str, Any]:
    choice = {"index": 0, "message": message, "finish_reason": reason}
    return {"id": told.get("id"), "model": told.get("model"), "choices": [choice], "usage": usage}


def _of_function_call(part: Mapping[str, Any], place: list[Any]) -> dict[str, Any] | None:
    call = _mapping(part.get("functionCall"))
    if not call:
        return None
    function = {"name": str(call.get("name")), "arguments": json.dumps(call.get("args") or {}, ensure_ascii=False)}
    identity = str(call.get("id") or f"call_{content_id([*place, function])[:24]}")
    made: dict[str, Any] = {"id": identity, "type": "function", "function": function}
    signature = part.get("thoughtSignature")
    return made if signature is None else {**made, "provider_specific_fields": {"thought_signature": signature}}


def _joined(blocks: Sequence[Mapping[str, Any]], key: str) -> str:
    return "".join(text for block in blocks if isinstance(text := block.get(key), str))


def _sum(count: Any, more: int) -> Any:
    """Return a count with what is counted beside it; what is no count is left for the reader of usage to judge."""
    return count + more if isinstance(count, int) and not isinstance(count, bool) else count


def _count(used: Mapping[str, Any], key: str) -> int:
    value = used.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _word(value: Any) -> str | None:
    return None if value is None else str(value)[:_MOST_CHARACTERS]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else EMPTY


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()
