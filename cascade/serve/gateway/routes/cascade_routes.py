"""Routes of our own: feedback on a decision, a decision taken apart, and the policy read again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cascade.dialects.inbound.parameters import object_body
from cascade.errors import ConfigError, DataError
from cascade.log import Log
from cascade.log.past import Past, logged_policy, past_of
from cascade.serve.gateway.call import Call
from cascade.serve.gateway.http import respond_json
from cascade.serve.gateway.keyring.key import Key
from cascade.serve.gateway.refusals import no_log, unknown_decision
from cascade.serve.gateway.request_body import parsed, read_body

if TYPE_CHECKING:
    from cascade.engine.cascade import Cascade

FEEDBACK = ("decision_id", "correct", "score", "kind", "rung")
"""Fields of a feedback."""

OTHERS = ("human", "gold", "judge")
"""Sources of labels that are no users': people that annotate, right answers, judges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeRoutes:
    """What answers them."""

    app: Cascade
    """The cascade."""

    reloaded: Callable[[], dict[str, Any]] | None
    """Reads the configuration again and serves its policy; returns what is served. None: there is no file to read."""

    async def feedback(self, call: Call) -> None:
        """Label a decision of the key's own principal: `{decision_id, correct | score, kind, rung}`."""
        given = dict(object_body(await parsed(await read_body(call.receive, call.header(b"content-length")))))
        for name in given:
            if name not in FEEDBACK:
                raise DataError(f"The field {name[:60]!r} is unknown; expected {', '.join(FEEDBACK)}.")
        identity, kind = given.pop("decision_id", None), given.setdefault("kind", "user")
        if not isinstance(identity, str) or not isinstance(kind, str):
            raise DataError(f"decision_id is {identity!r:.60} and kind {kind!r:.60}; texts were expected.")
        if kind.split(":")[0] in OTHERS:
            raise DataError(f"kind is {kind!r:.60}, which labels of {', '.join(OTHERS)} have; name another source.")
        await asyncio.to_thread(self._label, identity, call.key, given)
        await respond_json(call.send, 200, {"decision_id": identity, "kind": kind})

    async def decision(self, call: Call) -> None:
        """Explain a decision of the key's own principal."""
        await respond_json(call.send, 200, await asyncio.to_thread(self._explained, call.argument, call.key))

    async def reload(self, call: Call) -> None:
        """Read the configuration again, and serve its policy from the next request on."""
        if self.reloaded is None:
            raise ConfigError("The server was started without a file, so there is nothing to read again.")
        await respond_json(call.send, 200, await asyncio.to_thread(self.reloaded))

    def _label(self, identity: str, key: Key | None, given: dict[str, Any]) -> None:
        past = self._past(identity, key)
        correct, score = given.get("correct"), given.get("score")
        if (correct is not None and not isinstance(correct, bool)) or isinstance(score, bool | str):
            raise DataError(
                f"correct is {correct!r:.60}, score {score!r:.60}; true or false, or a number, was expected."
            )
        rungs = [row["rung"] for row in past.attempts]
        if given.get("rung") not in (None, *rungs):
            raise DataError(f"rung is {given['rung']!r:.60}; one of {', '.join(rungs)} was expected.")
        try:
            self.app.feedback(identity, **given)
        except ConfigError as error:
            raise DataError(str(error)) from error

    def _explained(self, identity: str, key: Key | None) -> dict[str, Any]:
        past = self._past(identity, key)
        return past.explanation(logged_policy(self._log, past.decision["policy_sha256"])).to_json()

    def _past(self, identity: str, key: Key | None) -> Past:
        try:
            past = past_of(self._log, identity)
        except DataError:
            raise unknown_decision(identity) from None
        own = None if key is None else self._log.stored_name(key.whose)
        if past.decision["decision_id"] != identity or (own is not None and past.decision["principal"] != own):
            raise unknown_decision(identity)  # that another one has it is nothing to be told
        return past

    @property
    def _log(self) -> Log:
        if self.app.log is None:
            raise no_log()
        return self.app.log
