"""Routes of our own: feedback, decisions, reload, metrics and the description, each for whom it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cascade.clients.scripted import ScriptedClient, scripted
from cascade.engine.cascade import Cascade
from cascade.policy.policy import Policy
from cascade.serve.gateway.keyring.key import PERMISSIONS, Key, digest
from cascade.serve.gateway.serving import Reloaded
from tests.cascade.serve.gateway.served import HI, Gate, cascade_of, gate
from tests.faults.server import Server
from tests.opinions import ladder, policy

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
CHAT = "/v1/chat/completions"
ALICE, BOB = {"x-api-key": "cck-of-alice"}, {"x-api-key": "cck-of-bob"}
BODY = {"model": "cascade/default", "messages": HI}


def keys() -> tuple[Key, ...]:
    return (
        Key(id="alice", sha256=digest("cck-of-alice"), may=PERMISSIONS),
        Key(id="bob", sha256=digest("cck-of-bob"), may=("feedback", "explain")),
    )


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "decisions.db"


@pytest.fixture(scope="module")
def open_gate(_server: Server, log: Path) -> Iterator[Gate]:
    with gate(cascade_of(_server, log=log), keys=keys) as made:
        yield made


@pytest.fixture
def decided(open_gate: Gate, server: Server) -> str:
    return open_gate.ask("POST", CHAT, BODY, ALICE).headers["x-request-id"]


def test_feedback_labels_the_decision_at_once(open_gate: Gate, decided: str, log: Path) -> None:
    said = {"decision_id": decided, "correct": False}
    assert open_gate.ask("POST", "/v1/cascade/feedback", said, ALICE).status == 200
    with closing(sqlite3.connect(log)) as opened:
        rows = opened.execute("SELECT correct, source FROM labels WHERE decision_id = ?", (decided,)).fetchall()
    assert rows == [(0.0, "user")]


@pytest.mark.parametrize(
    "fields",
    [
        {"correct": True, "score": 0.5}, {}, {"score": 2}, {"score": "1"}, {"correct": "yes"},
        {"correct": True, "x": 1},
        {"correct": True, "kind": "human"}, {"correct": True, "kind": "judge:x"}, {"correct": True, "rung": "none"},
    ],
)  # fmt: skip
def test_feedback_that_says_nothing_clear_is_refused(open_gate: Gate, decided: str, fields: dict[str, Any]) -> None:
    reply = open_gate.ask("POST", "/v1/cascade/feedback", {"decision_id": decided, **fields}, ALICE)
    assert reply.status == 400


def test_a_decision_is_taken_apart_for_its_own_principal_alone(open_gate: Gate, decided: str) -> None:
    found = open_gate.ask("GET", f"/v1/cascade/decisions/{decided}", headers=ALICE).json()
    assert (found["rung"], found["attempts"][0]["rung"]) == ("small", "small")
    for path, body in ((f"/v1/cascade/decisions/{decided}", None), ("/v1/cascade/decisions/nothing", None)):
        assert open_gate.ask("GET", path, body, BOB).code == "decision_not_found"
    said = {"decision_id": decided, "correct": True}
    assert open_gate.ask("POST", "/v1/cascade/feedback", said, BOB).code == "decision_not_found"


def test_what_a_key_may_not_is_refused(open_gate: Gate) -> None:
    assert open_gate.ask("GET", "/metrics", headers=BOB).status == 403
    assert open_gate.ask("POST", "/v1/cascade/reload", {}, BOB).status == 403


def test_metrics_hold_the_servers_figures_and_the_logs(open_gate: Gate, decided: str) -> None:
    shown = open_gate.ask("GET", "/metrics", headers=ALICE).body.decode()
    assert 'cascade_http_responses_total{path="/v1/chat/completions",status="200"}' in shown
    assert 'cascade_decisions_total{outcome="accepted",task="default"}' in shown


def test_the_description_names_every_route_that_is_answered(open_gate: Gate) -> None:
    described = open_gate.ask("GET", "/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    for path, methods in described["paths"].items():
        for method in methods:
            asked = open_gate.ask(method.upper(), path.replace("{id}", "x"), b"" if method == "post" else None, ALICE)
            assert str(asked.status) in methods[method]["responses"], path
            assert "no route" not in asked.body.decode()


RUNGS = ladder("small", "large")
BEFORE = policy(RUNGS, (0.3, 0.0))
AFTER = replace(BEFORE, tasks={name: replace(one, dial={"strict": one}) for name, one in BEFORE.tasks.items()})


def test_a_reload_serves_the_policy_of_the_file_with_its_names_and_a_broken_one_changes_nothing() -> None:
    read: list[Reloaded] = []
    app = Cascade(RUNGS, client=ScriptedClient(default=scripted("0.9")), policy=BEFORE)
    with gate(app, reloaded=lambda: read[-1]) as made:
        assert made.chat("gpt-4o").status == made.chat("cascade/default:strict").status == 404
        read.append(Reloaded(policy=AFTER, aliases={"gpt-4o": "default:strict"}))
        told = made.post("/v1/cascade/reload", {}).json()
        assert told == {
            "policy_sha256": AFTER.sha256,
            "models": ["cascade/default", "cascade/default:strict", "gpt-4o"],
        }
        assert made.chat("gpt-4o").status == 200
        read.append(Reloaded(policy=BEFORE, aliases={"gpt-4o": "default:strict"}))
        assert made.post("/v1/cascade/reload", {}).status == 500
        assert made.chat("gpt-4o").status == 200
        assert isinstance(app.policy, Policy)
        assert app.policy.sha256 == AFTER.sha256
