"""A program whose rungs speak Chat Completions imports neither litellm nor the openai package."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.faults.server import Server

PROGRAM = """
import json, sys
from cascade.cli import main
sys.argv = ["cascade", "run", "Is it fine?", "--config", "cascade.yaml", "--json"]
try:
    main()
except SystemExit as ended:
    code = ended.code or 0
print(json.dumps([code, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


def test_cascade_run_needs_neither_litellm_nor_openai(tmp_path: Path) -> None:
    with Server(mode="ok") as server:
        config = f"""
ladder:
  - {{model: openai/small, api_base: "{server.url}", api_key: "${{KEY}}", price: {{input_usd: 0.0, output_usd: 0.0}}}}
"""
        (tmp_path / "cascade.yaml").write_text(config, encoding="utf-8")
        ended = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path,
            env={**os.environ, "KEY": "sk-test-4f9a8b7c", "PYTHONPATH": f"{Path.cwd()}:{os.environ['PYTHONPATH']}"},
        )  # fmt: skip
    *said, last = ended.stdout.splitlines()
    code, modules = json.loads(last)
    assert code == 0, ended.stderr
    assert '"fine"' in "".join(said)
    assert not {"litellm", "openai", "aiohttp", "httpx"} & set(modules)
