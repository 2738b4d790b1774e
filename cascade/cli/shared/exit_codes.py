"""Every command's way out: an error is one sentence and an exit code, a warning one sentence, Ctrl-C is 130."""

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
from cascade.errors import CascadeError

if TYPE_CHECKING:
    from cascade.bulk.stop import Stop

INTERRUPTED, TERMINATED = 130, 143

DRAIN_S = 10.0
"""Seconds that what is in flight gets after SIGTERM, before it is broken off: whoever sends one kills soon after."""


class Interrupted(Exception):
    """A command was stopped before its end; the message says how to go on."""

    def __init__(self, message: str, *, terminated: bool = False) -> None:
        super().__init__(message)
        self.exit_code = TERMINATED if terminated else INTERRUPTED
        """By the signal, as shells tell it: work is left, so a script must not go on as if the output were whole."""


def guarded(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return the command with its errors turned into a sentence on stderr and an exit code."""

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
                # Whoever read stdout has gone (`| head`): nothing more to say, and nothing to say it to at exit.
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                raise typer.Exit(0) from None

    return run


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Show our own warnings as one sentence each, without file and line of our code."""
    from cascade.settings import LadderWarning, SilentVerifierWarning, UncalibratedWarning

    def show(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
        if issubclass(category, LadderWarning | SilentVerifierWarning | UncalibratedWarning):
            warn(str(message))
        else:
            usual(message, category, *rest, **more)

    with warnings.catch_warnings():
        usual = warnings.showwarning
        warnings.showwarning = show
        for category in (LadderWarning, SilentVerifierWarning, UncalibratedWarning):
            warnings.simplefilter("default", category)
        yield


@contextmanager
def stoppable(stop: Stop) -> Iterator[None]:
    """Let Ctrl-C or SIGTERM stop a bulk run in good order; a second one leaves what is in flight.

    After SIGTERM, what is in flight is left after `DRAIN_S` too.

    Raises:
        Interrupted: the drain was over before everything had finished.
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
            say(f"\nStopping: what is in flight has {DRAIN_S:g} s to finish, and is kept.")
        else:
            say("\nStopping: what is in flight is finished and kept. Ctrl-C again leaves it.")

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
        message = f"Stopped; what had not finished after {DRAIN_S:g} s was left. Run the same command again to go on."
        raise Interrupted(message, terminated=True) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for kind, handler in before:
            signal.signal(kind, handler)
