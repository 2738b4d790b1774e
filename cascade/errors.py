"""The exception hierarchy: every error that the project raises on purpose.

::

    CascadeError
    ├── ConfigError              what was configured is wrong: file, line and key are in the message   exit 2
    │   ├── MissingExtra         a library is missing that one of our extras installs                  exit 2
    │   ├── PolicyMismatch       the policy was fitted for another ladder, or lacks a verifier         exit 2
    │   ├── SchemaRejected       a JSON Schema that is malformed, unsafe or too large                  exit 2
    │   └── UnknownPrice         no price is known for a model; never taken as 0                       exit 2
    ├── DataError                samples or requests are wrong: file, line and field                   exit 2
    │   └── UnsupportedParameter a client's parameter that is unknown or cannot be honoured            exit 2
    ├── LogUnavailable           the decision log can neither be opened nor written                    exit 3
    └── RunError                 one request ended without what was asked; carries `result`
        ├── NotAccepted          `result.require()` on a result that was not accepted
        ├── DeadlineExceeded     the deadline passed first
        ├── BudgetExceeded       the next call could have cost more than was left
        ├── EscalationCapped     the escalation cap kept it below (`on_cap: error`)
        └── ProviderError        a provider failed in a way that going on would not mend               exit 3
            ├── AuthError            401, 403: wrong key; never answered by the dearer model
            ├── QuotaExhausted       402, 429 insufficient_quota
            ├── ModelNotFound        404
            ├── BadRequest           400, 413, 422
            │   └── PromptTooLong    the prompt fits into no rung's window
            ├── ContentFiltered      the provider's content filter refused the request
            └── ProviderMisbehaved   a redirect, which would carry prompt and key to another place; or, where that is
                                     refused, an answer by another model than the one asked

A model that fails in an ordinary way (timeout, 5xx, rate limit) is data, not an exception: see `failure.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cascade.redaction import redacted

if TYPE_CHECKING:
    from collections.abc import Mapping


class CascadeError(Exception):
    """Base class of all errors that the project raises on purpose."""

    exit_code = 3
    """Exit code of the command line when this error ends a command."""

    def __init__(self, *says: Any) -> None:
        super().__init__(*(redacted(text) if isinstance(text, str) else text for text in says))


class ConfigError(CascadeError):
    """What was configured cannot be used; the message names what was found, what was expected and what to do."""

    exit_code = 2


class MissingExtra(ConfigError):
    """A library that an extra installs is missing; the message names the extra's install command."""


class PolicyMismatch(ConfigError):
    """The policy was fitted for another ladder, or a verifier that it needs is missing."""


class SchemaRejected(ConfigError):
    """A JSON Schema is malformed, reaches outside itself, or is too large to be checked safely."""


class UnknownPrice(ConfigError):
    """No price is known for a model, so cost cannot be counted; give one, since it is never taken as 0."""


class DataError(CascadeError):
    """Samples or requests cannot be used; the message names the file, the line and the field."""

    exit_code = 2


class UnsupportedParameter(DataError):
    """A client's request sets a parameter that is unknown or cannot be honoured; `parameter` names it."""

    def __init__(self, message: str, *, parameter: str) -> None:
        super().__init__(message)
        self.parameter = parameter


class LogUnavailable(CascadeError):
    """The decision log can neither be opened nor written."""


class RunError(CascadeError):
    """One request ended without what was asked for.

    Carries the result so far as `result` (a `cascade.Result`), so that paid answers are not lost.
    """

    def __init__(self, message: str, *, result: Any = None, evidence: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.result = result
        self.evidence = dict(evidence or {})


class NotAccepted(RunError):
    """`Result.require()` was called on a result that was not accepted."""


class DeadlineExceeded(RunError):
    """The deadline passed before an answer was accepted."""


class BudgetExceeded(RunError):
    """The next call could have cost more than the budget had left."""


class EscalationCapped(RunError):
    """The escalation cap kept the request on a lower rung, and `on_cap: error` was asked for."""


class ProviderError(RunError):
    """A provider failed permanently: neither a retry nor the next rung may hide it."""


class AuthError(ProviderError):
    """The provider refused the key (401, 403)."""


class QuotaExhausted(ProviderError):
    """The account has no money or quota left (402, 429 insufficient_quota)."""


class ModelNotFound(ProviderError):
    """The provider knows no model of this name (404)."""


class BadRequest(ProviderError):
    """The provider refused the request as malformed (400, 413, 422)."""


class PromptTooLong(BadRequest):
    """The prompt does not fit into the model's window, and no rung above has a larger one."""


class ContentFiltered(ProviderError):
    """The provider's content filter refused the request."""


class ProviderMisbehaved(ProviderError):
    """The provider answered with a redirect, which is never followed: it would carry prompt and key elsewhere.

    Or, where that is refused, another model answered than the one that was asked.
    """
