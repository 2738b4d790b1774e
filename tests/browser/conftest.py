"""Debian's Chromium, driven by Playwright: one browser for all tests, a page for each that tells what went wrong."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("Chromium is not on this machine (Debian: chromium)")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(params=["light"])
def page(chromium: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Give a page; what it logs as an error, what it asks of others, and every dialog fails the test."""
    context = chromium.new_context(
        viewport={"width": 1280, "height": 900}, color_scheme=request.param, reduced_motion="reduce"
    )
    page, wrong = context.new_page(), []
    page.set_default_timeout(60_000)
    page.on("console", lambda message: wrong.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: wrong.append(f"not caught: {error}"))
    page.on("dialog", lambda dialog: (wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda asked: None if is_own(asked.url) else wrong.append(f"asked for {asked.url[:200]}"))
    yield page
    context.close()
    assert [text for text in wrong if "favicon" not in text] == []


def is_own(url: str) -> bool:
    """Tell whether an address stays on this machine."""
    return url.startswith(("file:", "data:", "blob:", "about:", "http://127.0.0.1:"))
