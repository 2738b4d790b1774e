"""What importing costs: the heavy libraries wait until something needs them."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys

import pytest

HEAVY = {"litellm", "openai", "sklearn", "scipy", "pandas", "aiohttp", "boto3"}


def loaded_by(script: str) -> set[str]:
    """Run a script in a new interpreter and give the top-level modules that it left loaded."""
    report = "\nimport json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    ended = subprocess.run(
        [sys.executable, "-c", script + report], capture_output=True, text=True, check=True, timeout=120
    )
    return set(json.loads(ended.stdout.splitlines()[-1]))


@pytest.mark.parametrize("package", ["cascade", "verifiers"])
def test_importing_loads_nothing_heavy(package: str) -> None:
    assert not loaded_by(f"import {package}") & HEAVY


def test_importing_calibration_loads_no_provider_library() -> None:
    assert not loaded_by("import calibration") & {"litellm", "openai", "aiohttp", "boto3"}


@pytest.mark.parametrize("arguments", [["--help"], ["calibrate", "--help"], ["run", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    script = f"""
import contextlib, sys
from cascade.cli import main
sys.argv = ["cascade", *{arguments!r}]
with contextlib.suppress(SystemExit):
    main()
"""
    assert not loaded_by(script) & HEAVY


def test_python_m_is_the_same_command_line() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "cascade", "--help"], capture_output=True, text=True, check=True, timeout=120
    )
    assert "calibrate" in ended.stdout


@pytest.mark.parametrize("package", ["cascade", "verifiers", "calibration"])
def test_exported_names_are_sorted_constants_first_and_exist(package: str) -> None:
    module = importlib.import_module(package)
    assert list(module.__all__) == sorted(module.__all__, key=lambda name: (not name.isupper(), name))
    assert all(hasattr(module, name) for name in module.__all__)


def test_verifiers_says_whose_it_is() -> None:
    assert importlib.import_module("verifiers").__distribution__ == "calibrated-cascade"
