"""Redaction: secrets are removed by value and by pattern, in linear time."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.endpoint import Endpoint
from cascade.errors import ConfigError
from cascade.failure import CallFailure, FailureKind
from cascade.ladder import Rung
from cascade.redaction import _matched, redacted, remember, remember_environment, shortened


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abc123DEF456", "sk-ant-api03-xyz_987", "gsk_abcdef123456", "AIzaSyA1234567890abc", "AKIAABCDEFGH12",
        "sk-canary-abcdef",
        "ghp_0123456789abcdef", "sk-ab****************cdef", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0xyz.abc-DEF",
    ],
)  # fmt: skip
def test_what_looks_like_a_key_is_cut_out(secret: str) -> None:
    assert redacted(f"wrong key {secret}, sorry") == "wrong key [redacted], sorry"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("GET /v1?key=hush&x=1", "GET /v1?key=[redacted]&x=1"),
        ("GET /v1?x=1&api_key=hush", "GET /v1?x=1&api_key=[redacted]"),
        ("Authorization: Bearer hush-hush", "Authorization: Bearer [redacted]"),
        ("postgresql://app:hush@db/log", "postgresql://[redacted]@db/log"),
    ],
)
def test_where_a_key_stands_it_is_cut_out_whatever_it_looks_like(text: str, left: str) -> None:
    assert redacted(text) == left


def test_ordinary_words_stay() -> None:
    for text in (
        "the task-specific ask_again risk-free mask",
        "http://127.0.0.1:8000/v1 hf-internal-testing/tiny",
        "a.b@example.org",
        "09:15:00",
    ):
        assert redacted(text) == text


def test_a_rung_s_key_and_the_environment_s_are_known_from_then_on() -> None:
    Rung("test/one", api_key="battery staple")
    remember_environment({"MY_DB_PASSWORD": "correct horse", "EDITOR": "emacs in a window"})
    assert redacted("battery staple; correct horse; emacs in a window") == "[redacted]; [redacted]; emacs in a window"


def test_a_secret_is_known_as_urls_and_json_spell_it() -> None:
    secret = 'a/b+c="quoted" \\ d'
    remember([secret])
    assert redacted(f"{quote(secret, safe='')} {json.dumps(secret)} {secret}") == '[redacted] "[redacted]" [redacted]'


def test_placeholders_and_short_words_are_no_secrets() -> None:
    remember(["not-needed", "none", "x" * 7])
    assert redacted(f"not-needed none {'x' * 7}") == f"not-needed none {'x' * 7}"


@given(st.integers(1, 80), st.text("ab", max_size=60))
def test_a_cut_leaves_no_half_secret(limit: int, before: str) -> None:
    secret = "correct-horse-battery-staple"
    remember([secret])
    kept = shortened(before + secret + " and so on " * 20, limit)
    assert len(kept) <= limit
    assert "correct" not in kept


def test_long_texts_are_cut_behind_what_was_cleaned() -> None:
    keys = "sk-0123456789abcdef " * 1000
    assert "sk-0" not in shortened(keys, 300)
    assert shortened("x" * 9999, 400) == "x" * 399 + "…"


def test_our_errors_and_failures_hold_no_secret() -> None:
    error = ConfigError("found sk-canary-0123456789ab")
    assert "canary" not in str(error) + repr(error)
    assert CallFailure(kind=FailureKind.AUTH, message="no sk-canary-0123456789ab").message == "no [redacted]"


KEYS = ["sk-proj-9Qx7Lm2Vt5Rz8Kw1", "p4ssw0rd+with/odd=chars&more", "ключ-0123456789-секрет", "AbCdEf0123456789"]


@pytest.mark.parametrize("secret", KEYS)
@pytest.mark.parametrize("before", ["", "u", "us", "user:", "someone@example.org:"])
@pytest.mark.parametrize("after", ["", "x", "xy", " and more"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_is_known_in_base64_wherever_it_begins(secret: str, before: str, after: str, encode: Any) -> None:
    remember([secret])
    said = encode(f"{before}{secret}{after}".encode()).decode()
    cut = redacted(f"Authorization: Basic {said}!")
    assert "[redacted]" in cut
    decoded = base64.b64decode(cut.split("Basic ")[1].split("[redacted]")[0][: 4 * (len(before) // 3)] + "==")
    assert secret.encode()[:4] not in decoded
    assert said not in cut


@pytest.mark.parametrize("secret", KEYS)
@pytest.mark.parametrize("spell", [str.lower, str.upper, str.title, str.casefold, lambda text: quote(text).lower()])
def test_a_secret_is_known_in_any_case(secret: str, spell: Any) -> None:
    remember([secret])
    assert redacted(f"say {spell(secret)} now") == "say [redacted] now"


@pytest.mark.parametrize("secret", ["sk-live-9Qx7Lm2Vt5Rz8Kw1", "a8f3k2m9q1w7e5r4", "0a23456789abcdef0123456789ABCD1F"])
@pytest.mark.parametrize("length", range(10, 16))
def test_its_head_and_its_tail_are_cut_out_too(secret: str, length: int) -> None:
    remember([secret])
    assert redacted(f"key {secret[:length]}… is wrong") == "key [redacted]… is wrong"
    assert redacted(f"key …{secret[-length:]} is wrong") == "key …[redacted] is wrong"
    assert redacted(f"{secret[:length].upper()}***{secret[-length:].upper()}") == "[redacted]***[redacted]"


def test_a_head_that_is_a_word_is_no_secret() -> None:
    remember(["postgresql-password-of-the-house"])
    assert redacted("postgresql://db, the password of the house") == "postgresql://db, the password of the house"
    assert redacted("it is postgresql-password-of-the-house") == "it is [redacted]"


def test_what_stands_in_the_query_of_an_address_is_secret() -> None:
    Rung("openai/one", api_base="https://host.example/v1?sig=Zq%2BzT-one-signature&code=aZ1-another-one")
    Endpoint(api_base="https://user:hunter-two-two@host.example/v1?token=tok-of-the-endpoint")
    said = "sent Zq+zT-one-signature, Zq%2BzT-one-signature, AZ1-ANOTHER-ONE, hunter-two-two and tok-of-the-endpoint"
    assert redacted(said) == "sent [redacted], [redacted], [redacted], [redacted] and [redacted]"


def test_redaction_stays_linear_with_many_secrets() -> None:
    """Work is counted, not time: a text without a secret is looked at once, by one compiled pattern."""
    remember([f"s3cret-number-{i:04}-{'x' * 40}" for i in range(50)])
    text = "s3cret number " * 5_000
    assert redacted(text) is text


@given(
    st.lists(
        st.sampled_from(
            ["sk-", "gsk_", "abc123DEF", "AKIA", "eyJ", "Bearer ", "bearer ", "?key=", "API-KEY: ", "api_key=", "://",
             "me:", "pass@", "-----BEGIN RSA PRIVATE KEY-----", "&TOKEN=", "hunter-two-two", "HUNTER", "\u017f",
             "\u212a", "\u0131", "\u0130", "tas", "_", " ", "é", "a8f3k2m9q1w7", "ghp_", "0"]
        ),
        max_size=8,
    ).map("".join)
)  # fmt: skip
def test_what_is_looked_for_first_hides_no_secret(text: str) -> None:
    remember(["hunter-two-two", "a8f3k2m9q1w7e5r4", "tok-kis-sis-12"])
    assert redacted(text) == _matched(text)
    assert redacted(json.dumps(text)) == _matched(json.dumps(text))


@pytest.mark.parametrize("spell", [lambda text: text.replace("s", "\u017f"), lambda text: text.replace("k", "\u212a"),
                                   lambda text: text.replace("i", "\u0131")])  # fmt: skip
def test_a_secret_in_letters_that_only_look_another_case_is_found(spell: Any) -> None:
    remember(["tok-kis-sis-12"])
    assert redacted(f"say {spell('tok-kis-sis-12')} now") == "say [redacted] now"
