"""What errors mean, by recorded codes and words; a prompt that is quoted in an error says nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.clients.classify_failure import classify_wire
from cascade.clients.wire import Wire
from cascade.dialects.error_body import holds_error, read_error
from cascade.dialects.error_wordings import ErrorWording, kind_by_wording, wordings
from cascade.errors import ConfigError
from cascade.failure import FailureKind


def kind(status: int, body: object, own=()) -> str:
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return classify_wire(Wire(ends_at=0.0, phase="done", status=status, body=data), wordings=own).kind.value


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 4097 tokens. However, your messages resulted in 4294 tokens.",
        "Your input exceeds the context window of this model. Please adjust your input and try again.",
        "prompt is too long: 213462 tokens > 200000 maximum",
        "input length and `max_tokens` exceed context limit: 86888 + 119866 > 204648",
        "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).",
        "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
        "Please reduce the length of the messages or completion. Current length is 8231 while limit is 8192",
        "The input (9000 tokens) is longer than the model's context length (4096 tokens).",
        "The prompt (total length 25938) is too long to fit into the model (context length 4096).",
        "the request exceeds the available context size, try increasing it",
        "Requested tokens (2285) exceed context window of 2048",
        "The number of tokens to keep from the initial prompt is greater than the context length",
        "Prompt contains 300000 tokens, too large for model with 131072 maximum context length",
        "Prompt has 300,000 tokens, but the configured context size is 131,072 tokens",
        "prompt too long; exceeded max context length by 120 tokens",
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 1512. Given: 603 `inputs` tokens",
        "Input is too long for requested model.",
        "too many tokens: total number of tokens (prompt and prediction) cannot exceed 2048 - received 6354.",
        "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 202745]",
        "Your request exceeded model token limit: 262144 (requested: 291351)",
        "invalid params, context window exceeds limit",
        "max_tokens must be at least 1, got -186.",
        "prompt token count of 140000 exceeds the limit of 128000",
    ],
)
@pytest.mark.parametrize("place", ["error.message", "message", "detail", "error", "text"])
def test_a_prompt_that_does_not_fit_is_known_by_its_words_wherever_they_stand(message, place):
    body = {
        "error.message": {"error": {"message": message, "code": 400}},
        "message": {"object": "error", "message": message},
        "detail": {"detail": [{"loc": ["body"], "msg": message, "type": "value_error"}]},
        "error": {"error": message},
        "text": message,
    }[place]
    assert kind(400, body) == "context"


@pytest.mark.parametrize(
    "body",
    [
        {"detail": [{"msg": "Field required", "type": "missing", "input": {"content": "insufficient_quota"}}]},
        {"error": {"message": "Unknown parameter", "type": "invalid_request_error"}, "request": "content_filter"},
        {"error": {"message": "bad", "param": "context_length_exceeded", "messages": ["prompt is too long"]}},
    ],
)
def test_what_an_error_quotes_of_the_request_says_nothing(body):
    assert kind(400, body) == "bad_request"


def test_a_gateways_error_is_read_for_what_its_provider_said():
    inner = json.dumps({"error": {"message": "Your account is suspended due to insufficient balance", "type": "x"}})
    told = {"error": {"message": "Provider returned error", "code": 429, "metadata": {"raw": inner}}}
    assert kind(429, told) == "quota"
    failure = classify_wire(Wire(ends_at=0.0, phase="done", status=429, body=json.dumps(told).encode()))
    assert failure.message.startswith("Your account is suspended")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error": {"code": "insufficient_quota", "message": "no money"}}, "quota"),
        ({"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}, "choices": None}, "quota"),
        ({"base_resp": {"status_code": 1004, "status_msg": "login fail"}}, "auth"),
        ({"error": {"type": "overloaded_error", "message": "busy"}}, "server"),
        ({"error": "boom"}, "bad_body"),
        ({"base_resp": {"status_code": 0, "status_msg": ""}}, "bad_body"),
    ],
)
def test_an_error_inside_a_200_is_what_it_says(body, expected):
    assert kind(200, body) == expected


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (400, "blocked_api_access", "Organization is blocked."),
        (400, "spend_limit_reached", "Raise it in the console."),
        (429, "SPEND_LIMIT_EXCEEDED", "Ask an administrator."),
        (403, "key_spend_limit_exceeded", "The key's limit is 0."),
        (429, "1308", "Usage limit reached for 5 hour. Your limit will reset at 2026-08-22 11:16:11"),
        (429, "1310", "Weekly/Monthly Limit Exhausted. Your limit will reset at 2026-09-23 05:53:09"),
        (429, "x", "已达到 5 小时的使用上限。您的限额将在 2025-12-21 15:00:05 重置。"),
        (429, "1309", "您的GLM Coding Plan套餐已到期，暂无法使用"),
    ],
)
def test_a_spent_limit_is_no_rate_limit_whatever_status_it_comes_with(status, code, message):
    assert kind(status, {"error": {"code": code, "message": message}}) == "quota"


def test_a_code_with_an_ellipsis_fits_whole_codes_only():
    row = ErrorWording(kind=FailureKind.QUOTA, codes=("spend_…_x",))
    fits = [
        row.fits(400, read_error({"error": {"code": code}}))
        for code in ("spend_1_x", "spend__x", "spend_x", "a_spend_1_x")
    ]
    assert fits == [True, True, False, False]


def test_rows_of_the_users_go_before_the_table():
    own = (ErrorWording(kind=FailureKind.CONTEXT, words=("wallet … empty",), statuses=(403,)),)
    said = {"error": {"message": "The Wallet of k is EMPTY: insufficient balance"}}
    assert kind(403, said) == "quota"
    assert kind(403, said, own) == "context"
    assert kind(429, said, own) == "quota"


def test_a_row_that_could_never_fit_is_refused():
    with pytest.raises(ConfigError, match="codes nor words"):
        ErrorWording(kind=FailureKind.QUOTA, words=(" ",))


def test_every_row_has_a_source_and_no_row_hides_behind_an_earlier_one_of_another_kind():
    rows = wordings()
    assert all(row.source for row in rows)
    for row in rows:
        for code in row.codes:
            body = read_error({"error": {"code": code, "message": ""}})
            status = row.statuses[0] if row.statuses else 400
            assert kind_by_wording(status, body) == row.kind, code


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "message", "code", "detail", "metadata", "raw", "type"]), inner)
    ),
    max_leaves=9,
)


@given(JSON)
def test_any_body_is_read(body):
    read = read_error(body)
    assert isinstance(read.message, str)
    assert isinstance(holds_error(body), bool)
    assert read.status is None or 400 <= read.status <= 599
