"""Model families: groups of related models, which prefer each other's answers (self-preference)."""

from __future__ import annotations

import re

_MAKERS = frozenset(("openai", "anthropic", "mistral", "deepseek", "xai", "cohere", "moonshot"))
_SAME = {"o": "gpt", "chatgpt": "gpt", "davinci": "gpt", "text": "gpt", "codex": "gpt", "mixtral": "mistral"}
_SAME |= {"ministral": "mistral", "codestral": "mistral", "magistral": "mistral", "gemma": "gemini", "qwq": "qwen"}
_MAKER_OF = {"gpt": "openai", "claude": "anthropic", "grok": "xai", "command": "cohere", "kimi": "moonshot"}
_LETTERS = re.compile(r"[a-z]+")


def family(model: str) -> str:
    """Return a model's family (maker, or stem of its name): `openai/gpt-5` and `azure/o3-mini` are both `openai`."""
    parts = model.casefold().split("/")
    name = parts[-1].split(":")[0]
    for prefix in ("meta-", "meta.", "anthropic.", "us.", "eu.", "amazon.", "mistral.", "ft:"):
        name = name.removeprefix(prefix)
    found = _LETTERS.search(name)
    stem = found[0] if found else name
    stem = _SAME.get(stem, stem)
    maker = next((part for part in parts[:-1] if part in _MAKERS), None)
    return _MAKER_OF.get(stem) or maker or stem
