"""A live answer over HTTP: passed on while it comes; asked again where it breaks before its first piece only."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from cascade.clients.direct import DirectClient
from cascade.clients.live_stream import DIFFERS, LIVE, LiveStream
from cascade.exchange import ModelCall, Response
from cascade.failure import CallFailure
from cascade.guards.retry import ask_with_retry
from cascade.usage import Price
from tests.faults.streams import CUT, DONE, FINE, HANG, USAGE, WAIT, StreamServer, chunk, event

HEAD, IS, WELL, STOP = FINE[0], FINE[1], FINE[3], FINE[4]
PRICE = Price(input_usd=1e-6, output_usd=1e-6)


class Heard:
    """What was passed on; the first piece lets the server go on."""

    def __init__(self, server: StreamServer) -> None:
        self.text = ""
        self._server = server
        self.stream = LiveStream(self._hear)

    def _hear(self, piece: Any) -> None:
        self.text += piece.text
        self._server.go_on()


def ask(*steps: Any, script: Any = None, retry: bool = False, twice: bool = False) -> tuple[Any, Heard, StreamServer]:
    """Ask for one live answer."""

    async def run(server: StreamServer, heard: Heard) -> Response | CallFailure:
        client = DirectClient()
        call = ModelCall(
            rung="top", model="openai/top", messages=({"role": "user", "content": "q"},), api_base=server.url,
            api_key="k", price=PRICE, timeout_s=5.0,
        )  # fmt: skip
        LIVE.set(heard.stream)
        try:
            if retry:
                return await ask_with_retry(client, call, left_s=lambda: 10.0, jitter=lambda: 0.0)
            reply = await client.ask(call)
            return await client.ask(call) if twice else reply
        finally:
            await client.aclose()

    with StreamServer(q=script or steps) as server:
        heard = Heard(server)
        return asyncio.run(run(server, heard)), heard, server


def test_a_piece_is_passed_on_before_the_answer_is_whole() -> None:
    reply, heard, server = ask(*FINE)  # the server waits for the first piece
    assert (reply.text, heard.text, reply.usage.output_tokens) == ("It is fine.", "It is fine.", 2)
    assert reply.usage.estimated is False
    assert (server.bodies[0]["stream"], server.bodies[0]["stream_options"]) == (True, {"include_usage": True})


@pytest.mark.parametrize(
    ("steps", "kind"),
    [
        ([HEAD, IS, CUT], "bad_body"),
        ([HEAD, IS], "bad_body"),
        ([HEAD, IS, event({"error": {"message": "busy", "type": "server_error", "code": 503}})], "server"),
        ([HEAD, IS, b"data: {broken\n\n"], "bad_body"),
        ([HEAD, IS, chunk({"content": "?"}).replace(b'"index": 0', b'"index": 4')], "too_big"),
    ],
)
def test_what_breaks_in_the_middle_is_not_asked_again_and_its_part_is_paid(steps: Sequence[Any], kind: str) -> None:
    failure, heard, server = ask(*steps, retry=True)
    assert (failure.kind, heard.text, len(server.bodies)) == (kind, "It is", 1)
    assert failure.maybe_charged
    assert failure.usage.estimated
    assert failure.cost_usd == PRICE.cost_usd(failure.usage) > 0


def test_what_breaks_before_the_first_piece_is_asked_again() -> None:
    failure, heard, server = ask(HEAD, CUT, retry=True)
    assert (failure.kind, heard.text, len(server.bodies)) == ("bad_body", "", 2)


@pytest.mark.parametrize("late", [[chunk({"content": "stray"})], [DONE, chunk({"content": "stray"})], [HANG]])
def test_an_answer_ends_where_it_says_so_whatever_comes_after(late: Sequence[Any]) -> None:
    reply, heard, server = ask(HEAD, IS, STOP, USAGE, DONE, *late)
    assert (reply.text, heard.text, reply.usage.output_tokens, len(server.bodies)) == ("It is", "It is", 2, 1)


def test_without_usage_it_is_our_estimate() -> None:
    reply, _, _ = ask(HEAD, IS, WAIT, WELL, STOP, DONE)
    assert reply.usage.estimated
    assert "usage_estimated" in reply.flags


def test_a_server_that_refuses_to_stream_is_asked_without_and_never_again() -> None:
    refusal = (400, b'{"error": {"message": "Unknown parameter: stream_options"}}')
    reply, heard, server = ask(script=refusal)
    assert (reply.kind, heard.text) == ("bad_request", "")
    assert [body.get("stream", False) for body in server.bodies] == [True, False]


def test_a_server_that_does_not_stream_is_read_as_ever() -> None:
    whole = b'{"choices": [{"message": {"content": "Whole."}, "finish_reason": "stop"}]}'
    reply, heard, _ = ask(script=(200, whole))
    assert (reply.text, heard.text, heard.stream.began) == ("Whole.", "", False)


def test_an_answer_of_another_request_is_not_passed_on() -> None:
    stray = event({"id": "chatcmpl-A1b2C3d4E5f6G7h8", "choices": [{"index": 0, "delta": {"content": "stray"}}]})
    asked: list[Any] = []

    async def run(server: StreamServer) -> Any:
        client = DirectClient()
        for content in ("first", "second"):
            heard = Heard(server)
            LIVE.set(heard.stream)
            call = ModelCall(
                rung="top", model="openai/top", messages=({"role": "user", "content": content},),
                api_base=server.url, api_key="k", price=PRICE,
            )  # fmt: skip
            asked.append((await client.ask(call), heard.text))
        await client.aclose()

    with StreamServer(first=[stray, STOP, DONE], second=[stray, STOP, DONE]) as server:
        asyncio.run(run(server))
    (first, said), (second, nothing) = asked
    assert (first.text, said, second.kind, nothing) == ("stray", "stray", "misbehaved", "")


def test_thinking_that_is_marked_late_is_flagged() -> None:
    reply, heard, _ = ask(chunk({"content": "hm, so </think>"}), chunk({"content": "42"}, "stop"), DONE)
    assert (heard.text, reply.text, DIFFERS in reply.flags) == ("hm, so </think>42", "42", True)
