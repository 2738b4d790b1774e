"""Keys: who may ask, for what, how often and for how much; changed while the server runs; never told to anybody."""

from __future__ import annotations

import base64
import json
import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cascade.errors import ConfigError
from cascade.serve.gateway.keyring.key import Key, digest
from cascade.serve.gateway.keyring.key_file import KeyFile, add_key, read_keys, remove_key
from cascade.settings import Settings
from tests.cascade.serve.gateway.served import HI, cascade_of, gate
from tests.faults.server import Server

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
SECRET = "cck-a-secret-of-tests"
CHAT = "/v1/chat/completions"


def held(**fields: Any) -> Callable[[], tuple[Key, ...]]:
    """Return what gives one key, and another one beside."""
    own = Key(**{"id": "alice", "sha256": digest(SECRET), **fields})
    return lambda: (own, Key(id="bob", sha256=digest("cck-of-bob")))


def body(**fields: Any) -> dict[str, Any]:
    return {"model": "cascade/default", "messages": HI, **fields}


def test_a_key_is_taken_in_both_headers_and_nothing_else_is(server: Server) -> None:
    with gate(cascade_of(server), keys=held()) as made:
        for headers in ({"authorization": f"Bearer {SECRET}"}, {"x-api-key": SECRET}):
            assert made.ask("POST", CHAT, body(), headers).status == 200
        paid = len(server.hits)
        for wrong in ("", "Bearer ", f"Bearer {SECRET}x", "Bearer ' OR 1=1--", f"Token {SECRET}", "Bearer cck-é"):
            reply = made.ask("POST", CHAT, body(), {"authorization": wrong.encode().decode("latin-1")})
            assert (reply.status, reply.code) == (401, "invalid_api_key")
        assert made.ask("POST", "/v1/messages", body(), {}).json()["error"]["type"] == "authentication_error"
        assert made.ask("GET", "/v1/nothing").status == 401
        assert made.ask("GET", "/healthz").status == made.ask("GET", "/readyz").status == 200
        assert len(server.hits) == paid


def test_a_key_asks_only_what_it_may(server: Server) -> None:
    app = cascade_of(server, tasks={"support": Settings(), "orders": Settings()})
    key = {"authorization": f"Bearer {SECRET}"}
    with gate(app, keys=held(tasks=("orders",))) as made:
        assert made.ask("POST", CHAT, body(model="cascade/orders"), key).status == 200
        for refused in (body(model="cascade/support"), body(model="cascade/orders", cascade={"task": "support"})):
            assert (made.ask("POST", CHAT, refused, key).code) == "permission_denied"
        listed = made.ask("GET", "/v1/models", headers=key).json()["data"]
        assert [one["id"] for one in listed] == ["cascade/orders"]
        assert made.ask("GET", "/v1/models/cascade/support", headers=key).status == 404
        assert made.ask("GET", "/metrics", headers=key).status == 403


def test_the_principal_is_the_keys_and_not_the_bodys(server: Server, tmp_path: Path) -> None:
    with gate(cascade_of(server, log=tmp_path / "log.db"), keys=held(principal="acme")) as made:
        made.ask("POST", CHAT, body(user="somebody else"), {"x-api-key": SECRET})
    with closing(sqlite3.connect(tmp_path / "log.db")) as log:
        assert log.execute("SELECT principal FROM decisions").fetchall() == [("acme",)]


def test_the_rate_of_a_key_is_told_with_when_to_ask_again(server: Server) -> None:
    with gate(cascade_of(server), keys=held(rpm=10)) as made:
        assert made.ask("POST", CHAT, body(), {"x-api-key": SECRET}).status == 200
        refused = made.ask("POST", CHAT, body(), {"x-api-key": SECRET})
        assert (refused.status, refused.code) == (429, "rate_limit_exceeded")
        assert 1 <= int(refused.headers["retry-after"]) <= 7
        assert made.ask("POST", CHAT, body(), {"x-api-key": "cck-of-bob"}).status == 200


def test_the_tokens_of_a_key_are_booked_before_and_corrected_after(server: Server) -> None:
    with gate(cascade_of(server), keys=held(tpm=2000)) as made:
        replies = [made.ask("POST", CHAT, body(max_tokens=150), {"x-api-key": SECRET}).status for _ in range(3)]
    assert replies == [200, 200, 200]  # three times 150 do not fit into a tenth of 2,000; what they took does


