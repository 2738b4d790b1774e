"""The shape of cascade.yaml: what keys there are and what they hold; `cascade schema config` prints it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from cascade.config.document import plain
from cascade.config.environment import Interpolated
from cascade.exchange import NAME, is_name


def _number(value: Any) -> Any:
    if isinstance(value, Interpolated):
        value = plain(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        message = "a number was expected"
        raise ValueError(message)
    return float(value)


def _free(value: Any) -> Any:
    """Read what came from the environment as YAML would have read it, where no shape says what is meant."""
    if isinstance(value, Interpolated):
        return plain(value)
    if isinstance(value, Mapping):
        return {key: _free(item) for key, item in value.items()}
    return [_free(item) for item in value] if isinstance(value, list) else value


def _seen(name: str) -> str:
    if " " in name or not name.isprintable():
        message = "a model's name without blanks and control characters was expected"
        raise ValueError(message)
    return name


Number = Annotated[float, BeforeValidator(_number, json_schema_input_type=float)]
Positive = Annotated[Number, Field(gt=0)]
Dollars = Annotated[Number, Field(ge=0)]
Rate = Annotated[Number, Field(ge=0, le=1)]
Limits = Rate | Annotated[dict[str, Rate], Field(min_length=1)]
"""One limit, or one for each dimension of the labels: {correct: 0.02, tone: 0.05}."""
Text = Annotated[str, Field(min_length=1)]
ModelName = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(_seen)]
Free = Annotated[dict[str, Any], BeforeValidator(_free, json_schema_input_type=dict[str, Any])]
VerifierSpec = Text | Annotated[dict[str, Free | None], Field(min_length=1, max_length=1)]
"""A registered name, or one name with its options: `{judge: {model: openai/gpt-5}}`."""


class Part(BaseModel):
    """A part of the configuration: unknown keys are errors."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        populate_by_name=False,
        hide_input_in_errors=True,  # what was filled in from the environment may be a key
    )


class PriceModel(Part):
    """US dollars of one model, per token, or per million tokens (`…_per_mtok`), not both."""

    input_usd: Dollars | None = None
    """Per input token."""
    output_usd: Dollars | None = None
    """Per output token."""
    cached_usd: Dollars | None = None
    """Per input token read from the prompt cache; default: as input."""
    cache_write_usd: Dollars | None = None
    """Per input token written to the prompt cache; default: as input."""
    cache_write_hour_usd: Dollars | None = None
    """Per input token written to the prompt cache for an hour; default: twice as input."""
    image_usd: Dollars | None = None
    """Per input token of an image; default: as input."""
    reasoning_usd: Dollars | None = None
    """Per reasoning token; default: as output."""
    call_usd: Dollars = 0.0
    """Per call, whatever its length."""
    input_per_mtok: Dollars | None = None
    """Per million input tokens."""
    output_per_mtok: Dollars | None = None
    """Per million output tokens."""
    cached_per_mtok: Dollars | None = None
    """Per million input tokens read from the prompt cache."""
    cache_write_per_mtok: Dollars | None = None
    """Per million input tokens written to the prompt cache."""
    cache_write_hour_per_mtok: Dollars | None = None
    """Per million input tokens written to the prompt cache for an hour."""
    image_per_mtok: Dollars | None = None
    """Per million input tokens of images."""
    reasoning_per_mtok: Dollars | None = None
    """Per million reasoning tokens."""
    flex_factor: Dollars = 1.0
    """What the service tier `flex` costs, in parts of the standard price."""
    priority_factor: Dollars = 2.5
    """What the service tier `priority` costs, in parts of the standard price."""


class RateLimitModel(Part):
    """What a provider takes in a minute."""

    rpm: Positive | None = None
    """Requests a minute; they are paced, so that none is refused; default: no limit is known."""
    tpm: Positive | None = None
    """Tokens a minute, prompts and answers; default: no limit is known."""


class EndpointModel(RateLimitModel):
    """One of several equivalent places to ask a rung's model."""

    name: Text | None = None
    """Unique in its rung; in logs and messages; default: the address's host."""
    api_base: Text | None = None
    """The address; default: the provider's own."""
    api_key: Text | None = None
    """`${VARIABLE}`; default: the provider's own environment variable."""
    model: Text | None = None
    """What the model is called there; default: as the rung calls it."""
    price: PriceModel | None = None
    """What it costs there; default: the rung's price, or the price table's for `model`."""


