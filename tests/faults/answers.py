"""Behaviours that answer: as asked, or well-formed with something odd in it."""

from __future__ import annotations

import json
from typing import Any

from tests.faults.behaviour import BEHAVIOURS, behaviour
from tests.faults.completion import completion, token
from tests.faults.hit import Hit
from tests.faults.reply import Reply, as_json


@behaviour
def ok(hit: Hit) -> Reply:
    """Answer as asked: `n` texts, log-probabilities, a tool call where tools are given, JSON where a format is."""
    if tools := hit.body.get("tools"):
        name = tools[0]["function"]["name"] if "function" in tools[0] else "f"
        call = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": '{"city": "Lyon"}'}}
        return as_json(completion(hit, None, tool_calls=[call]))
    if hit.body.get("response_format"):
        return as_json(completion(hit, json.dumps({"format": hit.body["response_format"]["type"]})))
    return as_json(completion(hit))


def changed(hit: Hit, **fields: Any) -> Reply:
    """Answer, with some fields of the completion changed."""
    return as_json({**completion(hit), **fields})


def choice(hit: Hit, **fields: Any) -> Reply:
    """Answer, with some fields of the one choice changed."""
    return changed(hit, choices=[{**completion(hit)["choices"][0], **fields}])


def _says(name: str, text: str | None, **message: Any) -> None:
    BEHAVIOURS[name] = lambda hit: as_json(completion(hit, text, **message))


_says("null-content", None)
_says("empty-content", "")
_says("refuses", None, refusal="I can't help with that.")
_says("lone-surrogate", "fine \ud800 it is")
_says("nul", "fine \x00 it is")
_says("hedges", "I am not sure, but maybe it could perhaps be fine.")


def _finishes(name: str, reason: Any) -> None:
    BEHAVIOURS[name] = lambda hit: choice(hit, finish_reason=reason)


_finishes("cut-off", "length")
_finishes("odd-finish", "eos_detected")
_finishes("error-finish", "error")
_finishes("null-finish", None)
_finishes("number-finish", 7)


@behaviour
def no_finish(hit: Hit) -> Reply:
    """Leave the finish reason out."""
    given = completion(hit)["choices"][0]
    return changed(hit, choices=[{key: value for key, value in given.items() if key != "finish_reason"}])


@behaviour
def filtered(hit: Hit) -> Reply:
    """Send 200, finished by the filter."""
    return changed(hit, choices=[{**completion(hit, "")["choices"][0], "finish_reason": "content_filter"}])


@behaviour
def reasoning(hit: Hit) -> Reply:
    """Send reasoning beside the answer, and its tokens."""
    body = completion(hit, "fine", reasoning_content="thinking aloud")
    body["usage"] |= {"completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 8}}
    return as_json(body)


@behaviour
def other_model(hit: Hit) -> Reply:
    """Say that a much dearer model answered."""
    return changed(hit, model="gpt-4-32k")


@behaviour
def dated_model(hit: Hit) -> Reply:
    """Say which snapshot of the model answered, as OpenAI does."""
    return changed(hit, model=f"{hit.body.get('model')}-2024-07-18")


def _logprobs(name: str, value: Any) -> None:
    BEHAVIOURS[name] = lambda hit: choice(hit, logprobs=value)


_ODD = [float("nan"), float("-inf"), 0.5, -0.25]
_logprobs("bad-logprobs", {"content": [token(str(place), value) for place, value in enumerate(_ODD)]})
_logprobs("nan-logprobs", {"content": [token("fine", float("nan"))]})
_logprobs("infinite-logprobs", {"content": [token("fine", float("-inf"))]})
_logprobs("positive-logprobs", {"content": [token("fine", 0.5)]})
_logprobs("string-logprobs", {"content": [token("fine", "-0.1")]})
_logprobs("unreadable-logprobs", {"content": [token("fine", None)]})
_logprobs("null-logprobs", None)
_logprobs("empty-logprobs", {"content": []})


@behaviour
def missing_logprobs(hit: Hit) -> Reply:
    """Leave the log-probabilities out, though asked for."""
    given = completion(hit)["choices"][0]
    return changed(hit, choices=[{key: value for key, value in given.items() if key != "logprobs"}])
