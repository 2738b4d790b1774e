"""Decisions are drawn with the probabilities that are written down, and a later draw goes on where one ended."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cascade.clients.scripted import ScriptedClient
from cascade.engine.cascade import Cascade
from cascade.labelling.log_draw import log_draw
from cascade.log import Log, open_log
from cascade.log.label import Label
from tests.opinions import ladder, policy

RUNGS = ladder("small", "large")


def logged(path: Path, n: int, *, store_text: str = "full") -> Path:
    """Write decisions with ids that are always the same, so that hashed draws are too."""
    with Cascade(RUNGS, client=ScriptedClient({"small": "0.9"}), policy=policy(RUNGS, (0.0, 0.0))) as app:
        request = app.request("?")
        result = app.run(request)
    with open_log(path, store_text=store_text) as log:  # type: ignore[arg-type]
        for i in range(n):
            log.write(replace(result, decision_id=f"d-{i}", confidence=i / n), request)
    return path


def confidences(log: Log) -> dict[str, float]:
    with log.reading() as connection:
        return dict(connection.exec_driver_sql("SELECT decision_id, confidence FROM decisions").fetchall())  # type: ignore[arg-type]


@pytest.fixture
def log(tmp_path):
    with open_log(logged(tmp_path / "log.db", 400)) as opened:
        yield opened


def test_a_uniform_draw_takes_all_alike(log: Log) -> None:
    drawn = log_draw(log, 40, annotator="anna")
    assert len(drawn.propensity) == 40
    assert len(set(drawn.propensity.values())) == 1
    (share,) = set(drawn.propensity.values())
    assert share == pytest.approx(0.1, abs=0.04)
    assert (drawn.n, drawn.n_labelled, drawn.n_textless) == (400, 0, 0)


def test_a_draw_by_doubt_takes_more_where_confidence_is_near_a_half_and_says_how_much(log: Log) -> None:
    held = confidences(log)
    drawn = log_draw(log, 100, annotator="anna", how="doubt").propensity
    sure = [identity for identity in drawn if abs(held[identity] - 0.5) > 0.45]
    unsure = [identity for identity in drawn if abs(held[identity] - 0.5) < 0.05]
    assert min(drawn[one] for one in unsure) > 1.5 * max(drawn[one] for one in sure)
    estimate = sum(held[one] / share for one, share in drawn.items()) / sum(1 / share for share in drawn.values())
    assert estimate == pytest.approx(sum(held.values()) / 400, abs=0.06), "weighed by its inverse, it is unbiased"


def test_a_later_draw_goes_on_and_another_annotator_sees_the_same_first(log: Log) -> None:
    first = log_draw(log, 10, annotator="anna").propensity
    log.add_labels(
        [Label(decision=one, correct=1.0, source="human:anna", propensity=share) for one, share in first.items()]
    )
    second = log_draw(log, 10, annotator="anna")
    assert not set(first) & set(second.propensity)
    assert second.n_labelled == 10
    assert set(log_draw(log, 10, annotator="ben").propensity) == set(first)


def test_asked_for_all_each_is_drawn_surely(log: Log) -> None:
    assert set(log_draw(log, 400, annotator="anna", how="doubt").propensity.values()) == {1.0}


def test_decisions_without_texts_are_counted_and_not_drawn(tmp_path: Path) -> None:
    with open_log(logged(tmp_path / "none.db", 5, store_text="none")) as log:
        drawn = log_draw(log, 3, annotator="anna")
    assert (drawn.n, drawn.n_textless, drawn.propensity) == (0, 5, {})
