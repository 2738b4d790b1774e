"""Configuration models: the keys of cascade.yaml and their types; `cascade schema config` prints the schema."""

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
    """Parse an interpolated value as YAML, where the model allows any type."""
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
    """Base of all configuration models: unknown keys are errors."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        populate_by_name=False,
        hide_input_in_errors=True,  # an interpolated value may be an API key
    )


class PriceModel(Part):
    """Price of one model in US dollars, per token or per million tokens (`…_per_mtok`), not both."""

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
    """Per call, independent of its length."""
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
    batch_discount: Rate = 0.5
    """What a provider batch (`cascade batch`) saves, in parts of the standard price; 0 where a server gives none."""


class RateLimitModel(Part):
    """Rate limit of a provider, per minute."""

    rpm: Positive | None = None
    """Requests per minute; calls wait locally so that the provider refuses none; default: no limit."""
    tpm: Positive | None = None
    """Tokens per minute, prompts and answers; default: no limit."""


class EndpointModel(RateLimitModel):
    """One of several equivalent endpoints of a rung."""

    name: Text | None = None
    """Name in logs and messages, unique in the rung; default: the host of the address."""
    api_base: Text | None = None
    """The address; default: the provider's own."""
    api_key: Text | None = None
    """`${VARIABLE}`; default: the provider's own environment variable."""
    model: Text | None = None
    """Name of the model at this endpoint; default: the rung's model."""
    price: PriceModel | None = None
    """Price at this endpoint; default: the rung's price, or the price table's for `model`."""


Capability = Literal["tools", "images", "audio", "json_schema", "logprobs", "reasoning"]


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
    """Timeout of one try, in seconds."""
    price: PriceModel | None = None
    """Overrides the price table."""
    endpoints: Annotated[list[EndpointModel], Field(min_length=1)] | None = None
    """Endpoint pool: equivalent endpoints in order of preference, instead of this rung's address, key and rate limit;
    if one fails, the next is tried before the rung above."""
    balance: Literal["order", "least_busy", "round_robin"] = "order"
    """Which of its endpoints is asked first: as listed, the one with the fewest calls in flight, or each in turn."""
    context_window: Annotated[int, Field(ge=1)] | None = None
    """Context window in tokens; a prompt too long for a rung goes to the first rung that can hold it; default: from
    litellm's bundled map."""
    can: Mapping[Capability, Annotated[bool, Field(strict=True)]] = Field(default_factory=dict)
    """What its model can do; a request that needs what it cannot skips the rung; default: from litellm's map."""
    allow: Mapping[Text, list[Text]] = Field(default_factory=dict)
    """Which requests it may see, by their tags (`region: [eu]`); one with another value, or without the tag, skips the
    rung; default: all."""
    native_schema: Literal["auto", "always", "never"] = "auto"
    """Whether a request's schema is sent as `response_format`: where the model is known to take one, always, or never;
    else it is appended to the messages."""
    template: str = ""
    """Text sent in place of the last user message, whose own text stands for {prompt} in it; default: the message as it
    is."""
    repair: Annotated[bool, Field(strict=True)] = False
    """Whether it is asked once more, with the validator's sentence, where a schema vetoes its answer."""
    client: Literal["auto", "direct", "litellm"] = "auto"
    """Who asks the model: `direct`, `litellm`, or `auto`: direct where the provider is known to speak OpenAI's Chat
    Completions."""
    verify: list[VerifierSpec] | None = None
    """Its verifiers; default: the `verify` of the task, else of the file."""


class TaskRung(Part):
    """A rung in the ladder of one task."""

    name: Text
    """The rung's name in the ladder."""
    verify: list[VerifierSpec] | None = None
    """Its verifiers for this task."""


