"""Ladder: Rung (one model with its settings) and Ladder (rungs, cheapest first)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from cascade.endpoint import Balance, Endpoint, require_rate_limit
from cascade.errors import ConfigError
from cascade.exchange import EMPTY, Message, ModelCall, Request
from cascade.fast_replace import fast_replace
from cascade.hashing import fingerprint
from cascade.prices import bundled_row
from cascade.redaction import remember, remember_query, shown
from cascade.schema_sending import NATIVE_SCHEMA, with_schema
from cascade.usage import Price, require_price
from cascade.verdict import Verifier

CLIENTS = ("auto", "direct", "litellm")
"""Who may ask a rung's model."""

CAPABILITIES = ("tools", "images", "audio", "json_schema", "logprobs", "reasoning")
"""What a request may need of a model."""

_FLAGS: Mapping[str, str] = {
    "tools": "supports_function_calling",
    "images": "supports_vision",
    "audio": "supports_audio_input",
    "json_schema": "supports_response_schema",
    "reasoning": "supports_reasoning",
}
_PROMPT = "{prompt}"
_SILENCE_MEANS_NO = frozenset({"images", "audio"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One model with its settings."""

    model: str = field(kw_only=False)
    """The model in litellm's `provider/name` form."""

    name: str = ""
    """Unique in the ladder; defaults to the model."""

    verify: tuple[Verifier | str, ...] | None = None
    """Its verifiers, or their registered names; None: the cascade's own default."""

    params: Mapping[str, Any] = EMPTY
    """Provider parameters for this rung; a request's own win."""

    api_base: str | None = None
    """The endpoint's address; None: the provider's own."""

    api_key: str | None = field(default=None, repr=False)
    """The key; None: from the provider's own environment variable."""

    timeout_s: float = 60.0
    """Timeout of one try, in seconds."""

    price: Price | None = None
    """Overrides the price table."""

    rpm: float | None = None
    """Rate limit of its endpoint in requests a minute, kept on our side; None if not known."""

    tpm: float | None = None
    """Rate limit of its endpoint in tokens a minute, prompts and answers; None if not known."""

    endpoints: tuple[Endpoint, ...] = ()
    """Equivalent endpoints, in order of preference, in place of `api_base`, `api_key`, `rpm` and `tpm`. If one fails,
    the next is asked before the rung above. They are not part of a policy's ladder."""

    balance: Balance = "order"
    """Which of its endpoints is asked first: `order`, as listed; `least_busy`, the one with the fewest calls in flight
    from this process; `round_robin`, each in turn. Those that rest, wait for their rate or fail still come last."""

    context_window: int | None = None
    """Size of its context window, in tokens; None: from litellm's bundled map. If it is in neither, a prompt that is
    too long for a rung below is tried here."""

    can: Mapping[str, bool] = EMPTY
    """What its model can do and what not: `tools`, `images`, `audio`, `json_schema`, `logprobs`, `reasoning`. A request
    that needs what it cannot skips the rung. What is not named is looked up in litellm's bundled map."""

    allow: Mapping[str, tuple[str, ...]] = EMPTY
    """Which requests it may see, by their tags: for each tag that is named, the values that are allowed. A request with
    another value, or without the tag, skips the rung. It is no part of a policy's ladder."""

    native_schema: Literal["auto", "always", "never"] = "auto"
    """Whether a request's schema is sent as `response_format`: where its model is known to take one (`can`, then
    litellm's bundled map; not beside tools), always, or never. Else the messages say it."""

    template: str = ""
    """Text that the rung is sent in place of the last user message, whose own text stands for `{prompt}` in it; '': the
    message as it is. It is part of a policy's ladder."""

    repair: bool = False
    """Whether the rung is asked once more, with the validator's sentence, where a schema vetoes its answer. It is part
    of a policy's ladder; `cascade assess` says on recordings whether it pays."""

    client: Literal["auto", "direct", "litellm"] = "auto"
    """Who asks its model: `direct` (our own connections; Chat Completions only), `litellm` (any provider), or `auto`:
    direct where the provider is known to speak Chat Completions. It is no part of a policy's ladder."""

    _ordered: tuple[Verifier, ...] | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Fill in the name and validate the settings."""
        if not self.model or not isinstance(self.model, str):
            message = f"A rung's model is {self.model!r}; a name such as 'openai/gpt-5-nano' was expected."
            raise ConfigError(message)
        require_price(self.price, f"Rung {self.model}")
        if not self.timeout_s > 0:
            message = f"Rung {self.model}: timeout_s is {self.timeout_s!r}; a number above 0 was expected."
            raise ConfigError(message)
        if self.client not in CLIENTS:
            message = f"Rung {self.model}: client is {self.client!r}; one of {', '.join(CLIENTS)} was expected."
            raise ConfigError(message)
        if self.native_schema not in NATIVE_SCHEMA:
            message = (
                f"Rung {self.model}: native_schema is {self.native_schema!r}; one of {', '.join(NATIVE_SCHEMA)} was "
                "expected."
            )
            raise ConfigError(message)
        if self.template and self.template.count(_PROMPT) != 1:
            message = f"Rung {self.model}: its template names {_PROMPT} {self.template.count(_PROMPT)} times, not once."
            raise ConfigError(message)
        unknown = sorted(set(self.can) - set(CAPABILITIES))
        if unknown or not all(isinstance(value, bool) for value in self.can.values()):
            message = (
                f"Rung {self.model}: can is {dict(self.can)!r}; true or false for any of {', '.join(CAPABILITIES)} was "
                "expected."
            )
            raise ConfigError(message)
        object.__setattr__(self, "allow", {tag: _values(values) for tag, values in self.allow.items()})
        if not all(isinstance(name, str) for tag, values in self.allow.items() for name in (tag, *values)):
            message = (
                f"Rung {self.model}: allow is {dict(self.allow)!r}; texts by tag were expected, as in "
                "{'region': ['eu']}."
            )
            raise ConfigError(message)
        remember([self.api_key])
        remember_query(self.api_base)
        object.__setattr__(self, "name", self.name or self.model)
        object.__setattr__(self, "endpoints", tuple(self.endpoints))
        require_rate_limit(self.rpm, self.tpm, f"Rung {self.name}")
        self._require_endpoints()
        if self.verify is not None:
            object.__setattr__(self, "verify", tuple(self.verify))
            found = [item for item in self.verify if isinstance(item, Verifier)]
            if len(found) == len(self.verify):
                ordered = tuple(sorted(found, key=lambda verifier: verifier.paid))
                object.__setattr__(self, "_ordered", ordered)

    def __repr__(self) -> str:
        return shown(self)

    def _require_endpoints(self) -> None:
        if self.balance not in get_args(Balance):
            expected = ", ".join(get_args(Balance))
            raise ConfigError(f"Rung {self.name}: balance is {self.balance!r:.40}; one of {expected} was expected.")
        names = [endpoint.name for endpoint in self.endpoints]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            message = f"Rung {self.name}: two endpoints are called {twice!r}; give each its own `name`."
            raise ConfigError(message)
        own = [name for name in ("api_base", "api_key", "rpm", "tpm") if getattr(self, name) is not None]
        if self.endpoints and own:
            # A key for every endpoint would be sent to hosts that it is not meant for.
            message = f"Rung {self.name}: it has both endpoints and {', '.join(own)}; give that on each endpoint."
            raise ConfigError(message)

    @property
    def places(self) -> tuple[Endpoint, ...]:
        """Its endpoints; without a list, its own address as one endpoint if it has a rate limit; else none."""
        if self.endpoints or (self.rpm is None and self.tpm is None):
            return self.endpoints
        return (Endpoint(api_base=self.api_base, api_key=self.api_key, rpm=self.rpm, tpm=self.tpm),)

    @property
    def verifiers(self) -> tuple[Verifier, ...]:
        """Its verifiers in the order in which they run: free ones before paid ones, else as given.

        Raises:
            ConfigError: verifiers are still names (`plugins.resolve` looks them up).
        """
        if self._ordered is None:
            message = f"Rung {self.name}: verifiers are given by name and were not looked up; use Cascade(ladder)."
            raise ConfigError(message)
        return self._ordered

    def able(self, need: str) -> bool | None:
        """Return whether its model has a capability, one of `CAPABILITIES`; None if unknown."""
        if need in self.can:
            return self.can[need]
        if need not in _FLAGS:
            return None
        if need == "json_schema" and self.model.startswith("embedded/"):
            return True  # the embedded models answer in their one schema, asked or not
        row: Mapping[str, Any] = bundled_row(self.model) or {}
        told = row.get(_FLAGS[need])
        if isinstance(told, bool):
            return told
        return False if need in _SILENCE_MEANS_NO and any(key.startswith("supports_") for key in row) else None

    def call(self, request: Request, *, native_schema: str | None = None) -> ModelCall:
        """Return the call that asks this rung for an answer to `request`.

        Args:
            request: the request.
            native_schema: in place of the rung's own.
        """
        if self.template:
            request = fast_replace(request, messages=_templated(request.messages, self.template))
        wishes: dict[str, Any] = {}
        for verifier in self.verifiers:
            wishes.update(verifier.wishes)
        params = {**self.params, **request.params}
        messages, sent = request.messages, ""
        if request.schema is not None:
            mode = native_schema or self.native_schema
            able = self.able("json_schema") if mode == "auto" else None
            messages, params, sent = with_schema(request, params, mode=mode, able=able)
        return ModelCall(
            rung=self.name,
            model=self.model,
            messages=messages,
            params=params,
            schema_sent=sent,
            wishes={key: value for key, value in wishes.items() if key not in params},
            api_base=self.api_base,
            api_key=self.api_key,
            client=self.client,
            endpoints=self.places,
            balance=self.balance,
            timeout_s=self.timeout_s,
            price=self.price,
            request_id=request.id,
        )

    def describe(self) -> dict[str, Any]:
        """Return the settings that a policy depends on, as JSON: not prices, timeouts or addresses."""
        settings: dict[str, Any] = {
            "name": self.name,
            "model": self.model,
            "params": dict(self.params),
            "verifiers": [verifier.describe() for verifier in self.verifiers],
        }
        if self.native_schema == "always" or (self.native_schema == "auto" and self.able("json_schema")):
            settings["native_schema"] = True
        settings |= {name: value for name in ("template", "repair") if (value := getattr(self, name))}
        return settings


def _templated(messages: tuple[Message, ...], template: str) -> tuple[Message, ...]:
    """Return a chat with a template around the text of the last user message."""
    place = next((at for at in reversed(range(len(messages))) if messages[at].get("role") == "user"), None)
    if place is None:
        return messages
    before, _, after = template.partition(_PROMPT)
    content = messages[place].get("content")
    if isinstance(content, list | tuple):
        around = ([{"type": "text", "text": text}] if text.strip() else [] for text in (before, after))
        head, tail = around
        content = [*head, *content, *tail]
    else:
        content = f"{before}{content or ''}{after}"
    return (*messages[:place], {**messages[place], "content": content}, *messages[place + 1 :])


def _values(values: Any) -> tuple[Any, ...]:
    """Return allowed values as a tuple; a single text is one value, and not its letters."""
    return tuple(values) if isinstance(values, list | tuple | set | frozenset) else (values,)


class Ladder(Sequence[Rung]):
    """Rungs in order, cheapest first; the last one is the top."""

    __slots__ = ("rungs", "tasks")

    def __init__(self, *rungs: Rung, tasks: Mapping[str, Sequence[Rung]] = EMPTY) -> None:
        """Take the rungs, and other rungs or verifiers by task.

        Raises:
            ConfigError: no rungs, or two of one name.
        """
        if not rungs:
            message = "A ladder has no rungs; at least one was expected."
            raise ConfigError(message)
        names = [rung.name for rung in rungs]
        for name in names:
            if names.count(name) > 1:
                message = f"Two rungs are called {name!r}; give each its own `name`."
                raise ConfigError(message)
        self.rungs = tuple(rungs)
        self.tasks = {task: Ladder(*own) for task, own in tasks.items()}

    def of(self, task: str) -> Ladder:
        """Return a task's ladder: its own if it has one, else this."""
        return self.tasks.get(task, self)

    def __getitem__(self, index: Any) -> Any:
        """Return one rung by position, or several by slice."""
        return self.rungs[index]

    def __len__(self) -> int:
        """Return how many rungs there are."""
        return len(self.rungs)

    def __iter__(self) -> Iterator[Rung]:
        """Go through the rungs, cheapest first."""
        return iter(self.rungs)

    def __repr__(self) -> str:
        """Show the rungs by name."""
        return f"Ladder({', '.join(self.names)})"

    @property
    def names(self) -> tuple[str, ...]:
        """The rungs' names, cheapest first."""
        return tuple(rung.name for rung in self.rungs)

    @property
    def top(self) -> Rung:
        """The last rung."""
        return self.rungs[-1]

    def rung(self, name: str) -> Rung:
        """Return the rung of that name.

        Raises:
            ConfigError: no rung has this name.
        """
        for rung in self.rungs:
            if rung.name == name:
                return rung
        message = f"The ladder has no rung {name!r}; it has {', '.join(self.names)}."
        raise ConfigError(message)

    def fingerprint(self) -> str:
        """Return the fingerprint: the hash of the settings that a policy depends on."""
        return fingerprint(self.described())

    def described(self) -> list[Any]:
        """Return the settings that a policy depends on, as JSON: of the rungs, and of tasks that have their own."""
        rungs = [rung.describe() for rung in self.rungs]
        own = {task: [rung.describe() for rung in ladder] for task, ladder in self.tasks.items()}
        return [rungs, own] if own else rungs
