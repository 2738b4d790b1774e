"""How an exception is read: what is asked for by Retry-After, what is secret, what is unknown."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.clients.classify_failure import classify_failure, classify_wire, retry_after_s
from cascade.clients.wire import Wire
from cascade.dialects.error_body import holds_error


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2", 2.0),
        ("0.5", 0.5),
        ("86400", 86400.0),
        ("-3", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_takes_seconds_and_no_nonsense(value, seconds):
    assert retry_after_s({"Retry-After": value}) == seconds


def test_retry_after_takes_a_date_and_a_past_one_means_now():
    ahead = format_datetime(datetime.now(tz=UTC) + timedelta(seconds=100), usegmt=True)
    assert 90 < retry_after_s({"retry-after": ahead}) <= 100
    assert retry_after_s({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "5, 7"}, 7.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00"}, 0.0),
    ],
)
def test_retry_after_takes_milliseconds_lists_and_dates_without_a_zone(headers, seconds):
    assert retry_after_s(headers) == seconds


@pytest.mark.parametrize("status", [405, 410, 418, 421, 425, 451])
def test_what_was_refused_before_a_model_ran_is_not_charged(status):
    wire = Wire(ends_at=0.0, phase="done", status=status, body=b"{}")
    assert not classify_wire(wire).maybe_charged


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": "insufficient_quota", "message": "You exceeded your current quota."}, "quota"),
        ({"type": "insufficient_quota", "code": None, "message": "Quota."}, "quota"),
        ({"code": "rate_limit_exceeded", "message": "Slow down."}, "rate_limited"),
        ({"code": "invalid_api_key", "message": "Wrong key."}, "auth"),
        ({"type": "overloaded_error", "message": "Overloaded."}, "server"),
        ({"code": "who_knows", "message": "Boom."}, "bad_body"),
    ],
)
def test_a_word_in_an_error_inside_a_200_means_what_it_means_elsewhere(error, kind):
    wire = Wire(ends_at=0.0, phase="done", status=200, body=json.dumps({"error": error}).encode())
    assert classify_wire(wire).kind == kind


SPENT = "You exceeded your current quota."


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"type": "insufficient_quota"}},
        {"error": "insufficient_quota"},
        {"code": "insufficient_quota", "message": SPENT},
        {"object": "error", "message": SPENT, "type": "insufficient_quota", "code": 429},
        {"errors": [{"code": "insufficient_quota", "message": SPENT}]},
        {"detail": {"code": "insufficient_quota", "message": SPENT}},
        {"success": False, "message": "Insufficient balance", "code": 1113},
        {"choices": [{"finish_reason": "error", "error": {"code": 402, "message": "Insufficient credits"},
                      "message": {"role": "assistant", "content": ""}}]},
    ],
)  # fmt: skip
def test_a_spent_account_inside_a_200_is_one_wherever_the_body_says_so(body):
    fault = classify_wire(Wire(ends_at=0.0, phase="done", status=200, body=json.dumps(body).encode()))
    assert holds_error(body)
    assert (fault.kind, fault.maybe_charged) == ("quota", False)


@pytest.mark.parametrize(
    "body",
    [
        {"choices": [{"message": {"role": "assistant", "content": SPENT}, "error": None}], "status": "completed"},
        {"choices": [{"message": {"content": "Hi."}}], "error": {"code": None, "message": "", "type": ""}},
        {"type": "message", "content": [{"type": "text", "text": SPENT}], "detail": "insufficient_quota"},
        {"candidates": [{"finishReason": "STOP"}], "code": 0, "message": SPENT},
        {"choices": [], "id": "x", "object": "chat.completion"},
    ],
)  # fmt: skip
def test_an_answer_that_speaks_of_quotas_is_no_error(body):
    assert not holds_error(body)


@given(st.text(max_size=30))
def test_retry_after_never_raises(value):
    seconds = retry_after_s({"retry-after": value})
    assert seconds is None or seconds >= 0


def test_a_message_is_one_short_line():
    fault = classify_failure(ValueError("first\nsecond " + "x" * 9999 + "\nTraceback (most recent call last): secrets"))
    assert fault.message.startswith("first second x")
    assert len(fault.message) <= 400


def test_what_nobody_knows_is_unknown():
    assert classify_failure(ValueError("odd")).kind == "unknown"


def test_a_ring_of_causes_ends():
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert classify_failure(first).kind == "unknown"


@pytest.mark.parametrize(("details", "kind"), [([], "quota"), ([{"retryDelay": "30s"}], "rate_limited")])
def test_geminis_word_quota_means_a_rate_limit_where_it_says_when_to_come_back(details, kind):
    body = {"error": {"code": 429, "message": "You exceeded your current quota.", "details": details}}
    fault = classify_wire(Wire(ends_at=0.0, phase="done", status=429, body=json.dumps(body).encode()))
    assert (fault.kind, fault.retry_after_s) == (kind, 30.0 if details else None)


@pytest.mark.parametrize(
    "body", [b"[" * 10_000, b"\xff" * 100, b"null", b'{"error": null}', b'[{"error": {"code": "x"}}]', b'{"error": []}']
)
def test_no_body_is_too_odd_to_be_read(body):
    assert classify_wire(Wire(ends_at=0.0, phase="done", status=200, body=body)).kind == "bad_body"
    assert classify_wire(Wire(ends_at=0.0, phase="done", status=503, body=body)).kind == "server"


@given(st.binary(max_size=300), st.integers(200, 599))
def test_any_bytes_with_any_status_are_read(body, status):
    assert classify_wire(Wire(ends_at=0.0, phase="done", status=status, body=body)).message
