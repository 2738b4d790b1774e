"""RowBuilder: turns a Result into rows of the decision log before it is queued."""

from __future__ import annotations

import json
import math
import os
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from cascade.exchange import Request
from cascade.fast_replace import fast_replace
from cascade.log.label import Label
from cascade.log.label_queue import LabelQueue
from cascade.log.quotations import LEFT_OUT, WORD, error_without_text, foreign_texts, leave_out_quotations
from cascade.log.redaction import Redactor
from cascade.log.same_as import same_as
from cascade.observation import Observation
from cascade.policy.features import EARLIER, LENGTH
from cascade.policy.policy import Policy
from cascade.result import Attempt, Result, features_at
from cascade.system_prompt import prompt_print
from cascade.verdict import Verdict
from cascade.watched_answer import WatchedAnswer

StoreText = Literal["none", "redacted", "full", "label-queue"]
"""none: lengths only. redacted: texts without keys, addresses and long numbers. full: texts without keys. label-queue:
as none, but for a drawn share of decisions, whose texts without keys are kept for some days (`LabelQueue`)."""

NAME_LIMIT, REASON_LIMIT, ERROR_LIMIT, JSON_LIMIT = 256, 500, 2_000, 20_000
"""Limits, in characters, of a stored name, reason, error and JSON text."""

LIMITS: Mapping[str, Mapping[str, int]] = {"decisions": {"error": ERROR_LIMIT}, "verdicts": {"reason": REASON_LIMIT}}
"""Limits of columns longer than a name, by table."""

TEXTS = frozenset({"request_text", "answer_text", "reference_text"})
"""Columns of prompts and answers, redacted by `store_text`."""

_LARGEST = 2**63 - 1
_NESTED = (list, dict)
_FIGURES = frozenset({type(None), bool, int, float})
_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"))

OUTCOMES = "outcomes"
"""Key, in an entry, of rows of the table `calls` that update their intent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Rows committed atomically."""

    rows: Mapping[str, list[dict[str, Any]]]
    """By table name."""

    decisions: int = 0
    """Number of decisions in them, counted as lost if the entry is lost."""


_BASE_32 = "0123456789abcdefghijklmnopqrstuv"  # in the order of their codes, so that ids sort by time
_PAIRS = tuple(first + second for first in _BASE_32 for second in _BASE_32)
_SHIFTS = range(90, -1, -10)


def decision_id(at_ms: int) -> str:
    """Return a new id of 20 letters and digits that sorts by time, so that rows of one time lie together on disk."""
    return timed_id(at_ms, _random())


def timed_id(at_ms: int, rest: bytes) -> str:
    """Return an id from a time in Unix milliseconds and 6 bytes that make it unique."""
    # Base 32 by a table of two letters: half of the time of `base64.b32hexencode`, which is written in Python.
    number = ((at_ms & 0xFFFF_FFFF_FFFF) << 48 | int.from_bytes(rest, "big")) << 4
    return "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])


_RANDOM, _DRAWN_AT_ONCE = 6, 1024
_drawn: deque[bytes] = deque()
os.register_at_fork(after_in_child=_drawn.clear)  # a child must not use its parent's random bytes


def _random() -> bytes:
    """Return 6 random bytes, read in blocks: a system call for each would release the interpreter lock each time."""
    try:
        return _drawn.pop()
    except IndexError:
        many = os.urandom(_RANDOM * _DRAWN_AT_ONCE)
        _drawn.extend(many[start : start + _RANDOM] for start in range(_RANDOM, len(many), _RANDOM))
        return many[:_RANDOM]


def now_ms() -> int:
    """Return the time of day in Unix milliseconds, UTC."""
    return time.time_ns() // 1_000_000


