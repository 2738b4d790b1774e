"""Explorations by provider batches: the samples of a live one at half its price, paid once, resumed at any step."""

from __future__ import annotations

import json
from contextlib import closing

import pytest

from cascade.bulk.exploration import explore_file
from cascade.bulk.journal import journal_of
from cascade.bulk.waves.run import WaveRun, begin
from cascade.bulk.waves.state import WaveState, folder_of, is_begun
from cascade.bulk.waves.work import work_of
from cascade.clients.provider_batches import ProviderBatches
from cascade.config import load_config
from cascade.errors import BudgetExceeded, ConfigError
from cascade.guards.accounts import midnight_ms
from cascade.log import open_log
from cascade.log.spending import spent_usd
from tests.batch_server import BatchServer

N = 5
CALL_USD = 0.002  # 100 tokens in, 10 out
CALLS = N * 2 * 3  # two rungs, each asked and sampled twice more
CONFIG = """
ladder:
  - {{model: openai/small, name: small, api_base: "{url}", price: {price}}}
  - {{model: openai/large, name: large, api_base: "{url}", price: {price}}}
verify: [refusal, {{agreement: {{samples: 2}}}}]
log: decisions.db
"""
PRICE = "{input_usd: 1.0e-5, output_usd: 1.0e-4, batch_discount: 0.5}"


def answer(model, prompt):
    return f"The answer is {prompt.split()[-1]}." if model == "large" else "The answer is 7."


@pytest.fixture
def at(tmp_path, monkeypatch):
    """Return a maker of explorations in a folder, on a server."""
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-for-the-test-server")
    lines = [{"id": f"q{i}", "prompt": f"question {i}", "gold": str(i)} for i in range(N)]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    def made(server, **options):
        (tmp_path / "cascade.yaml").write_text(CONFIG.format(url=server.url, price=PRICE))
        output = tmp_path / "out.jsonl"
        given = {"mapping": None, "max_cost_usd": None, "overwrite": True, **options}
        fresh = not is_begun(output) or options
        state = begin(output, tmp_path / "in.jsonl", purpose="explore", **given) if fresh else WaveState.load(output)
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


def explored(path):
    changing = {"cost_usd", "latency_s", "response_id", "provider_id", "id", "completion_id"}

    def plain(value):
        if isinstance(value, dict):
            return {name: plain(one) for name, one in value.items() if name not in changing}
        return [plain(one) for one in value] if isinstance(value, list) else value

    return [plain(json.loads(line)) for line in path.read_text().splitlines()]


def live(run, path):
    with run.config.open(policy=False, log=False) as app:
        return explore_file(app, run.work.samples, path)


def test_the_samples_are_those_of_a_live_exploration_at_half_the_price(at):
    with BatchServer(answer) as server:
        run = at(server)
        done = finished(run).done
        assert (server.live, sum(server.billed.values())) == (0, CALLS)
        waves = [one.wave for one in run.state.batches]
        assert waves == [1, 1, 2, 2]
        alive = live(run, at.folder / "live.jsonl")
        assert explored(at.folder / "out.jsonl") == explored(at.folder / "live.jsonl")
    assert (len(done.samples), done.failures) == (N, ())
    spent = sum(attempt.cost_usd for sample in done.samples for attempt in costs(sample))
    assert spent == pytest.approx(alive.spent_usd / 2) == CALLS / 2 * CALL_USD
    assert not folder_of(at.folder / "out.jsonl").exists()
    assert not journal_of(at.folder / "out.jsonl").exists()
    with closing(open_log(at.folder / "decisions.db", read_only=True)) as log:
        assert sum(spent_usd(log, midnight_ms()).values()) == pytest.approx(CALLS / 2 * CALL_USD)


def costs(sample):
    for recording in sample.recordings.values():
        yield recording.response
        yield from recording.verdicts.values()


