"""The part of an answer that a policy was fitted on is recorded, said, and held against what a task declares."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cascade.answer_schema import ANSWER_MARK
from cascade.clients.scripted import ScriptedClient
from cascade.engine.cascade import Cascade
from cascade.errors import PolicyMismatch
from cascade.policy.answer_fields import ANSWER_FIELDS, name_fields
from cascade.settings import Settings
from tests.cascade.cli.conftest import write_lines
from tests.opinions import ladder, policy

RUNGS = ladder("small", "large")
MARKED = {"type": "object", "properties": {"total": {"type": "number", ANSWER_MARK: True}}}


def fitted_on(*fields: str):
    made = policy(RUNGS, (0.5, 0.0))
    return replace(made, tasks={n: replace(t, measured={ANSWER_FIELDS: [*fields]}) for n, t in made.tasks.items()})


@pytest.mark.parametrize("settings", [Settings(answer_field="/total"), Settings(schema=MARKED)])
def test_a_policy_that_was_fitted_on_another_field_is_refused_at_the_start_and_later(settings) -> None:
    client = ScriptedClient({"small": "1", "large": "1"})
    with pytest.raises(PolicyMismatch, match="/total"):
        Cascade(RUNGS, policy=fitted_on("/amount"), settings=settings, client=client)
    with Cascade(RUNGS, policy=fitted_on("/total"), settings=settings, client=client) as app:
        with pytest.raises(PolicyMismatch, match="/amount"):
            app.serve(fitted_on("/amount"))
        assert app.policy == fitted_on("/total")


def test_where_a_task_leaves_it_to_its_requests_any_policy_serves() -> None:
    with Cascade(RUNGS, policy=fitted_on("/amount"), client=ScriptedClient({})) as app:
        assert app.policy is not None


def test_fields_are_said_in_words() -> None:
    assert name_fields(["", "/total"]).endswith("its final answer, at /total")


def test_the_configurations_field_is_graded_calibrated_and_checked_by(folder, cli) -> None:
    lines = []
    for i in range(60):
        said = [json.dumps({"total": i, "note": "a"}), json.dumps({"total": i + (i % 5 == 0), "note": "b"})]
        recordings = [
            {"model": f"test/{name}", "rung": name, "content": text, "cost_usd": usd}
            for name, text, usd in (("small", said[1], 0.001), ("large", said[0], 0.01))
        ]
        lines.append({"id": f"r-{i}", "task": "sums", "prompt": f"q {i}", "gold": i, "recordings": recordings})
    write_lines(folder / "samples.jsonl", lines)
    price = "{input_per_mtok: 1, output_per_mtok: 1}"
    (folder / "cascade.yaml").write_text(
        f"ladder:\n  - {{model: test/small, name: small, price: {price}}}\n"
        f"  - {{model: test/large, name: large, price: {price}}}\n"
        "verify: [refusal]\ntasks: {sums: {answer: /total}}\n"
    )
    graded = cli("grade", "samples.jsonl", "--grader", "json")
    assert graded.exit_code == 0, graded.stderr
    assert "at /total" in graded.stderr
    labels = [[one["correct"] for one in json.loads(line)["recordings"]] for line in
              (folder / "samples.jsonl").read_text().splitlines()]  # fmt: skip
    assert [sum(column) for column in zip(*labels, strict=True)] == [48, 60]
    assert "answer_field" not in (folder / "samples.jsonl").read_text(), "the file keeps its own fields"
    made = cli("calibrate", "samples.jsonl", "--target-escalation", "0.3")
    assert made.exit_code == 0, made.stderr
    assert "at /total" in made.stdout
    assert json.loads((folder / "policy.json").read_text())["tasks"]["sums"]["measured"][ANSWER_FIELDS] == ["/total"]
    checked = cli("check", "samples.jsonl", "-p", "policy.json", "-c", "cascade.yaml", "--max-cost", "1",
                  "--allow-fitted")  # fmt: skip
    assert "sums: the answer is read at /total" in checked.stderr
