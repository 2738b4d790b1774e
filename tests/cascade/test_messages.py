"""Messages as callers have them: mappings, and the objects that clients of providers return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel

from cascade.errors import DataError
from cascade.exchange import Request

USER = {"role": "user", "content": "hi"}


class Said(BaseModel):
    """An object as openai's and litellm's clients return it."""

    role: str = "assistant"
    content: Any = "yo"
    tool_calls: Any = None


@dataclass
class Plain:
    """A dataclass of a caller."""

    role: str
    content: str


def test_objects_of_clients_are_messages_without_what_is_null():
    request = Request.of([USER, Said(), Plain("user", "more")])
    assert request.messages == (USER, {"role": "assistant", "content": "yo"}, {"role": "user", "content": "more"})
    assert Request.of([USER, Said(), Plain("user", "more")]).id == request.id


def test_objects_inside_a_message_are_taken_apart():
    call = Said(content=None, role="x")
    request = Request.of([USER, {"role": "assistant", "content": [Said(content="in")], "tool_calls": [call]}])
    assert request.messages[1]["content"] == [{"role": "assistant", "content": "in"}]
    assert request.messages[1]["tool_calls"] == [{"role": "x"}]


def test_an_openai_message_is_taken():
    from openai.types.chat import ChatCompletionMessage

    assert Request.of([USER, ChatCompletionMessage(role="assistant", content="yo")]).messages[1] == {
        "role": "assistant",
        "content": "yo",
    }


@pytest.mark.parametrize(
    ("prompt", "says"),
    [
        (["hi"], r"messages\[0\] is a str"),
        ([USER, None], r"messages\[1\] is a NoneType"),
        ([USER, {"content": "x"}], r"messages\[1\] is a dict without a role"),
        ([{"role": 1, "content": "x"}], r"messages\[0\] is a dict without a role"),
        ({"role": "user", "content": "x"}, "a list of messages, was expected"),
        (7, "a list of messages, was expected"),
        (b"hi", r"messages\[0\] is a int"),
    ],
)
def test_what_is_no_message_is_named_with_its_place(prompt, says):
    with pytest.raises(DataError, match=says):
        Request.of(prompt)
