"""A promise that renews itself: the system prompt changes on day 20; when which line said what, and what then serves.

    python -m benchmarks.renewed [--months 40] [--share 1.0]

400 requests a day, in batches of 25. The policy is certified by `calibrate` on 300 rows of the prompt before: at most
10 % answered otherwise. Everything is the program's own (engine, log, report, `cascade renew`), but the models are
drawn, and the rows' times are set to those of the month. Prints the table of RESULTS/truth.md.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sqlite3
import statistics
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from calibration import MaxDisagreement, calibrate
from cascade.cli.shared.renewal import Renewal
from cascade.clients.scripted import ScriptedClient, scripted
from cascade.config import Config
from cascade.engine.cascade import Cascade
from cascade.exchange import ModelCall, Request, Response
from cascade.ladder import Ladder, Rung
from cascade.log import open_log
from cascade.report import report
from cascade.settings import ObserveLimits
from cascade.usage import Price
from tests.opinions import Says

PER_DAY, BATCH, BOUND, ROWS, BEFORE, MOST_DAYS = 400, 25, 0.1, 300, 1, 8
START_MS, DAY_MS = 1_798_761_600_000 + 20 * 86_400_000, 86_400_000
SURE = Says(lambda text: float(json.loads(text).get("sure", 1.0)))
RUNGS = Ladder(
    Rung("test/small", name="small", verify=(SURE,), price=Price(input_usd=1e-6, output_usd=1e-6)),
    Rung("test/large", name="large", verify=(SURE,), price=Price(input_usd=1e-5, output_usd=1e-5)),
)
OLD, NEW = "old", "new"
COURSES = {
    "as before": (0.0, 0.0),
    "surer, 5 points more differ": (0.5, 0.05),
    "surer, 15 points more differ": (0.5, 0.15),
}
"""Shift of the confidences in standard deviations under the new prompt, and what more differs."""


HEAD = (
    "new prompt", "share", "months", "said after", "renewed", "after (median)", "rows", "looks", "escalated then",
    "answered otherwise then", "months over 10 %",
)  # fmt: skip


class Models:
    """The models: the large one says the number; the small one another one, as often as its confidence tells."""

    def __init__(self, seed: int, shift: float, worse: float) -> None:
        """Take what the new prompt does to the small model."""
        self._rng, self._new = np.random.default_rng(seed), (shift, worse)

    def answer(self, call: ModelCall) -> Response:
        """Answer one call."""
        number, prompt = int(str(call.messages[-1]["content"])), call.messages[0]["content"]
        if call.rung == "large":
            return scripted(json.dumps({"answer": number}), cost_usd=0.003)
        shift, worse = self._new if prompt == NEW else (0.0, 0.0)
        sure = self._rng.normal()
        differs = self._rng.random() < min(1.0 / (1.0 + np.exp(2.2 + 1.2 * sure)) + worse, 1.0)
        confidence = 1.0 / (1.0 + np.exp(-(sure + shift)))
        return scripted(
            json.dumps({"answer": number + int(differs), "sure": round(float(confidence), 4)}), cost_usd=0.0003
        )


def asked(prompt: str, number: int) -> Request:
    """Return a request with a system prompt."""
    return Request.of([{"role": "system", "content": prompt}, {"role": "user", "content": str(number)}], id=str(number))


def month(seed: int, course: str, share: float, folder: Path) -> dict[str, Any]:
    """Run one month from day 19 on; return hours from the change on, and what happened."""
    path, log_path = folder / f"policy-{seed}.json", folder / f"log-{seed}.db"
    models = Models(seed, *COURSES[course])
    client = ScriptedClient({"small": models.answer, "large": models.answer})
    with Cascade(RUNGS, client=client) as app:
        samples = app.explore([asked(OLD, 10**6 + i) for i in range(ROWS)])
    policy = calibrate(samples, RUNGS, target=MaxDisagreement(BOUND), choose_rungs=True)
    policy.save(path)
    config = Config(path=folder / "cascade.yaml", ladder=RUNGS, policy=path, log=log_path,
                    observe=ObserveLimits(on_changed="renew", share=share))  # fmt: skip
    found: dict[str, Any] = {"certified before": bool(policy.tasks["default"].certified), "looks": 0}
    renewal, mark, number = Renewal(config=config), 0, 0
    for batch in range(-BEFORE * PER_DAY // BATCH, MOST_DAYS * PER_DAY // BATCH):
        hours = 24.0 * (batch + 1) * BATCH / PER_DAY
        with config.open(client=client) as app:
            app.run_many([asked(NEW if batch >= 0 else OLD, number + i) for i in range(BATCH)], concurrency=1)
        number += BATCH
        mark = _at(log_path, mark, START_MS + batch * BATCH * DAY_MS // PER_DAY)
        if batch < 0:
            continue
        if "said" not in found:
            with open_log(log_path, read_only=True) as log:
                text = report(log).line.text
            found |= {"said": hours, "line": text} if "prompt has changed" in text else {}
        (state,) = renewal.step() or (None,)
        if batch == 3:
            found["after 6 h"] = None if state is None else state.sentence()
        if state is not None and state.state == "renewed":
            found |= {"renewed": hours, "rows": state.observed}
            break
    if "renewed" in found:
        with config.open(client=client) as app:
            after = app.run_many([asked(NEW, 2 * 10**6 + i) for i in range(1000)], concurrency=1)
        found["escalated"] = sum(one.rung == "large" for one in after) / len(after)
        found["otherwise"] = sum(json.loads(one.answer)["answer"] != int(one.request_id) for one in after) / len(after)
    looks = Path(f"{log_path}.looks.json")
    found["looks"] = len(json.loads(looks.read_text())["tasks"]["default"]) if looks.exists() else 0
    for one in folder.iterdir():
        one.unlink()
    return found


def _at(path: Path, mark: int, start_ms: int) -> int:
    """Set the times of the latest batch's rows; return the number of its last row."""
    with closing(sqlite3.connect(path)) as connection, connection:
        rows = connection.execute("SELECT sequence, decision_id FROM decisions WHERE sequence > ?", (mark,)).fetchall()
        for place, (sequence, identity) in enumerate(sorted(rows)):
            at_ms = start_ms + place * DAY_MS // PER_DAY
            connection.execute("UPDATE decisions SET at_ms = ? WHERE sequence = ?", (at_ms, sequence))
            connection.execute("UPDATE observations SET at_ms = ? WHERE decision_id = ?", (at_ms, identity))
        return max(sequence for sequence, _ in rows)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=40)
    parser.add_argument("--share", type=float, default=1.0)
    given = parser.parse_args()
    os.environ["CASCADE_SAMPLES_KEY"] = "ab" * 32
    logging.disable(logging.WARNING)
    print(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}", flush=True)
    for course in COURSES:
        with tempfile.TemporaryDirectory() as folder:
            months = [month(seed, course, given.share, Path(folder)) for seed in range(given.months)]
        done = [one for one in months if "renewed" in one]

        def median(name: str, of: list[dict[str, Any]] = done) -> str:
            return f"{statistics.median(one[name] for one in of):.3g}" if of else "–"

        cells = (
            course, f"{given.share:g}", len(months), f"{median('said', months)} h", f"{len(done) / len(months):.0%}",
            f"{median('renewed')} h", median("rows"), f"{statistics.mean(one['looks'] for one in months):.2g}",
            median("escalated"), median("otherwise"), sum(one["otherwise"] > BOUND for one in done),
        )  # fmt: skip
        print(f"| {' | '.join(map(str, cells))} |", flush=True)
        print(f"\n> {months[0]['line']}\n> {months[0].get('after 6 h')}\n", flush=True)


if __name__ == "__main__":
    main()