class TargetModel(Part):
    """Target of `cascade calibrate` for a task: aims in expectation (several hold together), or bounds to certify."""

    escalation_rate: Rate | Annotated[list[Rate], Field(min_length=1)] | None = None
    """Escalation rate: one number for the first rung, or one for each rung but the top."""
    mean_cost_usd: Positive | None = None
    """Mean cost per request in US dollars."""
    expected_loss: Rate | None = None
    """Accuracy loss against always-top, in expectation."""
    expected_error: Rate | None = None
    """Error rate among answers accepted below the top, in expectation."""
    best: bool | None = None
    """Whether to aim at the best accuracy at no more than always-top's cost, in expectation."""
    max_loss: Limits | None = None
    """Certified upper bound on the accuracy loss against always-top."""
    max_error: Limits | None = None
    """Certified upper bound on the error rate among answers accepted below the top."""
    max_disagreement: Rate | None = None
    """Certified upper bound on the share of requests answered otherwise than by the reference; needs no labels."""
    confidence: Rate | None = None
    """Confidence level of a certificate; default: 0.9."""


class EndingModel(Part):
    """Limits and outcomes of a request; a task's own settings win."""

    deadline_s: Positive | None = None
    """Default deadline of a request, in seconds."""
    max_cost_usd: Dollars | None = None
    """Default cost limit of a request, in US dollars."""
    on_deadline: Literal["raise", "best"] | None = None
    """Whether an exceeded deadline is an error or returns the best answer so far; default: raise."""
    on_budget: Literal["raise", "best"] | None = None
    """Whether an exhausted budget is an error or returns the best answer so far; default: raise."""
    on_refusal: Literal["escalate", "accept"] | None = None
    """Whether a refusal escalates once to the next rung, or is accepted."""
    on_content_filter: Literal["raise", "escalate"] | None = None
    """Whether a content filter's refusal is an error, or escalates to the next rung."""
    on_other_model: Literal["flag", "raise"] | None = None
    """Whether an answer is flagged or an error if the provider reports another model."""
    on_exhausted: Literal["answer", "abstain"] | None = None
    """Whether an answer vetoed at the top is returned (flagged) or withheld; default: answer."""
    on_uncalibrated: Literal["pass_marks", "top", "error"] | None = None
    """Fallback of a task without a policy; default: pass_marks."""
    on_stream: Literal["verified", "top_live"] | None = None
    """Whether a stream is verified before it begins, or passed on as it comes where a request starts at the top;
    default: verified."""


class ModeModel(EndingModel):
    """Endings of a task's requests, and whether the cascade decides them."""

    mode: Literal["enforce", "observe"] | None = None
    """Whether the cascade decides (enforce), or the top answers as ever and what the cascade would have done is logged
    (observe); default: enforce."""
    share: Rate | None = None
    """Share of requests that the cascade decides in mode enforce, by principal, else session, else request; the rest is
    observed; default: 1."""


class ObserveModel(Part):
    """The background lane: limits of observing."""

    share: Rate = 1.0
    """Share of requests that are observed; lowered ahead, so that a day's budget lasts the day."""
    watch: Rate = 0.0
    """Share of requests decided by a certified policy on which the reference is asked too, after the answer has gone
    out, so that the certificate is watched (0.01 is usual); paid like observing. 0: certificates are not watched."""
    on_refuted: Literal["alarm", "reference"] = "alarm"
    """Where watching refutes a certificate: it is said (alarm), or the reference serves the task, too, until another
    policy does (reference)."""
    on_changed: Literal["alarm", "reference", "renew"] = "reference"
    """Where a request has another system prompt than its policy was fitted under: it is said (alarm), or the reference
    serves it, too (reference), and it is observed so that `cascade renew` certifies the policy again (renew). With
    renew a policy that does not fit the ladder is renewed likewise; else it is an error."""
    max_usd_per_day: Dollars = 5.0
    """Cost limit of observing in US dollars (UTC day), from an account of its own; what the log has of today counts."""
    concurrency: Annotated[int, Field(ge=1)] = 8
    """Observations at once."""
    queue: Annotated[int, Field(ge=0)] = 1000
    """Observations that may wait; more are dropped, and counted."""
    providers: list[Text] = Field(default_factory=list)
    """Consent: providers (`openai`), besides the top's own, to which prompts may be sent."""


class ServeModel(Part):
    """How `cascade serve` answers."""

    aliases: dict[Text, Text] = Field(default_factory=dict)
    """Further names of models: `{gpt-4o: support, gpt-4o-mini: "support:cheap"}`, each a task, with or without one of
    its qualities."""
    on_internal_error: Literal["reference", "raise"] = "reference"
    """Whether a request that the cascade itself failed (a verifier, the policy, a bug, a provider below the top) is
    answered by the reference alone, flagged `bypassed`, or is an error."""
    concurrency: Annotated[int, Field(ge=1)] = 256
    """Requests that run at once."""
    queue: Annotated[int, Field(ge=0)] = 256
    """Requests that may wait for their turn; more are refused with 429."""


