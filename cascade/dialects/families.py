"""Provider families: who understands whose thinking, signatures and other fields of a message beyond OpenAI's form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from cascade.exchange import ModelCall
from cascade.hashing import content_id

ANTHROPIC, GOOGLE, OPENAI = "anthropic", "google", "openai"

_NAMES: Mapping[str, str] = {
    "anthropic": ANTHROPIC, "azure_ai/claude": ANTHROPIC,
    "gemini": GOOGLE, "vertex_ai": GOOGLE, "vertex_ai_beta": GOOGLE,
    "openai": OPENAI, "azure": OPENAI, "text-completion-openai": OPENAI,
    "kimi": "moonshot", "qwen_ai_platform": "dashscope", "qwencloud": "dashscope",
}  # fmt: skip
_SERVERS = frozenset(
    {"custom_openai", "hosted_vllm", "vllm", "ollama", "ollama_chat", "lm_studio", "llamafile", "litellm_proxy"}
)
"""Providers whose name says nothing of the model's: the family is the model itself."""

_CLAUDE = re.compile(r"(?:^|[./])(?:anthropic[./])?claude")
_GEMINI = re.compile(r"^gemini-")

THINKING_TAKERS: Mapping[str, frozenset[str]] = {
    "thinking_blocks": frozenset({ANTHROPIC}),
    "reasoning_content": frozenset(
        {"deepseek", "moonshot", "zai", "dashscope", "minimax", "xiaomi_mimo", "volcengine", "fireworks_ai"}
    ),
    "reasoning_details": frozenset({"openrouter"}),
}
"""Families that take back a field of thinking whose provider is unknown."""

THINKING_DEMANDED: Mapping[str, bool] = {"deepseek": False, "moonshot": True}
"""Families that refuse an assistant's message without `reasoning_content`, whichever provider wrote it; True: only
where it calls tools. A space is the least that they take."""

CACHE_CONTROL_TAKERS = frozenset(
    {ANTHROPIC, GOOGLE, "openrouter", "bedrock", "databricks", "dashscope", "minimax", "vercel_ai_gateway"}
)
"""Families that take marks for the prompt cache."""

_IDS: Mapping[str, re.Pattern[str]] = {
    "mistral": re.compile(r"[A-Za-z0-9]{9}"),
    ANTHROPIC: re.compile(r"[A-Za-z0-9_-]{1,64}"),
    OPENAI: re.compile(r".{1,40}", re.DOTALL),
}
_USUAL_ID = re.compile(r".{1,64}", re.DOTALL)
_ID_LENGTHS: Mapping[str, int] = {"mistral": 9}


def family_of(call: ModelCall) -> str:
    """Return the family of the model that a call asks: providers that understand each other's fields share one.

    Claude is one family at Anthropic, Bedrock and Vertex, whose signatures are the same. An unknown server's family is
    its model, wherever it runs; OpenRouter's is the vendor of the model behind it.
    """
    return _family(call.model, call.rung_model or call.model, own_address=bool(call.api_base))


@lru_cache(512)
def _family(model: str, rung_model: str, *, own_address: bool) -> str:
    name = model.lower()
    prefix, _, rest = name.partition("/")
    if prefix == "openrouter":
        return f"openrouter/{rest.partition('/')[0]}"
    if prefix in _SERVERS or (prefix == "openai" and own_address):
        return f"model:{rung_model.lower().rpartition('/')[2]}"
    if _CLAUDE.search(name):
        return ANTHROPIC
    if not rest:
        return GOOGLE if _GEMINI.match(name) else OPENAI
    return _NAMES.get(prefix, prefix)


def belongs(family: str, takers: frozenset[str]) -> bool:
    """Tell whether a family is among those named; `openrouter` names all that are reached through it."""
    return family in takers or family.partition("/")[0] in takers


def takes_id(family: str, identity: str) -> bool:
    """Tell whether a family takes a tool call's id as it is."""
    return _IDS.get(family, _USUAL_ID).fullmatch(identity) is not None


def id_for(family: str, identity: str) -> str:
    """Return a tool call's id as a family takes it: as it is, or a hash of it."""
    return identity if takes_id(family, identity) else content_id(identity)[: _ID_LENGTHS.get(family, 24)]
