"""OpenTelemetry: prompt and answer wherever the conventions of the last years have put them."""

from __future__ import annotations

import json

import pytest

from tests.foreign_files import attribute, export, export_logs, messages, parts, span, write_lines

DETAILS = "gen_ai.client.inference.operation.details"


def log(number: int, name: str, body: dict | None = None, attributes: dict | None = None) -> dict:
    """Give a log record of a span."""
    made = {
        "timeUnixNano": "1767225600000000000",
        "eventName": name,
        "attributes": [attribute(key, value) for key, value in (attributes or {}).items()],
        "traceId": f"{number:032x}",
        "spanId": f"{number:016x}",
    }
    if body is not None:
        made["body"] = {"kvlistValue": {"values": [kv(key, value) for key, value in body.items()]}}
    return made


def kv(key: str, value) -> dict:
    if isinstance(value, dict):
        return {"key": key, "value": {"kvlistValue": {"values": [kv(*item) for item in value.items()]}}}
    return attribute(key, value)


def event(name: str, **attributes) -> dict:
    """Give an event of a span."""
    listed = [attribute(key.replace("__", "."), value) for key, value in attributes.items()]
    return {"timeUnixNano": "1767225600000000000", "name": name, "attributes": listed}


def legacy_logs(number: int) -> list[dict]:
    system, user = messages(number)
    return [
        log(number, "gen_ai.system.message", {"content": system["content"]}),
        log(number, "gen_ai.user.message", {"content": user["content"]}),
        log(
            number,
            "gen_ai.choice",
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": f"The answer is {number}."},
            },
        ),
    ]


def legacy_events(number: int) -> list[dict]:
    system, user = messages(number)
    said = json.dumps({"role": "assistant", "content": f"The answer is {number}."})
    return [
        event("gen_ai.system.message", content=system["content"]),
        event("gen_ai.user.message", content=user["content"]),
        event("gen_ai.choice", index=0, finish_reason="stop", message=said),
    ]


def indexed(number: int) -> dict:
    system, user = messages(number)
    return {
        "gen_ai.prompt.0.role": "system", "gen_ai.prompt.0.content": system["content"],
        "gen_ai.prompt.1.role": "user", "gen_ai.prompt.1.content": user["content"],
        "gen_ai.completion.0.role": "assistant", "gen_ai.completion.0.content": f"The answer is {number}.",
        "gen_ai.completion.0.finish_reason": "stop",
    }  # fmt: skip


def details(number: int) -> dict:
    return event(DETAILS, **{key.replace(".", "__"): value for key, value in parts(number).items()})


def content_events(number: int) -> list[dict]:
    return [
        event("gen_ai.content.prompt", gen_ai__prompt=json.dumps(messages(number))),
        event(
            "gen_ai.content.completion",
            gen_ai__completion=json.dumps([{"role": "assistant", "content": f"The answer is {number}."}]),
        ),
    ]  # fmt: skip