class SessionsModel(Part):
    """Requests of one conversation."""

    floor: Literal["exchange", "never", "always"] | None = None
    """Lowest rung of a request with a session: the one that made the tool calls which it answers (exchange), also the
    highest that answered in the session (always), or none (never); default: exchange."""


class CapModel(Part):
    """Escalation cap: limit on the share of traffic that moves up, for quality or after a failure."""

    rate: Rate
    """Escalations per request in any `window` requests; at least what the policy's own rate needs."""
    window: Annotated[int, Field(ge=1)] = 1000
    """Window size in requests, in order of their start."""
    per_principal: bool = True
    """Whether the cap also applies to each principal alone."""
    on_cap: Literal["best", "error"] = "best"
    """Whether a capped request returns the best answer so far (flagged) or is an error."""


class BreakerModel(Part):
    """Circuit breaker: stops calls to a failing model of an endpoint, except periodic probes."""

    window: Annotated[int, Field(ge=1)] = 20
    """Window size in tries."""
    memory_s: Positive = 60.0
    """Age in seconds after which a try leaves the window."""
    least: Annotated[int, Field(ge=1)] = 10
    """Minimum number of tries before it opens."""
    rate: Rate = 0.5
    """Failure rate from which it opens; above 0."""
    open_s: Positive = 10.0
    """Seconds between two probes."""


class RetryBudgetModel(Part):
    """Retry budget: limit on the share of retries in a provider's traffic."""

    rate: Rate = 0.1
    """Retries per first try."""
    burst: Annotated[int, Field(ge=0)] = 10
    """Burst: retries allowed at once beyond the rate."""


class GuardsModel(EndingModel):
    """Guards: limits of one request, and limits across all requests."""

    usd_per_day: Dollars | None = None
    """Daily budget of all requests in US dollars (UTC day); today's cost in the log counts; default: no limit."""
    principal_usd_per_day: Dollars | None = None
    """Daily budget of each principal in US dollars; default: no limit."""
    shared: Text | None = None
    """Where several processes share daily budgets, rates (those of keys too) and the escalation cap: redis://host:6379/0
    or postgresql://… (`${VAR}` for a password); default: each process has them for itself. Breakers stay its own."""
    on_outage: Literal["refuse", "local_share"] = "refuse"
    """While that cannot be reached: what the process has leased is spent, no call with a rate limit is made (refuse);
    or an even share of the rest too, and of rates (local_share)."""
    escalation_cap: CapModel | None = None
    """Escalation cap; default: no cap."""
    breaker: BreakerModel | Literal[False] = BreakerModel()
    """Circuit breaker; false to turn it off."""
    retry_budget: RetryBudgetModel = RetryBudgetModel()
    """Retry budget of each provider."""


class LogModel(Part):
    """The decision log with its options."""

    path: Text
    """An SQLite file, or an address such as postgresql://user:${PASSWORD}@host/database."""
    receipts: bool = False
    """Tamper evidence: whether each decision gets a receipt, which `cascade verify` checks."""
    spool: Text | None = None
    """Spool: file for rows while PostgreSQL is down; default: in the user's state folder."""
    on_outage: Literal["spool", "refuse"] = "spool"
    """While the log cannot be written: rows wait in the spool (spool), or no call is made (refuse; each call then waits
    until its row is committed)."""


class LabelQueueModel(Part):
    """Decisions whose texts are kept so that they can be labelled."""

    share: Annotated[float, Field(gt=0, le=1)] = 0.05
    """Share of decisions, drawn by a hash of the request; what is watched is among them."""
    days: Annotated[float, Field(gt=0)] = 30.0
    """Days after which their texts are deleted."""


