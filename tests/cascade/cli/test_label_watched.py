"""`cascade label LOG --draw watched`: both answers where the reference differs, so that watching is told by labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cascade.clients.scripted import ScriptedClient
from cascade.engine.cascade import Cascade
from cascade.log import open_log
from cascade.report import report
from cascade.settings import ObserveLimits
from tests.cascade.engine.test_watch import LOSS, RUNGS, certified


def served(path: Path, *, n: int = 60, store_text: Any = "full", watch: float = 1.0) -> None:
    """Serve requests of which every third differs from the reference."""
    client = ScriptedClient(
        {"small": lambda call: "0.7" if int(call.messages[0]["content"]) % 3 else "0.9", "large": "0.7"}
    )
    observe = ObserveLimits(watch=watch)
    with Cascade(RUNGS, client=client, policy=certified(LOSS), log=path, observe=observe, store_text=store_text) as app:
        for number in range(n):
            app.run(str(number))


def rows(path: Path) -> list[Any]:
    with open_log(path, read_only=True) as log, log.reading() as connection:
        query = "SELECT rung, source, propensity FROM labels ORDER BY decision_id, rung"
        return [tuple(row) for row in connection.exec_driver_sql(query)]


def test_both_answers_of_rows_that_differ_are_labelled_and_a_sitting_goes_on(folder: Path, cli: Any) -> None:
    served(folder / "decisions.db")
    ended = cli("label", "decisions.db", "-a", "anna", "--draw", "watched", "-n", 4, "--json", input="10" * 4 + "q")
    assert ended.exit_code == 0, ended.stderr
    assert {name: json.loads(ended.stdout)[name] for name in ("n", "n_labelled", "n_labels")} == {
        "n": 20, "n_labelled": 4, "n_labels": 8,
    }  # fmt: skip
    assert rows(folder / "decisions.db") == [("large", "human:anna", None), ("small", "human:anna", None)] * 4
    again = cli("label", "decisions.db", "-a", "anna", "--draw", "watched", "--json", input="10" * 16 + "q")
    assert json.loads(again.stdout)["n_labelled"] == 16
    with open_log(folder / "decisions.db") as log:
        watch = report(log).tasks["default"].policies[0].watch
    assert (watch.n, watch.unknown) == (60, 0)
    done = cli("label", "decisions.db", "-a", "anna", "--draw", "watched", input="q")
    assert "Nothing is left for anna" in done.stderr


def test_without_texts_it_says_what_to_do_and_without_a_stream_too(folder: Path, cli: Any) -> None:
    served(folder / "textless.db", n=3, store_text="none")
    ended = cli("label", "textless.db", "--draw", "watched", input="q")
    assert (ended.exit_code, "store_text" in ended.stderr) == (2, True)
    served(folder / "plain.db", n=3, watch=0.0)
    ended = cli("label", "plain.db", "--draw", "watched", input="q")
    assert (ended.exit_code, "observe.watch" in ended.stderr) == (0, True)
