"""Where watching refutes a certificate the reference serves the task, by option, until another policy does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cascade.clients.scripted import ScriptedClient
from cascade.engine.cascade import Cascade
from cascade.errors import ConfigError
from cascade.ladder import Ladder
from cascade.log import open_log
from cascade.report import report
from cascade.result import Result
from cascade.settings import ObserveLimits
from tests.cascade.engine.test_watch import DISAGREEMENT, LOSS, RUNGS, certified, served

REFUTED = "certificate_refuted"
SAFE = ObserveLimits(watch=1.0, on_refuted="reference")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "decisions.db"


def ask(app: Cascade, **more: object) -> Result[str]:
    return app.run("How many?", **more)


def test_the_reference_serves_once_the_log_refutes_it_and_another_policy_ends_it(path: Path, caplog) -> None:
    served(path, "0.9", "0.8")
    client = ScriptedClient({"small": "0.9", "large": "0.8"})
    with Cascade(RUNGS, client=client, policy=certified(DISAGREEMENT), log=path, observe=SAFE) as app:
        refuted = [ask(app) for _ in range(3)]
        app.serve(replace(certified(DISAGREEMENT), seed=1))
        renewed = ask(app)
    assert [(one.rung, REFUTED in one.flags) for one in refuted] == [("large", True)] * 3
    assert (renewed.rung, renewed.flags) == ("small", ())
    assert sum("is refuted by watching it" in one.message for one in caplog.records) == 1
    with open_log(path) as log:
        made = report(log)
    assert made.tasks["default"].flags == {REFUTED: 3}


def test_the_report_says_that_the_reference_serves_and_the_state_stays_refuted(path: Path) -> None:
    served(path, "0.9", "0.8")
    client = ScriptedClient({"small": "0.9", "large": "0.8"})
    with Cascade(RUNGS, client=client, policy=certified(DISAGREEMENT), log=path, observe=SAFE) as app:
        for _ in range(30):
            ask(app)
    with open_log(path) as log:
        made = report(log)
    assert made.tasks["default"].policies[0].watch.state == "refuted"
    assert "The reference has served 30 requests since then" in made.findings[0]


def test_an_alarm_alone_changes_nothing_and_neither_does_a_certificate_that_is_not_refuted(path: Path) -> None:
    served(path, "0.9", "0.8", bound=LOSS)
    client = ScriptedClient({"small": "0.9", "large": "0.8"})
    for bound, observe in ((LOSS, SAFE), (DISAGREEMENT, ObserveLimits(watch=1.0))):
        with Cascade(RUNGS, client=client, policy=certified(bound), log=path, observe=observe) as app:
            assert ask(app).rung == "small"


def test_labels_refute_it_in_the_serving_process_too(path: Path) -> None:
    served(path, "0.9", "0.8", bound=LOSS)
    with open_log(path) as log:
        for number in range(60):
            log.label(f"r-{number}", 0.0)
            log.label(f"r-{number}", 1.0, rung="large")
    client = ScriptedClient({"small": "0.9", "large": "0.8"})
    with Cascade(RUNGS, client=client, policy=certified(LOSS), log=path, observe=SAFE) as app:
        assert REFUTED in ask(app).flags


def test_a_request_that_the_reference_may_not_see_is_decided_as_before(path: Path) -> None:
    rungs = Ladder(RUNGS[0], replace(RUNGS[1], allow={"tenant": ("ours",)}))
    client = ScriptedClient({"small": "0.9", "large": "0.8"})
    told = certified(DISAGREEMENT, rungs)
    with Cascade(rungs, client=client, policy=told, log=path, observe=SAFE) as app:
        for _ in range(100):
            ask(app, tags={"tenant": "ours"})
    with Cascade(rungs, client=client, policy=told, log=path, observe=SAFE) as app:
        assert ask(app, tags={"tenant": "ours"}).rung == "large"
        theirs = ask(app, tags={"tenant": "theirs"})
    assert (theirs.rung, REFUTED in theirs.flags) == ("small", False)


def test_another_word_is_refused() -> None:
    with pytest.raises(ConfigError, match="alarm or reference was expected"):
        ObserveLimits(on_refuted="safest")  # type: ignore[arg-type]
