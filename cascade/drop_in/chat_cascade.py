"""ChatCascade: a chat model of LangChain's that is a cascade; needs langchain-core, which no extra of ours installs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, convert_to_openai_messages
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field

from cascade.config.process import default
from cascade.dialects.inbound import chat
from cascade.dialects.inbound.extension import FIELD
from cascade.dialects.inbound.inbound import Inbound
from cascade.dialects.inbound.server_sent_events import pieces
from cascade.result import Result

_CHOICES: Mapping[Any, Any] = {"any": "required", True: "required", False: "none"}


class ChatCascade(BaseChatModel):  # type: ignore[misc]  # langchain-core is none of our dependencies
    """A chat model whose answers are decided by a cascade: tools, structured output, streams, sync and async.

    `response_metadata["cascade"]` of an answer has decision id, rung, confidence, cost and reasons. Errors are the
    cascade's own (`cascade.errors`).

    Example:
        >>> model = ChatCascade(task="support")
        >>> model.with_structured_output(Order).invoke("Two lamps to Oslo, please")
    """

    task: str = "default"
    """The task of its requests."""

    app: Any = None
    """The cascade; None: the process default (CASCADE_CONFIG, else ./cascade.yaml)."""

    options: dict[str, Any] = Field(default_factory=dict)
    """Options of its requests: `quality`, `session`, `group`, `deadline_s`, `max_cost_usd`, `tags`."""

    principal: str | None = None
    """On whose behalf its requests are made."""

    params: dict[str, Any] = Field(default_factory=dict)
    """Provider parameters of its requests (`temperature`, `max_tokens`, …)."""

    @property
    def _llm_type(self) -> str:
        return "cascade"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model_name": f"cascade/{self.task}", **self.options, **self.params}

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | Any],
        *,
        tool_choice: Any = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Return the model with tools that it may call, or has to (`tool_choice`: any, a name, a form of OpenAI's)."""
        given = [convert_to_openai_tool(tool) for tool in tools]
        names = {tool["function"]["name"] for tool in given}
        choice = _CHOICES.get(tool_choice, tool_choice) if not isinstance(tool_choice, dict) else tool_choice
        if choice in names if isinstance(choice, str) else False:
            choice = {"type": "function", "function": {"name": choice}}
        kwargs.pop("ls_structured_output_format", None)
        chosen = {} if choice is None else {"tool_choice": choice}
        return self.bind(tools=given, **chosen, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        del run_manager
        inbound = self._read(messages, stop, kwargs)
        return _generated(self._cascade.run(inbound.request), inbound)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        del run_manager
        inbound = self._read(messages, stop, kwargs)
        return _generated(await self._cascade.arun(inbound.request), inbound)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in _chunks(self._generate(messages, stop, None, **kwargs)):
            if run_manager is not None:
                run_manager.on_llm_new_token(str(chunk.message.content), chunk=chunk)
            yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in _chunks(await self._agenerate(messages, stop, None, **kwargs)):
            if run_manager is not None:
                await run_manager.on_llm_new_token(str(chunk.message.content), chunk=chunk)
            yield chunk

    @property
    def _cascade(self) -> Any:
        return self.app or default()

    def _read(self, messages: list[BaseMessage], stop: list[str] | None, params: Mapping[str, Any]) -> Inbound:
        body = {
            **self.params,
            **params,
            "model": f"cascade/{self.task}",
            "messages": convert_to_openai_messages(messages),
        }
        if stop:
            body["stop"] = stop
        return chat.read({**body, FIELD: self.options}, {} if self.principal is None else {"principal": self.principal})


def _generated(result: Result[Any], inbound: Inbound) -> ChatResult:
    whole = chat.write(result, inbound)
    (choice,), usage = whole["choices"], whole["usage"]
    said = choice["message"]
    calls: list[dict[str, Any]] = []
    broken: list[dict[str, Any]] = []
    for call in said.get("tool_calls", ()):
        name, arguments = call["function"]["name"], call["function"]["arguments"]
        try:
            calls.append({"name": name, "args": json.loads(arguments or "{}"), "id": call["id"], "type": "tool_call"})
        except ValueError as error:
            unread = {"name": name, "args": arguments, "id": call["id"], "error": str(error)}
            broken.append({**unread, "type": "invalid_tool_call"})
    message = AIMessage(
        content=said["content"] or said["refusal"] or "",
        tool_calls=calls,
        invalid_tool_calls=broken,
        id=whole["id"],
        usage_metadata={
            "input_tokens": usage["prompt_tokens"],
            "output_tokens": usage["completion_tokens"],
            "total_tokens": usage["total_tokens"],
        },
        response_metadata={
            "model_name": whole["model"], "finish_reason": choice["finish_reason"], FIELD: whole[FIELD],
        },
    )  # fmt: skip
    return ChatResult(generations=[ChatGeneration(message=message)])


def _chunks(made: ChatResult) -> Iterator[ChatGenerationChunk]:
    """Yield an answer in pieces; the last one holds its calls, usage and metadata."""
    message = made.generations[0].message
    if not isinstance(message, AIMessage):
        return
    *first, last = [*pieces(str(message.content))] or [""]
    for piece in first:
        yield ChatGenerationChunk(message=AIMessageChunk(content=piece, id=message.id))
    calls = [*message.tool_calls, *message.invalid_tool_calls]
    parts = [
        {
            "name": call["name"], "id": call["id"], "index": place, "type": "tool_call_chunk",
            "args": call["args"] if isinstance(call["args"], str) else json.dumps(call["args"]),
        }
        for place, call in enumerate(calls)
    ]  # fmt: skip
    held: dict[str, Any] = {"usage_metadata": message.usage_metadata, "response_metadata": message.response_metadata}
    yield ChatGenerationChunk(message=AIMessageChunk(content=last, id=message.id, tool_call_chunks=parts, **held))