class RungModel(RateLimitModel):
    """One model with its settings."""

    model: ModelName
    """The model in litellm's `provider/name` form."""
    name: Text | None = None
    """Unique in the ladder; default: the model."""
    api_base: Text | None = None
    """The endpoint's address; default: the provider's own."""
    api_key: Text | None = None
    """`${VARIABLE}`; default: the provider's own environment variable."""
    params: Free = Field(default_factory=dict)
    """Provider parameters (temperature, max_tokens, …); a request's own win."""
    timeout_s: Positive = 60.0
    """Seconds that one try may take."""
    price: PriceModel | None = None
    """Overrides the price table."""
    endpoints: Annotated[list[EndpointModel], Field(min_length=1)] | None = None
    """Equivalent places to ask, in order of preference, instead of this rung's own address, key and pace: where one
    fails, the next is asked before the rung above."""
    context_window: Annotated[int, Field(ge=1)] | None = None
    """Tokens that its window holds; a prompt too long for a rung below goes to the first one that may hold it; default:
    as litellm's bundled map says."""
    client: Literal["auto", "direct", "litellm"] = "auto"
    """Who asks the model: `direct`, `litellm`, or `auto`: direct where the provider is known to speak OpenAI's Chat
    Completions."""
    verify: list[VerifierSpec] | None = None
    """Its verifiers; default: the `verify` of the task, else of the file."""


class TaskRung(Part):
    """A rung as a task uses it."""

    name: Text
    """The rung's name in the ladder."""
    verify: list[VerifierSpec] | None = None
    """Its verifiers for this task."""


class TargetModel(Part):
    """What `cascade calibrate` aims at, or certifies, for a task; several aims are kept together."""

    escalation_rate: Rate | Annotated[list[Rate], Field(min_length=1)] | None = None
    """The share of requests that leave a rung upwards: one for the first rung, or one for each rung but the top."""
    mean_cost_usd: Positive | None = None
    """US dollars a request."""
    expected_loss: Rate | None = None
    """Accuracy lost against always using the top, in expectation."""
    expected_error: Rate | None = None
    """The share of wrong ones among answers accepted below the top, in expectation."""
    max_loss: Limits | None = None
    """Certified: accuracy lost against always using the top, at most."""
    max_error: Limits | None = None
    """Certified: the share of wrong ones among answers accepted below the top, at most."""
    confidence: Rate | None = None
    """How sure a certificate is; 0.9 unless given."""


class EndingModel(Part):
    """How requests end; a task's own settings win."""

    deadline_s: Positive | None = None
    """Seconds that a request may take if it does not say itself."""
    max_cost_usd: Dollars | None = None
    """US dollars that a request may cost if it does not say itself."""
    on_deadline: Literal["raise", "best"] | None = None
    """Whether a passed deadline is an error or returns the best answer so far; default: raise."""
    on_budget: Literal["raise", "best"] | None = None
    """Whether a spent budget is an error or returns the best answer so far; default: raise."""
    on_refusal: Literal["escalate", "accept"] | None = None
    """Whether a model's refusal is asked about once more above, or taken at its word."""
    on_content_filter: Literal["raise", "escalate"] | None = None
    """Whether a request that a provider's content filter refused is an error, or goes on to the next rung."""
    on_other_model: Literal["flag", "raise"] | None = None
    """Whether an answer by another model than the one asked, as the provider reports it, is flagged or an error."""
    on_exhausted: Literal["answer", "abstain"] | None = None
    """Whether an answer that the top's verifiers vetoed is returned, flagged, or withheld; default: answer."""
    on_uncalibrated: Literal["pass_marks", "top", "error"] | None = None
    """What a task without a policy does; default: pass_marks."""


class CapModel(Part):
    """How much of the traffic may step upwards, for quality or because a provider failed."""

    rate: Rate
    """Steps per request in any `window` requests; at least what the policy's own traffic needs."""
    window: Annotated[int, Field(ge=1)] = 1000
    """Requests, in the order in which they began."""
    per_principal: bool = True
    """Whether each principal is held to the rate by itself too."""
    on_cap: Literal["best", "error"] = "best"
    """Whether a request that may not step up returns the best answer so far, flagged, or is an error."""


class BreakerModel(Part):
    """When an endpoint's model that keeps failing is left alone, but for a probe now and then."""

    window: Annotated[int, Field(ge=1)] = 20
    """Tries that are looked back at."""
    memory_s: Positive = 60.0
    """Seconds after which a try is forgotten."""
    least: Annotated[int, Field(ge=1)] = 10
    """Tries that must be known before it opens."""
    rate: Rate = 0.5
    """The share of failed ones from which on it opens; above 0."""
    open_s: Positive = 10.0
    """Seconds between two probes."""


class RetryBudgetModel(Part):
    """How much of a provider's traffic may be repetitions."""

    rate: Rate = 0.1
    """Repetitions per first try."""
    burst: Annotated[int, Field(ge=0)] = 10
    """Repetitions that may be made at once, beyond the rate."""


class GuardsModel(EndingModel):
    """How requests end, and what all of them together may do."""

    usd_per_day: Dollars | None = None
    """US dollars that all requests of a day (UTC) may cost; what the log knows of today counts; default: no limit."""
    principal_usd_per_day: Dollars | None = None
    """US dollars that the requests of any one principal may cost a day; default: no limit."""
    escalation_cap: CapModel | None = None
    """How much of the traffic may step upwards; default: no cap."""
    breaker: BreakerModel | Literal[False] = BreakerModel()
    """When an endpoint's model that keeps failing is left alone; false: never."""
    retry_budget: RetryBudgetModel = RetryBudgetModel()
    """How much of a provider's traffic may be repetitions."""


class LogModel(Part):
    """The decision log, where more is to be said about it than its place."""

    path: Text
    """An SQLite file, or an address such as postgresql://user:${PASSWORD}@host/database."""
    receipts: bool = False
    """Whether each decision gets a receipt, so that `cascade verify` notices what is changed later."""
    spool: Text | None = None
    """Where rows wait while PostgreSQL is down; default: a file in the user's state folder."""


class TaskModel(EndingModel):
    """What is particular about one task."""

    rungs: Annotated[list[Text | TaskRung], Field(min_length=1)] | None = None
    """The rungs that it uses, by name, cheapest first; default: all."""
    verify: list[VerifierSpec] | None = None
    """Its verifiers, on all its rungs; default: the rungs' own."""
    json_schema: Free | Text | None = Field(default=None, alias="schema")
    """The JSON Schema that its answers must satisfy: inline, or the path of a .json file."""
    target: TargetModel | None = None
    """What `cascade calibrate` aims at where the command line does not say."""


def _not_reserved(name: str) -> str:
    if not is_name(name):
        message = "it ends with a dot, or is a device of Windows (con, nul, …)"
        raise ValueError(message)
    return name


TaskName = Annotated[str, Field(pattern=f"^{NAME.pattern}$"), AfterValidator(_not_reserved)]


class ConfigModel(Part):
    """cascade.yaml. Paths are relative to the file; `${VAR}` and `${VAR:-default}` come from the environment."""

    ladder: Annotated[list[RungModel], Field(min_length=1)]
    """The rungs, cheapest first; the last one is the top."""
    verify: list[VerifierSpec] | None = None
    """The verifiers of rungs that name none; default: refusal, schema, hedging."""
    tasks: dict[TaskName, TaskModel] = Field(default_factory=dict)
    """What is particular about single tasks, by name."""
    policy: Text | None = None
    """The policy that `cascade calibrate` wrote; default: every task runs by pass marks."""
    log: Text | LogModel | None = None
    """The decision log: an SQLite file or a postgresql:// address; default: decisions are not logged."""
    store_text: Literal["none", "redacted", "full"] = "none"
    """Whether the log holds prompts and answers."""
    strict: Annotated[bool, Field(strict=True)] = False
    """Whether a doubtful ladder (a judge of its own family, a schema that accepts everything) is an error."""
    guards: GuardsModel = GuardsModel()
    """How requests end, unless their task says otherwise."""
    providers: dict[Text, RateLimitModel] = Field(default_factory=dict)
    """The pace of whole providers, by the part of a model's name before the slash (`openai`)."""
    prices: dict[Text, PriceModel] = Field(default_factory=dict)
    """Prices by model, for models that are not on the ladder (a judge) or in no table."""
