"""Exchange: Request, ModelCall, LocalCall, Response and Exchange, the values passed between engine and model."""

from __future__ import annotations

import math
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from cascade.answer_schema import declared_answer, described, of_format, require_pointer
from cascade.endpoint import Balance, Endpoint
from cascade.errors import ConfigError, DataError
from cascade.hashing import content_id
from cascade.messages import plain_messages
from cascade.redaction import shown
from cascade.usage import Price, Usage

Message: TypeAlias = Mapping[str, Any]
"""One chat message as the provider takes it: role, content (text or parts), tool calls, anything else; unchanged."""


class _Empty(Mapping[str, Any]):
    """An immutable empty mapping: hashable (dataclasses require that of a default), copied and pickled as itself."""

    __slots__ = ()

    def __getitem__(self, key: str) -> Any:
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __contains__(self, key: object) -> bool:
        return False

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ARG002 - of Mapping
        """Return the default: `Mapping` would raise and catch an error for it."""
        return default

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "{}"

    def __reduce__(self) -> str:
        return "EMPTY"


EMPTY: Mapping[str, Any] = _Empty()
"""The one empty mapping that frozen values share as a default."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""The letters of a name (a task, an annotator): it may become part of file names and reports."""

_DEVICES = re.compile(r"(?i)(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?")


def is_name(text: str) -> bool:
    """Return whether a text may name a task or an annotator: no path, and a file name on every system.

    Windows knows devices by name (`con`, `nul.txt`), and drops a dot at the end.
    """
    return bool(NAME.fullmatch(text)) and not text.endswith(".") and not _DEVICES.fullmatch(text)


def _jsonable(value: Any) -> Any:
    """Return a provider parameter as JSON, for hashing: classes by their JSON schema or name."""
    if value is None or isinstance(value, str):  # first: to ask whether a text is a Mapping takes longer than the rest
        return value
    if isinstance(value, Mapping):
        return {str(key): _jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(item) for item in value]
    if isinstance(value, type):
        schema = getattr(value, "model_json_schema", None)
        return schema() if schema is not None else f"{value.__module__}.{value.__qualname__}"
    return value


