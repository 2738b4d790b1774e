"""A headless Chromium driven over its own debugging pipe: real keys, real layout, and nothing to install but itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Self

import pytest


class Page:
    """One page; a context manager."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        if program is None:
            pytest.skip("Chromium is not on this machine (Debian: chromium)")
        take, self._out = os.pipe()
        self._in, give = os.pipe()
        # Chromium reads orders from descriptor 3 and answers on 4, each ended by a NUL byte.
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$0" "$@" 3<&{take} 4>&{give}', program, "--headless", "--remote-debugging-pipe",
             "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             f"--user-data-dir={folder}", "about:blank"],
            pass_fds=(take, give), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(take)
        os.close(give)
        self._answers = os.fdopen(self._in, "rb", buffering=0)
        self._rest, self._number = b"", 0
        self.violations: list[str] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._call(f"{domain}.enable", session=True)

    def open(self, url: str) -> None:
        """Go to a page and wait until it is there."""
        self._call("Page.navigate", session=True, url=url)
        self.wait("document.readyState === 'complete'")

    def evaluate(self, code: str) -> Any:
        """Return the value of an expression on the page."""
        found = self._call("Runtime.evaluate", session=True, expression=code, awaitPromise=True, returnByValue=True)
        return found["result"].get("value")

    def wait(self, code: str) -> None:
        """Wait until an expression holds; pytest's own limit ends a wait that is in vain."""
        polled = f"new Promise(done => {{ const ask = () => {code} ? done(true) : setTimeout(ask, 20); ask(); }})"
        assert self.evaluate(polled) is True

    def press(self, key: str) -> None:
        """Press a key, as a person would."""
        text = {"text": key} if len(key) == 1 else {}
        self._call("Input.dispatchKeyEvent", session=True, type="keyDown", key=key, **text)
        self._call("Input.dispatchKeyEvent", session=True, type="keyUp", key=key)

    def _call(self, method: str, *, session: bool = False, **params: Any) -> dict[str, Any]:
        self._number += 1
        order: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if session:
            order["sessionId"] = self._session
        os.write(self._out, json.dumps(order).encode() + b"\0")
        while True:
            answer = self._next()
            entry = answer.get("params", {}).get("entry", {})
            if answer.get("method") == "Log.entryAdded" and entry.get("level") == "error":
                self.violations.append(entry["text"])
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            data = self._answers.read(65536)
            assert data, "Chromium ended"
            self._rest += data
        line, self._rest = self._rest.split(b"\0", 1)
        return json.loads(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._out)  # Chromium ends when nobody gives orders any more
        self._process.wait(timeout=20)
        self._answers.close()
