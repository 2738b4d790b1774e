"""Shared fixtures of tests of the kernel and its commands: a misbehaving server, a folder, a command runner."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cascade.cli import app
from tests.faults.server import Server

CONFIG = """\
ladder:
  - {{model: openai/ok, name: small, api_base: "{url}", api_key: none, price: {{input_usd: 1e-6, output_usd: 1e-6}}}}
  - {{model: openai/ok, name: large, api_base: "{url}", api_key: none, price: {{input_usd: 1e-5, output_usd: 1e-5}}}}
verify: [refusal, hedging]
log: decisions.db
"""


@pytest.fixture(scope="session")
def _server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def server(_server: Server) -> Server:
    """Give the server, its hits forgotten: they are the ledger of what was paid."""
    _server.reset()
    return _server


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
