"""Workers: several processes that serve one socket; forked before any thread or loop begins, replaced when one dies."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from types import FrameType

from cascade.errors import CascadeError
from cascade.loggers import logger_of

RESTART_S = 1.0
"""Seconds between the end of a process and the begin of its successor."""

LAST_S = 60.0
"""Seconds after which processes that do not end by themselves are killed."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_log = logger_of("cascade.serve")


class Workers:
    """Processes that each do the same work until they are told to end."""

    def __init__(self, n: int, work: Callable[[], bool]) -> None:
        """Take how many, and what each does until SIGTERM or SIGINT; it returns whether that was Ctrl+C."""
        self._n, self._work = n, work
        self._pids: set[int] = set()
        self._stopping: int | None = None

    def run(self, on_started: Callable[[], object]) -> bool:
        """Run them until a signal ends them all; return whether that was Ctrl+C.

        Raises:
            CascadeError: none of them could begin.
        """
        before = {number: signal.signal(number, self._stop) for number in _SIGNALS}
        try:
            for _ in range(self._n):
                self._begin()
            on_started()
            self._watch()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        return self._stopping == signal.SIGINT

    def _begin(self) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        # Until the child has handlers of its own, and the parent knows it, a signal has to wait: it would be lost.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        pid = os.fork()
        if pid == 0:
            os._exit(self._child())
        self._pids.add(pid)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

    def _child(self) -> int:
        os.setpgrp()  # a terminal's Ctrl+C is the parent's, which passes it on once
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        try:
            self._work()
        except CascadeError as error:
            print(f"Error: {error}", file=sys.stderr, flush=True)  # noqa: T201 - the parent's terminal
            return error.exit_code
        except BaseException:  # noqa: BLE001 - the process ends here, and nothing above it is to run
            traceback.print_exc()
            return 1
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
        return 0

    def _stop(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self._stopping is None:
            self._stopping = number
            signal.signal(signal.SIGALRM, lambda *_: self._tell(signal.SIGKILL))
            signal.setitimer(signal.ITIMER_REAL, LAST_S)
        self._tell(number)

    def _tell(self, number: int) -> None:
        for pid in tuple(self._pids):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue

    def _watch(self) -> None:
        failed = 0
        while self._pids:
            pid, status = os.waitpid(-1, 0)
            if pid not in self._pids:
                continue
            self._pids.discard(pid)
            if self._stopping is not None:
                continue
            code = os.waitstatus_to_exitcode(status)
            failed = failed + 1 if code > 0 else 0
            if failed >= self._n:  # each says why: a configuration, a log, a port
                self._stop(signal.SIGTERM, None)
                message = f"The processes of the server end at once (exit code {code}); see above."
                raise CascadeError(message)
            _log.error("A process of the server has ended (%d); another one takes its place.", code)
            time.sleep(RESTART_S)
            if self._stopping is None:
                self._begin()
        signal.setitimer(signal.ITIMER_REAL, 0)
