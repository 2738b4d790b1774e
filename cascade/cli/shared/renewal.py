"""Renewal of void policies for commands: how far observing has come, and the next policy once a look is due."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cascade.cli.shared.task_renewal import TaskRenewal
from cascade.cli.shared.terminal import say
from cascade.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cascade.config import Config
    from cascade.log.log import Log
    from cascade.log.void_rows import VoidRows
    from cascade.policy.policy import Policy, TaskPolicy
    from cascade.samples.sample import Sample

DEARER = 0.1
"""How much dearer than the void policy, as a share of always-top's cost, a certified one may be to be taken at once."""

PATIENCE = 4
"""Multiple of the first look's rows at which a certified policy is taken whatever it costs."""

DEAR = "It is certified already"
"""What the reason begins with where it is not taken yet."""

MOST_FORMER = 0.05
"""Share of a task's latest requests that may still have the former prompt when a policy is renewed for another."""


@dataclass(slots=True, kw_only=True)
class Renewal:
    """The renewal of a configuration's policy, look by look."""

    config: Config
    """It names policy and log."""

    _failed: dict[tuple[str, str, tuple[str, ...]], tuple[int, str]] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The policy's file.

        Raises:
            ConfigError: the configuration names none.
        """
        if self.config.policy is None or self.config.log is None:
            message = (
                f"{self.config.path} has to name `policy` and `log`: a policy is renewed by what its log observed."
            )
            raise ConfigError(message)
        return self.config.policy

    def step(self) -> list[TaskRenewal]:
        """Look where each void task stands; certify those whose look is due, and write the policy that comes of it.

        Raises:
            ConfigError: policy or log are not named or cannot be used.
            LogUnavailable: the log cannot be read.
        """
        from cascade.engine.void_policy import LADDER_CHANGED, PROMPT_CHANGED, mismatch, safest
        from cascade.log.open import open_log
        from cascade.policy.policy import Policy

        path, config = self.path, self.config
        if isinstance(config.log, Path) and not config.log.exists():
            return []
        policy = Policy.load(path)
        what = mismatch(policy, config.ladder, lambda task: config.tasks.get(task, config.settings).declared_field)
        void = safest(policy, config.ladder, PROMPT_CHANGED if what is None else LADDER_CHANGED, what or "")
        found: list[TaskRenewal] = []
        assert config.log is not None  # noqa: S101 - refused by `path`
        log = open_log(config.log, read_only=True)
        try:
            for name in policy.tasks:
                told, made = self._task(log, name, policy, void, whole=what is not None)
                if told is not None and made is not None:
                    policy = self._written(policy if what is None else void, made, name, void)
                    what = None  # from here on it fits the ladder
                    told = replace(told, policy_sha256=policy.sha256)
                found += [] if told is None else [told]
        finally:
            log.close()
        return found

    def _task(
        self, log: Log, name: str, policy: Policy, void: Policy, *, whole: bool
    ) -> tuple[TaskRenewal | None, Policy | None]:
        """Return how a task stands, None where nothing is to be renewed, and its new policy if a look has passed."""
        from cascade.engine.void_policy import PROMPT_CHANGED, VOID
        from cascade.log.void_rows import void_rows
        from cascade.stats.renewal import looks_due, next_rows

        standing = policy.tasks[name].measured.get(VOID) if not whole else None
        about: Mapping[str, Any] = standing or void.tasks[name].measured[VOID]
        sha256 = void.sha256 if standing is None else standing.get("as", policy.sha256)
        with log.reading() as connection:
            rows = void_rows(connection, log.stored_name(name), sha256, policy.sha256)
        if not rows.requests and not whole and standing is None:
            return None, None
        first, why = about["rows"], about["why"]
        if first is None:
            return TaskRenewal(task=name, state="needs labels", why=why, observed=rows.observed), None
        due, key = looks_due(first, rows.observed), (name, sha256, rows.prompts)
        failed, reason = self._failed.get(key, (0, ""))
        if rows.former > MOST_FORMER and why == PROMPT_CHANGED:
            reason = f"The former prompt is still in {100 * rows.former:.0f} % of the latest requests."
            due = []
        if due and due[-1] > failed:
            made, n, reason = self._look(log, rows, due, about)
            if made is not None:
                bounds = _bounds(made.tasks[name])
                return TaskRenewal(task=name, state="renewed", why=why, observed=n, reason=bounds), made
            failed = due[-1]
            self._failed[key] = (failed, reason)
        wanted = next_rows(first, rows.observed)
        hours, usd = rows.remaining(wanted)
        state = "not certified" if failed and not reason.startswith(DEAR) else "waiting"
        told = TaskRenewal(
            task=name, state=state, why=why, observed=rows.observed, rows=wanted, hours=hours, usd=usd, reason=reason
        )
        return told, None

    def _look(
        self, log: Log, rows: VoidRows, due: list[int], about: Mapping[str, Any]
    ) -> tuple[Policy | None, int, str]:
        """Look at as many requests as are due; return the policy that is taken, and why none is.

        Certified and dear is waited for, and taken at the latest after the third look, whichever look gave it: all
        looks hold together, and the same look again costs nothing.
        """
        patient, reason = due[-1] < PATIENCE * about["rows"], ""
        for n in due[-1:] if patient else sorted(due, reverse=True):
            made = self._certify(log, rows, n, about)
            task = made.tasks[rows.task]
            dear = _dearer(task, about["cost_vs_top"]) if task.certified and patient else ""
            if task.certified and not dear:
                return made, n, ""
            reason = reason or dear or task.why or ""
        return None, due[-1], reason

    def _certify(self, log: Log, rows: VoidRows, n: int, about: Mapping[str, Any]) -> Policy:
        """Return the policy that the first n observed requests give; the same again is the same look."""
        from calibration import MaxDisagreement, calibrate
        from calibration.certify.looks import Looks
        from calibration.fit.complete import with_schemas
        from calibration.judges.admission import require_admitted
        from calibration.judges.screening import with_judges
        from calibration.samples.observed import fit_rows
        from cascade.cli.shared.missing_hours import require_hours
        from cascade.policy.sample_key import keep_key, new_key, read_key

        config, path = self.config, self.path
        require_hours(log, [rows.task])
        found = with_schemas(list(fit_rows(list(_observed(log, rows, n)), say)), config)
        key = read_key(path) or new_key()
        keep_key(path, key)
        beside = config.log if isinstance(config.log, Path) else path
        say(f"{rows.task}: a look at {n:,} observed requests.")
        made = calibrate(
            found, config.ladder, target=MaxDisagreement(about["target"]["value"], about["target"]["confidence"]),
            shared_by=about["tasks"], choose_rungs=True, tasks=[rows.task], prices=config.price_book,
            looks=Looks.beside([beside]), abstaining=[rows.task] if config.abstains(rows.task) else [],
            sample_key=key, say=say,
        )  # fmt: skip
        judges = require_admitted(found, config.ladder, [rows.task], path, verifiers=None, probes=False)
        return with_judges(made, judges)

    def _written(self, base: Policy, made: Policy, name: str, void: Policy) -> Policy:
        """Write the policy with one task renewed; others that are void remember under which hash they are logged."""
        from cascade.engine.void_policy import VOID

        tasks = dict(base.tasks)
        for other, task in base.tasks.items():
            if VOID in task.measured:
                about = {"as": void.sha256, **task.measured[VOID]}
                tasks[other] = replace(task, measured={**task.measured, VOID: about})
        tasks[name] = made.tasks[name]
        verifiers = {
            rung: tuple(dict.fromkeys((*base.ladder.verifiers.get(rung, ()), *made.ladder.verifiers.get(rung, ()))))
            for rung in {**base.ladder.verifiers, **made.ladder.verifiers}
        }
        policy = replace(
            base, tasks=tasks, ladder=replace(made.ladder, verifiers=verifiers), created=made.created,
            judges=made.judges or base.judges, learned={**base.learned, **made.learned}, salt=base.salt,
        )  # fmt: skip
        policy.save(self.path)
        return policy


def _observed(log: Log, rows: VoidRows, n: int) -> Iterator[Sample]:
    """Yield the first n observed requests of a void policy, in their order."""
    from cascade.log.samples import log_samples
    from cascade.log.void_rows import OUTSIDE
    from cascade.samples.sample import DECISION

    count = 0
    for sample in log_samples(log, tasks=[rows.task]):
        decided = sample.extra[DECISION]
        if (
            decided.get("observed") is True
            and decided.get("policy_sha256") == rows.sha256
            and decided.get("prompt") in rows.prompts
            and decided.get("outcome") not in OUTSIDE
        ):
            yield sample
            count += 1
            if count == n:
                return


def _dearer(task: TaskPolicy, before: float | None) -> str:
    """Return that a certified policy is much dearer than the void one was, in words; '' where it is not.

    After it is taken nothing more is observed; a look at more rows mostly gives a cheaper one.
    """
    now = task.measured.get("cost_vs_top")
    if before is None or now is None or now <= before + DEARER:
        return ""
    return (
        f"{DEAR}, at {100 * now:.0f} % of always-top's cost, where it was {100 * before:.0f} %: too dear to be taken."
    )


def _bounds(task: TaskPolicy) -> str:
    certificate = task.certificate or {}
    return f"{certificate['disagreement']['bounds']} (look {certificate['disagreement']['look']})"


def stamp() -> str:
    """Return the time of day for a line of a process that goes on, UTC."""
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"


def require_renewing(config: Config) -> None:
    """Check that a configuration has its void policies observed.

    Raises:
        ConfigError: it has not.
    """
    if config.observe.on_changed != "renew":
        message = (
            f"{config.path}: requests of a void policy are observed, and a policy that does not fit the ladder is "
            "replaced by the reference, with `observe: {on_changed: renew}`; set it."
        )
        raise ConfigError(message)
