"""Answers over real HTTP: every recorded client request, models, streams, errors, deadlines, the reference."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cascade.exchange import Request
from cascade.serve.gateway.answer_response import Pace
from cascade.settings import ServeSettings, Settings
from tests.cascade.dialects.inbound.recorded_clients import RecordedClient, recorded
from tests.cascade.serve.gateway.served import HI, Gate, cascade_of, gate
from tests.faults.completion import completion
from tests.faults.hit import Hit
from tests.faults.reply import Reply, as_json
from tests.faults.server import Server
from tests.faults.statuses import unauthorized
from verifiers import Refusal

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
openai = pytest.importorskip("openai")

PATHS = ("/v1/chat/completions", "/v1/responses", "/v1/messages")
RECORDED = [one for path in PATHS for one in recorded(path)]


class Broken(Refusal):
    """A verifier with a bug."""

    def prepare(self, request: Request) -> None:
        raise RuntimeError


@pytest.fixture(scope="module")
def open_gate(_server: Server) -> Iterator[Gate]:
    with gate(cascade_of(_server), ServeSettings(aliases={"gpt-4o": "default"})) as made:
        yield made


def _fitting(hit: Hit) -> Reply:
    """Answer with JSON where a schema is asked for."""
    wants = hit.body.get("response_format") or "JSON" in json.dumps(hit.body["messages"])
    return as_json(completion(hit, '{"item": "lamp", "qty": 2, "city": "Oslo"}' if wants else "Fine."))


@pytest.mark.parametrize("sent", RECORDED, ids=lambda sent: sent.name)
def test_every_recorded_request_is_answered_in_its_own_form(
    open_gate: Gate, server: Server, sent: RecordedClient
) -> None:
    server.mode = _fitting
    reply = open_gate.post(sent.path, {**sent.body, "model": "cascade/default", "cascade": None})
    assert reply.status == 200, reply.body
    assert len(server.hits) >= 1
    assert reply.headers["x-cascade-outcome"] in {"accepted", "exhausted"}
    if sent.body.get("stream"):
        assert reply.headers["content-type"].startswith("text/event-stream")
        assert reply.events()
    else:
        kinds = {"/v1/chat/completions": "chat.completion", "/v1/responses": "response", "/v1/messages": "message"}
        assert kinds[sent.path] in {reply.json().get("object"), reply.json().get("type")}


@pytest.mark.parametrize(
    "path", ["/v1/embeddings", "/v1/messages/batches", "/v2/chat/completions", "/", "/v1/models/x/y"]
)
def test_other_routes_are_404_in_the_dialects_form(open_gate: Gate, server: Server, path: str) -> None:
    reply = open_gate.post(path, {"model": "m"}) if "models" not in path else open_gate.ask("GET", path)
    assert (reply.status, reply.headers["x-should-retry"]) == (404, "false")
    assert (reply.json().get("type") == "error") is path.startswith("/v1/messages")
    assert not server.hits


def test_an_unknown_model_is_told_with_the_names_there_are(open_gate: Gate, server: Server) -> None:
    for name in ("gpt-5", "cascade/nothing", "cascade/default:nothing", "file:///x", "x" * 10_000, None, 7, ["a"]):
        reply = open_gate.chat(name)  # type: ignore[arg-type]
        assert (reply.status, reply.code) == (404, "model_not_found")
        assert "cascade/default, gpt-4o" in reply.json()["error"]["message"]
    assert not server.hits


def test_models_are_listed_in_the_form_of_who_asks(open_gate: Gate) -> None:
    ours = open_gate.ask("GET", "/v1/models").json()
    theirs = open_gate.ask("GET", "/v1/models", headers={"anthropic-version": "2023-06-01"}).json()
    assert [one["id"] for one in ours["data"]] == [one["id"] for one in theirs["data"]] == ["cascade/default", "gpt-4o"]
    assert (ours["object"], theirs["has_more"], theirs["data"][0]["type"]) == ("list", False, "model")
    assert open_gate.ask("GET", "/v1/models/cascade%2Fdefault").json()["id"] == "cascade/default"
    assert open_gate.ask("GET", "/v1/models/gpt-9").status == 404


def test_an_alias_and_the_bodys_own_options_choose_the_task(open_gate: Gate, server: Server) -> None:
    assert open_gate.chat("gpt-4o").status == 200
    assert open_gate.chat("gpt-4o", cascade={"task": "nothing"}).code == "model_not_found"


def test_whole_numbers_may_be_written_as_fractions(open_gate: Gate, server: Server) -> None:
    assert open_gate.chat(max_tokens=20.0, temperature=0.5).status == 200
    assert (server.hits[0].body["max_tokens"], server.hits[0].body["temperature"]) == (20, 0.5)


def test_tokens_are_counted_without_asking_a_model(open_gate: Gate, server: Server) -> None:
    body = {
        "model": "cascade/default",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "one two three " * 50}],
    }
    counted = open_gate.post("/v1/messages/count_tokens", body).json()["input_tokens"]
    assert 100 < counted < 400
    assert not server.hits


def test_a_stream_has_its_headers_before_its_answer_and_comments_until_then(server: Server) -> None:
    with gate(cascade_of(server), pace=Pace(headers_s=0.05, comment_s=0.05)) as made:
        server.hold(after=0)
        with openai.OpenAI(api_key="none", base_url=f"{made.url}/v1", max_retries=0) as client:
            releasing = threading.Timer(0.4, server.release)
            with client.chat.completions.with_streaming_response.create(
                model="cascade/default", messages=HI, stream=True
            ) as raw:
                assert not releasing.is_alive()
                releasing.start()
                content = b"".join(raw.iter_bytes())
    assert content.count(b": the answer is being verified\n\n") >= 2
    assert content.index(b"data: ") > content.rindex(b": the answer")
    assert content.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("path", PATHS)
def test_an_error_after_the_headers_is_the_dialects_error_event(server: Server, path: str) -> None:
    with gate(cascade_of(server, "unauthorized", "unauthorized"), pace=Pace(headers_s=0.0)) as made:
        server.delay_s = 0.1
        body = {"model": "cascade/default", "stream": True, "messages": HI, "max_tokens": 9}
        if path == "/v1/responses":
            body = {"model": "cascade/default", "stream": True, "input": "Well?"}
        reply = made.post(path, body)
        server.delay_s = 0.0
    (event,) = reply.events()
    assert (reply.status, event["error"]["type"]) == (200, "authentication_error")
    assert (b"event: error\n" in reply.body) is (path != "/v1/chat/completions")


def test_an_unmodified_client_gets_its_own_errors_and_does_not_repeat_what_is_of_no_use(server: Server) -> None:
    app = cascade_of(server, "unauthorized", "unauthorized")
    with (
        gate(app) as made,
        openai.OpenAI(api_key="k", base_url=f"{made.url}/v1") as client,
        pytest.raises(openai.AuthenticationError),
    ):
        client.chat.completions.create(model="cascade/default", messages=HI)
    assert [hit.body["model"] for hit in server.hits] == ["unauthorized", "unauthorized"]  # the rung, the reference


def test_the_smallest_deadline_counts(server: Server) -> None:
    with gate(cascade_of(server, "hang", settings=Settings(deadline_s=30.0))) as made:
        for headers in ({"x_cascade_deadline_ms": "200"}, {"x_stainless_read_timeout": "0.3"}):
            began = time.monotonic()
            reply = made.post("/v1/chat/completions", {"model": "cascade", "messages": HI}, **headers)
            assert (reply.status, reply.code) == (504, "deadline_exceeded")
            assert reply.headers["x-should-retry"] == "false"
            assert time.monotonic() - began < 20
        assert made.chat(cascade={"deadline_s": 0.2}).status == 504


def test_a_client_that_hangs_up_cancels_and_what_was_paid_is_logged(server: Server, tmp_path: Path) -> None:
    server.script(lambda hit: as_json(completion(hit, "I cannot help with that.")), "hang")
    with gate(cascade_of(server, log=tmp_path / "log.db")) as made:
        hanging = threading.Thread(target=_abandoned, args=(made, server))
        hanging.start()
        hanging.join()
        while made.serving.repeats.running:
            time.sleep(0.01)
    with closing(sqlite3.connect(tmp_path / "log.db")) as log:
        ((outcome, cost),) = log.execute("SELECT outcome, cost_usd FROM decisions").fetchall()
    assert (outcome, cost > 0) == ("cancelled", True)


def _abandoned(made: Gate, server: Server) -> None:
    import socket

    body = json.dumps({"model": "cascade/default", "messages": HI}).encode()
    with socket.create_connection(("127.0.0.1", made.port)) as opened:
        opened.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: %d\r\n\r\n" % len(body) + body
        )
        while len(server.hits) < 2:
            time.sleep(0.01)


def test_a_wrong_key_of_a_rung_below_and_the_reference_that_answers_are_one_decision(
    server: Server, tmp_path: Path
) -> None:
    server.script(unauthorized, lambda hit: as_json(completion(hit, "By the top.")))
    with gate(cascade_of(server, log=tmp_path / "log.db")) as made:
        reply = made.chat()
        assert (reply.status, reply.headers["x-cascade-flags"]) == (200, "bypassed,bypassed:auth:small")
    with closing(sqlite3.connect(tmp_path / "log.db")) as log:
        rows = log.execute("SELECT decision_id, outcome, cost_usd > 0, attempts FROM decisions").fetchall()
        rungs = log.execute("SELECT rung, failure FROM attempts ORDER BY position").fetchall()
    assert rows == [(reply.headers["x-request-id"], "accepted", 1, 2)]
    assert rungs == [("small", "auth"), ("top", None)]


def test_where_the_cascade_itself_fails_the_reference_answers(server: Server, tmp_path: Path) -> None:
    app = cascade_of(server, verify=(Broken(),), log=tmp_path / "log.db")
    with gate(app) as made:
        reply = made.chat()
        assert (reply.status, reply.headers["x-cascade-flags"], reply.headers["x-cascade-rung"]) == (
            200,
            "bypassed,bypassed:RuntimeError",
            "top",
        )
    with closing(sqlite3.connect(tmp_path / "log.db")) as log:
        rows = log.execute("SELECT flags, mode FROM decisions").fetchall()
    assert [(json.loads(flags), mode) for flags, mode in rows] == [(["bypassed", "bypassed:RuntimeError"], "enforce")]
