"""Names of trace attributes: OpenTelemetry's GenAI conventions, OpenInference's span kind, and a few of our own.

Source: open-telemetry/semantic-conventions-genai (status: development) as of semantic conventions 1.45; only this file
changes when they do.
"""

from __future__ import annotations

from collections.abc import Mapping

SCOPE = "cascade"
"""Instrumentation scope of spans and events, and workflow name of each request."""

OPERATION = "gen_ai.operation.name"
CHAT = "chat"
WORKFLOW = "invoke_workflow"
WORKFLOW_NAME = "gen_ai.workflow.name"
CONVERSATION = "gen_ai.conversation.id"
PROVIDER = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
RESPONSE_MODEL = "gen_ai.response.model"
FINISH_REASONS = "gen_ai.response.finish_reasons"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
CACHED_TOKENS = "gen_ai.usage.cache_read.input_tokens"
REASONING_TOKENS = "gen_ai.usage.reasoning.output_tokens"
INPUT_MESSAGES = "gen_ai.input.messages"
OUTPUT_MESSAGES = "gen_ai.output.messages"
SERVER = "server.address"
PORT = "server.port"
HTTP_STATUS = "http.response.status_code"
RESEND = "http.request.resend_count"
ERROR = "error.type"

PARAMETERS: Mapping[str, str] = {
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "max_tokens": "gen_ai.request.max_tokens",
    "max_completion_tokens": "gen_ai.request.max_tokens",
    "seed": "gen_ai.request.seed",
    "n": "gen_ai.request.choice.count",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
}
"""Numeric provider parameters, and their attribute names."""

EVALUATION = "gen_ai.evaluation.result"
"""Event name of a verdict."""
EVALUATION_NAME = "gen_ai.evaluation.name"
EVALUATION_SCORE = "gen_ai.evaluation.score.value"
EVALUATION_LABEL = "gen_ai.evaluation.score.label"
EVALUATION_WHY = "gen_ai.evaluation.explanation"

KIND = "openinference.span.kind"
CHAIN, LLM = "CHAIN", "LLM"

TASK = "cascade.task"
OUTCOME = "cascade.outcome"
RUNG = "cascade.rung"
VERIFIER = "cascade.verifier"
ENDPOINT = "cascade.endpoint"
DECISION = "cascade.decision"
REASON = "cascade.reason"
CONFIDENCE = "cascade.confidence"
ESCALATED = "cascade.escalated"
COST = "cascade.cost_usd"
TRIES = "cascade.tries"
DECISION_ID = "cascade.decision_id"

PROVIDERS: Mapping[str, str] = {
    "azure": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "bedrock": "aws.bedrock",
    "cohere_chat": "cohere",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "vertex_ai": "gcp.vertex_ai",
    "watsonx": "ibm.watsonx.ai",
    "xai": "x_ai",
}
"""Provider names in litellm's spelling, mapped to the conventions' where they differ."""

CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
"""Environment variable that enables prompts, answers and verifiers' reasons in traces: true, or span_only."""


def provider_and_model(model: str) -> tuple[str, str]:
    """Split `provider/name` into the trace's provider name and model name."""
    provider, slash, name = model.partition("/")
    return (PROVIDERS.get(provider, provider), name) if slash else ("openai", model)
