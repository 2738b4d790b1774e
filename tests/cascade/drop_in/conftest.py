"""A client of OpenAI's library whose own model is a double, and a cascade of two scripted rungs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from cascade.clients.scripted import ScriptedClient, scripted
from cascade.engine.cascade import Cascade
from cascade.ladder import Ladder, Rung
from cascade.settings import Settings
from cascade.usage import Price
from verifiers.refusal import Refusal
from verifiers.schema import Schema

openai = pytest.importorskip("openai")

PRICE = Price(input_usd=1e-6, output_usd=1e-6)
SETTINGS = Settings(on_uncalibrated="pass_marks")


def http_of_openai() -> ModuleType:
    """Return the HTTP library that the installed openai package stands on."""
    root = openai.OpenAI(api_key="k")._client.__class__.__mro__
    names = [kind.__module__.partition(".")[0] for kind in root]
    return import_module(next(name for name in names if name in {"httpx", "httpx2"}))


class OwnModel:
    """The client's own model: what it was sent, and what it answers."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.bodies: list[Any] = []
        self.headers: list[dict[str, str]] = []
        self.statuses: list[int] = []
        self.http = http_of_openai()

    def __call__(self, request: Any) -> Any:
        self.paths.append(request.url.path)
        self.headers.append(dict(request.headers))
        if request.url.path.endswith("/files"):
            self.bodies.append(request.content)
            told = {"id": "file-1", "object": "file", "bytes": 1, "created_at": 1, "filename": "a", "purpose": "batch"}
            return self.http.Response(200, json={**told, "status": "processed"})
        self.bodies.append(json.loads(request.content) if request.content else None)
        status = self.statuses.pop(0) if self.statuses else 200
        if status != 200:
            return self.http.Response(status, json={"error": {"message": "own model is down"}})
        if request.url.path.endswith("/embeddings"):
            data = [{"object": "embedding", "index": 0, "embedding": [0.5]}]
            usage = {"prompt_tokens": 1, "total_tokens": 1}
            return self.http.Response(200, json={"object": "list", "data": data, "model": "e", "usage": usage})
        message = {"role": "assistant", "content": "By the own model."}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16}
        body = {"id": "own", "object": "chat.completion", "created": 1, "model": "gpt-4o", "choices": [choice]}
        return self.http.Response(200, json={**body, "usage": usage})


@pytest.fixture
def own() -> OwnModel:
    return OwnModel()


@pytest.fixture
def client(own: OwnModel) -> Iterator[Any]:
    with openai.OpenAI(api_key="k", http_client=own.http.Client(transport=own.http.MockTransport(own))) as made:
        yield made


@pytest.fixture
def async_client(own: OwnModel) -> Any:
    transport = own.http.MockTransport(own)
    return openai.AsyncOpenAI(api_key="k", http_client=own.http.AsyncClient(transport=transport))


def cascade_of(answer: Any = "Fine.", verify: Any = None, top: Any = "At the top.", **options: Any) -> Cascade:
    """Return a cascade whose cheap rung gives an answer."""
    ladder = Ladder(
        Rung("openai/small", name="small", price=PRICE, verify=verify or [Refusal(), Schema()]),
        Rung("openai/large", name="top", price=PRICE, verify=[]),
    )
    scripts = {"small": scripted(answer, cost_usd=0.25) if isinstance(answer, str) else answer, "top": top}
    return Cascade(ladder, client=ScriptedClient(scripts), settings=SETTINGS, **options)
