"""Claims about `cascade show` and `cascade tail`."""

from __future__ import annotations

import json

import pytest

from cascade.clients.scripted import ScriptedClient, scripted
from cascade.engine.cascade import Cascade
from tests.opinions import ladder, policy

RUNGS = ladder("small", "large")


@pytest.fixture
def served(folder):
    """Return the results of a few requests, logged without texts."""
    client = ScriptedClient({"small": lambda call: scripted(str(call.messages[0]["content"])), "large": "0.9"})
    with Cascade(RUNGS, policy=policy(RUNGS, (0.5, 0.0)), client=client, log=folder / "decisions.db") as app:
        return [app.run(str(i / 5)) for i in range(5)]


def test_show_says_why_it_was_escalated_and_what_would_have_kept_it(served, cli) -> None:
    ended = cli("show", served[0].decision_id, "decisions.db")
    assert ended.exit_code == 0, ended.stderr
    assert "The confidence 0 is below the threshold 0.5." in ended.stdout
    assert "says: 0 → 0.5 would have kept it here." in ended.stdout


def test_show_as_json_is_what_the_result_explains(served, cli) -> None:
    found = json.loads(cli("show", served[0].decision_id, "decisions.db", "--json").stdout)
    assert found == json.loads(json.dumps(served[0].explain().to_json()))


def test_a_request_id_shows_its_last_decision(served, cli) -> None:
    found = json.loads(cli("show", served[3].request_id, "decisions.db", "--json").stdout)
    assert found["decision_id"] == served[3].decision_id


def test_an_unknown_id_is_a_sentence(served, cli) -> None:
    ended = cli("show", "nothing", "decisions.db")
    assert ended.exit_code == 2
    assert "cascade tail" in ended.stderr


def test_tail_shows_the_last_decisions_by_their_ids(served, cli) -> None:
    ended = cli("tail", "decisions.db", "--no-follow", "-n", "2")
    assert ended.exit_code == 0, ended.stderr
    lines = ended.stdout.splitlines()
    assert [result.decision_id in line for result, line in zip(served[-2:], lines, strict=True)] == [True, True]
    whole = cli("tail", "decisions.db", "--no-follow", "--json").stdout.splitlines()
    assert [json.loads(line)["decision_id"] for line in whole] == [result.decision_id for result in served]


def test_tail_shows_only_what_was_escalated_or_ended_so(served, cli) -> None:
    """An operator who asks why something was escalated has no id yet."""

    def shown(kind: str) -> list[str]:
        lines = cli("tail", "decisions.db", "--no-follow", "--only", kind, "--json", "-n", "500").stdout.splitlines()
        return [json.loads(line)["decision_id"] for line in lines]

    escalated = [one.decision_id for one in served if one.escalated]
    assert shown("escalated") == escalated
    assert shown("accepted") == [one.decision_id for one in served if one.outcome == "accepted"]
    assert shown("failed") == []
    last = cli("tail", "decisions.db", "--no-follow", "--only", "escalated", "-n", "1").stdout
    assert (escalated[-1] in last) if escalated else not last
    ended = cli("tail", "decisions.db", "--no-follow", "--only", "odd")
    assert ended.exit_code == 2
    assert "one of escalated, accepted, exhausted" in " ".join(ended.stderr.split())


def test_tail_of_none_waits_for_what_comes(served, cli) -> None:
    assert cli("tail", "decisions.db", "--no-follow", "-n", "0").stdout == ""
