"""wrap(): a client of OpenAI's or Anthropic's library whose requests run the cascade, and which stays what it was."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from cascade.drop_in.exchange import Exchanges, OnInternalError
from cascade.drop_in.route import Library
from cascade.drop_in.transport import http_client
from cascade.errors import ConfigError
from cascade.exchange import Request

if TYPE_CHECKING:
    from cascade.engine.cascade import Cascade

Client = TypeVar("Client")

DEFAULTS = ("deadline_s", "group", "max_cost_usd", "principal", "quality", "session", "tags")

_WRAPPED: Mapping[tuple[str, str], tuple[Library, bool]] = {
    ("openai", "OpenAI"): ("openai", False),
    ("openai", "AsyncOpenAI"): ("openai", True),
    ("anthropic", "Anthropic"): ("anthropic", False),
    ("anthropic", "AsyncAnthropic"): ("anthropic", True),
}
"""Classes that can be wrapped, their subclasses too: their library's name, and whether they are async."""

_BEDROCK = "wrap an Anthropic() and name the model in the ladder: bedrock/<model>, with your AWS credentials."
_VERTEX = "wrap an Anthropic() and name the model in the ladder: vertex_ai/<model>, with your Google credentials."
_FOUNDRY = "wrap an Anthropic() and name the model in the ladder: azure_ai/<model>, with its api_base and api_key."
_OPENAI_BEDROCK = "wrap an OpenAI() and name the model in the ladder: bedrock/<model>, with your AWS credentials."
_GEMINI = "wrap an OpenAI(), or call cascade.run(), and name the model in the ladder: gemini/<model>."

_INSTEAD: Mapping[tuple[str, str], str] = {
    **{("anthropic", f"{kind}AnthropicBedrock{last}"): _BEDROCK for kind in ("", "Async") for last in ("", "Mantle")},
    **{("anthropic", f"{kind}AnthropicAWS"): _BEDROCK for kind in ("", "Async")},
    **{("anthropic", f"{kind}AnthropicVertex"): _VERTEX for kind in ("", "Async")},
    **{("anthropic", f"{kind}AnthropicGoogleCloud"): _VERTEX for kind in ("", "Async")},
    **{("anthropic", f"{kind}AnthropicFoundry"): _FOUNDRY for kind in ("", "Async")},
    **{("openai", f"{kind}BedrockOpenAI"): _OPENAI_BEDROCK for kind in ("", "Async")},
    ("google", "Client"): _GEMINI,
    ("google", "AsyncClient"): _GEMINI,
}
"""Classes that cannot be wrapped, since their requests are signed or in a form of their own, and what to use."""


def wrap(
    client: Client,
    *,
    task: str = "default",
    app: Cascade | None = None,
    on_internal_error: OnInternalError = "reference",
    **defaults: Any,
) -> Client:
    """Return a client of the same class whose requests for answers run the cascade.

    `chat.completions` and `messages` (`create`, `parse`, `stream`, `with_raw_response`, …) return the library's own
    objects, with `cascade` beside (decision, rung, cost, …; also as `x-cascade-*` headers). Streams are verified, then
    streamed: the first piece comes after the result's `latency_s`; with `on_stream: top_live` as it comes, where a
    request starts at the top. Everything else (files, embeddings, …) goes to the original client untouched. Errors are
    the library's own, with ours as their cause: a spent budget or the escalation cap is a `RateLimitError`, a passed
    deadline an `APITimeoutError`; they are not retried. The client's timeout is the request's deadline where it has no
    earlier one.

    Args:
        client: an OpenAI, AsyncOpenAI, Anthropic or AsyncAnthropic (subclasses too, AzureOpenAI among them), or
            LangChain's ChatOpenAI, whose clients are then wrapped; it is not changed.
        task: the task of its requests.
        app: the cascade; None: the process default, opened at the first request (CASCADE_CONFIG, else ./cascade.yaml).
        on_internal_error: `reference`: a failure of the cascade itself (its configuration, a verifier, the log, a bug,
            a provider below the top) sends the unmodified request to the client's own model. That is flagged
            `bypassed`, logged as an error on the logger `cascade.wrap`, and paid from the same budgets. `raise`: it
            raises.
        defaults: options of its requests: `deadline_s`, `group`, `max_cost_usd`, `principal`, `quality`, `session`,
            `tags`. A request sets them in `extra_body={"cascade": {…}}`, but for `principal`.

    Raises:
        TypeError: an option is unknown.
        ConfigError: it is no client that can be wrapped, or an option cannot be used.

    Example:
        >>> client = cascade.wrap(OpenAI(), task="invoices")
    """
    if (inner := _clients_of(client)) is not None:
        options = {"task": task, "app": app, "on_internal_error": on_internal_error, **defaults}
        model: Client = _chat_model(client, *(one if one is None else wrap(one, **options) for one in inner))
        return model
    library, is_async = _known(client)
    for name in defaults:
        if name not in DEFAULTS:
            near = get_close_matches(name, DEFAULTS, n=1, cutoff=0.5)
            meant = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(DEFAULTS)}."
            raise TypeError(f"wrap() got an unexpected option {name!r}; {meant}")
    if on_internal_error not in get_args(OnInternalError):
        raise ConfigError(f"on_internal_error is {on_internal_error!r:.80}; reference or raise was expected.")
    Request.of("?", task=task, **defaults)  # what cannot be used is told here
    exchanges = Exchanges(
        library=library, app=app, defaults={"task": task, **defaults}, on_internal_error=on_internal_error
    )
    made: Client = client.with_options(http_client=http_client(client, exchanges, is_async=is_async))  # type: ignore[attr-defined]
    return made


def _clients_of(model: Any) -> tuple[Any, Any] | None:
    """Return the sync and the async client of LangChain's ChatOpenAI; None where it is none."""
    if not any(kind.__module__.startswith("langchain_openai.chat_models") for kind in type(model).__mro__):
        return None
    return model.root_client, model.root_async_client


def _chat_model(model: Any, client: Any, async_client: Any) -> Any:
    """Return LangChain's model with other clients."""
    changes = {"root_client": client, "root_async_client": async_client}
    changes |= {} if client is None else {"client": client.chat.completions}
    changes |= {} if async_client is None else {"async_client": async_client.chat.completions}
    return model.model_copy(update=changes)


def _known(client: Any) -> tuple[Library, bool]:
    """Return the library of a client, and whether it is async.

    Raises:
        ConfigError: it cannot be wrapped.
    """
    names = [(kind.__module__.partition(".")[0], kind.__name__) for kind in type(client).__mro__]
    instead = next((_INSTEAD[name] for name in names if name in _INSTEAD), None)
    if instead is not None:
        raise ConfigError(f"A {type(client).__name__} cannot be wrapped; {instead}")
    found = next((_WRAPPED[name] for name in names if name in _WRAPPED), None)
    if found is None:
        kinds = ", ".join(name for _, name in _WRAPPED)
        what = f"the class {client.__name__}" if isinstance(client, type) else f"a {type(client).__name__}"
        raise ConfigError(f"wrap() got {what}; an object of one of {kinds} was expected.")
    return found
