"""Running files: one result a line, in order, resumable."""

from __future__ import annotations

import json

import pytest

from cascade import Cascade, ConfigError, DataError, Ladder, Request, Rung, ScriptedClient
from cascade.bulk.batch import run_file
from cascade.bulk.journal import journal_of
from cascade.bulk.request_file import read_requests
from cascade.bulk.result_line import result_line
from cascade.bulk.stop import Stop
from cascade.clients.scripted import scripted
from cascade.failure import CallFailure, FailureKind

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
LADDER = Ladder(Rung("m/small", name="small", verify=["hedging"]), Rung("m/large", name="large", verify=["hedging"]))


def requests(n: int) -> list[Request]:
    return [Request.of(f"question {i}", id=f"q{i}") for i in range(n)]


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_results_come_in_the_order_of_the_requests(tmp_path):
    with Cascade(LADDER, client=ScriptedClient(default=scripted("It is 4.", cost_usd=0.01))) as app:
        batch = run_file(app, requests(9), tmp_path / "out.jsonl", concurrency=4)
    assert [line["id"] for line in lines(tmp_path / "out.jsonl")] == [f"q{i}" for i in range(9)]
    assert (batch.outcomes, batch.spent_usd) == ({"accepted": 9}, pytest.approx(0.09))


def test_a_stopped_run_goes_on_where_it_was(tmp_path):
    first, second = ScriptedClient(default="It is 4."), ScriptedClient(default="It is 4.")
    output, stop = tmp_path / "out.jsonl", Stop()
    with Cascade(LADDER, client=first) as app:
        batch = run_file(
            app, requests(20), output, concurrency=2, stop=stop, on_done=lambda n, *_: stop.wish() if n > 4 else None
        )
    assert batch.stopped
    with Cascade(LADDER, client=second) as app:
        batch = run_file(app, requests(20), output)
    assert len(first.calls) + len(second.calls) == 20
    assert len(lines(output)) == 20


def test_a_request_that_fails_is_a_line_and_is_tried_again(tmp_path):
    output, dead = tmp_path / "out.jsonl", CallFailure(kind=FailureKind.CONTEXT, message="too long")
    with Cascade(LADDER, client=ScriptedClient({"small": [dead, "Fine."], "large": dead})) as app:
        batch = run_file(app, requests(2), output, concurrency=1)
    assert [line["outcome"] for line in lines(output)] == ["failed", "accepted"]
    assert "too long" in lines(output)[0]["error"]
    again = ScriptedClient(default="Fine.")
    with Cascade(LADDER, client=again) as app:
        batch = run_file(app, requests(2), output)
    assert batch.outcomes == {"accepted": 2}
    assert [call.request_id for call in again.calls] == ["q0"]


def test_an_output_is_not_overwritten_unless_asked(tmp_path):
    (tmp_path / "out.jsonl").write_text("mine\n")
    with Cascade(LADDER, client=ScriptedClient(default="Fine.")) as app:
        with pytest.raises(ConfigError, match="--force"):
            run_file(app, requests(1), tmp_path / "out.jsonl")
        run_file(app, requests(1), tmp_path / "out.jsonl", overwrite=True)
    assert len(lines(tmp_path / "out.jsonl")) == 1


def test_another_ladder_cannot_finish_a_run(tmp_path):
    stop = Stop()
    with Cascade(LADDER, client=ScriptedClient(default="Fine.")) as app:
        run_file(app, requests(9), tmp_path / "o.jsonl", concurrency=1, stop=stop, on_done=lambda *_: stop.wish())
    assert journal_of(tmp_path / "o.jsonl").exists()
    with (
        Cascade(Ladder(*LADDER[:1]), client=ScriptedClient(default="Fine.")) as app,
        pytest.raises(ConfigError, match="another ladder"),
    ):
        run_file(app, requests(9), tmp_path / "o.jsonl")


def test_a_result_is_json_whatever_it_holds():
    answer = scripted('{"n": 1} \ud800', logprobs=[-0.1], cost_usd=0.01)
    with Cascade(LADDER, client=ScriptedClient(default=answer)) as app:
        line = result_line(app.run("?", tags={"a": "b"}))
    assert json.loads(json.dumps(line, allow_nan=False)) == line
    assert (line["outcome"], line["rung"], line["cost_usd"]) == ("accepted", "small", 0.01)
    assert line["attempts"][0]["verdicts"][0]["name"] == "hedging"


def test_requests_carry_principal_session_and_limits(tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_text('{"prompt": "?", "principal": "acme", "session": "s", "deadline_s": 2, "max_cost_usd": 0.5}\n')
    (request,) = read_requests(path)
    assert (request.principal, request.session, request.deadline_s, request.max_cost_usd) == ("acme", "s", 2, 0.5)


@pytest.mark.parametrize("line", ['{"prompt": "?", "deadline_s": "soon"}', '{"prompt": "?", "principal": [3]}'])
def test_a_field_of_a_wrong_type_is_an_error_that_names_it(tmp_path, line):
    (tmp_path / "in.jsonl").write_text(line + "\n")
    with pytest.raises(DataError, match=r"in\.jsonl.*(deadline_s|principal)"):
        read_requests(tmp_path / "in.jsonl")


def test_as_finished_each_result_is_in_the_output_at_once_and_a_resumed_run_writes_all(tmp_path):
    output, stop = tmp_path / "out.jsonl", Stop()
    seen = []

    def done(count, spent, result):
        if result is not None:
            seen.append(lines(output)[-1]["id"] == result.request_id)
        if count > 4:
            stop.wish()

    with Cascade(LADDER, client=ScriptedClient(default="It is 4.")) as app:
        run_file(app, requests(20), output, concurrency=2, order="as-finished", stop=stop, on_done=done)
    assert all(seen)
    assert len(seen) == len(lines(output)) < 20
    with output.open("a") as file:
        file.write('{"id": "tor')  # as a kill leaves it
    with Cascade(LADDER, client=ScriptedClient(default="It is 4.")) as app:
        run_file(app, requests(20), output, order="as-finished")
    assert sorted(line["id"] for line in lines(output)) == sorted(f"q{i}" for i in range(20))
    assert not journal_of(output).exists()


def test_requests_are_read_as_they_are_begun_and_those_left_out_by_a_stop_are_not(tmp_path):
    read, stop = [], Stop()

    def reading():
        for request in requests(1000):
            read.append(request.id)
            yield request

    with Cascade(LADDER, client=ScriptedClient(default="It is 4.")) as app:
        batch = run_file(
            app, reading(), tmp_path / "out.jsonl", concurrency=4, stop=stop,
            on_done=lambda count, *_: stop.wish() if count >= 8 else None,
        )  # fmt: skip
    assert batch.stopped
    assert len(read) <= 8 + 4 * 4
