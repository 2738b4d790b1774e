"""DSPy."""

from __future__ import annotations

from typing import Any

import dspy

MODEL = "cascade/default"


def model(base: str, name: str = MODEL) -> Any:
    return dspy.LM(f"openai/{name}", api_base=f"{base}/v1", api_key="none", cache=False)


def chat(base: str, name: str = MODEL) -> str:
    said = model(base, name)("Where?")[0]
    return str(said["text"] if isinstance(said, dict) else said)
