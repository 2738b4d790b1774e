"""Files of recorded answers as other tools write them, made row by row: for tests and benchmarks of imports."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CHAT = "/v1/chat/completions"


def write_lines(path: Path, lines: Iterator[dict[str, Any]] | list[dict[str, Any]]) -> Path:
    """Write JSON lines."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
    return path


def messages(number: int, words: int = 8) -> list[dict[str, Any]]:
    """Give a chat of two messages."""
    return [
        {"role": "system", "content": "Answer in one word. " * (words // 4)},
        {"role": "user", "content": f"Which city is number {number}? " + "Think of it. " * words},
    ]


def completion(number: int, model: str, text: str | None = None) -> dict[str, Any]:
    """Give a Chat Completions body."""
    content = f"The answer is {number}." if text is None else text
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1767225600 + number,
        "model": model,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 50, "completion_tokens": 7, "total_tokens": 57},
    }


def batch_input(number: int, model: str = "gpt-4o", words: int = 8) -> dict[str, Any]:
    """Give an input line of OpenAI's batches."""
    body = {"model": model, "messages": messages(number, words), "temperature": 0}
    return {"custom_id": f"request-{number}", "method": "POST", "url": CHAT, "body": body}


def batch_output(number: int, model: str = "gpt-4o-2024-08-06", text: str | None = None) -> dict[str, Any]:
    """Give an output line of OpenAI's batches."""
    response = {"status_code": 200, "request_id": f"req-{number}", "body": completion(number, model, text)}
    return {"id": f"batch_req_{number}", "custom_id": f"request-{number}", "response": response, "error": None}


def message_params(number: int, words: int = 8) -> dict[str, Any]:
    """Give a request of Anthropic's batches."""
    system, user = messages(number, words)
    params = {"model": "claude-haiku-4-5", "max_tokens": 100, "system": system["content"], "messages": [user]}
    return {"custom_id": f"request-{number}", "params": params}


def message_result(number: int) -> dict[str, Any]:
    """Give a result of Anthropic's batches."""
    message = {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5-20251001",
        "content": [{"type": "text", "text": f"The answer is {number}."}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 40, "cache_read_input_tokens": 10, "output_tokens": 7},
    }
    return {"custom_id": f"request-{number}", "result": {"type": "succeeded", "message": message}}


def spend_row(number: int, words: int = 8, **more: Any) -> dict[str, Any]:
    """Give a row of LiteLLM's spend logs, whose texts are JSON."""
    request = {"model": "fast", "messages": messages(number, words), "user": "u-17"}
    return {
        "request_id": f"chatcmpl-{number}",
        "call_type": "acompletion",
        "api_key": "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",
        "spend": 0.00012,
        "total_tokens": 57,
        "prompt_tokens": 50,
        "completion_tokens": 7,
        "startTime": f"2026-01-{1 + number % 28:02}T12:00:00.000",
        "endTime": f"2026-01-{1 + number % 28:02}T12:00:01.500",
        "model": "gpt-4o-mini",
        "model_group": "fast",
        "custom_llm_provider": "openai",
        "api_base": "https://internal.example.test",
        "user": "u-17",
        "metadata": "{}",
        "cache_hit": "False",
        "requester_ip_address": "10.1.2.3",
        "messages": "{}",
        "response": json.dumps(completion(number, "gpt-4o-mini-2024-07-18")),
        "session_id": f"s-{number // 4}",
        "status": "success",
        "proxy_server_request": json.dumps(request),
        **more,
    }


def observation(number: int, words: int = 8, **more: Any) -> dict[str, Any]:
    """Give a row of Langfuse's `observations_v2`."""
    return {
        "id": f"obs-{number}",
        "trace_id": f"trace-{number}",
        "project_id": "p",
        "environment": "production",
        "type": "GENERATION",
        "parent_observation_id": "",
        "start_time": f"2026-01-{1 + number % 28:02} 12:00:00.000000",
        "end_time": f"2026-01-{1 + number % 28:02} 12:00:02.250000",
        "name": "answer",
        "level": "DEFAULT",
        "input": json.dumps(messages(number, words)),
        "output": json.dumps({"role": "assistant", "content": f"The answer is {number}."}),
        "provided_model_name": "gpt-4o",
        "model_parameters": '{"temperature":0.7,"max_tokens":"200"}',
        "usage_details": {"input": 40, "input_cached_tokens": 10, "output": 7, "total": 57},
        "total_cost": 0.0004,
        "latency": 2.25,
        "user_id": "u-17",
        "session_id": f"s-{number // 4}",
        "trace_name": "chat",
        "tags": [],
        **more,
    }


