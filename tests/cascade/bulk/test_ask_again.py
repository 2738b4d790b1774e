"""The reference asked twice: paid once, kept, and shown as how often it differs from itself."""

from __future__ import annotations

import itertools
import json

import pytest

from calibration.samples.layout import lay_out_tasks
from calibration.samples.recorded import recorded_ladder
from calibration.samples.same_figures import repeat_figures
from calibration.samples.sameness import Sameness
from cascade.bulk.ask_again import ask_again, draw_again, reference_ladder
from cascade.bulk.exploration import explore_file, exploring
from cascade.clients.scripted import ScriptedClient, scripted
from cascade.engine.cascade import Cascade
from cascade.errors import ConfigError
from cascade.samples.jsonl import read_samples
from tests.opinions import ladder

RUNGS = ladder("small", "large")


def tool(city: str):
    call = {"id": "c", "type": "function", "function": {"name": "go", "arguments": json.dumps({"to": city})}}
    return scripted("", tool_calls=(call,), finish_reason="tool_calls")


@pytest.fixture
def requests(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_text("".join(json.dumps({"id": f"r-{i}", "prompt": f"How many is {i}?"}) + "\n" for i in range(12)))
    return list(read_samples(path))


def explored(requests, path, answers):
    client = ScriptedClient({"small": "0.9", "large": answers})
    with Cascade(RUNGS, client=client) as app:
        return explore_file(app, requests, path, concurrency=1).samples


def again(samples, path, answers, n=8):
    client = ScriptedClient({"large": answers})
    with Cascade(reference_ladder(RUNGS), client=client) as app:
        done, _ = ask_again(app, samples, draw_again(samples, RUNGS, n), path, explore=exploring(concurrency=1))
    return done, client


def figures(samples):
    rungs = recorded_ladder(samples, ("small", "large"), [])
    laid = lay_out_tasks(samples, rungs, {"default": len(samples)}, {}, sameness=Sameness(), contents=True)
    return repeat_figures(laid["default"])


@pytest.mark.parametrize(
    ("first", "second"),
    [("0.8", ["0.8"] * 6 + ["0.7"] * 2), (tool("Oslo"), [tool("Oslo")] * 6 + [tool("Rome"), scripted("Where to?")])],
    ids=["texts", "tool calls"],
)
def test_what_the_reference_says_again_stands_in_the_file_and_is_not_paid_for_twice(tmp_path, requests, first, second):
    path = tmp_path / "s.jsonl"
    samples = explored(requests, path, first)
    assert figures(samples) is None
    _, client = again(samples, path, second)
    assert len(client.calls) == 8
    assert len({call.request_id for call in client.calls} & {one.request.id for one in samples}) == 0
    kept = list(read_samples(path))
    found = figures(kept)
    assert found["n"] == 8
    assert found["differs"]["value"] == pytest.approx(2 / 8)
    assert draw_again(kept, RUNGS, 8) == []
    assert len(draw_again(kept, RUNGS, 10)) == 2
    # Requests that come with their recordings, as imports do, are explored into the same file again.
    assert figures(explored(samples, path, itertools.repeat("never asked"))) == found


def test_an_interrupted_second_round_goes_on(tmp_path, requests):
    path = tmp_path / "s.jsonl"
    samples = explored(requests, path, "0.8")
    with pytest.raises(ConfigError, match="script"):
        again(samples, path, ["0.8"] * 3)
    _, client = again(samples, path, itertools.repeat("0.8"))
    assert len(client.calls) == 5
    assert figures(list(read_samples(path)))["differs"]["value"] == 0.0
