"""Provider batches in waves: decided as live, paid once, resumed at any step."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing

import pytest

from cascade.bulk.batch import run_file
from cascade.bulk.journal import journal_of
from cascade.bulk.waves.run import WaveRun, begin
from cascade.bulk.waves.state import WaveState, folder_of
from cascade.bulk.waves.work import work_of
from cascade.clients.provider_batches import BatchRefused, ProviderBatches
from cascade.config import load_config
from cascade.errors import ConfigError
from cascade.guards.accounts import midnight_ms
from cascade.log import open_log
from cascade.log.spending import spent_usd
from tests.batch_server import BatchServer

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
CONFIG = """
ladder:
  - {{model: openai/small, name: small, api_base: "{url}", api_key: "${{KEY}}", price: {price}}}
  - {{model: openai/large, name: large, api_base: "{url}", api_key: "${{KEY}}", price: {price}}}
verify: [refusal, hedging]
log: decisions.db
{more}
"""
WITHOUT_SDK = """
from pathlib import Path
from cascade.bulk.waves.run import WaveRun
from cascade.bulk.waves.state import WaveState
from cascade.bulk.waves.work import work_of
from cascade.config import load_config
from cascade.errors import MissingExtra
config, state = load_config({config!r}), WaveState.load(Path({output!r}))
try:
    WaveRun(config, state, work_of(config, state)).advance()
except MissingExtra as error:
    print(error)
