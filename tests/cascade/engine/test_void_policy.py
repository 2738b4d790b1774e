"""Where a system prompt or the ladder has changed, a policy is void: the reference serves until it is renewed."""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cascade.clients.scripted import ScriptedClient, scripted
from cascade.engine.cascade import Cascade
from cascade.engine.void_policy import LADDER_CHANGED, PROMPT_CHANGED
from cascade.errors import PolicyMismatch
from cascade.ladder import Ladder, Rung
from cascade.policy.policy import Policy
from cascade.settings import ObserveLimits, OnChanged, Settings
from cascade.system_prompt import prompt_print, with_prompt
from tests.opinions import Says, ladder, policy

RUNGS = ladder("small", "large")
BOUND = {"kind": "max_disagreement", "value": 0.1, "confidence": 0.9}


def fitted(*prompts: str, rungs: Ladder = RUNGS, t: float = 0.5, **more: Any) -> Policy:
    """Return a policy that was fitted under these system prompts."""
    made = policy(rungs, (t, 0.0))
    prints = tuple(prompt_print(with_prompt((), one)) if one else "" for one in prompts)
    task = replace(made.tasks["default"], prompts=prints, target=BOUND, certified=True,
                   certificate={"certified": True, "tasks": 1, "bound": BOUND}, **more)  # fmt: skip
    return replace(made, tasks={"default": task})


def chat(prompt: str, text: str = "0.9") -> list[dict[str, str]]:
    asked = [{"role": "user", "content": text}]
    return [{"role": "system", "content": prompt}, *asked] if prompt else asked


def app(path: Path, served: Policy | Path, on_changed: OnChanged, rungs: Ladder = RUNGS, **more: Any) -> Cascade:
    says = lambda call: scripted(str(call.messages[-1]["content"]).split()[-1])  # noqa: E731 - as short as its use
    client = ScriptedClient({"small": says, "tiny": says, "large": "0.9"})
    limits = ObserveLimits(on_changed=on_changed)
    return Cascade(rungs, policy=served, client=client, log=path / "log.db", observe=limits, **more)


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path / "log.db")) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.parametrize(
    ("prompts", "asked", "voided"),
    [
        (["old"], "old", False),
        (["old"], "new", True),
        (["old"], "old.", True),
        (["old"], " o\nld ", False),
        (["old"], "", True),
        (["old", ""], "", False),
        (["old", "older"], "older", False),
        ([], "anything", False),
    ],
)
def test_a_policy_serves_the_prompts_that_it_was_fitted_under_and_the_reference_any_other(
    tmp_path: Path, prompts: Sequence[str], asked: str, voided: Any
) -> None:
    with app(tmp_path, fitted(*prompts), "reference") as cascade:
        result = cascade.run(messages=chat(asked))
    assert result.rung == ("large" if voided else "small")
    assert (PROMPT_CHANGED in result.flags) is voided
    assert [one.rung for one in result.attempts] == [result.rung], "no other rung is asked"
    assert rows(tmp_path, "SELECT count(*) FROM observations") == [(0,)], "observed only where that is asked for"


def test_it_is_said_once_for_each_prompt(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "cascade.observe"), app(tmp_path, fitted("old"), "reference") as cascade:
        for prompt in ("new", "new", "newer", "old"):
            cascade.run(messages=chat(prompt))
    assert [record.getMessage().count("another system prompt") for record in caplog.records] == [1, 1]


def test_with_alarm_it_is_flagged_and_nothing_changes(tmp_path: Path) -> None:
    with app(tmp_path, fitted("old"), "alarm") as cascade:
        result = cascade.run(messages=chat("new"))
    assert (result.rung, result.flags, result.policy_sha256) == ("small", (PROMPT_CHANGED,), fitted("old").sha256)


