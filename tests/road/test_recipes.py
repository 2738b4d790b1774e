"""Recipes cannot rot: each program of docs/recipes.md is run as it stands against `cascade serve`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.documents import Block, blocks
from tests.road.gateway import ROOT, gateway
from tests.road.loopback import loopback

PAGE = ROOT / "docs" / "recipes.md"
RECIPES = [(said[1], block) for block in blocks(PAGE.read_text()) if (said := re.search(r"with ([\w-]+)$", block.said))]
SHOWN = "http://127.0.0.1:8400"
HERE = {"openai-2": "openai", "openai-3": "openai", "litellm": "litellm"}
"""Environments for which this one will do, where it has the library."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with loopback() as (provider, _), gateway(tmp_path_factory.mktemp("served"), provider) as base:
        yield base


def command(environment: str, block: Block) -> tuple[list[str], Path]:
    """Return what runs a program from its standard input, and where."""
    folder = ROOT / f".venv-road-{environment}"
    if block.language == "js":
        if not (folder / ".made").exists():
            pytest.skip("no Node libraries here: make clients installs them, and runs this")
        return ["node", "--input-type=module"], folder
    if (folder / ".made").exists():
        return [str(folder / "bin" / "python"), "-"], folder
    library = HERE.get(environment)
    if library is None or "anthropic" in block.text or find_spec(library) is None:
        pytest.skip(f"no environment {environment} here: make clients installs it, and runs this")
    return [sys.executable, "-"], ROOT


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("environment", "block"), RECIPES, ids=[f"{named} {block.line}" for named, block in RECIPES])
def test_a_recipe_runs_as_it_stands(server: str, environment: str, block: Block) -> None:
    told, folder = command(environment, block)
    assert SHOWN in block.text
    program = block.text.replace(SHOWN, server)
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "OPENAI", "ANTHROPIC"))}
    ended = subprocess.run(
        told, cwd=folder, env=own, input=program, capture_output=True, text=True, check=False, timeout=100
    )
    assert ended.returncode == 0, ended.stderr
    assert "Oslo." in ended.stdout or "qty=2" in ended.stdout


def test_every_program_of_the_page_is_run_by_its_test() -> None:
    programs = [block for block in blocks(PAGE.read_text()) if block.language in {"python", "js"}]
    assert [block for _, block in RECIPES] == programs
