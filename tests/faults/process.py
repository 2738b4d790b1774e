"""The fault server as a process of its own: it takes no time from what is measured, and its memory is not counted."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.checkout import ROOT


class Served:
    """A fault server in another process."""

    def __init__(self, url: str) -> None:
        self.url = url
        """What to give as `api_base`."""

    @property
    def ledger(self) -> dict[str, Any]:
        """The sums that it counts."""
        with urllib.request.urlopen(f"{self.url.removesuffix('/v1')}/ledger", timeout=30) as answer:  # noqa: S310
            counted: dict[str, Any] = json.load(answer)
        return counted


@contextmanager
def served(*options: str) -> Iterator[Served]:
    """Start a server with options of `python -m tests.faults.server`, and end it."""
    command = [sys.executable, "-m", "tests.faults.server", "--port", "0", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            yield Served(running.stdout.readline().split()[2])
        finally:
            running.terminate()
            running.communicate()
