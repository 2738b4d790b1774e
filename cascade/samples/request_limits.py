"""Limits of untrusted requests: an allow-list of parameters, size limits, images from public addresses only.

The author of a line in a file is often not the payer. The libraries below would obey a parameter that sets another
address, API key or header, or that bypasses the provider, so every parameter not on the allow-list is refused.
Parameters that the ladder sets (`params` of a rung, `--param`) are not checked here.
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
"""Allow-list: provider parameters that an untrusted request can set."""

MAX_ANSWERS = 16
"""Maximum of `n`, the answers per call; all of them are paid."""
MAX_TOKENS = 1_000_000
"""Maximum of the token limit of an answer."""
MAX_NUMBER = 1_000
"""Maximum absolute value of a temperature, a penalty and similar numbers."""
MAX_TOOLS = 128
"""Maximum number of tools."""
MAX_MESSAGES = 2_000
"""Maximum number of messages in a chat."""
MAX_PARTS = 256
"""Maximum number of parts in one message."""

_COUNTS = {"n": MAX_ANSWERS, "max_tokens": MAX_TOKENS, "max_completion_tokens": MAX_TOKENS, "top_logprobs": 20}
_LISTS = {"tools": MAX_TOOLS, "functions": MAX_TOOLS, "stop": 16}
_KINDS: Mapping[str, tuple[type, ...]] = {
    "functions": (list, tuple), "logit_bias": (dict,), "logprobs": (bool,), "parallel_tool_calls": (bool,),
    "reasoning_effort": (str,), "response_format": (dict,), "seed": (int,), "stop": (str, list, tuple),
    "thinking": (dict,), "tool_choice": (str, dict), "tools": (list, tuple), "top_k": (int,), "verbosity": (str,),
}  # fmt: skip
_WORDS = {
    list: "a list",
    tuple: "a list",
    dict: "an object",
    bool: "true or false",
    int: "a whole number",
    str: "a text",
}
_NUMBERS = ("temperature", "top_p", "min_p", "presence_penalty", "frequency_penalty", "repetition_penalty")


def require_allowed(request: Request) -> None:
    """Validate an untrusted request against the allow-list and the size limits.

    Raises:
        DataError: the message names the parameter or part, what was found, and what to do.
    """
    if (problem := problem_of(request)) is not None:
        raise DataError(f"Request {request.id[:80]!r}: {problem}")


def problem_of(request: Request) -> str | None:
    """Return the first reason for which an untrusted request is not run: what was found, and what to do."""
    problems = (*(_problem(str(name), value) for name, value in request.params.items()), *_of_chat(request.messages))
    return next((problem for problem in problems if problem is not None), None)


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
    kinds = _KINDS.get(name)
    if kinds is not None and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)):
        return f"{name} is {value!r:.40}; {' or '.join(_WORDS[kind] for kind in kinds)} was expected."
    if name in _LISTS and isinstance(value, list | tuple) and len(value) > _LISTS[name]:
        return f"{name} has {len(value):,} entries; at most {_LISTS[name]} are sent."
    return None


def _of_chat(messages: Sequence[Message]) -> Iterator[str]:
    if len(messages) > MAX_MESSAGES:
        yield f"it has {len(messages):,} messages; at most {MAX_MESSAGES:,} are sent."
    for message in messages:
        content = message.get("content")
        if not isinstance(content, str | list | tuple | Mapping | None):
            yield f"a message has the content {content!r:.40}; a text or a list of parts was expected."
        if not isinstance(content, list | tuple):
            continue
        for part in content:
            if isinstance(part, Mapping) and not isinstance(part.get("type", ""), str):
                yield f"a part of a message has the type {part['type']!r:.40}; a text was expected."
        if len(content) > MAX_PARTS:
            yield f"a message has {len(content):,} parts; at most {MAX_PARTS} are sent."
        for address in _addresses(content):
            if not _is_public(address):
                yield (
                    f"found the address {address[:60]!r} in a message; a data: URL, or an https: URL of a public host "
                    "in plain ASCII was expected, since it may be fetched from this machine."
                )


def _addresses(parts: Any) -> Iterator[str]:
    """Yield every address in message parts: under `url`, `image_url`, `file_url`, `file_data`, …."""
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
        return False  # urlsplit and the fetching library may parse it differently
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        port = parts.port
    except ValueError:
        return False
    if parts.scheme != "https" or parts.username is not None or port not in (None, 443) or "." not in host.strip("."):
        return False
    # Resolvers accept numeric forms (2130706433, 0x7f.1, 0177.0.0.1) as addresses; a host name ends with letters.
    last = host.rstrip(".").rpartition(".")[2]
    if not last[:1].isalpha():
        try:
            return ipaddress.ip_address(host).is_global
        except ValueError:
            return False
    return last.lower() not in ("local", "localhost", "internal", "lan", "home", "corp", "arpa")
