"""Exchanges for tests of verifiers, and flows driven by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cascade.exchange import EMPTY, Exchange, LocalCall, ModelCall, Request, Response, TokenLogProb
from cascade.failure import CallFailure, FailureKind
from cascade.flow.climb import drive
from cascade.verdict import Ask, Verdict, Verifier

PROMPT = "What is 2 + 2? Answer as JSON."


def exchange(
    text: str = "",
    *,
    prompt: Any = PROMPT,
    schema: Any = None,
    output_type: Any = None,
    params: Mapping[str, Any] = EMPTY,
    earlier: Mapping[str, str] = EMPTY,
    **response: Any,
) -> Exchange:
    """Make an exchange of a prompt and an answer."""
    request = Request.of(prompt, schema=schema, output_type=output_type, params=params)
    return Exchange(
        request=request,
        response=Response(text=text, **response),
        rung="small",
        model="maker/small",
        call=ModelCall(rung="small", model="maker/small", messages=request.messages, params=params),
        earlier={name: Response(text=said) for name, said in earlier.items()},
    )


def judge(verifier: Verifier, given: Exchange, reply: Callable[[ModelCall], Any] | None = None) -> Verdict:
    """Drive a verifier's flow: local work is done, model calls are answered by `reply`."""

    def answer(ask: Ask) -> Any:
        if isinstance(ask, LocalCall):
            return ask.run()
        assert reply is not None, f"{verifier.name} asked {ask.model}, though it should ask nobody"
        said = reply(ask)
        return Response(text=said) if isinstance(said, str) else said

    return drive(verifier.flow(given), answer)


def failure(kind: FailureKind = FailureKind.TIMEOUT) -> CallFailure:
    """Make a call that failed."""
    return CallFailure(kind=kind, message="no answer")


def tokens(*logprobs: float, texts: tuple[str, ...] = ()) -> tuple[TokenLogProb, ...]:
    """Make log-probabilities, with the tokens' texts if given."""
    return tuple(
        TokenLogProb(token=texts[place] if texts else None, logprob=value) for place, value in enumerate(logprobs)
    )


def tool_call(name: str, arguments: str) -> dict[str, Any]:
    """Make a tool call in OpenAI's form."""
    return {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}
