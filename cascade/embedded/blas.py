"""BLAS thread limit of one while a model answers: on its small matrices, multithreading takes 20 times longer."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from typing import Final

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]


class OneThread:
    """Reentrant, thread-safe context manager; the last thread to leave restores the previous limit."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._controller: ThreadpoolController | None = None
        self._limit: AbstractContextManager[object] | None = None

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                # Cached: a scan of the loaded libraries takes milliseconds.
                self._controller = self._controller or ThreadpoolController()
                self._limit = self._controller.limit(limits=1, user_api="blas")
                self._limit.__enter__()

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._limit is not None:
                self._limit.__exit__(None, None, None)


ONE_THREAD: Final = OneThread()
"""The instance shared by all models of a process."""
