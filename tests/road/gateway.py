"""`cascade serve` as a command, whose models are of one server on loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).parents[2]
RUNG = """\
  - model: openai/{name}
    api_base: "{provider}/v1"
    api_key: none
    price: {{input_usd: {usd}, output_usd: {usd}}}
    native_schema: always
"""


@contextmanager
def gateway(folder: Path, provider: str) -> Iterator[str]:
    """Run `cascade serve` in a folder, on two rungs of a provider, and yield its address."""
    rungs = "".join(
        RUNG.format(name=name, provider=provider, usd=usd) for name, usd in (("small", 1e-6), ("top", 1e-5))
    )
    (folder / "cascade.yaml").write_text(f"ladder:\n{rungs}verify: [refusal, schema]\nlog: decisions.db\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "cascade", "serve", "--port", str(port)]
    own = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=folder, env=own, stderr=subprocess.DEVNULL) as process:
        base = f"http://127.0.0.1:{port}"
        while process.poll() is None:
            with suppress(OSError), urlopen(f"{base}/readyz"):  # noqa: S310 - our own address
                break
            time.sleep(0.1)
        try:
            yield base
        finally:
            process.terminate()
