"""Programs as people write them: two changed lines, and they print what they printed before, by the cascade."""

from __future__ import annotations

import difflib
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.checkout import ROOT
from tests.road.loopback import loopback

PROGRAMS = Path(__file__).parent / "programs"
NEEDS = {
    "anthropic_tool_loop": ("anthropic",),
    "langchain_agent": ("langchain_openai",),
    "litellm_completion": ("litellm",),
    "openai_chat": ("openai",),
    "openai_parse": ("openai",),
    "openai_stream": ("openai",),
    "openai_tool_loop": ("openai",),
    "responses_agent": ("agents", "openai"),
}
CONFIG = """
ladder:
  - {{model: openai/small, name: small, api_base: "{url}/v1", api_key: none, price: {{input_usd: 0, output_usd: 1e-6}}}}
  - {{model: openai/top, name: top, api_base: "{url}/v1", api_key: none, price: {{input_usd: 0, output_usd: 1e-5}}}}
"""


def text(when: str, name: str) -> str:
    return (PROGRAMS / when / f"{name}.py").read_text(encoding="utf-8")


def test_every_program_is_here_before_and_after() -> None:
    assert {path.stem for path in PROGRAMS.glob("before/*.py")} == NEEDS.keys()
    assert {path.stem for path in PROGRAMS.glob("after/*.py")} == NEEDS.keys()


@pytest.mark.parametrize("name", NEEDS)
def test_two_lines_are_enough(name: str) -> None:
    before, after = (text(when, name).splitlines() for when in ("before", "after"))
    written = [line for line in difflib.ndiff(before, after) if line.startswith("+ ")]
    assert 0 < len(written) <= 2


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", NEEDS)
def test_it_prints_what_it_printed_before_and_the_cascade_has_answered(name: str, tmp_path: Path) -> None:
    missing = [library for library in NEEDS[name] if find_spec(library) is None]
    if missing:
        pytest.skip(f"`make clients` runs it: {missing[0]} is not in this environment")
    with loopback() as (url, asked):
        (tmp_path / "cascade.yaml").write_text(CONFIG.format(url=url), encoding="utf-8")
        printed = {when: run(when, name, url, tmp_path, asked) for when in ("before", "after")}
    assert printed["before"][0] == printed["after"][0] != ""
    assert "small" not in printed["before"][1]
    assert set(printed["after"][1]) <= {"small", "top"}


def run(when: str, name: str, url: str, folder: Path, asked: list[str]) -> tuple[str, list[str]]:
    """Run a program; return what it printed, and the models that it asked for."""
    asked.clear()
    environment = os.environ | {
        "ANTHROPIC_API_KEY": "k", "ANTHROPIC_BASE_URL": url, "CASCADE_CONFIG": str(folder / "cascade.yaml"),
        "OPENAI_API_KEY": "k", "OPENAI_BASE_URL": f"{url}/v1", "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore",
    }  # fmt: skip
    program = PROGRAMS / when / f"{name}.py"
    ended = subprocess.run(
        [sys.executable, str(program)], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout, [*asked]
