"""A bulk run that was broken off asks again only what was in flight, and comes to the same output."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.bulk.batch import run_file
from cascade.bulk.exploration import explore_file
from cascade.bulk.reply_line import reply_line, reply_of
from cascade.clients import Client
from cascade.clients.scripted import scripted
from cascade.engine.cascade import Cascade
from cascade.errors import LogUnavailable
from cascade.exchange import ModelCall, Request, Response, TokenLogProb
from cascade.failure import CallFailure, FailureKind
from cascade.ladder import Ladder, Rung
from cascade.samples.sample import Sample
from cascade.usage import Usage
from verifiers import Agreement, Judge, Refusal

pytestmark = [
    pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning"),
    pytest.mark.filterwarnings("ignore::cascade.settings.LadderWarning"),
]
NONCE = re.compile(r'"nonce": ?"([^"]+)"')
TEXTS = st.text(st.characters(), max_size=8)
FIGURES = st.floats()
LOGPROBS = st.lists(
    st.builds(
        TokenLogProb,
        token=st.none() | TEXTS,
        logprob=FIGURES,
        top=st.lists(st.tuples(TEXTS, FIGURES), max_size=2).map(tuple),
    ),
    max_size=3,
).map(tuple)
REPLIES = st.builds(
    Response,
    text=TEXTS,
    tool_calls=st.lists(st.dictionaries(TEXTS, TEXTS, max_size=2), max_size=2).map(tuple),
    message=st.dictionaries(TEXTS, TEXTS, max_size=2),
    finish_reason=st.none() | TEXTS,
    finish_raw=st.none() | TEXTS,
    status=st.none() | st.integers(100, 599),
    refusal=st.none() | TEXTS,
    logprobs=st.none() | LOGPROBS,
    samples=st.lists(TEXTS, max_size=2).map(tuple),
    usage=st.builds(Usage, input_tokens=st.integers(0), output_tokens=st.integers(0), estimated=st.booleans()),
    cost_usd=st.none() | st.floats(0, 1e6),
    latency_s=st.floats(0, 1e6),
    model_reported=st.none() | TEXTS,
    tries=st.integers(0, 3),
    endpoint=TEXTS,
    flags=st.lists(TEXTS, max_size=2).map(tuple),
)


@given(reply=REPLIES)
def test_a_reply_comes_back_from_its_line_as_it_was(reply: Response) -> None:
    line = json.loads(
        json.dumps(reply_line(reply), ensure_ascii=False, allow_nan=False).encode("utf-8", "surrogatepass")
    )
    back = reply_of(line)
    assert repr(back) == repr(reply), "by its text: NaN equals nothing"
    assert [math.isnan(one.logprob) for one in back.logprobs or ()] == [
        math.isnan(one.logprob) for one in reply.logprobs or ()
    ]


class Counting(Client):
    """Answers by what is asked, always the same; breaks after so many calls, as a kill would."""

    def __init__(self, breaks_after: int | None = None) -> None:
        self.asked: list[tuple[str, str | None, str, int]] = []
        self.breaks_after = breaks_after

    async def ask(self, call: ModelCall) -> Response | CallFailure:
        if self.breaks_after is not None and len(self.asked) >= self.breaks_after:
            raise LogUnavailable("killed")
        self.asked.append((call.rung, call.verifier, call.request_id, call.sample))
        if call.verifier == "judge":
            nonce = NONCE.search(str(call.messages[-1]["content"])).group(1)
            return scripted(json.dumps({"nonce": nonce, "score": 7, "reason": "so"}), cost_usd=0.002, latency_s=0.5)
        text = f"answer of {call.rung} to {call.request_id}, {call.sample % 2}"
        return scripted(text, cost_usd=0.001, latency_s=0.25, logprobs=[-0.1, -0.25])


def ladder() -> Ladder:
    stack = (Refusal(), Agreement(samples=2), Judge("test/judge", rubric="is it right?"))
    return Ladder(*(Rung(f"test/{name}", name=name, verify=stack) for name in ("small", "middle", "large")))


def explored(folder: Path, client: Counting, *, log: Path | None = None) -> bytes:
    samples = [Sample(request=Request.of(f"question {i}", id=f"q{i}")) for i in range(6)]
    with Cascade(ladder(), client=client, log=log) as app:
        explore_file(app, samples, folder / "out.jsonl", concurrency=3)
    return (folder / "out.jsonl").read_bytes()


def ran(folder: Path, client: Counting) -> list[dict]:
    requests = [Request.of(f"question {i}", id=f"q{i}") for i in range(6)]
    with Cascade(ladder(), client=client) as app:
        run_file(app, requests, folder / "out.jsonl", concurrency=3)
    lines = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
    # How long the whole took is measured anew, and each run of a request has an id of its own.
    return [{key: value for key, value in line.items() if key not in ("latency_s", "decision_id")} for line in lines]


@pytest.mark.parametrize("work", [explored, ran])
def test_wherever_it_is_broken_off_nothing_answered_is_asked_again_and_the_output_is_the_same(tmp_path, work):
    whole = Counting()
    (tmp_path / "whole").mkdir()
    expected = work(tmp_path / "whole", whole)
    assert len(whole.asked) == len(set(whole.asked))
    for breaks_after in range(0, len(whole.asked), 5):
        folder = tmp_path / str(breaks_after)
        folder.mkdir()
        broken, resumed = Counting(breaks_after), Counting()
        with pytest.raises(LogUnavailable, match="killed"):
            work(folder, broken)
        assert work(folder, resumed) == expected
        assert Counter(broken.asked + resumed.asked) == Counter(whole.asked), f"broken off after {breaks_after} calls"


def test_a_resumed_run_says_what_it_paid_itself(tmp_path):
    samples = [Sample(request=Request.of(f"question {i}", id=f"q{i}")) for i in range(4)]
    rungs = Ladder(*(Rung(f"test/{name}", name=name, verify=(Refusal(),)) for name in ("small", "large")))
    spent = []
    for breaks_after in (5, None):
        try:
            with Cascade(rungs, client=Counting(breaks_after)) as app:
                spent.append(explore_file(app, samples, tmp_path / "out.jsonl", concurrency=1).spent_usd)
        except LogUnavailable:
            continue
    assert spent == [pytest.approx(0.003)]


def test_a_rung_that_failed_is_asked_again_and_what_answered_is_not(tmp_path):
    class Down(Counting):
        async def ask(self, call: ModelCall) -> Response | CallFailure:
            if call.rung == "large":
                return CallFailure(kind=FailureKind.BAD_REQUEST, message="no")
            return await super().ask(call)

    down, up = Down(), Counting()
    samples = [Sample(request=Request.of("question", id="q"))]
    for client in (down, up):
        with Cascade(ladder(), client=client) as app:
            done = explore_file(app, samples, tmp_path / "out.jsonl")
    assert done.failures == ()
    assert {rung for rung, *_ in up.asked} == {"large"}
