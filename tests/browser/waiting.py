"""Waiting on a page whose policy forbids what Playwright's own waiting does (code made from text)."""

from __future__ import annotations

from typing import Any


def until(page: Any, code: str) -> None:
    """Wait until an expression holds; pytest's own limit ends a wait that is in vain."""
    page.evaluate(f"async () => {{ while (!({code})) await new Promise(done => setTimeout(done, 20)); }}")