def _is_limit(value: Any, *, above: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and above < value < math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request: the messages to answer, with its options."""

    messages: tuple[Message, ...]
    """The chat so far, in order: mappings, or message objects of clients. Each provider is sent what it understands of
    it (`cascade/dialects/history.py`). At least one."""

    task: str = "default"
    """The kind of work, which has its own policy."""

    schema: Mapping[str, Any] | None = None
    """The JSON Schema (2020-12) that the answer must satisfy, if any. It may be given in a provider's wrapper, or as a
    type that pydantic knows; without one, that of `response_format` among the params."""

    output_type: Any = field(default=None, repr=False, compare=False)
    """The Python type (pydantic model, dataclass, …) that the answer is parsed into, if any; `schema` is its schema."""

    params: Mapping[str, Any] = EMPTY
    """Provider parameters (temperature, tools, response_format, …), passed on unchanged; they win over a rung's."""

    answer_field: str | None = None
    """The JSON pointer of the field that holds the answer, for comparisons; None: the property that the schema marks
    with `x-cascade-answer`, else the one named `answer`, else the object without its free text."""

    id: str = ""
    """Names the request in every hashed choice; defaults to a hash of its content."""

    principal: str | None = None
    """On whose behalf the request is made, for caps and budgets."""

    session: str | None = None
    """The conversation that the request belongs to."""

    group: str | None = None
    """Requests that are not independent of each other (turns, chunks of a document) share one; by default `session`."""

    tags: Mapping[str, str] = EMPTY
    """The user's own labels, for reports."""

    quality: str | None = None
    """The operating point of its task's policy (`strict`, `cheap`, …); None: the policy's own."""

    deadline_s: float | None = None
    """Seconds that the whole request may take, verifiers included; None: no limit of its own."""

    max_cost_usd: float | None = None
    """US dollars that the whole request may cost, verifiers included; None: no limit of its own."""

    def __post_init__(self) -> None:
        """Check what a caller can get wrong, and fill in the id."""
        if not self.messages:
            message = "A request has no messages; at least one was expected."
            raise DataError(message)
        if not is_name(self.task):
            message = (
                f"The task name {self.task[:80]!r} cannot be used; it must match {NAME.pattern} (64 at most), not end "
                "with a dot, and not be a device of Windows (con, nul, …)."
            )
            raise ConfigError(message)
        for name, unit in (("deadline_s", "seconds above 0"), ("max_cost_usd", "US dollars from 0 on")):
            limit = getattr(self, name)
            if limit is not None and not _is_limit(limit, above=0.0 if name == "deadline_s" else -math.ulp(0.0)):
                message = f"{name} is {limit!r}; {unit} were expected, or None for no limit."
                raise ConfigError(message)
        if self.group is None:
            object.__setattr__(self, "group", self.session)
        object.__setattr__(self, "messages", plain_messages(self.messages))
        given = self.schema
        if given is not None:
            self._take(*described(given))
        if not self.id:
            params = _jsonable(self.params)
            content = [_jsonable(self.messages), params, _jsonable(self.schema)]
            object.__setattr__(self, "id", content_id(content))
        if given is None and "response_format" in self.params:
            self._take(*of_format(self.params["response_format"]))
        if self.answer_field is not None:
            require_pointer(self.answer_field, "answer_field")
        elif self.schema is not None:
            object.__setattr__(self, "answer_field", declared_answer(self.schema))

    def _take(self, schema: Mapping[str, Any] | None, kind: Any) -> None:
        object.__setattr__(self, "schema", schema)
        if kind is not None:
            object.__setattr__(self, "output_type", kind)

    @classmethod
    def of(cls, prompt: str | Sequence[Message], **fields: Any) -> Request:
        """Make a request from one user's text or from a chat; `fields` are the others of this class."""
        if isinstance(prompt, Mapping) or not isinstance(prompt, str | Iterable):
            message = f"A prompt is a {type(prompt).__name__}; a text, or a list of messages, was expected."
            raise DataError(message)
        messages = ({"role": "user", "content": prompt},) if isinstance(prompt, str) else tuple(prompt)
        return cls(messages=messages, **fields)

    @property
    def prompt(self) -> str:
        """The text of the last message, parts joined; '' where it has none."""
        return text_of(self.messages[-1].get("content"))

    @property
    def content(self) -> str:
        """A hash of the messages: the same for copies of a request, whatever their ids, parameters and groups."""
        return content_id(_jsonable(self.messages))


def text_of(content: Any) -> str:
    """Return the text of a message's content: a string, or the text parts of a list, one a line."""
    if isinstance(content, str):
        return content
    if isinstance(content, list | tuple):
        parts = (part.get("text") for part in content if isinstance(part, Mapping))
        return "\n".join(part for part in parts if isinstance(part, str))
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCall:
    """One paid question to one model: what the flow yields and a client answers."""

    rung: str
    """The rung on whose behalf it is made."""

    model: str
    """The model, in litellm's `provider/name` form."""

    messages: tuple[Message, ...]
    """The chat to send, unchanged."""

    params: Mapping[str, Any] = EMPTY
    """Required provider parameters: a model that does not support one is an error."""

    wishes: Mapping[str, Any] = EMPTY
    """Optional provider parameters, dropped where the model does not support them (log-probabilities)."""

    api_base: str | None = None
    """The endpoint's address; None: the provider's own."""

    api_key: str | None = field(default=None, repr=False)
    """The key; None: from the provider's own environment variable."""

    schema_sent: str = ""
    """How the request's schema goes out: `native` (as `response_format`) or `instruction`; '' where it has none."""

    endpoints: tuple[Endpoint, ...] = ()
    """Equivalent endpoints, in order of preference; the retry loop picks one for each try. (): the one above."""

    balance: Balance = "order"
    """Which of them is preferred: the first, the one with the fewest calls in flight, or each in turn."""

    client: str = "auto"
    """Who asks it: `direct` (our own connections), `litellm`, or `auto` (direct where the provider is known)."""

    endpoint: str = ""
    """The name of the one that was picked; '' where none are listed."""

    rung_model: str = ""
    """What the rung calls the model that was picked there; '' where none are listed."""

    timeout_s: float = 60.0
    """Timeout of one try, in seconds."""

    price: Price | None = None
    """The price that was configured for it; None: from the price table, by `model`."""

    verifier: str | None = None
    """The verifier that asks; None: the call is for the rung's answer."""

    again: bool = False
    """Whether it asks the rung once more, since a schema vetoed its answer."""

    sample: int = 0
    """Which of several equal questions this is (further samples of one model), from 0."""

    request_id: str = ""
    """The id of the request that it serves."""

    live: bool = False
    """Whether its answer may be passed on as it comes: no other rung will be asked, whatever it is."""

    def __repr__(self) -> str:
        return shown(self)

    def at(self, endpoint: Endpoint) -> ModelCall:
        """Return the call as one of its endpoints is to be asked; the rung's price goes with the rung's model only."""
        price = endpoint.price or (self.price if endpoint.model is None else None)
        return replace(
            self,
            model=endpoint.model or self.model,
            rung_model=self.model,
            price=price,
            api_base=endpoint.api_base,
            api_key=endpoint.api_key,
            endpoints=(),
            endpoint=endpoint.name,
        )

    def at_each(self) -> tuple[ModelCall, ...]:
        """Return the calls that may come of it, one an endpoint."""
        return tuple(self.at(endpoint) for endpoint in self.endpoints) or (self,)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalCall:
    """A local call of a verifier, neither a model call nor instant: run in a thread or awaited, under a timeout."""

    run: Callable[[], Any | Awaitable[Any]]
    """What to run; what it returns is sent back."""

    timeout_s: float
    """Seconds after which the verifier abstains."""

    label: str
    """Name of the caller, for messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLogProb:
    """One emitted token with its log-probability."""

    token: str | None
    """The token's text; None where only the figure was recorded."""

    logprob: float
    """Its natural log-probability as reported: usable values are ≤ 0, but NaN, −inf and > 0 occur."""

    top: tuple[tuple[str, float], ...] = ()
    """The most likely tokens at this place with their log-probabilities, where asked for."""


RESENT = "resent"
"""Flag of a response whose call was sent twice: its kept connection had closed so late that it may have been read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A model's response to one call."""

    text: str
    """The answer's text; '' where there is none (a tool call, a refusal)."""

    tool_calls: tuple[Mapping[str, Any], ...] = ()
    """Tool calls in OpenAI's form, unchanged."""

    message: Mapping[str, Any] = EMPTY
    """The assistant message as the provider gave it, to append to a history."""

    finish_reason: str | None = None
    """Why the model stopped (stop, length, tool_calls, content_filter, …): the provider's word where it is known."""

    finish_raw: str | None = None
    """The provider's raw finish reason, before any translation; None if absent or not read."""

    status: int | None = None
    """The HTTP status, where the answer came over a connection of ours."""

    refusal: str | None = None
    """The provider's own refusal text, where it has such a field."""

    logprobs: tuple[TokenLogProb, ...] | None = None
    """The answer's tokens with their log-probabilities; None where the provider gives none."""

    samples: tuple[str, ...] = ()
    """Further answers that came with the same call (`n` > 1), or that were recorded."""

    usage: Usage = Usage()
    """What the call consumed."""

    cost_usd: float | None = None
    """What the call cost, tries that failed included; None: no cost is known (recordings only)."""

    cost_reported: float | None = None
    """US dollars that the provider says the answer cost, where it says so. `cost_usd` is that where it is more than by
    our prices, and can be true by what we hold of the call."""

    latency_s: float = 0.0
    """Seconds from the first try to the whole answer."""

    model_reported: str | None = None
    """The model that the provider says it ran; prices never follow it."""

    tries: int = 1
    """How many times the provider was asked, this answer included."""

    endpoint: str = ""
    """Which of the rung's endpoints answered; '' where it lists none."""

    flags: tuple[str, ...] = ()
    """What was odd about it: `usage_estimated` (none was reported), `usage_implausible` (what was reported cannot be
    true; ours is booked), another model reported, `capped_by_budget` (cut off where the budget paid for no more),
    `availability:…` for each endpoint that failed before, …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and a rung's response to it: the input of a verifier."""

    request: Request
    """What was asked."""

    response: Response
    """What the rung answered."""

    rung: str
    """The rung's name."""

    model: str
    """The rung's model."""

    call: ModelCall
    """The call that was answered, to ask the same again."""

    earlier: Mapping[str, Response] = EMPTY
    """The responses of the rungs below, by name, in ladder order."""

    fitted: Mapping[str, Any] = EMPTY
    """What the policy holds for verifiers of the rung that calibrate fits, by verifier; absent: not fitted."""
