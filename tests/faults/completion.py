"""A chat completion in OpenAI's form, as the test server makes it, and its translation for other providers' paths."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from tests.faults.hit import Body, Hit
from tests.faults.reply import Reply

AS_DRAWN = "as drawn"


def completion(hit: Hit, text: str | None = AS_DRAWN, **message: Any) -> Body:
    """Make an ordinary chat completion: `n` choices, log-probabilities where asked for, usage by the hit's count."""
    text = hit.text if text == AS_DRAWN else text
    content = {"content": [token(word, -0.1 * (place + 1)) for place, word in enumerate((text or "").split())]}
    choice: Body = {
        "message": {"role": "assistant", "content": text, **message},
        "finish_reason": "tool_calls" if message.get("tool_calls") else "stop",
        "logprobs": content if hit.body.get("logprobs") else None,
    }
    answers = hit.body.get("n") or 1
    asked, hit.answered = hit.asked, hit.count(text or "") * answers
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        # Gemini's requests name the model in their path.
        "model": hit.body.get("model") or hit.path.rpartition("/")[2].partition(":")[0],
        "choices": [{"index": index, **choice} for index in range(answers)],
        "usage": {"prompt_tokens": asked, "completion_tokens": hit.answered, "total_tokens": asked + hit.answered},
    }


def token(text: str, logprob: Any) -> Body:
    """Make one token with its log-probability, itself its only alternative."""
    return {"token": text, "logprob": logprob, "bytes": None, "top_logprobs": [{"token": text, "logprob": logprob}]}


def translated(hit: Hit, reply: Reply) -> Reply:
    """Return the reply in the form that the hit's path asks for; what is no completion stays as it is."""
    make = _anthropic if "/messages" in hit.path else _gemini if ":generateContent" in hit.path else None
    if make is None or reply.raw or reply.status != 200 or b'"choices"' not in reply.payload:
        return reply
    try:
        body = json.loads(reply.payload)
        return replace(reply, payload=json.dumps(make(body)).encode())
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return reply  # broken on purpose


def _anthropic(body: Body) -> Body:
    reasons = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
    choice, usage = body["choices"][0], body.get("usage", {})
    text = choice["message"]["content"]
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [] if text is None else [{"type": "text", "text": text}],
        "stop_reason": reasons.get(choice["finish_reason"], choice["finish_reason"]),
        "stop_sequence": None,
        "usage": {"input_tokens": usage.get("prompt_tokens"), "output_tokens": usage.get("completion_tokens")},
    }


def _gemini(body: Body) -> Body:
    reasons = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}
    choice, usage = body["choices"][0], body.get("usage", {})
    text = choice["message"]["content"]
    figures = {"promptTokenCount": "prompt_tokens", "candidatesTokenCount": "completion_tokens"}
    return {
        "candidates": [
            {
                "content": {"role": "model", "parts": [] if text is None else [{"text": text}]},
                "finishReason": reasons.get(choice["finish_reason"], choice["finish_reason"]),
                "index": 0,
            }
        ],
        "usageMetadata": {
            **{name: usage.get(key) for name, key in figures.items()},
            "totalTokenCount": usage.get("total_tokens"),
        },
        "modelVersion": body["model"],
    }
