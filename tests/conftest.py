"""What holds for every test: nothing but loopback, no real key, no surprise from the environment."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent
OFFLINE = Path(__file__).parent / "offline"

# Before any test module is imported: a key that is not there cannot be spent.
SECRET = re.compile(
    r"(?i)_API_KEY$|_API_BASE$|_BASE_URL$|_PROXY$|^(OPENAI|ANTHROPIC|AZURE|AWS|GOOGLE|GEMINI|MISTRAL|COHERE|GROQ|HF|"
    r"HUGGING_?FACE|LITELLM|LANGFUSE|OTEL|CASCADE)_"
)
for name in [name for name in os.environ if SECRET.search(name)]:
    del os.environ[name]
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["LITELLM_MODE"] = "PRODUCTION"

# Processes that tests start are held to loopback too, by sitecustomize.
os.environ["PYTHONPATH"] = str(OFFLINE)
sys.path.insert(0, str(OFFLINE))
if not hasattr(sys.modules.get("sitecustomize"), "ATTEMPTS"):
    sys.modules.pop("sitecustomize", None)  # a Linux distribution's own
import sitecustomize as offline  # noqa: E402 - the environment must be clean first

# `make test` draws the same examples each time and keeps none; `make fuzz` (`--hypothesis-profile fuzz`) draws anew.
settings.register_profile(
    "test", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "fuzz", deadline=None, max_examples=1000, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("test")


@pytest.fixture(autouse=True)
def _loopback_only() -> Iterator[None]:
    """Fail a test that asked for another host, even where the code under test swallowed the refusal."""
    offline.ATTEMPTS.clear()
    yield
    asked, offline.ATTEMPTS[:] = list(offline.ATTEMPTS), []
    assert not asked, asked


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Give the folder with the recorded sets, which stands beside the checkout and is not part of it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the recorded sets (../shared/data) are not on this machine")
    return folder
