"""What tests of the command line share: a runner, a folder with a configuration, a server that counts what is paid."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cascade.cli import app

CONFIG = """\
ladder:
  - {{model: openai/ok, name: small, api_base: "{url}", api_key: none, price: {{input_usd: 1e-6, output_usd: 1e-6}}}}
  - {{model: openai/ok, name: large, api_base: "{url}", api_key: none, price: {{input_usd: 1e-5, output_usd: 1e-5}}}}
verify: [refusal, hedging]
log: decisions.db
"""


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """Work in a folder of its own, narrow and without colour."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path


@pytest.fixture
def configured(folder, server) -> Path:
    """Work in a folder whose cascade.yaml asks the server."""
    (folder / "cascade.yaml").write_text(CONFIG.format(url=server.url))
    return folder


@pytest.fixture
def cli(folder):
    """Run a command; returns exit_code, stdout, stderr."""

    def run(*args: object, **options: object):
        result = CliRunner().invoke(app, [str(arg) for arg in args], **options)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


def write_lines(path: Path, lines: list[dict]) -> Path:
    """Write JSON lines."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def read_lines(path: Path) -> list[dict]:
    """Read JSON lines."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def recorded(n: int, task: str = "default") -> list[dict]:
    """Return samples with recordings of two rungs: the small one is right where it hedges little."""
    lines = []
    for i in range(n):
        right = i % 3 != 0
        text = f"The answer is {i}." if right or i % 2 else f"I am not sure, but maybe it is {i + 1}."
        lines.append(
            {
                "id": f"{task}-{i}",
                "task": task,
                "prompt": f"question {i}",
                "gold": str(i),
                "recordings": [
                    {"model": "small", "content": text, "cost_usd": 0.001, "correct": float(right)},
                    {"model": "large", "content": f"The answer is {i}.", "cost_usd": 0.01, "correct": 1.0},
                ],
            }
        )
    return lines