@pytest.mark.parametrize("mode", ["enforce", "observe"])
def test_with_renew_a_changed_prompts_requests_are_observed_under_the_safest_policy(tmp_path: Path, mode: Any) -> None:
    with app(tmp_path, fitted("old"), "renew", settings=Settings(mode=mode)) as cascade:
        before = cascade.run(messages=chat("old"))
        result = cascade.run(messages=chat("new"))
    assert before.rung == ("small" if mode == "enforce" else "large")
    assert result.rung == "large"
    found = rows(tmp_path, "SELECT d.prompt, d.policy_sha256, o.propensity FROM decisions d JOIN observations o "
                           "USING (decision_id) ORDER BY d.sequence")  # fmt: skip
    assert found[-1] == (prompt_print(chat("new")), result.policy_sha256, 1.0)
    attempts = rows(tmp_path, "SELECT rung FROM observed_attempts ORDER BY decision_id DESC, position LIMIT 2")
    assert attempts == [("small",), ("large",)]
    ((told,),) = rows(tmp_path, f"SELECT tasks FROM policies WHERE sha256 = '{result.policy_sha256}'")  # noqa: S608
    void = json.loads(told)["default"]["measured"]["void"]
    assert (void["policy_sha256"], void["why"], void["rows"]) == (fitted("old").sha256, PROMPT_CHANGED, 130)


SAY = "Say: {prompt}"
OTHERS = [
    Ladder(Rung("test/newer", name="small", verify=(Says(),)), Rung("test/large", name="large", verify=(Says(),))),
    Ladder(*(Rung(f"test/{name}", name=name, verify=(Says(pass_at=0.7),)) for name in ("small", "large"))),
    Ladder(*(Rung(f"test/{name}", name=name, verify=(Says(),), template=SAY) for name in ("small", "large"))),
    ladder("tiny", "large"),
    Ladder(*(Rung(f"test/{name}", name=name, verify=(Says(name="other"),)) for name in ("small", "large"))),
]


@pytest.mark.parametrize("rungs", OTHERS, ids=["model", "setting", "template", "rung", "verifier"])
def test_a_changed_ladder_refuses_a_policy_and_with_renew_the_safest_serves(tmp_path: Path, rungs: Ladder) -> None:
    with pytest.raises(PolicyMismatch):
        app(tmp_path, fitted(), "reference", rungs)
    with app(tmp_path, fitted(), "renew", rungs) as cascade:
        result = cascade.run(messages=chat("old"))
        cascade.serve(policy_of(rungs))
        after = cascade.run(messages=chat("old"))
    assert (result.rung, LADDER_CHANGED in result.flags) == ("large", True)
    assert (after.rung, after.flags) == (rungs.names[0], ())
    assert rows(tmp_path, "SELECT count(*) FROM observations") == [(1,)]


def policy_of(rungs: Ladder) -> Policy:
    return policy(rungs, (0.2, 0.0), feature=rungs[0].verifiers[0].name)


def test_a_policys_file_that_changes_serves_without_a_restart_and_one_that_does_not_fit_never(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, ends = tmp_path / "policy.json", time.monotonic() + 60
    fitted("old").save(path)
    with caplog.at_level(logging.WARNING, "cascade.observe"), app(tmp_path, path, "renew") as cascade:
        assert cascade.run(messages=chat("new")).rung == "large"
        path.write_text("no policy")
        while not any("is not served" in record.getMessage() for record in caplog.records):
            assert cascade.run(messages=chat("new")).rung == "large"
            assert time.monotonic() < ends
        fitted("new").save(path)
        while cascade.run(messages=chat("new")).rung != "small":
            assert time.monotonic() < ends
    assert caplog.records[-1].getMessage().startswith(f"The policy {fitted('new').sha256[:12]}")


def test_a_dial_keeps_its_names_where_the_policy_is_void(tmp_path: Path) -> None:
    made = fitted("old")
    task = replace(made.tasks["default"], dial={"strict": replace(made.tasks["default"], prompts=())})
    with app(tmp_path, replace(made, tasks={"default": task}), "renew") as cascade:
        assert cascade.run(messages=chat("new"), quality="strict").rung == "large"


def test_a_policy_without_prompts_keeps_its_hash() -> None:
    assert "prompts" not in fitted().to_json()["tasks"]["default"]
    assert Policy.from_json(json.loads(json.dumps(fitted("old").to_json()))) == fitted("old")
