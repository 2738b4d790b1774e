"""PolicyFile: serves a policy's file anew once it has changed, so that a renewed promise serves without a restart."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cascade.errors import CascadeError
from cascade.policy.policy import Policy

CHECK_S = 5.0
"""Seconds between two looks at the file, beside requests."""

_log = logging.getLogger("cascade.observe")


@dataclass(slots=True, kw_only=True)
class PolicyFile:
    """The file of the policy that is served; used on one event loop."""

    path: Path
    """The file."""

    serve: Callable[[Policy], None]
    """Serves another policy from the next request on."""

    _stamp: tuple[int, int] | None = field(init=False)
    _looked_at: float = field(init=False, default_factory=time.monotonic)
    _looking: asyncio.Task[None] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Note the file as it is."""
        self._stamp = self._now()

    def look(self) -> None:
        """Look at the file beside the requests, where it is time; returns at once."""
        now = time.monotonic()
        if now - self._looked_at >= CHECK_S and (self._looking is None or self._looking.done()):
            self._looked_at = now
            self._looking = asyncio.create_task(asyncio.to_thread(self.read))

    def forget(self) -> None:
        """Drop a look that belonged to a parent process's event loop."""
        self._looking = None

    def read(self) -> None:
        """Serve the file's policy if the file has changed; one that does not fit is not served, and that is said."""
        stamp = self._now()
        if stamp == self._stamp or stamp is None:
            return
        self._stamp = stamp
        try:
            policy = Policy.load(self.path)
            self.serve(policy)
        except CascadeError as error:
            _log.warning("%s has changed and is not served: %s", self.path, error)
            return
        _log.warning("The policy %s (%s) serves from the next request on.", policy.sha256[:12], self.path)

    def _now(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino
