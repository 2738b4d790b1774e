"""Journal and log of a bulk run that was killed: on resumption they come to agree, and every cent is booked once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from cascade.bulk.batch import Batch, run_file
from cascade.bulk.exploration import explore_file
from cascade.bulk.journal import Journal, journal_of
from cascade.bulk.journal_recorder import JournalRecorders
from cascade.clients import Client
from cascade.clients.scripted import scripted
from cascade.engine.cascade import Cascade
from cascade.errors import LogUnavailable
from cascade.exchange import ModelCall, Request, Response
from cascade.failure import CallFailure, FailureKind
from cascade.guards.limits import Limits
from cascade.ladder import Ladder, Rung
from cascade.log import open_log
from cascade.log.insertion import OUTCOME_COLUMNS
from cascade.log.spending import spent_usd, unsettled
from cascade.log.tables import calls, decisions
from cascade.samples.sample import Sample
from cascade.usage import Price, Usage
from tests.cascade.log.reading import rows
from verifiers import Hedging, LogProb, Refusal, Schema

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
ANSWER = scripted("It is 4.", cost_usd=0.001, usage=Usage(input_tokens=7, output_tokens=3), model_reported="m-2026")
N = 6


class Counting(Client):
    """Answers; from a call on it kills its process, or breaks as a full disk would."""

    def __init__(self, kill_at: int | None = None, break_at: int | None = None, app: Cascade | None = None) -> None:
        self.asked: list[str] = []
        self.kill_at, self.break_at, self.app = kill_at, break_at, app

    async def ask(self, call: ModelCall) -> Response | CallFailure:
        self.asked.append(call.request_id)
        if len(self.asked) == self.break_at:
            raise LogUnavailable("killed")
        if len(self.asked) == self.kill_at:
            import os

            assert self.app is not None
            self.app.log.flush()
            os.kill(os.getpid(), 9)
        return ANSWER


def opened(where: str | Path, client: Client, **options) -> Cascade:
    # A worst case far above the cost: max_tokens bounds nothing that these answers come near.
    price = Price(input_usd=0.0, output_usd=1e-4)
    return Cascade(
        Ladder(Rung("test/small", name="small", verify=(Refusal(),), price=price)), client=client, log=where, **options
    )


def requests() -> list[Request]:
    return [Request.of(f"question {i}", id=f"q{i}", principal="acme") for i in range(N)]


def ran(where: str | Path, folder: Path, client: Counting, **options) -> Batch:
    with opened(where, client, **options) as app:
        client.app = app
        return run_file(app, requests(), folder / "out.jsonl", concurrency=1)


def killed(where: str | Path, folder: Path, kill_at: int) -> None:
    program = (
        "import sys; from pathlib import Path; from tests.cascade.log.test_settlement import Counting, ran\n"
        f"ran(sys.argv[1], Path(sys.argv[2]), Counting(kill_at={kill_at}))"
    )
    done = subprocess.run([sys.executable, "-c", program, str(where), str(folder)], check=False, capture_output=True)
    assert done.returncode == -9, done.stderr


def stopped(where: str | Path, folder: Path, break_at: int) -> None:
    with pytest.raises(LogUnavailable, match="killed"):
        ran(where, folder, Counting(break_at=break_at))


def changed(where: str | Path, statement) -> None:
    with open_log(where) as log, log.maintaining() as connection, connection.begin():
        connection.execute(statement)


def by_request(where: str | Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows(where, "decisions", "sequence"):
        found.setdefault(row["request_id"], []).append(row["outcome"])
    return found


ONCE = {f"q{i}": ["accepted"] for i in range(N)}


def test_a_call_in_flight_at_a_kill_is_booked_once_at_what_such_calls_cost(tmp_path: Path, where: str | Path) -> None:
    killed(where, tmp_path, kill_at=4)
    with open_log(where) as log:
        before = spent_usd(log, 0)
    client = Counting()
    ran(where, tmp_path, client)
    assert client.asked == ["q3", "q4", "q5"]
    assert by_request(where) == ONCE
    states = [row["state"] for row in rows(where, "calls", "call_id")]
    assert states == ["answered"] * 3 + ["cancelled"] + ["answered"] * 3
    with open_log(where) as log, log.reading() as connection:
        assert unsettled(connection).ambiguous == 0
        assert spent_usd(log, 0) == {"acme": pytest.approx(0.007)}
    assert before["acme"] > 0.1, "its worst case, before"
    (carried,) = [row for row in rows(where, "decisions") if row["maybe_charged_usd"]]
    assert carried["request_id"] == "q3"
    assert carried["maybe_charged_estimate_usd"] == pytest.approx(0.001)
    assert carried["maybe_charged_usd"] > 0.1


def test_what_a_killed_run_may_have_cost_does_not_close_the_day(tmp_path: Path, where: str | Path) -> None:
    killed(where, tmp_path, kill_at=4)
    (begun,) = [row for row in rows(where, "calls") if row["state"] == "begun"]
    worst_usd = begun["worst_pico"] / 1e12
    limit_usd = worst_usd + 0.05  # the worst case of the call that was killed, and of no other beside it
    batch = ran(where, tmp_path, Counting(), limits=Limits(usd_per_day=limit_usd))
    assert batch.outcomes == {"accepted": N}


@pytest.mark.parametrize("kills", [(2, 2), (3, 1, 1), (5, 1)])
def test_several_kills_leave_one_decision_and_no_open_call(tmp_path: Path, where: str | Path, kills) -> None:
    for kill_at in kills:
        killed(where, tmp_path, kill_at)
    ran(where, tmp_path, Counting())
    assert by_request(where) == ONCE
    charged = [row["charged_pico"] for row in rows(where, "calls")]
    assert len(charged) == N + len(kills)
    assert None not in charged
    estimates = [row["maybe_charged_estimate_usd"] for row in rows(where, "decisions")]
    assert sum(charged) / 1e12 == pytest.approx(0.001 * N + sum(estimates)), "the calls' sum is the decisions'"


def test_an_answer_that_the_journal_has_settles_the_call_that_the_log_has_as_begun(tmp_path, where) -> None:
    stopped(where, tmp_path, break_at=5)
    expected = rows(where, "calls", "call_id")
    changed(
        where,
        update(calls).values(dict.fromkeys(OUTCOME_COLUMNS) | {"state": "begun", "until_ms": 1, "writer": "gone-1-1"}),
    )
    client = Counting()
    batch = ran(where, tmp_path, client)
    assert client.asked == ["q4", "q5"]
    assert batch.settlement.answered == 4
    found = rows(where, "calls", "call_id")[: len(expected)]
    for one, other in zip(found, expected, strict=True):
        assert {**one, "ms": 0} == {**other, "ms": 0}, "as it would have been written"


@pytest.mark.parametrize("gone", [["q0"], ["q1", "q3"]])
def test_a_decision_that_the_log_has_not_is_written_from_the_journal(tmp_path, where, gone) -> None:
    stopped(where, tmp_path, break_at=5)
    ids = {row["request_id"]: row["decision_id"] for row in rows(where, "decisions")}
    changed(where, delete(decisions).where(decisions.c.request_id.in_(gone)))
    client = Counting()
    batch = ran(where, tmp_path, client)
    assert client.asked == ["q4", "q5"], "no answer is paid again"
    assert batch.settlement.missing == len(gone)
    assert by_request(where) == ONCE
    assert {row["request_id"]: row["decision_id"] for row in rows(where, "decisions")}.items() >= ids.items()
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == list(ONCE)


def test_a_decision_that_the_journal_has_not_is_not_written_twice(tmp_path: Path, where: str | Path) -> None:
    stopped(where, tmp_path, break_at=5)
    journal = journal_of(tmp_path / "out.jsonl")
    items = [line for line in journal.read_bytes().splitlines(keepends=True) if b'"item":' not in line]
    journal.write_bytes(b"".join(items))
    client = Counting()
    ran(where, tmp_path, client)
    assert client.asked == ["q4", "q5"]
    assert by_request(where) == ONCE


def test_a_request_that_failed_and_is_tried_again_is_another_decision(tmp_path: Path, where: str | Path) -> None:
    class Down(Counting):
        async def ask(self, call: ModelCall) -> Response | CallFailure:
            if call.request_id == "q2":
                return CallFailure(kind=FailureKind.CONTEXT, message="too long")
            return await super().ask(call)

    ran(where, tmp_path, Down())
    ran(where, tmp_path, Counting())
    assert by_request(where) == {**ONCE, "q2": ["failed", "accepted"]}


def test_an_answer_that_only_the_log_knows_is_told(tmp_path: Path, where: str | Path) -> None:
    stopped(where, tmp_path, break_at=5)
    journal = journal_of(tmp_path / "out.jsonl")
    kept = journal.read_bytes().splitlines(keepends=True)
    cut = next(place for place, line in enumerate(kept) if b'"answered":' in line and place > len(kept) // 2)
    journal.write_bytes(b"".join(kept[:cut]))  # a power loss
    batch = ran(where, tmp_path, Counting())
    assert (batch.lost, batch.lost_usd, batch.from_log, batch.ambiguous) == (1, 0.001, 0, 0)
    assert {outcome for outcomes in by_request(where).values() for outcome in outcomes} == {"accepted"}


def test_an_exploration_settles_its_calls_too(tmp_path: Path, where: str | Path) -> None:
    samples = [Sample(request=request) for request in requests()]
    with opened(where, Counting(break_at=5)) as app, pytest.raises(LogUnavailable, match="killed"):
        explore_file(app, samples, tmp_path / "out.jsonl", concurrency=1)
    changed(
        where,
        update(calls).values(dict.fromkeys(OUTCOME_COLUMNS) | {"state": "begun", "until_ms": 1, "writer": "gone-1-1"}),
    )
    client = Counting()
    with opened(where, client) as app:
        explore_file(app, samples, tmp_path / "out.jsonl", concurrency=1)
    assert client.asked == ["q4", "q5"]
    assert {row["state"] for row in rows(where, "calls")} <= {"answered", "unsent"}


class Fenced(Counting):
    """Answers in prose, or in JSON within a fence; the small model unsurely, with log-probabilities."""

    async def ask(self, call: ModelCall) -> Response | CallFailure:
        await super().ask(call)
        text = f'Here:\n```json\n{{"answer": {len(call.request_id)}}}\n```' if call.request_id == "q1" else "It is 4."
        text = text if call.rung == "large" or call.request_id == "q0" else f"I am not sure, but maybe: {text}"
        return scripted(text, cost_usd=0.001, logprobs=[-0.1, -0.3], usage=Usage(input_tokens=7, output_tokens=3))


def lines_of(folder: Path) -> list[dict]:
    lines = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
    timed = ("decision_id", "latency_s")
    return [
        {name: value for name, value in line.items() if name not in timed}
        | {"flags": set(line["flags"]), "attempts": [one | {"latency_s": 0} for one in line["attempts"]]}
        for line in lines
    ]


def test_a_result_that_only_the_log_has_is_taken_from_it_as_it_was(tmp_path: Path) -> None:
    stack = (Schema(), Refusal(), Hedging(), LogProb())
    ladder = Ladder(*(Rung(f"test/{name}", name=name, verify=stack) for name in ("small", "large")))
    schema = {"type": "object", "properties": {"answer": {"type": "integer"}}, "required": ["answer"]}
    asked = [Request.of(f"question {i}", id=f"q{i}", schema=schema if i == 1 else None) for i in range(N)]

    def run(name: str, client: Counting) -> Batch:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        with Cascade(ladder, client=client, log=folder / "d.db", store_text="full") as app:
            return run_file(app, asked, folder / "out.jsonl", concurrency=1)

    run("whole", Fenced())
    with pytest.raises(LogUnavailable, match="killed"):
        run("broken", Fenced(break_at=8))
    journal = journal_of(tmp_path / "broken" / "out.jsonl")
    journal.write_bytes(b"".join(
        line for line in journal.read_bytes().splitlines(keepends=True)
        if b'"answered":' not in line and b'"item":' not in line
    ))  # fmt: skip
    client = Fenced()
    batch = run("broken", client)
    assert lines_of(tmp_path / "broken") == lines_of(tmp_path / "whole")
    assert (batch.from_log, batch.lost, batch.outcomes) == (4, 0, {"accepted": N})
    assert client.asked == ["q4", "q4", "q5", "q5"], "q0 to q3 were finished in the log"
    assert len(rows(tmp_path / "broken" / "d.db", "decisions")) == N


def test_an_answer_that_the_log_redacted_or_that_another_question_got_is_not_taken(tmp_path: Path) -> None:
    class Telling(Counting):
        async def ask(self, call: ModelCall) -> Response | CallFailure:
            await super().ask(call)
            return scripted("Write to ada@example.org" if call.request_id == "q1" else "It is 4.", cost_usd=0.001)

    with pytest.raises(LogUnavailable, match="killed"):
        ran(tmp_path / "d.db", tmp_path, Telling(break_at=4), store_text="redacted")
    journal = journal_of(tmp_path / "out.jsonl")
    kept = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(line for line in kept if b'"answered":' not in line and b'"item":' not in line))
    client = Telling()
    asked = [Request.of("another question", id="q0", principal="acme"), *requests()[1:]]
    with opened(tmp_path / "d.db", client, store_text="redacted") as app:
        batch = run_file(app, asked, tmp_path / "out.jsonl", concurrency=1)
    assert client.asked == ["q0", "q1", "q3", "q4", "q5"]
    assert (batch.from_log, batch.lost, batch.lost_usd) == (1, 2, pytest.approx(0.002))
    assert by_request(tmp_path / "d.db") == {**ONCE, "q0": ["accepted"] * 2, "q1": ["accepted"] * 2}, "paid, so told"


def test_a_decision_is_logged_after_its_answers_are_on_the_disk(tmp_path: Path) -> None:
    class Watching(JournalRecorders):
        async def synced(self) -> None:
            logged.append(len(rows(tmp_path / "d.db", "decisions")))
            await super().synced()

    logged: list[int] = []
    with opened(tmp_path / "d.db", Counting()) as app, Journal(tmp_path / "out", kind="run") as journal:
        for request in requests()[:3]:
            app.run_many([request], keep=Watching(journal))
    assert logged == [0, 1, 2]
