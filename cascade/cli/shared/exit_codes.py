"""Exit codes: turns a command's error into one sentence and an exit code; Ctrl-C is 130."""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

import typer

from cascade.cli.shared.terminal import fail, say, warn
from cascade.errors import CascadeError, LogUnavailable
from cascade.loggers import ignore_foreign_warnings

if TYPE_CHECKING:
    from cascade.bulk.stop import Stop
    from cascade.engine.cascade import Cascade

INTERRUPTED, TERMINATED = 130, 143

DRAIN_S = 10.0
"""Grace period, in seconds, for calls in flight after SIGTERM; supervisors send SIGKILL soon after."""


class Interrupted(Exception):
    """A command was interrupted; the message says how to resume."""

    def __init__(self, message: str, *, terminated: bool = False) -> None:
        super().__init__(message)
        self.exit_code = TERMINATED if terminated else INTERRUPTED
        """By the signal, as shells tell it: work is left, so a script must not go on as if the output were whole."""


def guarded(command: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a command: its errors become one sentence on stderr and an exit code."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        with _plain_warnings():
            try:
                return command(*args, **kwargs)
            except CascadeError as error:
                fail(str(error))
                raise typer.Exit(error.exit_code) from None
            except Interrupted as stop:
                say(str(stop))
                raise typer.Exit(stop.exit_code) from None
            except KeyboardInterrupt:
                say("Interrupted.")
                raise typer.Exit(INTERRUPTED) from None
            except BrokenPipeError:
                # The reader of stdout has closed the pipe (`| head`): print nothing, at exit neither.
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                raise typer.Exit(0) from None

    return run


def require_logged(app: Cascade) -> None:
    """Check that a cascade that was closed has logged all its decisions.

    Raises:
        LogUnavailable: some are missing from the log.
    """
    if app.log is not None and app.log.lost:
        message = f"The answers above stand, but {app.log.lost} decisions are missing from the log. "
        raise LogUnavailable(message + " ".join(app.log.warnings[-1:]))


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Show our own warnings as one sentence each, without file and line of our code."""
    from cascade.samples.sample import SampleWarning
    from cascade.settings import LadderWarning, SilentVerifierWarning, UncalibratedWarning

    def show(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
        if issubclass(category, LadderWarning | SampleWarning | SilentVerifierWarning | UncalibratedWarning):
            warn(str(message))
        else:
            usual(message, category, *rest, **more)

    ignore_foreign_warnings()
    with warnings.catch_warnings():
        usual = warnings.showwarning
        warnings.showwarning = show
        for category in (LadderWarning, SampleWarning, SilentVerifierWarning, UncalibratedWarning):
            warnings.simplefilter("default", category)
        yield


@contextmanager
def stoppable(stop: Stop) -> Iterator[None]:
    """Graceful shutdown: Ctrl-C or SIGTERM drains a bulk run; a second one abandons calls in flight.

    After SIGTERM, calls in flight are also abandoned after `DRAIN_S`.

    Raises:
        Interrupted: the grace period ended before all calls did.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    drained = False

    def first(number: int, frame: Any) -> None:
        del frame
        terminated = number == signal.SIGTERM
        stop.wish(terminated=terminated)
        for kind in (signal.SIGINT, signal.SIGTERM):
            signal.signal(kind, signal.default_int_handler)
        if terminated:
            signal.signal(signal.SIGALRM, over)
            signal.setitimer(signal.ITIMER_REAL, DRAIN_S)
            say(f"\nStopping: calls in flight have {DRAIN_S:g} s to finish; their answers are saved.")
        else:
            say("\nStopping: calls in flight finish and are saved. Press Ctrl-C again to abandon them.")

    def over(number: int, frame: Any) -> None:
        nonlocal drained
        drained = True
        signal.default_int_handler(number, frame)

    before = [(kind, signal.getsignal(kind)) for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)]
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, first)
    try:
        yield
    except KeyboardInterrupt:
        if not drained:
            raise
        message = (
            f"Stopped; calls still in flight after {DRAIN_S:g} s were abandoned. Run the same command again to resume."
        )
        raise Interrupted(message, terminated=True) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for kind, handler in before:
            signal.signal(kind, handler)
