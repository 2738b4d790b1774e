"""One thread for BLAS while a model answers: its matrices are so small that sharing them out takes 20 times longer."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from typing import Final

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]


class OneThread:
    """A context that any number of threads may be in at once; the last one out restores what was set before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._controller: ThreadpoolController | None = None
        self._limit: AbstractContextManager[object] | None = None

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                # Found once: looking through the loaded libraries takes milliseconds.
                self._controller = self._controller or ThreadpoolController()
                self._limit = self._controller.limit(limits=1, user_api="blas")
                self._limit.__enter__()

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._limit is not None:
                self._limit.__exit__(None, None, None)


ONE_THREAD: Final = OneThread()
"""The one that all models of a process share."""
