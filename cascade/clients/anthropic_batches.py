"""AnthropicBatches: Anthropic's Message Batches, through its own SDK, in the form of OpenAI's files and batches."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from cascade.clients.provider_batches import BatchRefused, open_private
from cascade.errors import ConfigError
from cascade.exchange import ModelCall
from cascade.extras import require_extra
from cascade.redaction import remember, shortened

MOST_BYTES = 32 << 20
"""Bytes of one batch's requests at most, since the SDK takes objects. Anthropic allows 256 MB and 100,000 requests."""

_ADDRESS = "https://api.anthropic.com"
_BASES = ("ANTHROPIC_API_BASE", "ANTHROPIC_BASE_URL")
_KEY = "ANTHROPIC_API_KEY"
_FORCED = "json_tool_call"
_SECONDS = 600.0
VERSION = "2023-06-01"
"""The version of Anthropic's API that requests are written for."""
_CLOCKS_DIFFER_S = 3600.0
_STATUSES: Mapping[str, int] = {
    "invalid_request_error": 400, "authentication_error": 401, "billing_error": 402, "permission_error": 403,
    "not_found_error": 404, "request_too_large": 413, "rate_limit_error": 429, "api_error": 500, "timeout_error": 504,
    "overloaded_error": 529,
}  # fmt: skip
"""The status that a live call gets with a kind of error."""


