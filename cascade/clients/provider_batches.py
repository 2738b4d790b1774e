"""ProviderBatches: OpenAI's files and batches over HTTP: upload, create, look, fetch; one provider's account each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import httpx

from cascade.clients.providers import Provider, provider_of
from cascade.errors import CascadeError, ConfigError
from cascade.exchange import ModelCall
from cascade.redaction import remember, shortened

ENDPOINT = "/v1/chat/completions"
"""What each line of a batch asks, as the format names it."""

_PAGES = 20
_SECONDS = 120.0


class BatchRefused(CascadeError):
    """A provider's files or batches cannot be reached, or it refused; run the command again."""


class ProviderBatches:
    """Files and batches of one address with one key; a context manager."""

    def __init__(self, call: ModelCall) -> None:
        """Take a call whose model, address and key say where batches go.

        Raises:
            ConfigError: the provider speaks no Chat Completions, has no address, or no key is known.
        """
        provider, _ = chat_provider(call)
        url, key = provider.url(call), provider.key_of(call)
        if not url or not key:
            lack = "address (api_base)" if not url else f"key ({' or '.join(provider.keys) or 'api_key'})"
            message = f"Rung {call.rung}: no {lack} is known for {call.model}; a provider batch needs one."
            raise ConfigError(message)
        remember([key])
        parts = urlsplit(url)
        base = urlunsplit((parts.scheme, parts.netloc, parts.path.removesuffix(provider.path), parts.query, ""))
        self._where = parts.netloc.rpartition("@")[2]
        self._http = httpx.Client(
            base_url=base,
            headers={"authorization": f"Bearer {key}", **provider.own_headers()},
            timeout=_SECONDS,
            trust_env=os.environ.get("CASCADE_TRUST_ENV") == "1",
        )

    def upload(self, path: Path) -> str:
        """Upload a file of requests, and return its id.

        Raises:
            BatchRefused: it could not be uploaded.
        """
        with path.open("rb") as file:
            told = self._json(
                "POST", "/files", data={"purpose": "batch"}, files={"file": (path.name, file, "application/jsonl")}
            )
        return self._id(told, "/files")

    def create(self, file_id: str, key: str, path: Path) -> Mapping[str, Any]:
        """Create a batch of an uploaded file; `key` names it, so that it can be found again.

        Raises:
            BatchRefused: it could not be created, as far as is known.
        """
        del path
        body = {
            "input_file_id": file_id,
            "endpoint": ENDPOINT,
            "completion_window": "24h",
            "metadata": {"cascade": key},
        }
        told = self._json("POST", "/batches", json=body, headers={"idempotency-key": key})
        self._id(told, "/batches")
        return told

    def find(self, file_id: str, key: str, path: Path) -> Mapping[str, Any] | None:
        """Return the batch of this file or key, among the provider's latest; None if it was never created.

        Raises:
            BatchRefused: the provider does not list its batches.
        """
        del path
        after: str | None = None
        for _ in range(_PAGES):
            told = self._json("GET", "/batches", params={"limit": "100"} | ({} if after is None else {"after": after}))
            found = [one for one in told.get("data") or () if isinstance(one, Mapping)]
            for one in found:
                metadata = one.get("metadata")
                named = isinstance(metadata, Mapping) and metadata.get("cascade") == key
                if named or one.get("input_file_id") == file_id:
                    return one
            if not told.get("has_more") or not found:
                return None
            after = str(found[-1].get("id"))
        return None

    def get(self, batch_id: str) -> Mapping[str, Any]:
        """Return how a batch stands.

        Raises:
            BatchRefused: the provider does not say.
        """
        return self._json("GET", f"/batches/{batch_id}")

    def fetch(self, file_id: str, path: Path) -> None:
        """Download a file's content; `path` is there once it is complete.

        Raises:
            BatchRefused: it could not be downloaded.
        """
        part = path.with_name(path.name + ".part")
        url = f"/files/{file_id}/content"
        try:
            with self._http.stream("GET", url) as answer, os.fdopen(open_private(part), "wb") as file:
                if answer.status_code >= 300:
                    answer.read()
                    raise self._refused("GET", url, answer)
                for piece in answer.iter_bytes():
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
        except httpx.HTTPError as error:
            raise self._unreachable(error) from None
        part.replace(path)

    def _json(self, method: str, url: str, **how: Any) -> Mapping[str, Any]:
        try:
            answer = self._http.request(method, url, **how)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from None
        if answer.status_code >= 300:
            raise self._refused(method, url, answer)
        try:
            told = answer.json()
        except ValueError:
            told = None
        if not isinstance(told, Mapping):
            message = f"{self._where}{url} answered {answer.status_code} without a JSON object; one was expected."
            raise BatchRefused(message)
        return told

    def _id(self, told: Mapping[str, Any], url: str) -> str:
        identity = told.get("id")
        if not isinstance(identity, str) or not identity or "/" in identity:
            message = f"{self._where}{url} gave no id of what it took; an `id` was expected."
            raise BatchRefused(message)
        return identity

    def _refused(self, method: str, url: str, answer: httpx.Response) -> BatchRefused:
        said = shortened(answer.text.strip(), 300)
        return BatchRefused(f"{method} {self._where}{url} was refused with {answer.status_code}: {said}")

    def _unreachable(self, error: httpx.HTTPError) -> BatchRefused:
        said = shortened(str(error) or type(error).__name__, 300).rstrip(".")
        return BatchRefused(f"{self._where} cannot be reached: {said}. Nothing is lost; run the same command again.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()


def chat_provider(call: ModelCall) -> tuple[Provider, str]:
    """Return a call's provider, and the model as it is called there.

    Raises:
        ConfigError: no provider of the table speaks Chat Completions for it, so it cannot go as a batch.
    """
    found = provider_of(call)
    if found is None:
        message = (
            f"Rung {call.rung}: {call.model} cannot go as a batch; a provider with OpenAI's files and batches, such as "
            "openai/… with an api_base, or anthropic/… was expected. It can be asked live."
        )
        raise ConfigError(message)
    return found


def open_private(path: Path) -> int:
    """Open a file for writing that nobody else may read."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
