"""Policy: TaskPolicy and Policy, fitted by `calibrate`, served by `Cascade`, stored as plain JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from cascade.display.policy import policy_sheet
from cascade.errors import ConfigError, PolicyMismatch
from cascade.files import explain, read_text, strict_json, write_atomically
from cascade.hashing import fingerprint, unit
from cascade.ladder import Ladder
from cascade.policy.changes import changes_text
from cascade.policy.confidence_sample import ConfidenceSample
from cascade.policy.feature_sample import FeatureSample
from cascade.policy.judge_screening import JudgeScreening
from cascade.policy.operating_point import OperatingPoint
from cascade.policy.sample_print import SamplePrint
from cascade.policy.strict import STRICT
from cascade.policy.text_scorer import TextScorer

VERSION = 1
SALT = "cascade-1"
"""Separates the hashed choices of one deployment from those of another."""

P_RIGHT = "P(right)"
"""What a confidence means where combiners were fitted to labels: the probability that the answer is right."""
P_SAME = "P(same)"
"""… where they were fitted to sameness: the probability that the answer is the same as the reference's."""
P_NO_HARM = "P(no harm)"
"""… where they were fitted to pairs: the probability that the answer is no less right than the reference's."""

CONFIDENCE_OF = {
    P_RIGHT: "the answer is right",
    P_SAME: "the answer is the same as the reference's",
    P_NO_HARM: "the answer is no less right than the reference's",
}
"""What each of them is the probability of, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceCost:
    """Estimates what the reference would have cost, from the tokens and confidence of the first rung asked.

    cost_usd = constant + input · input tokens + output · output tokens + confidence · c, fitted by least squares
    on the samples, so that over traffic like theirs the errors average out; never below 0.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    constant: float
    """US dollars."""

    input: float = 0.0
    """US dollars per input token of the first rung."""

    output: float = 0.0
    """US dollars per output token of the first rung."""

    confidence: float = 0.0
    """US dollars per unit of the first rung's confidence."""

    error_usd: float = 0.0
    """Root mean squared error of one request's estimate, in US dollars."""

    def estimate_usd(self, input_tokens: int, output_tokens: int, confidence: float | None) -> float:
        """Return the estimate for one request, in US dollars."""
        linear = self.constant + self.input * input_tokens + self.output * output_tokens
        return max(0.0, linear + self.confidence * (confidence or 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPolicy:
    """The fitted policy of one task, with its target, certificate and measured figures."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    reference: str
    """The top of the ladder that was given to calibrate."""

    points: tuple[OperatingPoint, ...]
    """One, or two in a random mix by hash."""

    target: dict[str, Any] = field(default_factory=dict)
    """The target: {"kind": …, "value": …}."""

    n: int = 0
    """Samples that it was fitted on."""

    measured: dict[str, Any] = field(default_factory=dict)
    """Figures with intervals, as `calibrate --json` prints them."""

    certified: bool | None = None
    """None where the target asks for no certificate, else whether it holds."""

    certificate: dict[str, Any] | None = None
    """The certificate with its assumptions, where there is one."""

    why: str | None = None
    """Reason, as text, if the target is not fully met; None otherwise."""

    reference_cost: ReferenceCost | None = None
    """How to estimate what the reference would have cost; None: by token counts alone."""

    fitted_on: SamplePrint | None = None
    """Keyed fingerprints of the samples that it was fitted on; None in policies written before, or without a file."""

    confidences: ConfidenceSample | None = None
    """The first rung's confidences on samples that nothing was fitted on, to watch for drift; None in policies written
    before, and where there are none."""

    lengths: FeatureSample | None = None
    """The lengths of the first rung's answers on the same samples, log(1 + characters); None as above."""

    prompts: tuple[str, ...] = ()
    """Fingerprints of the system prompts that its samples began with (`system_prompt.prompt_print`; '': none), few; it
    is void under any other. (): not fixed, since the samples have none, too many, or do not tell."""

    dial: dict[str, TaskPolicy] = field(default_factory=dict)
    """Further operating points by name (`strict`, `cheap`, …), each with its own target and certificate."""

    @property
    def confidence_means(self) -> str:
        """What its confidences are the probability of: `P(right)`, `P(same)` or `P(no harm)`."""
        return str(self.measured.get("confidence_means", P_RIGHT))

    @property
    def session_limit(self) -> int | None:
        """Requests of a session, or another group, that its certificate is about: the reference answers further ones.

        None without a limit.
        """
        found = (self.certificate or {}).get("weighting") or {}
        return found["most_per_group"] if self.certified and found.get("sessions") else None

    def at(self, quality: str | None) -> TaskPolicy:
        """Return the operating point of that name; None: this one.

        Raises:
            ConfigError: the policy has no operating point of that name.
        """
        if quality is None:
            return self
        if quality not in self.dial:
            held = ", ".join(self.dial) or "none"
            message = f"The policy holds no operating point {quality!r}; it has {held}. Calibrate with a dial for it."
            raise ConfigError(message)
        return self.dial[quality]

    def __post_init__(self) -> None:
        """Validate that weights sum to 1."""
        total = sum(point.weight for point in self.points)
        if not self.points or not math.isclose(total, 1.0, abs_tol=1e-9):
            message = f"A task's point weights sum to {total!r}; 1 was expected."
            raise ConfigError(message)

    def problem(self, rungs: Sequence[str]) -> str | None:
        """Return why the task cannot run on `rungs`, cheapest first; None if it can."""
        for one in (self, *self.dial.values()):
            if one.reference not in rungs:
                return f"its reference is {one.reference!r}, and the rungs are {', '.join(rungs)}"
            for point in one.points:
                if [rung for rung in rungs if rung in point.rungs] != list(point.rungs):
                    return f"a point runs {' → '.join(point.rungs)}, and the ladder is {' → '.join(rungs)}"
        return None

    def point(self, *, salt: str, task: str, request_id: str) -> OperatingPoint:
        """Return the operating point of a request: chosen by hash, so the same request always has the same one."""
        if len(self.points) == 1:
            return self.points[0]
        u = unit(salt=salt, purpose="mix", task=task, rung="", request_id=request_id)
        for point in self.points[:-1]:
            if u < point.weight:
                return point
            u -= point.weight
        return self.points[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderPrint:
    """The ladder that a policy was fitted for: names and fingerprint."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    rungs: tuple[str, ...]
    """Rung names, cheapest first."""

    verifiers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of the verifiers whose verdicts the combiners read, by rung."""

    fingerprint: str | None = None
    """The ladder's own hash; None where only names are fixed (`calibrate --rungs`)."""

    described: Any = None
    """What the fingerprint was made of, so that a mismatch can name what changed; None in policies written before, and
    where only names are fixed."""

    def refusal(self, ladder: Ladder) -> str | None:
        """Return why the policy does not fit `ladder`; None if it does."""
        missing = [name for name in self.rungs if name not in ladder.names]
        if missing:
            return f"it needs rung {missing[0]!r}, and the ladder has {', '.join(ladder.names)}"
        if [name for name in ladder.names if name in self.rungs] != list(self.rungs):
            return f"it was fitted for the order {' → '.join(self.rungs)}, the ladder's is {' → '.join(ladder.names)}"
        for name, verifiers in self.verifiers.items():
            rungs = [own.rung(name) for own in (ladder, *ladder.tasks.values()) if name in own.names]
            present = {verifier.name for rung in rungs for verifier in rung.verifiers}
            absent = sorted(set(verifiers) - present)
            if absent:
                has = ", ".join(sorted(present)) or "none"
                return f"it needs verifier {absent[0]!r} on rung {name!r}, which has {has}"
        now = ladder.fingerprint()
        if self.fingerprint is not None and self.fingerprint != now:
            if self.described is None:
                return (
                    "a rung, model, parameter or verifier setting has changed since it was fitted; the policy is of a "
                    "release that did not keep which "
                    f"(fingerprint {self.fingerprint[:12]}, now {now[:12]})"
                )
            return f"changed since it was fitted: {changes_text(self.described, ladder.described())}"
        return None


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The policy of every task of a ladder."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    ladder: LadderPrint
    """The ladder that it was fitted for."""

    tasks: dict[str, TaskPolicy]
    """By task name."""

    created: str
    """Time of the fit, in UTC, ISO 8601."""

    judges: tuple[JudgeScreening, ...] = ()
    """Screening of the judges that it uses."""

    learned: dict[str, dict[str, dict[str, TextScorer]]] = field(default_factory=dict)
    """The weights of verifiers that calibrate fits, by task, rung and verifier."""

    seed: int = 0
    """The seed that the fit used."""

    salt: str = SALT
    """Separates the hashed choices of this policy from those of others."""

    version: int = VERSION
    """Of the file format."""

    def __post_init__(self) -> None:
        """Refuse a task whose points or reference do not fit the ladder that the policy names."""
        for name, task in self.tasks.items():
            # A task with rungs of its own is checked against them by `require`.
            own = {rung for one in (task, *task.dial.values()) for point in one.points for rung in point.rungs}
            if own | {task.reference} <= set(self.ladder.rungs):
                problem = task.problem(self.ladder.rungs)
                if problem is not None:
                    message = f"Task {name!r}: {problem}."
                    raise ConfigError(message)

    def __rich__(self) -> Any:
        """Show it in a terminal."""
        return policy_sheet(self).rendered()

    def _repr_html_(self) -> str:
        """Show it in a notebook."""
        return policy_sheet(self).html()

    def require(self, ladder: Ladder) -> None:
        """Check that the policy may serve on `ladder`.

        Raises:
            PolicyMismatch: it was fitted for another one, or a verifier is missing.
        """
        reason = self.ladder.refusal(ladder)
        for name, task in self.tasks.items():
            problem = task.problem(ladder.of(name).names)
            reason = reason or (None if problem is None else f"task {name!r}: {problem}")
        if reason is not None:
            message = f"The policy does not fit this ladder: {reason}. Calibrate again for this ladder."
            raise PolicyMismatch(message)

    def at(self, quality: str | None) -> Policy:
        """Return the policy with every task at its operating point of that name; None: this policy.

        Raises:
            ConfigError: a task has no operating point of that name.
        """
        return self if quality is None else replace(self, tasks={name: t.at(quality) for name, t in self.tasks.items()})

    @cached_property
    def sha256(self) -> str:
        """The hash of its content, as stored in the file and logged with every decision."""
        return fingerprint(self._body())

    def to_json(self) -> dict[str, Any]:
        """Return the file's content, its own sha256 included."""
        return {**self._body(), "sha256": self.sha256}

    def _body(self) -> dict[str, Any]:
        body: dict[str, Any] = _FILE.dump_python(self, mode="json")
        if not self.judges:
            del body["judges"]  # policies written before this field existed keep their sha256
        if not self.learned:
            del body["learned"]  # as above
        if self.ladder.described is None:
            del body["ladder"]["described"]
        for task in body["tasks"].values():
            for one in (task, *task["dial"].values()):
                for name in ("fitted_on", "confidences", "lengths"):
                    if one[name] is None:
                        del one[name]
                if not one["prompts"]:
                    del one["prompts"]
        return body

    def save(self, path: str | Path) -> None:
        """Write the policy atomically."""
        write_atomically(Path(path), json.dumps(self.to_json(), indent=1, allow_nan=False) + "\n")

    @classmethod
    def load(cls, path: str | Path) -> Policy:
        """Read a policy file.

        Raises:
            ConfigError: it cannot be read, is not a policy, was changed by hand, or comes from a later release.
        """
        text = read_text(Path(path), what="policy", limit=64 << 20)
        try:
            return cls.from_json(strict_json(text))
        except (ConfigError, ValueError, RecursionError) as error:
            message = f"{path} is not a policy that can be served: {error} Write it again with `cascade calibrate`."
            raise ConfigError(message) from None

    @classmethod
    def from_json(cls, content: Any) -> Policy:
        """Validate and return the policy of a file's content.

        Raises:
            ConfigError: a key is missing, unknown, of the wrong type or out of range, or the sha256 does not match.
        """
        if not isinstance(content, dict):
            message = f"it is a JSON {type(content).__name__}; an object was expected."
            raise ConfigError(message)
        if content.get("version") != VERSION:
            message = f"its version is {content.get('version')!r}; this release reads version {VERSION}."
            raise ConfigError(message)
        body = {key: value for key, value in content.items() if key != "sha256"}
        try:
            # Strict JSON mode reads arrays as tuples and coerces nothing else.
            policy = _FILE.validate_json(json.dumps(body), strict=True)
        except ValidationError as error:
            raise ConfigError(explain(error)) from None
        if content.get("sha256") != policy.sha256:
            message = "its sha256 does not match its content: it was changed after it was written."
            raise ConfigError(message)
        return policy


_FILE = TypeAdapter(Policy)
