"""Answer routes: Chat Completions, Responses and Messages by decisions, and the count of a prompt's tokens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from cascade.dialects.inbound.inbound import Inbound
from cascade.dialects.inbound.live_events import can_go_live
from cascade.drop_in.route import ROUTES, Route
from cascade.prices import estimate_prompt_tokens
from cascade.result import Result
from cascade.serve.gateway.answer_response import Pace, rendering, respond_answer
from cascade.serve.gateway.answering import Answering
from cascade.serve.gateway.asked import read_asked, read_request
from cascade.serve.gateway.call import Call
from cascade.serve.gateway.coming import Coming
from cascade.serve.gateway.http import respond_json
from cascade.serve.gateway.lifecycle import Lifecycle
from cascade.serve.gateway.model_names import ModelNames
from cascade.serve.gateway.rendering import Rendering
from cascade.serve.gateway.repeats import Answered, Repeats
from cascade.serve.gateway.request_body import read_body

if TYPE_CHECKING:
    from cascade.engine.cascade import Cascade

ANSWERS: Mapping[str, Route] = {f"/v1{end}": route for end, route in ROUTES["openai"].items()} | dict(
    ROUTES["anthropic"]
)
"""Routes that are answered by a decision, by path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRoutes:
    """What answers them."""

    app: Cascade
    """The cascade."""

    names: ModelNames
    """The names of models."""

    answering: Answering
    """Runs requests."""

    repeats: Repeats
    """Finds the same request twice."""

    lifecycle: Lifecycle
    """Whether further requests are taken."""

    pace: Pace
    """What streams send before their answers."""

    async def answer(self, call: Call, *, path: str) -> None:
        """Answer a request of one of `ANSWERS`."""
        arrived, route = time.monotonic(), ANSWERS[path]
        with self.lifecycle.answering():
            body = await read_body(call.receive, call.header(b"content-length"))
            asked = await read_asked(body, call.headers, route, path, call.key, self.app, self.names)
            del body
            live = can_go_live(asked.inbound) and self.app.host.streams_live(asked.request.task)
            coming = Coming() if live else None
            stream = None if coming is None else coming.stream
            decide = partial(self.answering.decide, asked.request, call.key, arrived, stream)
            repeated = partial(_repeated, route, asked.inbound)
            work = asyncio.get_running_loop().create_task(self.repeats.answer(asked.same, decide, repeated))
            await respond_answer(call.send, call.receive, route, asked.inbound, work, self.pace, coming)

    async def count_tokens(self, call: Call) -> None:
        """Estimate the tokens of a prompt of Messages; no model is asked."""
        body = await read_body(call.receive, call.header(b"content-length"))
        route = ROUTES["anthropic"]["/v1/messages"]
        _, request = await read_request(body, route, call.key, self.app, self.names)
        await respond_json(call.send, 200, {"input_tokens": estimate_prompt_tokens(request.messages, request.params)})


def _repeated(route: Route, inbound: Inbound, result: Result[Any]) -> Rendering:
    """Return the response to a repetition."""
    return rendering(route, inbound, Answered(result, replayed=True))