class TaskModel(ModeModel):
    """Settings of one task."""

    rungs: Annotated[list[Text | TaskRung], Field(min_length=1)] | None = None
    """Its rungs by name, cheapest first; default: all."""
    verify: list[VerifierSpec] | None = None
    """Its verifiers, on all its rungs; default: the rungs' own."""
    sessions: SessionsModel = SessionsModel()
    """How its requests of one conversation are routed."""
    json_schema: Free | Text | None = Field(default=None, alias="schema")
    """The JSON Schema that its answers must satisfy: inline, or the path of a .json file."""
    answer: Annotated[Text, Field(pattern="^/")] | None = None
    """The JSON pointer of the field that holds the answer, for agreement and grading; default: the property marked
    `x-cascade-answer`, else the one named answer, else the object without its free text."""
    target: TargetModel | None = None
    """Target of `cascade calibrate`, unless the command line gives one."""


def _not_reserved(name: str) -> str:
    if not is_name(name):
        message = "it ends with a dot, or is a device of Windows (con, nul, …)"
        raise ValueError(message)
    return name


TaskName = Annotated[str, Field(pattern=f"^{NAME.pattern}$"), AfterValidator(_not_reserved)]


class ErrorWordingModel(Part):
    """What an error of a provider means, by its codes (a whole value) or words (a part of its message)."""

    kind: Literal["auth", "bad_request", "content_filter", "context", "not_found", "quota", "rate_limited", "server"]
    """What it means: a spent account is `quota`, a prompt that does not fit `context`."""
    codes: list[Text] = Field(default_factory=list)
    """Values of the error's `code`, `type`, `status` or `reason`, in any case; `…` stands for anything."""
    words: list[Text] = Field(default_factory=list)
    """Parts of its message, in any case; `…` stands for anything in between."""
    statuses: list[Annotated[int, Field(ge=400, le=599)]] = Field(default_factory=list)
    """HTTP statuses with which it counts; default: any."""


class ConfigModel(Part):
    """cascade.yaml. Paths are relative to the file; `${VAR}` and `${VAR:-default}` come from the environment."""

    ladder: Annotated[list[RungModel], Field(min_length=1)]
    """The rungs, cheapest first; the last one is the top."""
    verify: list[VerifierSpec] | None = None
    """The verifiers of rungs that name none; default: refusal, schema, hedging."""
    tasks: dict[TaskName, TaskModel] = Field(default_factory=dict)
    """Settings of tasks, by name."""
    policy: Text | None = None
    """Policy file written by `cascade calibrate`; default: every task uses pass marks."""
    log: Text | LogModel | None = None
    """The decision log: an SQLite file or a postgresql:// address; default: decisions are not logged."""
    store_text: Literal["none", "redacted", "full", "label-queue"] = "none"
    """Whether the log holds prompts and answers: none, all of them (redacted: without addresses and long numbers; both
    without keys), or those of a drawn share, for some days (label-queue)."""
    label_queue: LabelQueueModel | None = None
    """Which texts `store_text: label-queue` keeps, and for how long."""
    strict: Annotated[bool, Field(strict=True)] = False
    """Whether a warning about the ladder (a judge of its own family, a schema that accepts everything) is an error."""
    mode: Literal["enforce", "observe"] | None = None
    """Whether the cascade decides (enforce), or the top answers as ever and what the cascade would have done is logged
    (observe); a task's own mode wins; default: enforce."""
    share: Rate | None = None
    """Share of requests that the cascade decides in mode enforce, by principal, else session, else request; the rest is
    observed; default: 1."""
    observe: ObserveModel = ObserveModel()
    """The background lane: limits of observing."""
    serve: ServeModel = ServeModel()
    """How `cascade serve` answers."""
    guards: GuardsModel = GuardsModel()
    """Limits of requests; a task's own settings win."""
    sessions: SessionsModel = SessionsModel()
    """How requests of one conversation are routed; a task's own settings win."""
    providers: dict[Text, RateLimitModel] = Field(default_factory=dict)
    """Rate limits of providers, by the part of a model's name before the slash (`openai`)."""
    errors: list[ErrorWordingModel] = Field(default_factory=list)
    """What errors of providers mean that the table of error wordings does not know; they go before it."""
    prices: dict[Text, PriceModel] = Field(default_factory=dict)
    """Prices by model, for models that are not on the ladder (a judge) or not in the price table."""
