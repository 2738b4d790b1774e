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

from cascade.cli.terminal import fail, say, warn
from cascade.errors import CascadeError

if TYPE_CHECKING:
    from cascade.bulk.stop import Stop

INTERRUPTED = 130


class Interrupted(Exception):
    """The user stopped a command; the message says how to go on."""


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
                raise typer.Exit(INTERRUPTED) from None
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
    from cascade.settings import LadderWarning, UncalibratedWarning

    def show(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
        if issubclass(category, LadderWarning | UncalibratedWarning):
            warn(str(message))
        else:
            usual(message, category, *rest, **more)

    with warnings.catch_warnings():
        usual = warnings.showwarning
        warnings.showwarning = show
        for category in (LadderWarning, UncalibratedWarning):
            warnings.simplefilter("default", category)
        yield


@contextmanager
def stoppable(stop: Stop) -> Iterator[None]:
    """Let Ctrl-C (or SIGTERM) stop a bulk run in good order; a second one leaves what is in flight."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def first(number: int, frame: Any) -> None:
        del number, frame
        stop.wish()
        for kind, _ in before:
            signal.signal(kind, signal.default_int_handler)
        say("\nStopping: what is in flight is finished and kept. Ctrl-C again leaves it.")

    before = [(kind, signal.getsignal(kind)) for kind in (signal.SIGINT, signal.SIGTERM)]
    for kind, _ in before:
        signal.signal(kind, first)
    try:
        yield
    finally:
        for kind, handler in before:
            signal.signal(kind, handler)
