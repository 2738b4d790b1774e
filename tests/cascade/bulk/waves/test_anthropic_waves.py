"""Anthropic's batches in waves, through its own SDK: decided as live, paid once, resumed at any step."""

from __future__ import annotations

import json

import pytest

from cascade.bulk.batch import run_file
from cascade.bulk.exploration import explore_file
from cascade.bulk.waves.run import WaveRun, begin
from cascade.bulk.waves.state import WaveState, is_begun
from cascade.bulk.waves.work import work_of
from cascade.clients.provider_batches import BatchRefused
from cascade.config import load_config
from tests.anthropic_server import AnthropicServer

pytest.importorskip("anthropic", reason="Anthropic's SDK is in an environment of its own: make clients")
pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
CONFIG = """
ladder:
  - {{model: anthropic/{small}, name: small, {place}}}
  - {{model: anthropic/claude-opus-4-5, name: large, {place}}}
verify: [refusal, hedging, schema]
log: decisions.db
"""
PLACE = 'api_base: "{url}", api_key: "${{KEY}}", native_schema: always, price: {price}'
PRICE = "{input_usd: 1.0e-5, output_usd: 1.0e-4, batch_discount: 0.5}"
CALL_USD = 0.002  # 100 tokens in, 10 out
N = 6
SCHEMA = {
    "type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"],
    "additionalProperties": False,
}  # fmt: skip


def answer(model, prompt):
    number = prompt.split()[-1]
    unsure = "haiku" in model and int(number) % 3 == 0
    return "I am not sure, but maybe it is 4." if unsure else f"The answer is {number}."


def objects(model, prompt):
    return json.dumps({"answer": answer(model, prompt)})


@pytest.fixture
def at(tmp_path, monkeypatch):
    """Return a maker of runs in a folder, on a server."""
    monkeypatch.setenv("KEY", "a-key-for-the-test-server")

    def made(server, purpose="run", small="claude-haiku-4-5", schema=None):
        own = {} if schema is None else {"schema": schema}
        lines = [{"id": f"q{i}", "prompt": f"question {i}", **own} for i in range(N)]
        (tmp_path / "in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        (tmp_path / "cascade.yaml").write_text(
            CONFIG.format(place=PLACE.format(url=server.url, price=PRICE), small=small)
        )
        output, own = tmp_path / "out.jsonl", {"mapping": None, "max_cost_usd": None, "overwrite": True}
        state = (
            WaveState.load(output) if is_begun(output) else begin(output, tmp_path / "in.jsonl", purpose=purpose, **own)
        )
        config = load_config(tmp_path / "cascade.yaml")
        return WaveRun(config, state, work_of(config, state))

    made.folder = tmp_path
    return made


def finished(run, missing="keep"):
    for _ in range(9):
        step = run.advance(missing=missing)
        if not step.in_flight:
            return step
    raise AssertionError


def decided(path):
    changing = {"cost_usd", "latency_s", "decision_id", "answers_usd", "saved_usd", "verifiers_usd", "provider_id"}

    def plain(value):
        if isinstance(value, dict):
            return {name: plain(one) for name, one in value.items() if name not in changing}
        return [plain(one) for one in value] if isinstance(value, list) else value

    return [plain(json.loads(line)) for line in path.read_text().splitlines()]


