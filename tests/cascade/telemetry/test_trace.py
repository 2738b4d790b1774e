"""A request as a trace, seen by the SDK's in-memory exporters."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from opentelemetry import _logs, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from cascade.clients.scripted import ScriptedClient, scripted
from cascade.engine.cascade import Cascade
from cascade.errors import AuthError, BudgetExceeded, DeadlineExceeded
from cascade.exchange import Request
from cascade.failure import CallFailure, FailureKind
from cascade.ladder import Ladder, Rung
from cascade.telemetry import names
from cascade.usage import Price, Usage
from cascade.verdict import Flow, Verdict, Verifier
from tests.opinions import ladder, policy

SECRET_PROMPT, SECRET_ANSWER = "the prompt that nobody may read", "0.9"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What an observability backend would hold."""

    spans_of: InMemorySpanExporter
    events_of: InMemoryLogRecordExporter

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self.spans_of.get_finished_spans())

    @property
    def events(self) -> list[Any]:
        return [data.log_record for data in self.events_of.get_finished_logs()]

    def named(self, name: str) -> ReadableSpan:
        (found,) = [span for span in self.spans if span.name == name]
        return found


SPANS, EVENTS = InMemorySpanExporter(), InMemoryLogRecordExporter()


@pytest.fixture(scope="module", autouse=True)
def _sdk() -> Iterator[None]:
    """Set the SDK up as a program does, once, and quieten it for the other tests of this process."""
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        trace.set_tracer_provider(TracerProvider())
        _logs.set_logger_provider(LoggerProvider())
    spans, events = SimpleSpanProcessor(SPANS), SimpleLogRecordProcessor(EVENTS)
    trace.get_tracer_provider().add_span_processor(spans)
    _logs.get_logger_provider().add_log_record_processor(events)
    yield
    spans.shutdown()
    events.shutdown()


@pytest.fixture
def seen() -> Seen:
    SPANS.clear()
    EVENTS.clear()
    return Seen(spans_of=SPANS, events_of=EVENTS)


RUNGS = ladder("small", "large")
FITTED = policy(RUNGS, (0.5, 0.0))


def answers(small: Any = "0.2", large: Any = SECRET_ANSWER) -> ScriptedClient:
    return ScriptedClient({"small": small, "large": large})


def opened(client: ScriptedClient, rungs: Ladder = RUNGS) -> Cascade:
    return Cascade(rungs, client=client, policy=FITTED if rungs is RUNGS else None)


def test_a_request_is_one_span_with_a_span_for_each_call_below_it(seen: Seen) -> None:
    with opened(answers()) as app, trace.get_tracer("test").start_as_current_span("caller") as caller:
        result = app.run(SECRET_PROMPT, session="s-1")
    whole = seen.named("cascade default")
    assert whole.parent.span_id == caller.get_span_context().span_id, "the context travels into the background loop"
    small, large = (seen.named(f"chat {rung}") for rung in ("small", "large"))
    assert {small.parent.span_id, large.parent.span_id} == {whole.context.span_id}
    assert (small.kind, whole.kind) == (SpanKind.CLIENT, SpanKind.INTERNAL)
    known = {"gen_ai.operation.name": "invoke_workflow", "openinference.span.kind": "CHAIN", "cascade.escalated": True,
             "cascade.outcome": "accepted", "cascade.rung": "large", "gen_ai.conversation.id": "s-1",
             "cascade.decision_id": result.decision_id}  # fmt: skip
    assert known.items() <= dict(whole.attributes).items()


def test_a_call_is_told_in_the_conventions_words(seen: Seen) -> None:
    usage = Usage(input_tokens=7, output_tokens=3, cached_tokens=2)
    reply = scripted("0.9", usage=usage, cost_usd=0.01, model_reported="gpt-5-nano-2025")
    rung = Rung("azure/gpt-5-nano", name="one", verify=RUNGS[0].verify, api_base="https://user:hush@host.example:81/v1?key=k",
                params={"temperature": 0.5, "max_tokens": 9, "stop": ["x"]})  # fmt: skip
    with pytest.warns(UserWarning, match="not calibrated"), opened(ScriptedClient(default=reply), Ladder(rung)) as app:
        app.run(SECRET_PROMPT)
    span = seen.named("chat gpt-5-nano")
    expected = {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "azure.ai.openai",
        "gen_ai.request.model": "gpt-5-nano", "gen_ai.response.model": "gpt-5-nano-2025",
        "gen_ai.request.temperature": 0.5, "gen_ai.request.max_tokens": 9,
        "gen_ai.usage.input_tokens": 7, "gen_ai.usage.output_tokens": 3, "gen_ai.usage.cache_read.input_tokens": 2,
        "gen_ai.response.finish_reasons": ("stop",), "openinference.span.kind": "LLM",
        "server.address": "host.example", "server.port": 81,
        "cascade.rung": "one", "cascade.tries": 1, "cascade.cost_usd": 0.01,
    }  # fmt: skip
    assert dict(span.attributes) == expected
    assert span.status.status_code is StatusCode.UNSET


