"""A policy that does not fit says which setting changed, from what to what."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from cascade.errors import PolicyMismatch
from cascade.ladder import Ladder, Rung
from cascade.policy.changes import changes_text, kept_description
from cascade.policy.policy import LadderPrint, Policy
from tests.opinions import Says, policy


def rungs(**medium: Any) -> Ladder:
    own = {"params": {"temperature": 0}, "verify": (Says(pass_at=0.5),), **medium}
    return Ladder(
        Rung("test/small", name="small", verify=(Says(),)),
        Rung(own.pop("model", "test/medium"), name="medium", **own),
        Rung("test/large", name="large", verify=(Says(),)),
    )


def fitted(ladder: Ladder, *, described: bool = True) -> Policy:
    made = policy(ladder, (0.5, 0.0), (0.5, 0.0))
    kept = kept_description(ladder.described()) if described else None
    return replace(made, ladder=replace(made.ladder, described=kept))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"params": {"temperature": 0.2}}, "medium.params.temperature: 0 → 0.2"),
        ({"params": {}}, "medium.params.temperature: 0 → none"),
        ({"params": {"temperature": 0, "seed": 7}}, "medium.params.seed: none → 7"),
        ({"model": "test/medium-2"}, "medium.model: test/medium → test/medium-2"),
        ({"verify": (Says(pass_at=0.7),)}, "medium.verifiers.says.pass_at: 0.5 → 0.7"),
        ({"template": "Think.\n{prompt}"}, "medium.template: none → Think."),
    ],
)
def test_the_setting_that_changed_is_named(changed: dict[str, Any], said: str) -> None:
    made = fitted(rungs())
    made.require(rungs())
    with pytest.raises(PolicyMismatch) as found:
        made.require(rungs(**changed))
    assert said in str(found.value)
    assert "fingerprint" not in str(found.value)


def test_settings_of_a_task_s_own_rungs_are_named_with_the_task() -> None:
    base = list(rungs())
    before = Ladder(*base, tasks={"math": base})
    now = Ladder(*base, tasks={"math": [base[0], replace(base[1], params={"temperature": 1}), base[2]]})
    assert changes_text(before.described(), now.described()) == "tasks.math.medium.params.temperature: 0 → 1"


def test_many_changes_are_counted_and_secrets_are_left_out() -> None:
    secret = "sk-" + "a1B2c3D4" * 6
    before = rungs(params={"extra_body": {"key": secret}}).described()
    now = rungs(params={f"p{i}": i for i in range(9)}).described()
    said = changes_text(before, now)
    assert "and 5 more" in said
    assert secret not in said
    assert secret not in json.dumps(kept_description(before))
    headers = {"extra_headers": {"Authorization": "Basic plainword", "X-Own": "a"}}
    kept = kept_description(rungs(params=headers).described())
    assert "plainword" not in json.dumps(kept)
    other = {"extra_headers": {"Authorization": "Basic otherword", "X-Own": "a"}}
    assert changes_text(kept, rungs(params=other).described()) == "a setting that is kept secret"


def test_a_policy_of_an_earlier_release_keeps_its_sha256_and_says_what_it_cannot_tell() -> None:
    old = fitted(rungs(), described=False)
    content = json.loads(json.dumps(old.to_json()))
    assert "described" not in content["ladder"]
    assert Policy.from_json(content) == old
    with pytest.raises(PolicyMismatch, match="did not keep which"):
        old.require(rungs(params={"temperature": 0.2}))


def test_what_it_was_made_of_is_kept_in_the_file() -> None:
    made = fitted(rungs())
    assert Policy.from_json(json.loads(json.dumps(made.to_json()))).ladder.described == made.ladder.described
    assert isinstance(made.ladder, LadderPrint)
