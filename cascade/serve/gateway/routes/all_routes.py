"""Routes: everything that the gateway can be asked, put together."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from cascade.serve.gateway.call import Call, Endpoint
from cascade.serve.gateway.gateway import Endpoints
from cascade.serve.gateway.http import respond, respond_json
from cascade.serve.gateway.lifecycle import Lifecycle
from cascade.serve.gateway.model_names import ModelNames
from cascade.serve.gateway.routes.answer_routes import ANSWERS, AnswerRoutes
from cascade.serve.gateway.routes.cascade_routes import CascadeRoutes
from cascade.serve.gateway.routes.models_route import list_models, one_model
from cascade.serve.gateway.routes.openapi import openapi

if TYPE_CHECKING:
    from cascade.serve.gateway.gateway_metrics import GatewayMetrics


def endpoints_of(
    answers: AnswerRoutes,
    ours: CascadeRoutes,
    names: ModelNames,
    lifecycle: Lifecycle,
    metrics: GatewayMetrics,
    *,
    keyed: bool,
) -> Endpoints:
    """Return every endpoint, by path and method; `keyed`: whether keys are asked for."""

    async def models(call: Call) -> None:
        shown = list_models(names, call.key, anthropic=call.anthropic)
        await respond_json(call.send, 200, shown)

    async def model(call: Call) -> None:
        shown = one_model(names, call.key, unquote(call.argument), anthropic=call.anthropic)
        await respond_json(call.send, 200, shown)

    async def healthy(call: Call) -> None:
        await respond(call.send, 200, b"ok\n", kind="text/plain; charset=utf-8")

    async def ready(call: Call) -> None:
        trouble = lifecycle.trouble()
        said = "ok" if trouble is None else trouble
        await respond(
            call.send, 200 if trouble is None else 503, f"{said}\n".encode(), kind="text/plain; charset=utf-8"
        )

    async def measured(call: Call) -> None:
        body, kind = await metrics.exposition(call.header(b"accept") or "")
        await respond(call.send, 200, body, kind=kind)

    async def described(call: Call) -> None:
        await respond_json(call.send, 200, openapi(keyed=keyed))

    found: dict[str, dict[str, Any]] = {
        path: {"POST": Endpoint(handler=partial(answers.answer, path=path))} for path in ANSWERS
    }
    found |= {
        "/v1/messages/count_tokens": {"POST": Endpoint(handler=answers.count_tokens)},
        "/v1/models": {"GET": Endpoint(handler=models)},
        "/v1/models/": {"GET": Endpoint(handler=model)},
        "/v1/cascade/feedback": {"POST": Endpoint(handler=ours.feedback, access="feedback")},
        "/v1/cascade/decisions/": {"GET": Endpoint(handler=ours.decision, access="explain")},
        "/v1/cascade/reload": {"POST": Endpoint(handler=ours.reload, access="reload")},
        "/openapi.json": {"GET": Endpoint(handler=described, access="open")},
        "/healthz": {"GET": Endpoint(handler=healthy, access="open")},
        "/readyz": {"GET": Endpoint(handler=ready, access="open")},
        "/metrics": {"GET": Endpoint(handler=measured, access="metrics")},
    }
    return found
