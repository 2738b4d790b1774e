"""LiteLLM's spend logs: prompts where they were stored, and nothing about keys, users and addresses."""

from __future__ import annotations

import json

import pytest

from cascade.errors import DataError, LogUnavailable
from cascade.importing.spend_database import PAGE
from tests.cascade.log.conftest import postgresql, server_of_postgresql
from tests.foreign_files import completion, messages, spend_row, write_csv, write_lines

__all__ = ["postgresql", "server_of_postgresql"]


def test_rows_become_recordings_with_cost_time_and_session(tmp_path, imported) -> None:
    lines, _ = imported(
        write_csv(tmp_path / "spend.csv", map(spend_row, range(5))), rungs={"small": ("o/gpt-4o-mini",)}
    )
    (recording,) = lines[1]["recordings"]
    assert (recording["rung"], recording["model"]) == ("small", "o/gpt-4o-mini")
    assert recording["cost_usd"] == 0.00012
    assert recording["latency_s"] == 1.5
    assert lines[1]["at"] == "2026-01-02T12:00:00Z"
    assert (lines[4]["session"], lines[4]["group"]) == ("s-1", "s-1")


def test_no_key_user_or_address_is_written(tmp_path, imported) -> None:
    row = spend_row(1)
    request = json.loads(row["proxy_server_request"])
    request["messages"][1]["content"] += " My key is sk-proj-abc123DEF456, at postgres://me:hunter22@db.example.test/x."
    request["metadata"] = {"user_api_key": "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b"}
    row["proxy_server_request"] = json.dumps(request)
    _, tally = imported(write_lines(tmp_path / "spend.jsonl", [row]))
    written = (tmp_path / "samples.jsonl").read_text()
    for secret in ("88dc28d0", "internal.example", "10.1.2.3", "u-17", "sk-proj", "hunter22"):
        assert secret not in written
    assert "[redacted]" in written
    assert tally.notes["a key, or a password in an address, was cut out"].n == 1


@pytest.mark.parametrize("prompt", ["{}", "", None])
def test_a_log_without_prompts_names_the_setting_and_imports_nothing(tmp_path, imported, prompt) -> None:
    rows = [spend_row(n, proxy_server_request=prompt) for n in range(3)]
    with pytest.raises(DataError, match=r"3 of 3 rows.*nothing was imported.*store_prompts_in_spend_logs: true"):
        imported(write_lines(tmp_path / "spend.jsonl", rows))
    assert not (tmp_path / "samples.jsonl").exists()


def test_rows_from_before_the_setting_are_counted(tmp_path, imported) -> None:
    rows = [spend_row(0, proxy_server_request="{}", response="{}"), spend_row(1)]
    lines, tally = imported(write_lines(tmp_path / "spend.jsonl", rows))
    assert len(lines) == 1
    assert [reason for reason in tally.skipped if "store_prompts_in_spend_logs" in reason]


def test_older_versions_hold_the_chat_in_a_column_of_its_own(tmp_path, imported) -> None:
    row = spend_row(1, proxy_server_request="{}", messages=json.dumps(messages(1)))
    lines, _ = imported(write_lines(tmp_path / "spend.jsonl", [row]))
    assert lines[0]["messages"] == messages(1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": "failure"}, "the call failed"),
        ({"call_type": "aembedding"}, "it is no request for a chat answer (aembedding)"),
        ({"response": "{}"}, "its answer was not stored"),
        (
            {"response": json.dumps(completion(1, "m", "Long… (litellm_truncated skipped 9 chars) …"))},
            "LiteLLM has cut it short (MAX_STRING_LENGTH_PROMPT_IN_DB)",
        ),
        (
            {"response": json.dumps(completion(1, "m", "redacted-by-litellm"))},
            "LiteLLM has redacted it (turn_off_message_logging)",
        ),
    ],
)
def test_rows_without_a_whole_answer_are_counted(tmp_path, imported, change, reason) -> None:
    _, tally = imported(write_lines(tmp_path / "spend.jsonl", [spend_row(0), spend_row(1, **change)]))
    assert {*tally.skipped} == {reason}


def test_an_answer_from_the_cache_has_no_cost_and_no_time(tmp_path, imported) -> None:
    lines, _ = imported(write_lines(tmp_path / "s.jsonl", [spend_row(1, cache_hit="True", spend=0.0)]))
    (recording,) = lines[0]["recordings"]
    assert recording["cost_usd"] is None
    assert "latency_s" not in recording


def test_the_alias_at_the_gateway_names_the_rung_too(tmp_path, imported) -> None:
    lines, _ = imported(write_lines(tmp_path / "s.jsonl", [spend_row(1)]), rungs={"cheap": ("openai/own", "fast")})
    assert lines[0]["recordings"][0]["rung"] == "cheap"
    assert lines[0]["recordings"][0]["model"] == "openai/own"


def test_json_of_the_api_is_read_too(tmp_path, imported) -> None:
    (tmp_path / "spend.json").write_text(json.dumps([spend_row(n) for n in range(3)], indent=1))
    assert len(imported(tmp_path / "spend.json")[0]) == 3


def test_the_proxy_s_database_is_read_page_by_page(imported, postgresql) -> None:
    import psycopg

    columns = [
        "request_id",
        "call_type",
        "spend",
        "prompt_tokens",
        "completion_tokens",
        "startTime",
        "endTime",
        "model",
    ]
    columns += ["api_key", "response", "proxy_server_request", "status", "cache_hit"]  # an older table: no session_id
    kinds = {"spend": "float", "prompt_tokens": "int", "completion_tokens": "int", "startTime": "timestamp(3)"}
    kinds |= {"endTime": "timestamp(3)", "response": "jsonb", "proxy_server_request": "jsonb"}
    n = PAGE + 7
    with psycopg.connect(postgresql, autocommit=True) as connection:
        listed = ", ".join(f'"{name}" {kinds.get(name, "text")}' for name in columns)
        connection.execute(f'CREATE TABLE "LiteLLM_SpendLogs" ({listed})')
        query = f'INSERT INTO "LiteLLM_SpendLogs" VALUES ({", ".join(["%s"] * len(columns))})'  # noqa: S608 - our own names
        with connection.cursor() as cursor:
            cursor.executemany(query, [[spend_row(number)[name] for name in columns] for number in range(n)])
    lines, _ = imported(postgresql)
    assert len({line["id"] for line in lines}) == n
    assert lines[0]["recordings"][0]["latency_s"] == 1.5


def test_a_database_of_something_else_is_refused(imported, postgresql) -> None:
    with pytest.raises(DataError, match="has no table 'LiteLLM_SpendLogs'"):
        imported(postgresql)


def test_an_address_where_no_server_is_says_so_without_its_password(imported) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(LogUnavailable, match=r"The spend log postgresql://me@127.0.0.1:1/x cannot be read") as caught:
        imported("postgresql://me:hunter-two-two@127.0.0.1:1/x")
    assert "hunter" not in str(caught.value)
