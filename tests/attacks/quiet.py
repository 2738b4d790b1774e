"""What a piece of work does to the world outside: sockets, files and processes, seen by an audit hook."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_LOUD = (
    "open", "socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.listdir",
    "os.scandir", "os.remove", "os.rename", "urllib.", "ctypes.", "shutil.", "pickle.",
)  # fmt: skip
_state = threading.local()


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    events = getattr(_state, "events", None)
    if events is not None and event.startswith(_LOUD):
        events.append((event, repr(arguments[:1])[:120]))


sys.addaudithook(_hook)


@contextmanager
def quiet() -> Iterator[None]:
    """Fail where this thread opens, connects, imports, compiles or starts anything meanwhile."""
    _state.events = []
    try:
        yield
        events = _state.events
    finally:
        _state.events = None
    assert not events, events