def test_a_key_never_spends_more_than_its_day_and_a_restart_does_not_forget(server: Server, tmp_path: Path) -> None:
    day_usd = 150e-6  # an answer is asked for as long as 64 tokens can be paid for
    spent_usd = 0.0
    for started in range(2):
        app = cascade_of(server, log=tmp_path / "log.db")
        with gate(app, keys=held(usd_per_day=day_usd)) as made:
            replies = [made.ask("POST", CHAT, body(), {"x-api-key": SECRET}) for _ in range(9)]
            assert made.ask("POST", CHAT, body(), {"x-api-key": "cck-of-bob"}).status == 200
        spent_usd += sum(float(one.headers["x-cascade-cost-usd"]) for one in replies)
        statuses = {one.status for one in replies}
        assert statuses == ({200, 429} if started == 0 else {429})
        assert (replies[-1].code, replies[-1].headers["x-should-retry"]) == ("budget_exceeded", "false")
    assert 0 < spent_usd <= day_usd


def test_pages_take_the_key_as_a_password(server: Server) -> None:
    async def page(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"page"})

    with gate(cascade_of(server), keys=held(may=("metrics",)), mounted={"/dashboard/": page}) as made:
        asked = made.ask("GET", "/dashboard/")
        assert (asked.status, asked.headers["www-authenticate"][:5]) == (401, "Basic")
        given = base64.b64encode(f"me:{SECRET}".encode()).decode()
        assert made.ask("GET", "/dashboard/", headers={"authorization": f"Basic {given}"}).body == b"page"


def test_a_secret_stands_in_no_log_line_and_in_no_answer(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with gate(cascade_of(server, "unauthorized", "unauthorized", log=tmp_path / "log.db"), keys=held()) as made:
        replies = [made.ask("POST", CHAT, sent, {"x-api-key": SECRET}) for sent in (body(), body(n=4), b"{")]
        metrics = made.ask("GET", "/metrics", headers={"x-api-key": SECRET})
    assert not any(SECRET in one.body.decode() + json.dumps(dict(one.headers)) for one in [*replies, metrics])
    assert SECRET not in caplog.text
    assert SECRET.encode() not in (tmp_path / "log.db").read_bytes()


def test_keys_are_added_and_taken_out_of_a_file_that_keeps_its_comments(tmp_path: Path) -> None:
    file = tmp_path / "keys.yaml"
    add_key(file, {"id": "alice", "sha256": digest("a"), "rpm": 5})
    file.write_text(f"# ours\n{file.read_text()}# theirs\n- id: carol\n  sha256: {digest('c')}\n  may: [metrics]\n")
    add_key(file, {"id": "bob", "sha256": digest("b")})
    remove_key(file, "alice")
    assert [(key.id, key.may) for key in read_keys(file)] == [("carol", ("metrics",)), ("bob", ())]
    assert file.read_text().startswith("# ours\n# theirs\n- id: carol")
    with pytest.raises(ConfigError, match="already"):
        add_key(file, {"id": "bob", "sha256": digest("d")})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- {id: a, sha256: nothex}", "sha256"),
        (f"- {{id: a, sha256: {'a' * 64}, rmp: 3}}", "rmp"),
        (f"- {{id: a, sha256: {'a' * 64}}}\n- {{id: a, sha256: {'b' * 64}}}", "twice"),
        (f"- {{id: a, sha256: {'a' * 64}}}\n- {{id: b, sha256: {'a' * 64}}}", "twice"),
        (f"- {{id: a, sha256: {'a' * 64}, usd_per_day: -1}}", "usd_per_day"),
        ("keys: []", "list"),
    ],
)
def test_a_broken_file_is_told_by_its_line(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "keys.yaml").write_text(text)
    with pytest.raises(ConfigError, match=told) as error:
        read_keys(tmp_path / "keys.yaml")
    assert "keys.yaml" in str(error.value)


def test_a_changed_file_is_taken_and_a_broken_one_is_not(tmp_path: Path) -> None:
    file, now = tmp_path / "keys.yaml", [0.0]
    add_key(file, {"id": "alice", "sha256": digest("a")})
    keys = KeyFile(file, clock=lambda: now[0])
    add_key(file, {"id": "bob", "sha256": digest("b")})
    assert [key.id for key in keys.current()] == ["alice"]
    for text, expected in ((None, ["alice", "bob"]), ("- broken", ["alice", "bob"]), ("", [])):
        if text is not None:
            file.write_text(text)
        now[0] += 2.0
        assert [key.id for key in keys.current()] == expected
