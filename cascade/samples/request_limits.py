"""What a request from outside may ask for: parameters on an allow-list, within limits, pictures of public addresses.

A line of a file is often not written by whoever pays for it. A parameter that names another address, another key, other
headers or a way around the provider would be obeyed by the libraries below, so everything that is not known to be
harmless is refused. What the ladder itself sets (`params` of a rung, `--param`) is not looked at here.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from cascade.errors import DataError
from cascade.exchange import Message, Request

ALLOWED = frozenset(
    {
        "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs", "max_completion_tokens",
        "max_tokens", "min_p", "modalities", "n", "parallel_tool_calls", "prediction", "presence_penalty",
        "reasoning_effort", "repetition_penalty", "response_format", "seed", "stop", "temperature", "thinking",
        "tool_choice", "tools", "top_k", "top_logprobs", "top_p", "user", "verbosity",
    }
)  # fmt: skip
"""Provider parameters that a request from outside may set."""

MAX_ANSWERS = 16
"""Answers (`n`) that one call may ask for; all of them are paid."""
MAX_TOKENS = 1_000_000
"""Tokens that an answer may be limited to."""
MAX_NUMBER = 1_000
"""Size of a temperature, a penalty and the like."""
MAX_TOOLS = 128
"""Tools that may be offered."""
MAX_MESSAGES = 2_000
"""Messages of a chat."""
MAX_PARTS = 256
"""Parts of one message's content."""

_COUNTS = {"n": MAX_ANSWERS, "max_tokens": MAX_TOKENS, "max_completion_tokens": MAX_TOKENS, "top_logprobs": 20}
_LISTS = {"tools": MAX_TOOLS, "functions": MAX_TOOLS, "stop": 16}
_NUMBERS = ("temperature", "top_p", "min_p", "presence_penalty", "frequency_penalty", "repetition_penalty")


def require_allowed(request: Request) -> None:
    """Refuse a request from outside that asks for what only the ladder may say, or for too much.

    Raises:
        DataError: names the parameter or the part, what was found, and what to do.
    """
    problems = (*(_problem(str(name), value) for name, value in request.params.items()), *_of_chat(request.messages))
    for problem in problems:
        if problem is not None:
            raise DataError(f"Request {request.id[:80]!r}: {problem}")


def _problem(name: str, value: Any) -> str | None:
    if name not in ALLOWED:
        return (
            f"the parameter {name[:60]!r} cannot be set by a request; if you need it, set it in `params` of the rung. "
            f"Requests may set {', '.join(sorted(ALLOWED))}."
        )
    if value is None:
        return None
    if name in _COUNTS:
        least, most = int(name == "n"), _COUNTS[name]
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            return f"{name} is {value!r:.40}; a whole number of at most {most:,} was expected."
    odd = isinstance(value, bool) or not isinstance(value, int | float) or not -MAX_NUMBER <= value <= MAX_NUMBER
    if name in _NUMBERS and odd:
        return f"{name} is {value!r:.40}; a number from -{MAX_NUMBER} to {MAX_NUMBER} was expected."
    if name in _LISTS and isinstance(value, list | tuple) and len(value) > _LISTS[name]:
        return f"{name} has {len(value):,} entries; at most {_LISTS[name]} are sent."
    return None


def _of_chat(messages: Sequence[Message]) -> Iterator[str]:
    if len(messages) > MAX_MESSAGES:
        yield f"it has {len(messages):,} messages; at most {MAX_MESSAGES:,} are sent."
    for message in messages:
        content = message.get("content")
        if not isinstance(content, list | tuple):
            continue
        if len(content) > MAX_PARTS:
            yield f"a message has {len(content):,} parts; at most {MAX_PARTS} are sent."
        for address in _addresses(content):
            if not _is_public(address):
                yield (
                    f"found the address {address[:60]!r} in a message; a data: URL, or an https: URL of a public host "
                    "in plain ASCII was expected, since it may be fetched from this machine."
                )


def _addresses(parts: Any) -> Iterator[str]:
    """Go through every text under a key that holds an address: `url`, `image_url`, `file_url`, `file_data`, …."""
    waiting: list[tuple[str, Any]] = [("", part) for part in parts]
    while waiting:
        key, value = waiting.pop()
        if isinstance(value, Mapping):
            waiting += [(str(name), inner) for name, inner in value.items()]
        elif isinstance(value, list | tuple):
            waiting += [(key, inner) for inner in value]
        elif isinstance(value, str) and (key.endswith("url") or key in ("uri", "file_uri")):
            yield value


def _is_public(address: str) -> bool:
    if address[:5].lower() == "data:":
        return True
    if not all("!" <= character <= "~" and character != "\\" for character in address):
        return False  # what urlsplit and the library that fetches would read in two ways
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        port = parts.port
    except ValueError:
        return False
    if parts.scheme != "https" or parts.username is not None or port not in (None, 443) or "." not in host.strip("."):
        return False
    # Oddly written numbers (2130706433, 0x7f.1, 0177.0.0.1) are addresses to resolvers; a name ends with letters.
    last = host.rstrip(".").rpartition(".")[2]
    if not last[:1].isalpha():
        try:
            return ipaddress.ip_address(host).is_global
        except ValueError:
            return False
    return last.lower() not in ("local", "localhost", "internal", "lan", "home", "corp", "arpa")
