"""From production back to labels: `cascade label LOG`, `--import`, and `app.feedback`."""

from __future__ import annotations

import json

import pytest

from cascade.clients.scripted import ScriptedClient, scripted
from cascade.engine.cascade import Cascade
from cascade.errors import ConfigError, DataError
from cascade.log import open_log
from cascade.log.samples import log_samples
from tests.opinions import ladder, policy

RUNGS = ladder("small", "large")


def served(path, n=12, store_text="full"):
    client = ScriptedClient({"small": lambda call: scripted(str(call.messages[0]["content"])), "large": "0.9"})
    fitted = policy(RUNGS, (0.0, 0.0))
    with Cascade(RUNGS, policy=fitted, client=client, log=path, store_text=store_text) as app:
        return [app.run(str(i / 20)) for i in range(n)]


def labels(path):
    with open_log(path, read_only=True) as log, log.reading() as connection:
        query = "SELECT decision_id, rung, source, correct, propensity FROM labels ORDER BY decision_id"
        return [tuple(row) for row in connection.exec_driver_sql(query)]


def test_drawn_decisions_are_labelled_into_the_log(folder, cli) -> None:
    served(folder / "decisions.db")
    ended = cli("label", "decisions.db", "-a", "anna", "-n", 4, "--json", input="1010q")
    assert ended.exit_code == 0, ended.stderr
    assert json.loads(ended.stdout)["n_labelled"] == 4
    found = labels(folder / "decisions.db")
    assert [(rung, source) for _, rung, source, _, _ in found] == [("small", "human:anna")] * 4
    assert all(0 < share < 1 for *_, share in found)
    assert not list(folder.glob("*.part"))
    with open_log(folder / "decisions.db", read_only=True) as log:
        kept = [one for one in log_samples(log) if one.recordings["small"].correct is not None]
    assert {one.propensity for one in kept} == {found[0][4]}
    assert all(one.recordings["small"].label_source == "human" for one in kept)
    assert all(set(one.recordings["small"].extra["annotations"]) == {"anna"} for one in kept)


def test_a_sitting_that_was_broken_off_goes_on(folder, cli) -> None:
    served(folder / "decisions.db")
    cli("label", "decisions.db", "-a", "anna", "-n", 3, input="1q")
    again = cli("label", "decisions.db", "-a", "anna", "-n", 3, "--json", input="111q")
    assert json.loads(again.stdout)["n_labelled"] == 3
    assert len(labels(folder / "decisions.db")) == 4


def test_a_log_without_texts_says_what_to_do(folder, cli) -> None:
    served(folder / "decisions.db", store_text="none")
    ended = cli("label", "decisions.db", "-a", "anna", input="q")
    assert ended.exit_code == 2
    assert "store_text" in ended.stderr
    assert "--import" in ended.stderr


@pytest.mark.parametrize("name", ["labels.csv", "labels.jsonl"])
def test_labels_from_elsewhere_go_into_a_log_without_texts(folder, cli, name) -> None:
    results = served(folder / "decisions.db", 3, store_text="none")
    rows = [(results[0].decision_id, "true"), (results[1].decision_id, "0.5"), ("of-another-log", "1")]
    lines = (
        ["decision_id,correct", *(f"{one},{value}" for one, value in rows)]
        if name.endswith("csv")
        else [json.dumps({"decision_id": one, "correct": json.loads(value)}) for one, value in rows]
    )
    (folder / name).write_text("\n".join(lines))
    ended = cli("label", "decisions.db", "--import", name, "--json")
    assert ended.exit_code == 0, ended.stderr
    assert json.loads(ended.stdout) == {"log": "decisions.db", "n_labels": 2, "n_unknown": 1}
    assert sorted(correct for _, _, _, correct, _ in labels(folder / "decisions.db")) == [0.5, 1.0]


@pytest.mark.parametrize("line", ["x,2", "x,maybe", ",1", "x,nan"])
def test_a_bad_line_is_named_and_nothing_is_imported(folder, cli, line) -> None:
    results = served(folder / "decisions.db", 1, store_text="none")
    (folder / "labels.csv").write_text(f"decision_id,correct\n{results[0].decision_id},1\n{line}\n")
    ended = cli("label", "decisions.db", "--import", "labels.csv")
    assert ended.exit_code == 2
    assert "line 3" in ended.stderr
    assert labels(folder / "decisions.db") == []


def test_labels_are_not_imported_into_samples(folder, cli) -> None:
    (folder / "samples.jsonl").write_text("{}")
    assert cli("label", "samples.jsonl", "--import", "labels.csv").exit_code == 2


def test_feedback_labels_a_decision_by_its_kind(folder) -> None:
    client = ScriptedClient({"small": "0.9", "large": "0.9"})
    with Cascade(RUNGS, policy=policy(RUNGS, (0.5, 0.0)), client=client, log=folder / "log.db") as app:
        identity = app.run("?").decision_id
        app.feedback(identity, correct=True)
        app.feedback(identity, score=0.25, kind="ticket")
        app.feedback(identity, correct=False)
        for wrong in ({}, {"correct": True, "score": 1.0}, {"correct": True, "kind": "no name"}):
            with pytest.raises(ConfigError):
                app.feedback(identity, **wrong)
        with pytest.raises(DataError):
            app.feedback(identity, score=1.5)
        with pytest.raises(DataError):
            app.feedback("unknown", correct=True)
    assert sorted((source, correct) for _, _, source, correct, _ in labels(folder / "log.db")) == [
        ("ticket", 0.25),
        ("user", 0.0),
    ]
    with Cascade(RUNGS, client=client) as app, pytest.raises(ConfigError, match="no log"):
        app.feedback(identity, correct=True)