def test_only_what_escalates_goes_on_and_decisions_are_those_of_a_live_run_at_half_the_price(at):
    with AnthropicServer(answer) as server:
        run = at(server)
        done = finished(run).done
        assert ([len(one) for one in server.requests.values()], server.live) == ([N, N // 3], 0)
        keys = {one.get("x-api-key") or one["authorization"].removeprefix("Bearer ") for one in server.headers}
        assert keys == {"a-key-for-the-test-server"}
        assert {one["anthropic-version"] for one in server.headers} == {"2023-06-01"}
        with run.config.open(log=False) as app:
            live = run_file(app, run.work.requests, at.folder / "live.jsonl")
        assert decided(at.folder / "out.jsonl") == decided(at.folder / "live.jsonl")
    assert done.outcomes == live.outcomes == {"accepted": N}
    lines = [json.loads(line) for line in (at.folder / "out.jsonl").read_text().splitlines()]
    assert sum(line["cost_usd"] for line in lines) == pytest.approx(live.spent_usd / 2) == (N + N // 3) / 2 * CALL_USD


@pytest.mark.parametrize(
    ("small", "beta"), [("claude-haiku-4-5", "structured-outputs"), ("claude-3-haiku-20240307", None)]
)
def test_a_schema_goes_out_and_comes_back_as_in_a_live_run(at, small, beta):
    with AnthropicServer(objects) as server:
        run = at(server, small=small, schema=SCHEMA)
        finished(run)
        asked = server.requests["msgbatch_1"][0]["params"]
        assert ("output_format" in asked or "output_config" in asked) == (beta is not None)
        assert (asked.get("tool_choice") or {}).get("name") == (None if beta else "json_tool_call")
        sent = next(one for one in server.headers if int(one.get("content-length", 0)) > 500)
        assert beta is None or "output_config" in asked or beta in sent["anthropic-beta"]
        with run.config.open(log=False) as app:
            run_file(app, run.work.requests, at.folder / "live.jsonl")
    assert decided(at.folder / "out.jsonl") == decided(at.folder / "live.jsonl")
    assert [line["parsed"] is not None for line in decided(at.folder / "out.jsonl")] == [True] * N


def test_an_exploration_records_what_a_live_one_does(at):
    with AnthropicServer(answer) as server:
        run = at(server, "explore")
        assert finished(run).done.failures == ()
        with run.config.open(policy=False, log=False) as app:
            explore_file(app, run.work.samples, at.folder / "live.jsonl")
        assert max(server.billed.values()) == 2  # once by a batch, once live
    assert decided(at.folder / "out.jsonl") == decided(at.folder / "live.jsonl")


@pytest.mark.parametrize("how", ["batch", "live"])
def test_what_expired_was_canceled_failed_or_never_came_is_asked_again(at, how):
    faults = {
        "question 0": ["overloaded_error"], "question 1": ["expired"], "question 2": ["canceled"],
        "question 3": ["lost"], "question 4": ["repeated"], "question 5": ["foreign"],
    }  # fmt: skip
    with AnthropicServer(answer, faults) as server:
        run = at(server)
        assert finished(run).missing == 4
        (batch,) = run.state.batches
        assert (batch.answered, batch.missing, batch.repeated, batch.foreign) == (2, 4, 1, 1)
        assert finished(run, missing=how).done.outcomes == {"accepted": N}
        lost = ("claude-haiku-4-5", "question 3")  # it was answered twice, once to nobody
        assert {what: n for what, n in server.billed.items() if n > 1} == {lost: 2}


def test_a_request_that_is_refused_is_decided_as_a_live_failure(at):
    with AnthropicServer(answer, {"question 1": ["invalid_request_error"]}) as server:
        done = finished(at(server)).done
    assert done.outcomes == {"accepted": N - 1, "failed": 1}
    assert "bad_request" in next(line for line in decided(at.folder / "out.jsonl") if line["id"] == "q1")["error"]


def test_an_answer_that_cannot_be_read_is_booked_at_its_worst_case_and_asked_again(at):
    with AnthropicServer(answer, {"question 1": ["unreadable"]}) as server:
        run = at(server)
        assert finished(run).missing == 1
        assert run.state.batches[0].charged_pico > 0.2e12
        assert finished(run, missing="batch").done.outcomes == {"accepted": N}


def test_a_batch_whose_reply_was_lost_is_found_again_once_it_has_ended_and_not_created_twice(at):
    with AnthropicServer(answer) as server:
        server.ready = False
        others = [server.create({"requests": [request("other", i)] * n})["id"] for i, n in ((0, 2), (1, N), (2, N))]
        server.lose_reply_of = "/v1/messages/batches"
        with pytest.raises(BatchRefused, match="same command again"):
            at(server).advance()
        with pytest.raises(BatchRefused, match="in progress"):
            at(server).advance()
        server.ready = True
        for identity in [*server.batches]:
            server.end(identity)
        assert finished(at(server)).done.outcomes == {"accepted": N}
        ours = {name: n for name, n in server.billed.items() if "other" not in name[1]}
        assert (len(server.batches), max(ours.values())) == (len(others) + 2, 1)


def test_a_batch_that_never_was_created_is_created(at, monkeypatch):
    from cascade.clients.anthropic_batches import AnthropicBatches

    with AnthropicServer(answer) as server:
        create = AnthropicBatches.create

        def unreachable(*_):
            raise BatchRefused("The network is down.")

        monkeypatch.setattr(AnthropicBatches, "create", unreachable)
        with pytest.raises(BatchRefused):
            at(server).advance()
        monkeypatch.setattr(AnthropicBatches, "create", create)
        server.end(server.create({"requests": [request("other", i) for i in range(N)]})["id"])
        assert finished(at(server)).done.outcomes == {"accepted": N}
        assert len(server.batches) == 3


def request(name, number):
    message = {"role": "user", "content": f"{name} {number}"}
    params = {"model": "claude-haiku-4-5", "max_tokens": 9, "messages": [message]}
    return {"custom_id": f"{name}-{number}", "params": params}


def test_results_that_break_off_are_fetched_again(at):
    with AnthropicServer(answer) as server:
        run = at(server)
        run.advance()
        server.cut_results = True
        with pytest.raises(BatchRefused, match="same command again"):
            run.advance()
        assert finished(run).done.outcomes == {"accepted": N}
        assert max(server.billed.values()) == 1


@pytest.mark.parametrize("where", ["http://127.0.0.1:9/results", "https://elsewhere.test/results"])
def test_a_key_follows_results_to_no_other_place(at, where):
    with AnthropicServer(answer) as server:
        server.results_at = where
        run = at(server)
        run.advance()
        with pytest.raises(BatchRefused, match="goes nowhere else"):
            run.advance()


def test_a_wrong_key_and_a_missing_one_are_one_sentence(at, monkeypatch):
    from cascade.errors import ConfigError

    with AnthropicServer(answer) as server:
        run = at(server)
        monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
        path = at.folder / "cascade.yaml"
        path.write_text(path.read_text().replace('api_key: "${KEY}", ', ""))
        config = load_config(path)
        with pytest.raises(ConfigError, match="no key"):
            WaveRun(config, run.state, run.work).advance()
        assert not server.batches


class Killed(BaseException):
    """Stands for a kill: nothing catches it."""


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("place", ["create", "find", "get", "fetch"])
def test_a_kill_at_any_step_and_the_command_again_pays_nothing_twice(at, monkeypatch, place, after):
    from cascade.clients.anthropic_batches import AnthropicBatches

    whole, count, die_at = getattr(AnthropicBatches, place), 0, 1

    def dying(*args, **options):
        nonlocal count
        count += 1
        dies = count == die_at
        if dies and not after:
            raise Killed
        returned = whole(*args, **options)
        if dies:
            raise Killed
        return returned

    with AnthropicServer(answer, {"question 1": ["expired"]}) as server:
        at(server)
        if place == "find":
            server.lose_reply_of = "/v1/messages/batches"
        monkeypatch.setattr(AnthropicBatches, place, dying)
        step, kills = None, 0
        while step is None or not step.complete:
            try:
                step = finished(at(server), missing="batch")
            except Killed:
                kills, die_at = kills + 1, count + 2
            except BatchRefused:
                [server.end(identity) for identity in [*server.batches]]
            assert kills < 99
        assert kills
        assert max(server.billed.values()) == 1