FORMS = {
    "attributes": lambda n: [export(span(n, parts(n)))],
    "details on the span": lambda n: [export(span(n, {}, [details(n)]))],
    "details as a log record": lambda n: [export(span(n, {})), export_logs(log(n, DETAILS, attributes=parts(n)))],
    "older events on the span": lambda n: [export(span(n, {}, legacy_events(n)))],
    "older log records": lambda n: [export(span(n, {})), export_logs(*legacy_logs(n))],
    "log records first": lambda n: [export_logs(*legacy_logs(n)), export(span(n, {}))],
    "indexed attributes": lambda n: [export(span(n, indexed(n)))],
    "content events": lambda n: [export(span(n, {}, content_events(n)))],
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_sample(tmp_path, imported, form) -> None:
    lines, _ = imported(write_lines(tmp_path / "t.jsonl", [line for n in (1, 5) for line in FORMS[form](n)]))
    assert [line["messages"] for line in lines] == [messages(1), messages(5)]
    (recording,) = lines[1]["recordings"]
    assert recording["content"] == "The answer is 5."
    assert recording["finish_reason"] == "stop"
    assert recording["usage"] == {"input_tokens": 50, "output_tokens": 7}
    assert recording["latency_s"] == 1.5
    assert (lines[1]["session"], lines[1]["group"]) == ("s-1", "s-1")
    assert lines[1]["params"] == {"temperature": 0.5}
    assert lines[1]["at"] == "2026-01-01T00:00:05Z"
    assert "internal.example" not in json.dumps(lines)


def test_logs_and_spans_may_be_files_of_their_own(tmp_path, imported) -> None:
    spans = write_lines(tmp_path / "spans.jsonl", [export(span(n, {})) for n in range(3)])
    logs = write_lines(tmp_path / "logs.jsonl", [export_logs(*legacy_logs(n)) for n in range(3)])
    assert len(imported(spans, logs)[0]) == 3


def test_an_event_that_tells_the_whole_call_needs_no_span(tmp_path, imported) -> None:
    told = {**parts(1), "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"}
    lines, _ = imported(write_lines(tmp_path / "logs.jsonl", [export_logs(log(1, DETAILS, attributes=told))]))
    assert lines[0]["recordings"][0]["model"] == "gpt-4o"
    assert lines[0]["group"] == f"{1:032x}"


def test_an_answer_that_stands_in_span_and_event_is_one_answer(tmp_path, imported) -> None:
    told = {**parts(1), "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"}
    files = write_lines(
        tmp_path / "t.jsonl", [export(span(1, parts(1))), export_logs(log(1, DETAILS, attributes=told))]
    )
    _, tally = imported(files)
    assert not tally.repeats
    assert sum(tally.recordings.values()) == 1


def test_only_calls_of_models_are_taken(tmp_path, imported) -> None:
    agent = span(2, {**parts(2), "gen_ai.operation.name": "invoke_agent"})
    other = {**span(3, {}), "attributes": [attribute("http.method", "GET")]}
    failed = span(4, {**parts(4), "error.type": "timeout"})
    silent = span(5, {})
    lines, tally = imported(
        write_lines(tmp_path / "t.jsonl", [export(span(1, parts(1)), agent, other, failed, silent)])
    )
    assert len(lines) == 1
    assert tally.beside["spans of other work"] == 2
    assert {*tally.skipped} == {"the call failed", "its prompt was not stored"}


def test_instructions_and_tools_beside_the_chat_are_kept(tmp_path, imported) -> None:
    told = {
        "gen_ai.input.messages": json.dumps(
            [
                {"role": "user", "parts": [{"type": "text", "content": "Weather?"}]},
                {"role": "assistant", "parts": [{"type": "tool_call", "id": "c1", "name": "w", "arguments": {"q": 1}}]},
                {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "result": "rain"}]},
            ]
        ),
        "gen_ai.output.messages": json.dumps(
            [{"role": "assistant", "parts": [{"type": "text", "content": "Rain."}], "finish_reason": "stop"}]
        ),
        "gen_ai.system_instructions": json.dumps([{"type": "text", "content": "Be brief."}]),
        "gen_ai.tool.definitions": json.dumps([{"type": "function", "name": "w", "parameters": {"type": "object"}}]),
    }
    lines, _ = imported(write_lines(tmp_path / "t.jsonl", [export(span(1, told))]))
    assert [message["role"] for message in lines[0]["messages"]] == ["system", "user", "assistant", "tool"]
    assert lines[0]["messages"][0]["content"] == "Be brief."
    assert lines[0]["messages"][2]["tool_calls"][0]["function"] == {"name": "w", "arguments": '{"q": 1}'}
    assert lines[0]["messages"][3] == {"role": "tool", "content": "rain", "tool_call_id": "c1"}
    assert lines[0]["params"]["tools"][0]["function"]["name"] == "w"


def test_a_picture_that_tracing_left_out_makes_a_chat_unusable(tmp_path, imported) -> None:
    told = {
        **parts(2),
        "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "blob", "content": "…"}]}]),
    }
    _, tally = imported(write_lines(tmp_path / "t.jsonl", [export(span(1, parts(1)), span(2, told))]))
    assert [*tally.skipped] == ["its chat has a part that tracing does not hold whole (blob)"]


def test_spans_as_an_sdk_prints_them_are_read(tmp_path, imported) -> None:
    def printed(number: int) -> dict:
        told = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", **parts(number)}
        return {
            "name": "chat gpt-4o",
            "context": {"trace_id": f"0x{number:032x}", "span_id": f"0x{number:016x}", "trace_state": "[]"},
            "kind": "SpanKind.CLIENT",
            "start_time": "2026-01-01T00:00:00.000000Z",
            "end_time": "2026-01-01T00:00:00.500000Z",
            "status": {"status_code": "UNSET"},
            "attributes": told,
            "events": [],
        }

    (tmp_path / "console.json").write_text("\n".join(json.dumps(printed(n), indent=4) for n in range(3)))
    lines, _ = imported(tmp_path / "console.json")
    assert len(lines) == 3
    assert lines[0]["recordings"][0]["latency_s"] == 0.5