"""
PRICE = "{input_usd: 1.0e-5, output_usd: 1.0e-4, batch_discount: 0.5}"
CALL_USD = 0.002  # 100 tokens in, 10 out
N = 9


def answer(model, prompt):
    unsure = model == "small" and int(prompt.split()[-1]) % 3 == 0
    return "I am not sure, but maybe it is 4." if unsure else f"The answer is {prompt.split()[-1]}."


@pytest.fixture
def at(tmp_path, monkeypatch):
    """Return a maker of runs in a folder, on a server."""
    monkeypatch.setenv("KEY", "a-key-for-the-test-server")
    (tmp_path / "in.jsonl").write_text(
        "".join(json.dumps({"id": f"q{i}", "prompt": f"question {i}"}) + "\n" for i in range(N))
    )

    def made(server, more="", **options):
        (tmp_path / "cascade.yaml").write_text(CONFIG.format(url=server.url, price=PRICE, more=more))
        output = tmp_path / "out.jsonl"
        source = tmp_path / "in.jsonl"
        given = {"mapping": None, "max_cost_usd": None, "overwrite": False, **options}
        state = WaveState.load(output) if folder_of(output).exists() else begin(output, source, **given)
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
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    changing = {"cost_usd", "latency_s", "decision_id", "answers_usd", "saved_usd", "verifiers_usd", "failure"}

    def plain(value):
        if isinstance(value, dict):
            return {name: plain(one) for name, one in value.items() if name not in changing}
        return [plain(one) for one in value] if isinstance(value, list) else value

    return plain(lines)


def test_only_what_escalates_goes_on_and_decisions_are_those_of_a_live_run_at_half_the_price(at):
    with BatchServer(answer) as server:
        run = at(server)
        done = finished(run).done
        sizes = [len(server.files[one["input_file_id"]].splitlines()) for one in server.batches.values()]
        assert (sizes, server.live) == ([N, N // 3], 0)
        with run.config.open(log=False) as app:
            live = run_file(app, run.work.requests, at.folder / "live.jsonl")
        assert decided(at.folder / "out.jsonl") == decided(at.folder / "live.jsonl")
    assert done.outcomes == live.outcomes == {"accepted": N}
    lines = [json.loads(line) for line in (at.folder / "out.jsonl").read_text().splitlines()]
    assert sum(line["cost_usd"] for line in lines) == pytest.approx(live.spent_usd / 2) == (N + N // 3) / 2 * CALL_USD
    assert not folder_of(at.folder / "out.jsonl").exists()
    assert not journal_of(at.folder / "out.jsonl").exists()


def test_the_log_counts_the_wave_at_its_worst_case_while_it_is_in_flight_and_at_its_cost_afterwards(at):
    with BatchServer(answer) as server:
        server.ready = False
        run = at(server, more="guards: {usd_per_day: 100}")
        run.advance()
        with closing(open_log(at.folder / "decisions.db", read_only=True)) as log:
            reserved = sum(spent_usd(log, midnight_ms()).values())
        assert reserved == pytest.approx(run.state.committed_pico / 1e12)
        assert reserved > N * CALL_USD
        server.ready = True
        assert finished(run).done is not None
        with closing(open_log(at.folder / "decisions.db", read_only=True)) as log:
            assert sum(spent_usd(log, midnight_ms()).values()) == pytest.approx((N + N // 3) / 2 * CALL_USD)


@pytest.mark.parametrize("how", ["batch", "live"])
def test_lines_that_expired_failed_or_never_came_are_asked_again(at, how):
    faults = {"question 1": ["expired"], "question 3": ["lost"], "question 4": ["500"], "question 5": ["repeated"]}
    with BatchServer(answer, {**faults, "question 6": ["foreign"]}) as server:
        run = at(server)
        assert finished(run).missing == 3
        assert not (at.folder / "out.jsonl").exists()
        done = finished(run, missing=how).done
        assert done.outcomes == {"accepted": N}
        assert max(server.billed.values()) == 1
        assert server.live == (4 if how == "live" else 0)
        with run.config.open(log=False) as app:
            run_file(app, run.work.requests, at.folder / "live.jsonl")
        assert decided(at.folder / "out.jsonl") == decided(at.folder / "live.jsonl")


def test_a_line_that_failed_permanently_is_decided_as_a_live_failure(at):
    with BatchServer(answer, {"question 1": ["400"]}) as server:
        done = finished(at(server)).done
    assert done.outcomes == {"accepted": N - 1, "failed": 1}
    line = next(one for one in decided(at.folder / "out.jsonl") if one["id"] == "q1")
    assert "bad_request" in line["error"]


class Killed(BaseException):
    """Stands for a kill: nothing catches it."""


STEPS = ["save", "upload", "create", "get", "fetch", "begin", "end", "put"]


QUICK = {("create", True), ("save", False), ("end", True)}


@pytest.mark.parametrize(
    ("place", "after"),
    [
        pytest.param(place, after, marks=() if (place, after) in QUICK else pytest.mark.slow)
        for place in STEPS
        for after in (False, True)
    ],
)
def test_a_kill_at_any_step_and_the_command_again_pays_nothing_twice(at, monkeypatch, place, after):
    from cascade.bulk.journal import Journal
    from cascade.bulk.waves.failed_calls import FailedCalls

    owner, name = {
        "save": (WaveState, "save"), "begin": (Journal, "begin"), "end": (Journal, "end"), "put": (FailedCalls, "put"),
    }.get(place, (ProviderBatches, place))  # fmt: skip
    whole, count, die_at = getattr(owner, name), 0, 1

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

    with BatchServer(answer, {"question 1": ["expired"]}) as server:
        at(server)
        monkeypatch.setattr(owner, name, dying)
        done, kills = None, 0
        while done is None:
            try:
                done = finished(at(server), missing="batch").done
            except Killed:
                kills, die_at = kills + 1, count + 2 + kills
            assert kills < 99
        assert kills
        assert done.outcomes == {"accepted": N}
        assert max(server.billed.values()) == 1
        assert [one["status"] for one in server.batches.values()] == ["completed"] * len(server.batches)


def test_a_batch_whose_reply_was_lost_is_found_again_and_not_created_twice(at):
    with BatchServer(answer) as server:
        server.lose_reply_of = "/v1/batches"
        with pytest.raises(BatchRefused, match="same command again"):
            at(server).advance()
        assert finished(at(server)).done.outcomes == {"accepted": N}
        assert (len(server.batches), max(server.billed.values())) == (2, 1)


def test_what_a_limit_would_not_pay_for_is_not_sent(at):
    with BatchServer(answer) as server:
        # A call may cost 0.205 at most and costs 0.001: as many waves of one call as the limit's rest allows.
        step = finished(at(server, max_cost_usd=0.207))
        assert step.refused
        assert 0 < sum(server.billed.values()) * CALL_USD / 2 <= 0.003
        assert step.done.outcomes["budget"] == step.refused


def test_a_rung_that_no_provider_batch_can_ask_is_refused_before_anything_is_sent(at):
    with BatchServer(answer) as server:
        run = at(server)
        text = (at.folder / "cascade.yaml").read_text().replace("openai/large", "gemini/gemini-3-pro")
        (at.folder / "cascade.yaml").write_text(text)
        with pytest.raises(ConfigError, match="cannot go as a batch"):
            WaveRun(load_config(at.folder / "cascade.yaml"), run.state, run.work).advance()
        assert not server.hits


def test_claude_without_the_sdk_is_refused_with_the_command_that_installs_it(at):
    with BatchServer(answer) as server:
        run = at(server)
        path = at.folder / "cascade.yaml"
        path.write_text(path.read_text().replace("openai/large", "anthropic/claude-opus-4-5"))
        script = "import sys; sys.modules['anthropic'] = None\n" + WITHOUT_SDK.format(
            config=str(path), output=str(run.state.output)
        )
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=False, timeout=120
        )
        assert "pip install 'calibrated-cascade[anthropic]'" in done.stdout
        assert not server.hits


def test_a_state_that_was_read_before_another_command_sent_sends_nothing_twice(at):
    with BatchServer(answer) as server:
        early, late = at(server), at(server)
        late.advance()
        early.advance()
        assert len(server.batches) == 2
        assert finished(late).done.outcomes == {"accepted": N}
        assert max(server.billed.values()) == 1


def test_two_commands_at_once_are_refused(at):
    with BatchServer(answer) as server:
        first, second = at(server), at(server)
        with first.state.locked(), pytest.raises(ConfigError, match="Another"):
            second.advance()


def test_a_run_that_was_killed_once_its_journal_was_gone_is_complete(at, monkeypatch):
    from cascade.bulk import batch

    def kill(_output):
        raise Killed

    with BatchServer(answer) as server:
        monkeypatch.setattr(batch, "remove_batches", kill)
        with pytest.raises(Killed):
            finished(at(server))
        monkeypatch.undo()
        monkeypatch.setenv("KEY", "a-key-for-the-test-server")
        assert at(server).advance().complete
        assert not folder_of(at.folder / "out.jsonl").exists()
        assert len(server.batches) == 2


@pytest.mark.parametrize("there", ["nothing", "an output of another run"])
def test_a_run_in_flight_whose_journal_is_gone_is_refused_and_never_paid_again(at, there):
    with BatchServer(answer) as server:
        run = at(server)
        run.advance()
        journal_of(run.state.output).unlink()
        if there != "nothing":
            run.state.output.write_text("{}\n")
        with pytest.raises(ConfigError, match="missing"):
            at(server).advance()
        assert len(server.batches) == 1


def test_a_live_run_is_refused_while_its_calls_are_in_flight_and_cleans_up_once_they_are_collected(at):
    with BatchServer(answer, {"question 1": ["400"]}) as server:
        run = at(server)
        run.advance()
        with run.config.open(log=False) as app, pytest.raises(ConfigError, match="paid twice"):
            run_file(app, run.work.requests, run.state.output)
        assert server.live == 0
        assert finished(run).done.outcomes["failed"] == 1
        assert folder_of(run.state.output).exists()
        with run.config.open() as app:
            assert run_file(app, run.work.requests, run.state.output).outcomes == {"accepted": N}
        assert not folder_of(run.state.output).exists()
        assert max(server.billed.values()) == 1


def test_a_limit_that_was_too_low_can_be_raised_and_is_kept_where_none_is_given(at):
    with BatchServer(answer) as server:
        run = at(server, max_cost_usd=0.207)
        assert finished(run).done.outcomes["budget"]
        own = {"mapping": None, "overwrite": False}
        assert begin(run.state.output, at.folder / "in.jsonl", max_cost_usd=None, **own).max_cost_usd == 0.207
        begin(run.state.output, at.folder / "in.jsonl", max_cost_usd=9.0, **own)
        assert finished(at(server)).done.outcomes == {"accepted": N}
        assert max(server.billed.values()) == 1


def test_an_answer_that_cannot_be_read_is_booked_at_its_worst_case_and_asked_again(at):
    with BatchServer(answer, {"question 1": ["unreadable"]}) as server:
        run = at(server)
        assert finished(run).missing == 1
        assert run.state.batches[0].charged_pico > 0.2e12
        assert finished(run, missing="batch").done.outcomes == {"accepted": N}