def score(number: int, **more: Any) -> dict[str, Any]:
    """Give a row of Langfuse's `scores`."""
    return {
        "id": f"score-{number}",
        "timestamp": "2026-01-31 12:00:00.000000",
        "trace_id": f"trace-{number}",
        "observation_id": f"obs-{number}",
        "name": "accuracy",
        "value": float(number % 2),
        "source": "ANNOTATION",
        "data_type": "NUMERIC",
        **more,
    }


def evaluation(number: int, provider: str = "openai:chat:gpt-4o-mini", words: int = 8, **more: Any) -> dict[str, Any]:
    """Give a result of promptfoo."""
    return {
        "id": f"{provider}-{number}",
        "promptIdx": 0,
        "testIdx": number,
        "testCase": {"vars": {"n": number}, "assert": [{"type": "equals", "value": str(number)}]},
        "promptId": "abc",
        "provider": {"id": provider, "label": ""},
        "prompt": {"raw": json.dumps(messages(number, words)), "label": "the prompt"},
        "vars": {"n": number},
        "response": {
            "output": f"The answer is {number}.",
            "tokenUsage": {"total": 57, "prompt": 50, "completion": 7},
            "cost": 0.0001,
            "cached": False,
        },
        "success": number % 3 != 0,
        "failureReason": 0 if number % 3 else 1,
        "score": float(number % 3 != 0),
        "latencyMs": 420,
        "gradingResult": {"pass": number % 3 != 0, "score": float(number % 3 != 0), "componentResults": []},
        "cost": 0.0001,
        **more,
    }


def write_evaluation(path: Path, results: Iterator[dict[str, Any]] | list[dict[str, Any]], indent: int = 2) -> Path:
    """Write promptfoo's results.json, whole as it does, but piece by piece."""
    with path.open("w", encoding="utf-8") as file:
        file.write('{\n  "evalId": "eval-1",\n  "results": {\n    "version": 3,\n    "prompts": [{"raw": "x"}],\n')
        file.write('    "results": [\n')
        for place, result in enumerate(results):
            file.write((",\n" if place else "") + json.dumps(result, indent=indent))
        file.write('\n    ],\n    "stats": {"successes": 1}\n  },\n  "config": {"providers": ["a"]}\n}')
    return path


def attribute(name: str, value: Any) -> dict[str, Any]:
    """Give an attribute in OTLP's form."""
    kinds = {str: "stringValue", bool: "boolValue", int: "intValue", float: "doubleValue"}
    if isinstance(value, list):
        values = [attribute("", item)["value"] for item in value]
        return {"key": name, "value": {"arrayValue": {"values": values}}}
    kind = kinds[type(value)]
    return {"key": name, "value": {kind: str(value) if kind == "intValue" else value}}


def span(number: int, content: dict[str, Any], events: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Give a span of a model call in OTLP's form."""
    told = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.model": "gpt-4o-2024-08-06",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.usage.input_tokens": 50,
        "gen_ai.usage.output_tokens": 7,
        "gen_ai.response.finish_reasons": ["stop"],
        "server.address": "internal.example.test",
        "gen_ai.conversation.id": f"s-{number // 4}",
        **content,
    }
    start = 1767225600_000000000 + number * 10**9
    return {
        "traceId": f"{number:032x}",
        "spanId": f"{number:016x}",
        "name": "chat gpt-4o",
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + 1_500_000_000),
        "attributes": [attribute(name, value) for name, value in told.items()],
        "events": events or [],
        "status": {},
    }


def parts(number: int, words: int = 8) -> dict[str, str]:
    """Give the prompt and answer of a span as attributes."""
    asked = [
        {"role": message["role"], "parts": [{"type": "text", "content": message["content"]}]}
        for message in messages(number, words)
    ]
    said = [
        {
            "role": "assistant",
            "parts": [{"type": "text", "content": f"The answer is {number}."}],
            "finish_reason": "stop",
        }
    ]
    return {"gen_ai.input.messages": json.dumps(asked), "gen_ai.output.messages": json.dumps(said)}


def export(*spans: dict[str, Any]) -> dict[str, Any]:
    """Give a line of the collector's file exporter."""
    return {"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [{"scope": {}, "spans": list(spans)}]}]}


def export_logs(*logs: dict[str, Any]) -> dict[str, Any]:
    """Give a line of the collector's file exporter, of log records."""
    return {"resourceLogs": [{"resource": {"attributes": []}, "scopeLogs": [{"scope": {}, "logRecords": list(logs)}]}]}


def write_csv(path: Path, rows: Iterator[dict[str, Any]] | list[dict[str, Any]]) -> Path:
    """Write a CSV file; the first row's keys are the columns."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer: csv.DictWriter[str] | None = None
        for row in rows:
            if writer is None:
                writer = csv.DictWriter(file, row.keys())
                writer.writeheader()
            writer.writerow(row)
    return path