def test_what_is_recorded_in_the_input_or_the_output_is_not_asked(at):
    with BatchServer(answer) as server:
        live(at(server), at.folder / "out.jsonl")
        paid, lines = sum(server.billed.values()), (at.folder / "out.jsonl").read_text().splitlines()
        (at.folder / "in.jsonl").write_text(
            "\n".join([*lines, json.dumps({"id": "new", "prompt": "question 9"})]) + "\n"
        )
        assert len(finished(at(server)).done.samples) == N + 1
        assert sum(server.billed.values()) - paid == CALLS / N
        (at.folder / "out.jsonl").rename(at.folder / "in.jsonl")
        assert finished(at(server)).done is not None
        assert sum(server.billed.values()) - paid == CALLS / N


@pytest.mark.parametrize("how", ["batch", "live"])
@pytest.mark.parametrize("fault", ["expired", "lost", "500", "401", "404", "429"])
def test_lines_that_expired_failed_or_never_came_are_asked_again(at, how, fault):
    with BatchServer(answer, {"question 1": [fault], "question 3": [fault, fault]}) as server:
        run = at(server)
        assert finished(run).missing in (2, 3)
        assert not (at.folder / "out.jsonl").exists()
        done = finished(run, missing=how).done
        assert (len(done.samples), done.failures) == (N, ())
        assert sum(server.billed.values()) == CALLS
        assert bool(server.live) == (how == "live")


def test_a_line_that_failed_permanently_is_told_and_a_live_exploration_asks_it_again(at):
    with BatchServer(answer, {"question 1": ["400"]}) as server:
        run = at(server)
        done = finished(run).done
        assert [(failure[:4], "bad_request" in failure) for failure in done.failures] == [("q1, ", True)]
        assert len(explored(at.folder / "out.jsonl")) == N
        assert live(run, at.folder / "out.jsonl").failures == ()
        assert not folder_of(at.folder / "out.jsonl").exists()
        assert sum(server.billed.values()) == CALLS


class Killed(BaseException):
    """Stands for a kill: nothing catches it."""


QUICK = {("create", True), ("end", False)}


@pytest.mark.parametrize(
    ("place", "after"),
    [
        pytest.param(place, after, marks=() if (place, after) in QUICK else pytest.mark.slow)
        for place in ("save", "upload", "create", "get", "fetch", "begin", "end", "append", "finish")
        for after in (False, True)
    ],
)
def test_a_kill_at_any_step_and_the_command_again_pays_nothing_twice(at, monkeypatch, place, after):
    from cascade.bulk.journal import Journal

    owner = WaveState if place == "save" else Journal if hasattr(Journal, place) else ProviderBatches
    whole, count, die_at = getattr(owner, place), 0, 1

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
        monkeypatch.setattr(owner, place, dying)
        step, kills = None, 0
        while step is None or not step.complete:
            try:
                step = finished(at(server), missing="batch")
            except Killed:
                kills, die_at = kills + 1, count + 2 + 3 * kills
            assert kills < 99
        assert kills
        assert sum(server.billed.values()) == CALLS
        samples = explored(at.folder / "out.jsonl")
        assert [len(one["recordings"]) for one in samples] == [2] * N


def test_what_the_limit_would_not_pay_for_is_not_sent_and_a_higher_one_goes_on(at):
    with BatchServer(answer) as server:
        # A call may cost 0.205 at most and costs 0.001.
        with pytest.raises(BudgetExceeded, match="limit"):
            finished(at(server, max_cost_usd=0.21))
        assert 0 < sum(server.billed.values()) <= 7
        assert not (at.folder / "out.jsonl").exists()
        assert finished(at(server, max_cost_usd=9.0)).done.failures == ()
        assert sum(server.billed.values()) == CALLS


def test_a_live_exploration_is_refused_while_its_calls_are_in_flight(at):
    with BatchServer(answer) as server:
        run = at(server)
        run.advance()
        with pytest.raises(ConfigError, match="paid twice"):
            live(run, at.folder / "out.jsonl")
        assert server.live == 0


def test_a_bulk_run_and_an_exploration_never_share_an_output(at):
    with BatchServer(answer) as server:
        at(server).advance()
        with pytest.raises(ConfigError, match="purpose"):
            begin(at.folder / "out.jsonl", at.folder / "in.jsonl", mapping=None, max_cost_usd=None, overwrite=True)