class AnthropicBatches:
    """Message Batches of one address with one key; a context manager.

    A batch carries no name of ours, so one whose reply was lost is found by its time, its number of requests and, once
    it has ended, by the ids of its results.
    """

    def __init__(self, call: ModelCall) -> None:
        """Take a call whose address and key say where batches go.

        Raises:
            MissingExtra: the SDK is not installed.
            ConfigError: no key is known.
        """
        require_sdk(call)
        import anthropic
        import httpx2

        key = call.api_key or os.environ.get(_KEY)
        if not key:
            message = f"Rung {call.rung}: no key ({_KEY} or api_key) is known for {call.model}; a batch needs one."
            raise ConfigError(message)
        remember([key])
        base = call.api_base or next((found for name in _BASES if (found := os.environ.get(name))), _ADDRESS)
        base = base.rstrip("/").removesuffix("/messages").removesuffix("/v1")
        self._origin = urlsplit(base)[:2]
        self._where = self._origin[1].rpartition("@")[2]
        self._failed: Any = (anthropic.AnthropicError, httpx2.HTTPError)  # the latter while results are read
        self._client: Any = anthropic.Anthropic(
            api_key=key,
            base_url=base,
            max_retries=0,  # a create whose reply was lost, sent again, is a second batch
            timeout=_SECONDS,
            default_headers={"anthropic-version": VERSION},  # the SDK's own may be later, and mean other bodies
            http_client=anthropic.DefaultHttpxClient(
                follow_redirects=False, trust_env=os.environ.get("CASCADE_TRUST_ENV") == "1"
            ),
        )
        self._batches: Any = self._client.messages.batches

    def upload(self, path: Path) -> str:
        """Return '': a batch is created with its requests."""
        del path
        return ""

    def create(self, file_id: str, key: str, path: Path) -> Mapping[str, Any]:
        """Create a batch of a file's requests.

        Raises:
            BatchRefused: it could not be created, as far as is known.
        """
        del file_id, key
        requests, betas = [], set[str]()
        for told in _lines(path):
            requests.append({"custom_id": told["custom_id"], "params": told["body"]})
            betas.update(told.get("betas") or ())
        headers = {"anthropic-beta": ",".join(sorted(betas))} if betas else None
        try:
            made = self._batches.create(requests=requests, extra_headers=headers)
        except self._failed as error:
            raise self._refused("POST", error) from None
        return _told(made)

    def find(self, file_id: str, key: str, path: Path) -> Mapping[str, Any] | None:
        """Return the batch of this file's requests; None if it was never created.

        Raises:
            BatchRefused: batches are not listed, or one that may be it is still in progress.
        """
        del file_id, key
        ids = {told["custom_id"] for told in _lines(path)}
        since = path.stat().st_mtime - _CLOCKS_DIFFER_S
        try:
            for batch in self._batches.list(limit=100):
                if batch.created_at.timestamp() < since:
                    return None
                counts = batch.request_counts
                total = counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired
                if total != len(ids):
                    continue
                if batch.processing_status != "ended":
                    message = (
                        f"A batch may have been created when the last command ended. {batch.id} at {self._where} has "
                        "as many requests and is in progress; whether it is that one is known once it has ended. Run "
                        "the same command again then."
                    )
                    raise BatchRefused(message)
                if next(self._results(batch.id), {}).get("custom_id") in ids:
                    return _told(batch)
        except self._failed as error:
            raise self._refused("GET", error) from None
        return None

    def get(self, batch_id: str) -> Mapping[str, Any]:
        """Return how a batch stands.

        Raises:
            BatchRefused: the provider does not say.
        """
        try:
            return _told(self._batches.retrieve(batch_id))
        except self._failed as error:
            raise self._refused("GET", error) from None

    def fetch(self, file_id: str, path: Path) -> None:
        """Download a batch's results, as lines of OpenAI's form; `path` is there once they are complete.

        Raises:
            BatchRefused: they could not be downloaded.
        """
        part = path.with_name(path.name + ".part")
        try:
            with os.fdopen(open_private(part), "wb") as file:
                for told in self._results(file_id):
                    file.write(json.dumps(as_line(told)).encode("ascii") + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except self._failed as error:
            raise self._refused("GET", error) from None
        part.replace(path)

    def _results(self, batch_id: str) -> Iterator[Mapping[str, Any]]:
        where = urlsplit(self._batches.retrieve(batch_id).results_url or "")
        if where[:2] != self._origin:
            message = (
                f"The results of {batch_id} are at {where.netloc or 'no address'}, and {self._where} was expected; a "
                "key goes nowhere else."
            )
            raise BatchRefused(message)
        with self._batches.with_streaming_response.results(batch_id) as answer:
            yield from _objects(answer.iter_bytes())

    def _refused(self, method: str, error: Exception) -> BatchRefused:
        status = getattr(error, "status_code", None)
        said = shortened(str(error) or type(error).__name__, 300).rstrip(".")
        if status is None:
            return BatchRefused(
                f"{self._where} cannot be reached: {said}. Nothing is lost; run the same command again."
            )
        return BatchRefused(f"{method} {self._where}/v1/messages/batches was refused with {status}: {said}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()


def is_anthropic(call: ModelCall) -> bool:
    """Return whether a call goes to Anthropic's own API."""
    prefix, slash, name = call.model.partition("/")
    return prefix == "anthropic" if slash else prefix.startswith("claude") and not name


def require_sdk(call: ModelCall) -> None:
    """Require Anthropic's SDK.

    Raises:
        MissingExtra: it is not installed.
    """
    require_extra("anthropic", use=f"Rung {call.rung}: a batch of {call.model}")


def as_line(told: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a line of Anthropic's results as the line of OpenAI's output that says the same."""
    result = told.get("result")
    kind = result.get("type") if isinstance(result, Mapping) else None
    line = {"custom_id": told.get("custom_id"), "response": None, "error": None}
    if not isinstance(result, Mapping):
        return line
    if kind == "succeeded":
        return {**line, "response": {"status_code": 200, "body": result.get("message")}}
    if kind in {"expired", "canceled"}:
        return {**line, "error": {"code": "batch_expired" if kind == "expired" else "batch_cancelled"}}
    body = result.get("error")
    error = body.get("error") if isinstance(body, Mapping) else None
    named = error.get("type") if isinstance(error, Mapping) else None
    return {**line, "response": {"status_code": _STATUSES.get(str(named), 500), "body": body}}


def _told(batch: Any) -> Mapping[str, Any]:
    ended = batch.processing_status == "ended"
    status = "completed" if ended else str(batch.processing_status)
    return {"id": batch.id, "status": status, "output_file_id": batch.id if ended else None}


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        yield from map(json.loads, file)


def _objects(pieces: Iterable[bytes]) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of JSON lines that come in pieces; what is none is {}, and its call is missing."""
    rest = b""
    for piece in chain(pieces, (b"\n",)):
        *lines, rest = (rest + piece).split(b"\n")
        for line in filter(None, map(bytes.strip, lines)):
            told = None
            with suppress(ValueError, RecursionError):
                told = json.loads(line)
            yield told if isinstance(told, Mapping) else {}


def without_forced_tool(body: Any, sent: Mapping[str, Any]) -> Any:
    """Return a message as one of text, where its request had a schema go out as a tool that must be called.

    So litellm asks Claude models without structured outputs, and so it reads them.
    """
    choice, blocks = sent.get("tool_choice"), body.get("content") if isinstance(body, Mapping) else None
    if not isinstance(choice, Mapping) or choice.get("name") != _FORCED or not isinstance(blocks, list):
        return body
    calls = [block for block in blocks if isinstance(block, Mapping) and block.get("name") == _FORCED]
    if len(calls) != 1:
        return body
    text = {"type": "text", "text": json.dumps(calls[0].get("input"))}
    kept = [block for block in blocks if isinstance(block, Mapping) and block.get("type") not in {"text", "tool_use"}]
    return {**body, "content": [*kept, text], "stop_reason": "end_turn"}
