"""Check: the user's own verifier, a function or an executable."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, ClassVar, TypeAlias

from cascade.errors import ConfigError
from cascade.exchange import Exchange, LocalCall
from cascade.failure import CallFailure
from cascade.verdict import Flow, Verdict, Verifier
from verifiers.command import run_command

Opinion: TypeAlias = bool | float | Verdict | None
"""Return value of a check: True is 1.0, False 0.0, a number its score in [0, 1], None abstains."""

GRACE_S = 0.5
"""Grace period, in seconds after the timeout, for a command to be killed and reaped."""


class Check(Verifier):
    """Scores an answer by the user's own function or command.

    A function is called with the `Exchange`, in a thread (or awaited, if it is async), and returns an `Opinion`. If it
    raises, times out or returns anything else, the check abstains, flagged and logged; it never passes an answer.

    A command is run without a shell, in its own process group, with the exchange as JSON on stdin:
    {"request": {"id", "task", "messages", "schema", "tags"}, "response": {"text", "tool_calls", "finish_reason",
    "refusal"}, "rung", "model"}. Exit code 0 is 1.0, 1 is 0.0, any other abstains. A number, or an object
    {"score", "reason", "veto"}, printed on stdout goes before the exit codes 0 and 1. After `timeout_s` the process
    group is killed. Both directions are limited to 1 MiB. Of the environment it sees PATH, HOME, LANG, TZ, TMPDIR and
    `env`: no keys.

    Args:
        function: called with the exchange.
        command: the executable and its arguments; instead of a function.
        env: further environment variables for the command.
        timeout_s: seconds after which it abstains.
        paid: True where the check itself costs money, so that it runs after the free ones.
        required: True to accept nothing below the top where it abstains.
        revision: change it whenever the same answer would get another verdict; policies store it.
        name: names the verifier in policies and logs; give each check of a rung its own.
        pass_at: the pass mark: the score from which on it passes an answer.

    Raises:
        ConfigError: neither or both of function and command are given, or a value is out of range.
    """

    version: ClassVar[str] = "1"

    def __init__(
        self,
        function: Callable[[Exchange], Opinion | Awaitable[Opinion]] | None = None,
        *,
        command: Sequence[str] | None = None,
        env: Mapping[str, str] | None = None,
        timeout_s: float = 2.0,
        paid: bool = False,
        required: bool = False,
        revision: str = "",
        name: str = "check",
        pass_at: float = 0.5,
    ) -> None:
        if (function is None) == (command is None):
            raise ConfigError("Check takes either a function or command=[…]; exactly one of them was expected.")
        if function is not None and not callable(function):
            raise ConfigError(f"Check({function!r:.80}): a function that takes an exchange was expected.")
        if command is not None and (
            isinstance(command, str) or not all(map(_is_word, command)) or not any(command[:1])
        ):
            raise ConfigError(f"Check(command={command!r:.120}): a list such as ['grade', '--strict'] was expected.")
        if not (isinstance(timeout_s, int | float) and 0 < timeout_s < math.inf):
            raise ConfigError(f"Check(timeout_s={timeout_s!r}): a number of seconds above 0 was expected.")
        self.function = function
        self.command = None if command is None else tuple(command)
        self._env = dict(env or {})
        self.timeout_s, self.paid, self.required = timeout_s, paid, required
        self.revision, self.name, self.pass_at = revision, name, pass_at

    def settings(self) -> dict[str, Any]:
        """Return the function's name or the command, and the revision."""
        what = {"command": list(self.command)} if self.command else {"function": _name_of(self.function)}
        return {**what, "revision": self.revision}

    def flow(self, exchange: Exchange) -> Flow:
        """Run the function in a thread, or await it on the event loop."""
        run: Callable[[], Any]
        if self.command is not None:
            command = self.command
            run, limit = (lambda: run_command(command, exchange, self.timeout_s, self._env)), self.timeout_s + GRACE_S
        else:
            function = self.function
            run, limit = (lambda: function(exchange) if function else None), self.timeout_s
        (reply,) = yield (LocalCall(run=run, timeout_s=limit, label=self.name),)
        if isinstance(reply, CallFailure):
            return Verdict.abstain(f"did not finish: {reply.message}", flags=("verifier_failed",))
        return as_verdict(reply)

    def check(self, exchange: Exchange) -> Verdict:
        """Judge synchronously, on this thread; async functions need `flow`."""
        if self.command is not None:
            return as_verdict(run_command(self.command, exchange, self.timeout_s, self._env))
        opinion = None if self.function is None else self.function(exchange)
        if isinstance(opinion, Coroutine):
            opinion.close()
            return Verdict.abstain("the check is async and was not awaited", flags=("verifier_failed",))
        return as_verdict(opinion)


def as_verdict(opinion: Any) -> Verdict:
    """Return the verdict of a check's return value; an invalid value abstains, flagged."""
    if isinstance(opinion, Verdict):
        return opinion
    if opinion is None:
        return Verdict.abstain("the check cannot tell")
    if isinstance(opinion, bool):
        return Verdict(score=float(opinion), reason="the check passes" if opinion else "the check fails")
    try:
        score = float(opinion) if not isinstance(opinion, str | bytes) else math.nan
    except (TypeError, ValueError, OverflowError):
        score = math.nan
    if not 0.0 <= score <= 1.0:
        found = "NaN" if isinstance(opinion, float) and math.isnan(opinion) else type(opinion).__name__
        why = f"the check returned {found}, not a bool, a number in [0, 1], a Verdict or None"
        return Verdict.abstain(why, flags=("verifier_failed",))
    return Verdict(score=score, reason="the check's score")


def _is_word(item: object) -> bool:
    return isinstance(item, str) and "\0" not in item


def _name_of(function: Any) -> str:
    return f"{getattr(function, '__module__', '')}:{getattr(function, '__qualname__', type(function).__qualname__)}"