def test_every_verdict_is_an_event_at_the_span_of_the_answer_that_it_is_about(seen: Seen) -> None:
    with opened(answers()) as app:
        app.run(SECRET_PROMPT)
    small, large = (seen.named(f"chat {rung}") for rung in ("small", "large"))
    first, second = seen.events
    assert (first.span_id, second.span_id) == (small.context.span_id, large.context.span_id)
    assert first.trace_id == small.context.trace_id
    assert first.event_name == "gen_ai.evaluation.result"
    expected = {
        "gen_ai.evaluation.name": "says", "gen_ai.evaluation.score.value": 0.2, "gen_ai.evaluation.score.label": "fail",
        "gen_ai.evaluation.explanation": "0.2 against a pass mark of 0.5", "cascade.rung": "small",
        "cascade.decision": "escalate", "cascade.reason": "confidence",
    }  # fmt: skip
    assert dict(first.attributes) == expected
    assert second.attributes["gen_ai.evaluation.score.label"] == "pass"


def test_no_content_leaves_unless_it_is_asked_for(seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    def all_of() -> str:
        held = [span.to_json() for span in seen.spans] + [str(dict(event.attributes)) for event in seen.events]
        return "".join(held)

    with opened(answers(large=scripted("0.987654321"))) as app:
        app.run(SECRET_PROMPT + " sk-canary-0123456789", tags={"a": "b"})
        assert "nobody may read" not in all_of()
        assert "987654321" not in all_of().replace('"gen_ai.evaluation.score.value": 0.987654321', "").replace(
            "'gen_ai.evaluation.score.value': 0.987654321", ""
        )
        monkeypatch.setenv(names.CAPTURE, "true")
        app.run(SECRET_PROMPT + " sk-canary-0123456789")
    assert "nobody may read" in all_of()
    assert '"0.987654321' in all_of().replace('\\"', '"')
    assert "as the text says" in all_of()
    assert "canary" not in all_of()


def test_each_failed_try_is_seen_below_its_call(seen: Seen) -> None:
    down = CallFailure(kind=FailureKind.SERVER, message="quotes the prompt", status=503)
    with opened(answers(small=[down, "0.9"])) as app:
        app.run(SECRET_PROMPT)
    chat, tried = seen.named("chat small"), seen.named("try 1")
    assert tried.parent.span_id == chat.context.span_id
    assert (tried.attributes["error.type"], tried.attributes["http.response.status_code"]) == ("server", 503)
    assert (chat.attributes["cascade.tries"], chat.status.status_code) == (2, StatusCode.UNSET)
    assert "quotes" not in tried.to_json()


def test_a_request_that_fails_is_an_error_with_its_kind(seen: Seen) -> None:
    wrong = CallFailure(kind=FailureKind.AUTH, message="no", status=401)
    with opened(answers(small=wrong)) as app, pytest.raises(AuthError):
        app.run(SECRET_PROMPT)
    for name in ("chat small", "cascade default"):
        assert seen.named(name).status.status_code is StatusCode.ERROR
        assert seen.named(name).attributes["error.type"] == "auth"


class Asks(Verifier):
    """Asks a model for its verdict."""

    name, paid = "asks", True

    def flow(self, exchange: Any) -> Flow:
        from cascade.exchange import ModelCall

        yield (
            ModelCall(
                rung=exchange.rung, model="test/judge", messages=({"role": "user", "content": "?"},), verifier="asks"
            ),
        )
        return Verdict(score=1.0)


def test_a_verifier_s_call_is_a_span_of_its_own(seen: Seen) -> None:
    rungs = Ladder(Rung("test/one", name="one", verify=(Asks(),)))
    with pytest.warns(UserWarning, match="not calibrated"), opened(ScriptedClient(default="fine"), rungs) as app:
        app.run("?")
    judge = seen.named("chat judge")
    assert judge.attributes["cascade.verifier"] == "asks"
    assert judge.parent.span_id == seen.named("cascade default").context.span_id
    assert seen.events[0].span_id == seen.named("chat one").context.span_id


def test_concurrent_requests_keep_their_own_traces(seen: Seen) -> None:
    async def one(app: Cascade, number: int) -> int:
        with trace.get_tracer("test").start_as_current_span(f"caller {number}") as caller:
            await app.arun("?", id=str(number))
            return caller.get_span_context().trace_id

    async def all_of(app: Cascade) -> list[int]:
        return await asyncio.gather(*(one(app, number) for number in range(20)))

    with opened(answers()) as app:
        traces = asyncio.run(all_of(app))
        app.run_many([Request.of("?", id=str(number)) for number in range(5)])
    by_trace: dict[int, list[str]] = {}
    for span in seen.spans:
        by_trace.setdefault(span.context.trace_id, []).append(span.name)
    assert len(set(traces)) == 20
    assert all(len(by_trace[one]) == 4 for one in traces)
    assert len(by_trace) == 25


def test_an_exploration_is_traced_too(seen: Seen) -> None:
    with opened(answers()) as app:
        app.explore([Request.of("?")])
    assert sorted(span.name for span in seen.spans) == ["cascade default", "chat large", "chat small"]
    assert len(seen.events) == 2


def test_names_are_those_of_the_conventions() -> None:
    from opentelemetry.semconv._incubating.attributes import gen_ai_attributes, server_attributes
    from opentelemetry.semconv.attributes import error_attributes, http_attributes

    known = {
        value
        for module in (gen_ai_attributes, server_attributes, error_attributes, http_attributes)
        for value in vars(module).values()
        if isinstance(value, str)
    }
    ours = {value for name, value in vars(names).items() if name.isupper() and isinstance(value, str)}
    ours |= set(names.PARAMETERS.values())
    assert {name for name in ours if name.startswith(("gen_ai.", "server.", "error.", "http."))} - known == {
        names.EVALUATION
    }
    providers = {member.value for member in gen_ai_attributes.GenAiProviderNameValues}
    assert set(names.PROVIDERS.values()) <= providers


def test_where_nobody_records_nothing_of_it_is_imported() -> None:
    script = (
        "import sys, warnings; warnings.simplefilter('ignore')\n"
        "from cascade import Cascade, Ladder, Rung, ScriptedClient\n"
        "app = Cascade(Ladder(Rung('test/a', verify=('refusal',))), client=ScriptedClient(default='fine'))\n"
        "app.run('?'); app.close()\n"
        "print(sorted(name for name in sys.modules if name.startswith('opentelemetry')))"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert ended.stdout.strip() == "[]"


def test_a_request_that_runs_out_of_budget_says_so_and_the_call_that_was_refused_has_no_span(seen: Seen) -> None:
    rungs = Ladder(*(replace(rung, price=Price(input_usd=1.0, output_usd=1.0)) for rung in RUNGS))
    with Cascade(rungs, client=answers(), policy=policy(rungs, (0.5, 0.0))) as app, pytest.raises(BudgetExceeded):
        app.run("x" * 400, max_cost_usd=0.000_001)
    whole = seen.named("cascade default")
    assert (whole.attributes["error.type"], whole.status.status_code) == ("budget", StatusCode.ERROR)
    assert [span.name for span in seen.spans if span.kind is SpanKind.CLIENT] == []


def test_a_deadline_has_one_name_on_every_span(seen: Seen) -> None:
    async def hang(call: Any) -> str:
        await asyncio.sleep(60)
        return "0.9"

    with opened(answers(small=hang)) as app, pytest.raises(DeadlineExceeded):
        app.run("?", deadline_s=0.5)
    assert {span.name: span.attributes.get("error.type") for span in seen.spans} == {
        "cascade default": "deadline", "chat small": "deadline", "try 1": "deadline",
    }  # fmt: skip
    assert {span.status.status_code for span in seen.spans} == {StatusCode.ERROR}


def test_a_caller_that_gives_up_is_told_apart_from_a_deadline(seen: Seen) -> None:
    async def give_up() -> None:
        async def hang(call: Any) -> str:
            await asyncio.sleep(60)
            return "0.9"

        with opened(answers(small=hang)) as app:
            waiting = asyncio.create_task(app.arun("?", deadline_s=50))
            await asyncio.sleep(0.1)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting

    asyncio.run(give_up())
    assert {span.attributes.get("error.type") for span in seen.spans} == {"cancelled"}