class RowBuilder:
    """Builds rows from results."""

    def __init__(self, *, store_text: StoreText, redactor: Redactor, label_queue: LabelQueue | None = None) -> None:
        self._store_text = store_text
        self._redactor = redactor
        self._queue = label_queue
        # What a verifier or a provider says stays with the row: a text that is kept for a time must not stand in it.
        self._quotes = store_text in ("redacted", "full")

    def decision(self, result: Result[Any], request: Request, *, at_ms: int, draw: float | None = None) -> Entry:
        """Return the rows of one request's end: decision, attempts, verdicts; `draw` as in `LabelQueue.until_ms`."""
        until_ms = None if self._queue is None else self._queue.until_ms(request.id, at_ms, draw)
        texts = self._quotes or until_ms is not None
        usage, attempts, task = result.usage, result.attempts, result.task
        identity = result.decision_id or decision_id(at_ms)
        answers_usd, verifiers_usd = result.answers_usd, result.verifiers_usd
        row = {
            "decision_id": identity,
            "at_ms": at_ms,
            "task": task,
            "principal": request.principal,
            "session": request.session,
            "quality": request.quality,
            "group": request.group,
            "request_id": result.request_id,
            "outcome": result.outcome,
            "rung": result.rung,
            "model": result.model,
            "confidence": _finite(result.confidence),
            "calibrated": result.calibrated,
            # Where the top answered as ever, there is no first answer to escalate.
            "first_answered": result.mode == "enforce" and bool(attempts) and attempts[0].response is not None,
            "escalated": result.escalated,
            "policy_sha256": result.policy_sha256,
            "weight": _figure(result.weight),
            "cost_usd": _figure(answers_usd + verifiers_usd),
            "answers_usd": _figure(answers_usd),
            "verifiers_usd": _figure(verifiers_usd),
            "saved_usd": _finite(result.saved_usd),
            "saved_how": None if _finite(result.saved_usd) is None else result.saved_how,
            "latency_s": _figure(result.latency_s),
            "input_tokens": _count(usage.input_tokens),
            "output_tokens": _count(usage.output_tokens),
            "attempts": len(attempts),
            "error": result.error if self._quotes else error_without_text(result),
            # How a schema went out is a flag of the attempt, and stands there.
            "flags": [flag for flag in result.flags if not flag.startswith("schema:")],
            "tags": {str(key): str(value) for key, value in result.tags.items()},
            "request_chars": len(request.prompt),
            "request_text": self._messages(request) if texts else None,
            "maybe_charged_usd": _figure(result.maybe_charged_usd),
            "maybe_charged_estimate_usd": _figure(result.maybe_charged_estimate_usd),
            "mode": result.mode,
            "propensity": _finite(result.propensity),
            "next_usd": _finite(result.next_usd),
            "first_piece_s": _finite(result.first_piece_s),
            "text_until_ms": until_ms,
            "text_propensity": None if self._queue is None or until_ms is None else self._queue.share,
            "prompt": prompt_print(request.messages),
        }
        same = same_as(attempts, request.answer_field)
        rows: dict[str, list[dict[str, Any]]] = {
                "decisions": [row],
                "attempts": [
                    {"decision_id": identity, "position": position, "task": task, **self._attempt(attempt, texts=texts),
                     "features": _further_features(attempts, position), "same_as": same[position]}
                    for position, attempt in enumerate(attempts)
                ],
                "verdicts": [
                    {"decision_id": identity, "position": position, "place": place, "task": task,
                     "rung": attempt.rung, **self._verdict(verdict)}
                    for position, attempt in enumerate(attempts)
                    for place, verdict in enumerate(attempt.verdicts)
                ],
        }  # fmt: skip
        if not self._quotes:
            leave_out_quotations(rows, foreign_texts(result, request))
        self._clean(rows)
        return Entry(rows=rows, decisions=1)

    def observation(
        self, observation: Observation, request: Request, *, at_ms: int, draw: float | None = None
    ) -> Entry:
        """Return the rows of one observation: what the cascade would have returned, and all attempts."""
        would = observation.would
        decided = {attempt.rung: attempt.decision for attempt in would.attempts}
        attempts = tuple(
            fast_replace(attempt, decision=decided.get(attempt.rung, attempt.decision))
            for attempt in observation.attempts
        )
        identity, propensity = observation.decision_id, observation.propensity
        whole = fast_replace(would, decision_id=identity, propensity=propensity, attempts=attempts)
        rows = self.decision(whole, request, at_ms=at_ms, draw=draw).rows
        (row,) = rows["decisions"]
        row |= {
            "first_answered": bool(would.attempts) and would.attempts[0].response is not None,
            "escalated": would.escalated,
            "cost_usd": _figure(would.cost_usd),
            "answers_usd": _figure(would.answers_usd),
            "verifiers_usd": _figure(would.verifiers_usd),
            "input_tokens": _count(would.usage.input_tokens),
            "output_tokens": _count(would.usage.output_tokens),
            "attempts": len(would.attempts),
            "request_text": None,
            "text_until_ms": None,
            "text_propensity": None,  # they stand with the decision
            "paid_usd": _figure(observation.cost_usd),
        }
        names = {"decisions": "observations", "attempts": "observed_attempts", "verdicts": "observed_verdicts"}
        return Entry(rows={names[table]: own for table, own in rows.items()})

    def watched(self, answer: WatchedAnswer, *, at_ms: int) -> Entry:
        """Return the row of one answer that is watched."""
        row = {
            "decision_id": answer.decision_id, "at_ms": at_ms, "task": answer.task,
            "policy_sha256": answer.policy_sha256, "propensity": answer.propensity, "rung": answer.rung,
            "reference": answer.reference, "same": answer.same,
            "reference_text": self._text(answer.reference_text) if self._store_text != "none" else None,
            "paid_usd": _figure(answer.paid_usd),
        }  # fmt: skip
        rows = {"watched": [row]}
        self._clean(rows)
        return Entry(rows=rows)

    def _clean(self, rows: Mapping[str, list[dict[str, Any]]]) -> None:
        """Redact every text of some rows, lists and mappings of texts included."""
        for table, own in rows.items():
            limits = LIMITS.get(table, {})
            for row in own:
                for column, value in row.items():
                    if value.__class__ in _FIGURES:
                        continue
                    if isinstance(value, str):
                        if column not in TEXTS:
                            row[column] = self._redactor.clean(value, limit=limits.get(column, NAME_LIMIT))
                    elif isinstance(value, _NESTED):
                        row[column] = self._json(value)

    def _attempt(self, attempt: Attempt, *, texts: bool) -> dict[str, Any]:
        decision, response, failure, usage = attempt.decision, attempt.response, attempt.failure, attempt.usage
        threshold = decision.threshold
        call = response or failure
        return {
            "rung": attempt.rung,
            "model": attempt.model,
            "action": decision.action,
            "reason": decision.reason,
            "confidence": _finite(decision.confidence),
            "t": None if threshold is None else threshold.t,
            "g": None if threshold is None else threshold.g,
            "u": decision.u,
            "failure": None if failure is None else failure.kind.value,
            "status": None if (call := response or failure) is None or call.status is None else _count(call.status),
            "finish_reason": None if response is None else response.finish_reason,
            "answer_usd": _figure(attempt.answer_usd),
            "verifiers_usd": _figure(attempt.verifiers_usd),
            "input_tokens": _count(usage.input_tokens),
            "output_tokens": _count(usage.output_tokens),
            "cached_tokens": _count(usage.cached_tokens),
            "reasoning_tokens": _count(usage.reasoning_tokens),
            "usage_estimated": usage.estimated,
            "latency_s": _figure(attempt.latency_s),
            "tries": 0 if call is None else _count(call.tries),
            "model_reported": None if response is None else response.model_reported,
            "flags": _flags(attempt),
            "answer_chars": 0 if response is None else len(response.text),
            "answer_text": self._text(response.text) if texts and response is not None else None,
        }

    def _verdict(self, verdict: Verdict) -> dict[str, Any]:
        return {
            "verifier": verdict.name,
            "score": verdict.score,
            "veto": verdict.veto,
            "abstained": verdict.abstained,
            "failed": "verifier_failed" in verdict.flags,
            "reason": verdict.reason,
            "signals": dict(verdict.signals),
            "cost_usd": _figure(verdict.cost_usd),
            "latency_s": _figure(verdict.latency_s),
            "calls": _count(verdict.calls),
            "source": verdict.source,
            "flags": list(verdict.flags),
        }

    def label(self, label: Label, *, at_ms: int) -> dict[str, Any]:
        """Return the row of one label."""
        return {
            "decision_id": label.decision, "rung": self._name(label.rung or ""), "source": self._name(label.source),
            "correct": float(label.correct), "at_ms": at_ms, "propensity": label.propensity,
        }  # fmt: skip

    def key(self, identity: str) -> str:
        """Return an id as it is stored in the log."""
        return self._name(identity)

    def word(self, text: str) -> str:
        """Return a provider's word as it is stored: where no text is stored, one that is no word is left out."""
        return LEFT_OUT if not self._quotes and WORD.fullmatch(text) is None else self._name(text)

    def policy(self, policy: Policy, *, at_ms: int) -> Entry:
        """Return the row of a policy: its targets and figures, and the whole of it."""
        rungs = list(policy.ladder.rungs)
        tasks = {
            name: {
                "reference": task.reference,
                "rungs": rungs,
                "target": task.target,
                "measured": task.measured,
                "n": task.n,
                "certified": task.certified,
                "certificate": _without_tests(task.certificate),
                "error_usd": None if task.reference_cost is None else task.reference_cost.error_usd,
                "confidences": None if task.confidences is None else asdict(task.confidences),
                "lengths": None if task.lengths is None else asdict(task.lengths),
            }
            for name, task in policy.tasks.items()
        }
        row = {
            "sha256": policy.sha256, "at_ms": at_ms, "tasks": json.dumps(tasks),
            "content": json.dumps(policy.to_json(), separators=(",", ":"), allow_nan=False),
        }  # fmt: skip
        return Entry(rows={"policies": [row]})

    def _name(self, text: str) -> str:
        return self._redactor.clean(text, limit=NAME_LIMIT)

    def _json(self, value: list[str] | dict[str, Any]) -> str:
        if not value:
            return "{}" if isinstance(value, dict) else "[]"
        # Each text inside is redacted separately: a pattern across JSON's quotes would break it.
        if isinstance(value, dict):
            cleaned: Any = {
                self._name(key): self._name(item) if isinstance(item, str) else item for key, item in value.items()
            }
        else:
            cleaned = [self._name(item) for item in value]
        text = _JSON.encode(cleaned)
        # Truncated JSON would be invalid.
        return text if len(text) <= JSON_LIMIT else json.dumps({"left_out": len(text)})

    def _text(self, text: str | None) -> str | None:
        if text is None:
            return None
        return self._redactor.impersonal(text) if self._store_text == "redacted" else self._full(text)

    def _messages(self, request: Request) -> str | None:
        messages = json.dumps([dict(message) for message in request.messages], default=str, ensure_ascii=False)
        return self._text(messages)

    def _full(self, text: str) -> str:
        return self._redactor.clean(text, limit=_LARGEST)


