"""Bounds on usage: how many tokens a call can have consumed, told from what we hold, whatever the provider reports.

What is known of every tokenizer in use: byte-level BPE (Radford et al. 2019) and SentencePiece with byte fallback (Kudo
and Richardson 2018) never make more tokens than a text has bytes in UTF-8, in any script. And no token is long: of
the tokens of letters in cl100k_base the longest has 36 characters, and 999 of 1,000 have 21 at most; only white space
and repeated signs come in longer ones, so those are not counted. Hence a text of c counted characters and b bytes has
from c / 24 to b tokens. What is added to a prompt (marks between messages, a provider's own instructions) and what
is thought before an answer is not seen: there the bounds are an allowance, `max_tokens`, or the model's window.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cascade.exchange import Message, ModelCall, text_of
from cascade.prices import answers_asked, bundled_output_limit, bundled_window, output_limit

CHARACTERS_A_TOKEN = 24
"""The most characters a token, on the average of any text, white space and repetitions aside."""

ADDED_TOKENS = 4096
"""Tokens that a provider may add to a prompt: the chat's form, instructions for tools, a preamble of its own."""

MOST_OUTPUT_TOKENS = 1 << 17
"""The longest answer of any model, thinking included, where the call sets no `max_tokens`."""

MOST_PROMPT_TOKENS = 10_000_000
"""The largest window of any model."""

CALL_FEE_USD = 0.05
"""The most that providers ask for a call beside its tokens: searches cost $0.005 to $0.05."""

PICTURE_TOKENS = 1 << 16
"""The most tokens of one picture: 48,000 are asked for a large one by the models that count them dearest."""

_GROWING = ("web_search_options", "plugins", "search_parameters")
"""Parameters by which a provider puts texts into the prompt that we do not see; its own tools do that too."""

_PICTURES = frozenset({"image_url", "image", "input_image"})

_UNSUSPICIOUS_TOKENS = 8192
_SLICE, _SLICES = 4096, 16
_UNCOUNTED = re.compile(r"\s+|(.)\1{3,}", re.DOTALL)


class TokenBounds(NamedTuple):
    """From how many to how many tokens."""

    low: int
    high: int

    def clamp(self, tokens: int) -> int:
        """Return the number within the bounds that is nearest."""
        return max(self.low, min(tokens, self.high))


def least_tokens(text: str) -> int:
    """Return how many tokens a text has at least."""
    if not text:
        return 0
    if len(text) <= _SLICE * _SLICES:
        return max(1, -(-_counted(text) // CHARACTERS_A_TOKEN))
    # A long text is looked at here and there, and half of what that comes to is counted: all of it would take seconds.
    step = len(text) // _SLICES
    seen = sum(_counted(text[start : start + _SLICE]) for start in range(0, step * _SLICES, step))
    return max(1, len(text) * seen // (2 * _SLICE * _SLICES * CHARACTERS_A_TOKEN))


def least_prompt_tokens(messages: Sequence[Message]) -> int:
    """Return how many tokens a conversation's texts have at least."""
    return sum(least_tokens(text_of(message.get("content"))) for message in messages)


def most_tokens(text: str) -> int:
    """Return how many tokens a text has at most: its bytes in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def prompt_bounds(call: ModelCall, *, tight: bool = True) -> TokenBounds:
    """Return how many tokens the prompt of a call can have.

    Args:
        call: what is asked.
        tight: False: bounds that cost nothing and lie inside the true ones. What they hold need not be looked at
            more closely.
    """
    texts = [text_of(message.get("content")) for message in call.messages]
    if not tight:
        length = sum(map(len, texts))
        return TokenBounds(length // CHARACTERS_A_TOKEN + len(texts), length + ADDED_TOKENS)
    low = max(1, least_prompt_tokens(call.messages))
    kinds = [kind for message in call.messages for kind in _other_parts(message)]
    if not _PICTURES.issuperset(kinds) or any(map(_grows, (call.params, call.params.get("extra_body")))):
        return TokenBounds(low, max(low, bundled_window(call.model) or MOST_PROMPT_TOKENS))
    beside = [str(message.get("tool_calls") or "") for message in call.messages]
    beside += [str(call.params.get(name) or "") for name in ("tools", "functions", "response_format")]
    seen = sum(map(most_tokens, (*texts, *beside)))
    return TokenBounds(low, seen + len(kinds) * PICTURE_TOKENS + ADDED_TOKENS)


def output_bounds(call: ModelCall, written: Sequence[str], *, entries: int = 0) -> TokenBounds:
    """Return how many tokens the answers to a call can have, thinking included.

    Args:
        call: what was asked.
        written: every text that came back, thinking that is shown included.
        entries: the log-probability entries that came, one for each visible token of the first answer; 0: none did.
    """
    low = max(entries, sum(map(least_tokens, written)))
    limit = output_limit(call.params)
    if limit is not None and limit >= low:
        return TokenBounds(low, limit)
    # No limit was sent, or one that the server did not keep to: then it is no evidence.
    most = bundled_output_limit(call.model) or MOST_OUTPUT_TOKENS
    return TokenBounds(low, max(low, most * answers_asked(call.params), sum(map(most_tokens, written))))


def output_plausible(call: ModelCall, tokens: int, written: Sequence[str], *, entries: int = 0) -> bool:
    """Tell whether the answers can have so many tokens; cheaper than their bounds where that is plain."""
    length, limit = sum(map(len, written)), output_limit(call.params)
    enough = tokens >= entries and tokens * CHARACTERS_A_TOKEN >= length + CHARACTERS_A_TOKEN * len(written)
    if enough and tokens <= (_UNSUSPICIOUS_TOKENS + length if limit is None else limit):
        return True
    bounds = output_bounds(call, written, entries=entries)
    return bounds.low <= tokens <= bounds.high


def prompt_plausible(call: ModelCall, tokens: int) -> bool:
    """Tell whether the prompt of a call can have so many tokens."""
    rough = prompt_bounds(call, tight=False)
    if rough.low <= tokens <= rough.high:
        return True
    bounds = prompt_bounds(call)
    return bounds.low <= tokens <= bounds.high


def _other_parts(message: Mapping[str, Any]) -> list[str]:
    """Return the kinds of a message's parts that are no text: pictures, sounds, files."""
    content = message.get("content")
    parts = content if isinstance(content, list | tuple) else ()
    kinds = (str(part.get("type")) if isinstance(part, Mapping) else "" for part in parts)
    return [kind for kind in kinds if kind != "text"]


def _grows(params: Any) -> bool:
    """Tell whether parameters let a provider add to the prompt what we do not see: searches, and tools of its own."""
    if not isinstance(params, Mapping):
        return False
    tools = params.get("tools")
    given = tools if isinstance(tools, list | tuple) else ()
    own = any(not isinstance(tool, Mapping) or tool.get("type", "function") != "function" for tool in given)
    return own or any(params.get(name) for name in _GROWING)


def _counted(text: str) -> int:
    return len(_UNCOUNTED.sub("", text))
