"""A promise renews itself: a prompt or a ladder changes, the reference serves, and a look later the cascade again."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cascade.config import load_config
from cascade.engine.cascade import Cascade
from cascade.engine.void_policy import LADDER_CHANGED, PROMPT_CHANGED
from cascade.policy.policy import Policy
from tests.cascade.cli.conftest import write_lines
from tests.prompted_server import BAD, CONFIG, GOOD, OTHER, answer, prompted

MORE = """\
policy: policy.json
log: log.db
observe: {on_changed: renew}
"""
FIRST = 130
"""Rows of the first look at a bound of 10 %."""


@pytest.fixture
def url(folder: Path, cli: Any) -> Iterator[str]:
    """Give the address of a model server, and a policy that is certified under the prompt `GOOD`."""
    with prompted() as (url, _):
        (folder / "cascade.yaml").write_text(CONFIG.format(url=url) + MORE)
        rows = []
        for i in range(200):
            messages = chat(GOOD, i)
            recordings = [
                {"rung": rung, "model": f"openai/{rung}", "content": answer(rung, messages), "cost_usd": cost}
                for rung, cost in (("small", 0.001), ("large", 0.01))
            ]
            rows.append({"id": f"q-{i}", "task": "sums", "messages": messages, "recordings": recordings})
        write_lines(folder / "rows.jsonl", rows)
        done = cli("calibrate", "rows.jsonl", "-c", "cascade.yaml", "--max-disagreement", 0.1)
        assert done.exit_code == 0, done.stderr
        assert Policy.load("policy.json").tasks["sums"].certified
        yield url


def chat(prompt: str, number: int) -> list[dict[str, str]]:
    return [{"role": "system", "content": prompt}, {"role": "user", "content": f"question {number}"}]


def ask(app: Cascade, prompt: str, n: int, start: int = 1000) -> list[Any]:
    requests = [app.request(messages=chat(prompt, start + i), task="sums") for i in range(n)]
    return app.run_many(requests, concurrency=8)


def renewed(cli: Any) -> dict[str, Any]:
    done = cli("renew", "--json")
    assert done.exit_code == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["tasks"].get("sums", {})
    return found


def line(cli: Any) -> str:
    return str(json.loads(cli("report", "log.db", "--json").stdout)["line"]["text"])


def test_a_changed_prompt_is_certified_again_unattended_and_served_without_a_restart(cli, folder, url) -> None:
    with load_config("cascade.yaml").open() as app:
        assert {one.rung for one in ask(app, GOOD, 30)} == {"small", "large"}
        assert renewed(cli) == {}, "nothing is void"
        first = ask(app, OTHER, 100)
        assert {(one.rung, PROMPT_CHANGED in one.flags) for one in first} == {("large", True)}
        app.close()
    waiting = renewed(cli)
    assert (waiting["state"], waiting["observed"], waiting["rows"]) == ("waiting", 100, FIRST)
    assert waiting["hours"] > 0
    assert waiting["usd"] > 0
    said = line(cli)
    assert said.startswith("The prompt has changed: the reference serves, 100 of 130 requests observed")
    assert re.search(r"\d min and \$\d", said)
    before = Policy.load("policy.json")
    with load_config("cascade.yaml").open() as app:
        ask(app, OTHER, 60, start=2000)
        app.log.flush()
        ends = time.monotonic() + 60
        while renewed(cli).get("state") != "renewed":  # the lane may still observe
            assert time.monotonic() < ends
        after = Policy.load("policy.json").tasks["sums"]
        assert after.certified
        assert after.prompts != before.tasks["sums"].prompts
        while ask(app, OTHER, 8, start=3000)[0].policy_sha256 != Policy.load("policy.json").sha256:
            assert time.monotonic() < ends
        now = ask(app, OTHER, 40, start=4000)
        assert {one.rung for one in now} == {"small", "large"}, "below the top again"
        assert not any(one.flags for one in now)
    assert renewed(cli) == {}
    assert "prompt has changed" not in line(cli)
    certificate = after.certificate
    assert certificate is not None
    assert certificate["bound"]["value"] == 0.1, "the same bound"


def test_a_look_that_fails_is_counted_once_and_the_next_one_comes_at_twice_as_many(cli, folder, url) -> None:
    with load_config("cascade.yaml").open() as app:
        ask(app, BAD, FIRST + 10)
    found = [renewed(cli), renewed(cli)]
    assert [(one["state"], one["rows"]) for one in found] == [("not certified", 2 * FIRST)] * 2
    looks = json.loads((folder / "log.db.looks.json").read_text())["tasks"]["sums"]
    assert [one["certified"] for one in looks] == [False], "the same look again costs nothing"
    with load_config("cascade.yaml").open() as app:
        assert {one.rung for one in ask(app, BAD, FIRST, start=3000)} == {"large"}
    assert renewed(cli)["rows"] == 4 * FIRST
    looks = json.loads((folder / "log.db.looks.json").read_text())["tasks"]["sums"]
    assert len(looks) == 2


@pytest.mark.parametrize("noted", [None, True], ids=["before its outcome", "after it"])
def test_a_look_that_a_kill_cut_off_is_counted_and_the_same_one_again_is_no_other(cli, folder, url, noted) -> None:
    """Killed when the look is recorded and the policy is not written: what stands on disk then is made here."""
    record = folder / "log.db.looks.json"
    before = (folder / "policy.json").read_bytes()
    with load_config("cascade.yaml").open() as app:
        ask(app, OTHER, FIRST + 10)
    assert renewed(cli)["state"] == "renewed"
    first = Policy.load("policy.json").tasks["sums"]

    def killed() -> None:
        (folder / "policy.json").write_bytes(before)
        found = json.loads(record.read_text())
        found["tasks"]["sums"][-1]["certified"] = noted
        record.write_text(json.dumps(found))

    killed()
    assert renewed(cli)["state"] == "renewed"
    again = Policy.load("policy.json").tasks["sums"]
    assert (again.points, again.certificate) == (first.points, first.certificate)
    assert [one["certified"] for one in json.loads(record.read_text())["tasks"]["sums"]] == [True]
    killed()
    with load_config("cascade.yaml").open() as app:
        ask(app, OTHER, FIRST, start=3000)
    assert renewed(cli)["observed"] == 2 * FIRST
    later = Policy.load("policy.json").tasks["sums"].certificate
    assert first.certificate is not None
    assert later is not None
    shares = [one["delta"] / 0.1 for one in (first.certificate, later)]
    assert shares == pytest.approx([1 / 2, 1 / 6]), "the one that was cut off is paid for"


def test_a_changed_ladder_is_certified_again_instead_of_refused(cli, folder, url) -> None:
    text = (folder / "cascade.yaml").read_text()
    (folder / "cascade.yaml").write_text(text.replace("model: openai/small", "model: openai/smaller"))
    assert cli("run", "question 1", "--task", "sums").exit_code == 0
    with load_config("cascade.yaml").open() as app:
        results = ask(app, GOOD, FIRST)
        assert {(one.rung, LADDER_CHANGED in one.flags) for one in results} == {("large", True)}
    assert line(cli).startswith("The ladder has changed: the reference serves")
    assert renewed(cli)["state"] == "renewed"
    with load_config("cascade.yaml").open() as app:
        assert "small" in {one.rung for one in ask(app, GOOD, 20, start=3000)}


def test_while_the_former_prompt_is_in_use_the_policy_stays_and_serves_it(cli, folder, url) -> None:
    with load_config("cascade.yaml").open() as app:
        for start in range(0, 2 * FIRST, 10):
            ask(app, OTHER, 10, start=1000 + start)
            ask(app, GOOD, 10, start=1000 + start)
    found = renewed(cli)
    assert found["state"] == "waiting"
    assert "former prompt is still in 50 %" in found["reason"]
    assert "prompt has changed" not in line(cli), "it is tried beside the other one"


def test_another_bound_takes_labels_and_says_so(cli, folder, url) -> None:
    from dataclasses import replace

    policy = Policy.load("policy.json")
    task = replace(policy.tasks["sums"], target={"kind": "max_loss", "value": 0.1, "confidence": 0.9})
    replace(policy, tasks={"sums": task}).save("policy.json")
    with load_config("cascade.yaml").open() as app:
        ask(app, OTHER, 20)
    assert renewed(cli)["state"] == "needs labels"
    assert "cascade certify LOG" in str(json.loads(cli("report", "log.db", "--json").stdout)["findings"])


def test_it_is_refused_where_nothing_would_be_observed(cli, folder, url) -> None:
    text = (folder / "cascade.yaml").read_text()
    (folder / "cascade.yaml").write_text(text.replace("renew", "reference"))
    done = cli("renew")
    assert done.exit_code == 2
    assert "on_changed: renew" in done.stderr


def test_a_server_renews_by_itself(folder, url) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "cascade", "serve", "--port", "0", "--renew", "0.05"]
    with (folder / "err.txt").open("w") as said:
        server = subprocess.Popen(command, stderr=said, env=environment)
    try:
        ends = time.monotonic() + 120
        while (found := re.search(r"at (http://\S+);", (folder / "err.txt").read_text())) is None:
            assert server.poll() is None
            assert time.monotonic() < ends
        number, rungs = 1000, []
        while "small" not in rungs[-20:]:
            body = {"model": "cascade/sums", "messages": chat(OTHER, number)}
            rungs.append(httpx.post(f"{found[1]}/v1/chat/completions", json=body, timeout=30).json()["cascade"]["rung"])
            number += 1
            assert time.monotonic() < ends, (folder / "err.txt").read_text()
        assert set(rungs[:FIRST]) == {"large"}
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=60) == 0
    text = (folder / "err.txt").read_text()
    assert re.search(r"certified again on (130|260|520|1,040) observed requests", text), text
    assert "serves from the next request on" in text
    sha256 = Policy.load("policy.json").sha256
    assert sha256[:12] in text


def test_the_doctor_says_that_a_policy_is_void_and_whether_it_is_renewed(cli, folder, url) -> None:
    text = (folder / "cascade.yaml").read_text().replace("model: openai/small", "model: openai/smaller")
    for mode, state in (("renew", "warning"), ("reference", "error")):
        (folder / "cascade.yaml").write_text(text.replace("on_changed: renew", f"on_changed: {mode}"))
        found = json.loads(cli("doctor", "--json").stdout)
        (policy,) = [one for one in found["checks"] if one["check"] == "policy"]
        assert policy["state"] == state
        assert "small.model: openai/small → openai/smaller" in policy["text"]


def test_of_two_tasks_each_is_certified_again_when_it_has_its_requests(cli, folder, url) -> None:
    lines = [json.loads(one) for one in (folder / "rows.jsonl").read_text().splitlines()]
    more = [{**one, "id": f"o-{place}", "task": "others"} for place, one in enumerate(lines)]
    write_lines(folder / "both.jsonl", [*lines, *more])
    done = cli("calibrate", "both.jsonl", "-c", "cascade.yaml", "--max-disagreement", 0.1)
    assert done.exit_code == 0, done.stderr
    text = (folder / "cascade.yaml").read_text()
    (folder / "cascade.yaml").write_text(text.replace("model: openai/small", "model: openai/smaller"))

    def asked(task: str, n: int, start: int) -> list[Any]:
        with load_config("cascade.yaml").open() as app:
            requests = [app.request(messages=chat(GOOD, start + i), task=task) for i in range(n)]
            return app.run_many(requests, concurrency=8)

    def states() -> dict[str, str]:
        return {name: one["state"] for name, one in json.loads(cli("renew", "--json").stdout)["tasks"].items()}

    asked("sums", 180, 1000)
    asked("others", 30, 1000)
    assert states() == {"sums": "renewed", "others": "waiting"}
    first = Policy.load("policy.json")
    assert (first.tasks["sums"].certified, first.tasks["others"].certified) == (True, False)
    certificate = first.tasks["sums"].certificate
    assert certificate is not None
    assert certificate["tasks"] == 2, "both tasks share 1 − confidence as before"
    assert "small" in {one.rung for one in asked("sums", 20, 3000)}
    later = asked("others", 160, 3000)
    assert {(one.rung, LADDER_CHANGED in one.flags) for one in later} == {("large", True)}
    found = json.loads(cli("renew", "--json").stdout)["tasks"]
    assert found["others"]["state"] == "renewed"
    assert found["others"]["observed"] >= 171, "those from before the first renewal count too"
    assert Policy.load("policy.json").tasks["sums"].points == first.tasks["sums"].points
    assert "small" in {one.rung for one in asked("others", 20, 5000)}
    assert states() == {}


def test_a_certified_policy_that_is_much_dearer_is_taken_after_the_third_look_at_the_latest(cli, folder, url) -> None:
    from dataclasses import replace

    policy = Policy.load("policy.json")
    task = policy.tasks["sums"]
    cheap = replace(task, measured={**task.measured, "cost_vs_top": 0.01})
    replace(policy, tasks={"sums": cheap}).save("policy.json")
    with load_config("cascade.yaml").open() as app:
        ask(app, OTHER, FIRST + 10)
    found = renewed(cli)
    assert (found["state"], found["rows"]) == ("waiting", 2 * FIRST)
    assert found["reason"].startswith("It is certified already")
    assert Policy.load("policy.json").tasks["sums"].prompts == task.prompts, "it is not taken"
    with load_config("cascade.yaml").open() as app:
        ask(app, OTHER, 3 * FIRST, start=2000)
    assert renewed(cli)["state"] == "renewed"
    assert Policy.load("policy.json").tasks["sums"].certified