def _further_features(attempts: tuple[Attempt, ...], position: int) -> dict[str, float | None] | None:
    """Return the features of an attempt that its row and its verdicts' rows do not tell: most often none of them.

    `Past.features_at` puts them together again. None where the rung did not answer.
    """
    found, response = features_at(attempts, position), attempts[position].response
    if found is None or response is None:
        return None
    told: dict[str, float | None] = {LENGTH: math.log1p(len(response.text))}
    for verdict in attempts[position].verdicts:
        told[verdict.name] = verdict.score
        told |= {f"{verdict.name}.{name}": value for name, value in verdict.signals.items()}
    for one in attempts[:position]:
        if one.decision.action == "escalate":
            told[EARLIER + one.rung] = _finite(one.confidence)
    return {name: value for name, value in found.items() if name not in told or told[name] != value}


def _flags(attempt: Attempt) -> list[str]:
    flags = [] if attempt.response is None else list(attempt.response.flags)
    return [*flags, f"endpoint:{attempt.endpoint}"] if attempt.endpoint else flags


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _figure(value: float) -> float:
    """Return a finite number for sums; any other value becomes 0."""
    return float(value) if math.isfinite(value) else 0.0


def _count(value: int) -> int:
    return max(-_LARGEST, min(_LARGEST, int(value)))


def _without_tests(certificate: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a certificate without the figures of every single test, which the policy file keeps."""
    return None if certificate is None else {name: value for name, value in certificate.items() if name != "tests"}
