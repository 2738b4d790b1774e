"""Responses drawn at random, with everything in them that a client may read."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from cascade.exchange import Response, TokenLogProb
from cascade.usage import Usage

TEXT = st.text(max_size=200)


def _call(name: str, arguments: str, number: int) -> dict[str, Any]:
    return {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": arguments}}


NAMES = st.text("abc_", min_size=1, max_size=5)
CALLS = st.lists(st.builds(_call, NAMES, TEXT, st.integers(0, 99)), max_size=3)
TOKENS = st.lists(
    st.builds(
        TokenLogProb,
        token=st.text(max_size=5),
        logprob=st.floats(max_value=0, allow_nan=False),
        top=st.lists(st.tuples(st.text(max_size=5), st.floats(-9, 0)), max_size=2).map(tuple),
    ),
    max_size=4,
)


@st.composite
def _responses(draw: st.DrawFn) -> Response:
    text, thinking = draw(TEXT), draw(st.none() | TEXT)
    parts, prompt, written = draw(st.integers(0, 9)), draw(st.integers(1, 99)), draw(st.integers(1, 99))
    beside = {"reasoning_content": thinking} if thinking else {}
    return Response(
        text=text,
        tool_calls=tuple(draw(CALLS)),
        finish_reason=draw(st.sampled_from(["stop", "length", "content_filter", "tool_calls"])),
        refusal=draw(st.none() | st.text(min_size=1, max_size=9)),
        logprobs=tuple(draw(TOKENS)),
        message={"role": "assistant", "content": text, **beside},
        usage=Usage(
            input_tokens=prompt + parts, output_tokens=written + parts, cached_tokens=parts, reasoning_tokens=parts
        ),
        model_reported="gpt-5-nano",
    )


RESPONSES = _responses()
