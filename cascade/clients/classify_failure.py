"""Fault: what went wrong with a call, read into a CallFailure.

Classified by what truly happened, in this order: what the transport saw (`Wire`: status, bytes, phase), what the body
says, and only last the library's own class: litellm reports a login page with status 200, a broken connection and a
real error of the server all as `InternalServerError` 500. Where a call went over connections of litellm's own there is
no `Wire`; then the chain of exceptions below litellm's is searched for the same facts.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from cascade.clients.wire import WIRE, Wire
from cascade.dialects.error_body import ErrorBody, read_error
from cascade.dialects.error_wordings import ErrorWording, kind_by_wording
from cascade.failure import CallFailure, FailureKind
from cascade.redaction import remember, remember_environment, shortened

_BY_STATUS = {
    400: FailureKind.BAD_REQUEST,
    401: FailureKind.AUTH,
    402: FailureKind.QUOTA,
    403: FailureKind.AUTH,
    404: FailureKind.NOT_FOUND,
    408: FailureKind.TIMEOUT,
    409: FailureKind.CONFLICT,
    410: FailureKind.NOT_FOUND,
    413: FailureKind.BAD_REQUEST,
    421: FailureKind.CONFLICT,  # the wrong connection
    422: FailureKind.BAD_REQUEST,
    425: FailureKind.CONFLICT,  # too early
    429: FailureKind.RATE_LIMITED,
    504: FailureKind.TIMEOUT,
}
_BY_CODE = {
    # Words in the place of a status, in an error inside a 200: the status that providers give them elsewhere.
    "rate_limit_error": 429,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "invalid_request_error": 400,
    "server_error": 500,
    "api_error": 500,
    "overloaded_error": 529,
}
# Names of the exceptions of httpx, aiohttp and the standard library, none of which is imported for it.
_CONNECTING = frozenset(
    {"ConnectError", "ConnectTimeout", "ClientConnectorError", "ConnectionTimeoutError", "gaierror"}
)
_UNREADABLE = frozenset(
    {"ClientPayloadError", "IncompleteRead", "DecodingError", "JSONDecodeError", "UnicodeDecodeError"}
)
_TIMED_OUT = frozenset({"Timeout", "TimeoutException", "TimeoutError", "APITimeoutError"})
_BROKEN = frozenset({"TransportError", "ClientConnectionError", "ConnectionError", "APIConnectionError"})

_NO_KEY = re.compile(r"missing (?:\w+ ){0,2}(?:credentials|api[ _]key)")
"""What libraries say, each under a class of its own, where no key was given; nothing was sent then."""

_MOST_CHARACTERS = 400


def classify_failure(
    error: BaseException,
    *,
    wire: Wire | None = None,
    secret: str | None = None,
    wordings: Sequence[ErrorWording] = (),
) -> CallFailure:
    """Return what `error` means.

    Args:
        error: what litellm raised.
        wire: what our transport saw, where the call was to go over it.
        secret: the call's key, cut out of the message like every other secret known.
        wordings: the user's own rows of the table of error wordings.
    """
    if wire is not None and wire.phase is not None:
        return classify_wire(wire, secret=secret, wordings=wordings)
    _mind(secret)
    chain = tuple(_chain(error))
    names = {cls.__name__ for link in chain for cls in type(link).__mro__}
    status, headers = _response(chain)
    said = _said(chain)
    kind = _kind(status, claimed=_status(error), said=said, names=names, top=type(error).__name__, wordings=wordings)
    if wire is not None and kind is FailureKind.BAD_BODY:
        kind = FailureKind.UNKNOWN  # nothing was sent, so there is no body: litellm's own objection
    return CallFailure(
        kind=kind,
        message=shortened(_sentence(str(error)) or type(error).__name__, _MOST_CHARACTERS),
        status=status,
        retry_after_s=retry_after_s(headers),
        charged=False if wire is not None or _refused_unread(status) else None,
    )


def classify_wire(wire: Wire, *, secret: str | None = None, wordings: Sequence[ErrorWording] = ()) -> CallFailure:
    """Return the failure that an unusable answer is, by what our transport saw.

    Args:
        wire: what was seen.
        secret: the call's key.
        wordings: the user's own rows of the table of error wordings.
    """
    _mind(secret)
    body = wire.json()
    said = read_error(wire.text() if body is None else body)
    charged = None
    if wire.fault is not None:
        kind, message = wire.fault, wire.trouble
    elif wire.status is not None and wire.status >= 300:
        kind, message = _by_status(wire.status, said, wordings), said.message or wire.text()[:_MOST_CHARACTERS]
    elif (inner := _inner(said, wordings)) is not None:
        # An error inside a 200 is what it says that it is; it was billed where the answer says so.
        kind, message = inner, said.message
        charged = isinstance(body, dict) and bool(body.get("usage"))
    else:
        kind = FailureKind.BAD_BODY
        what = f"{wire.content_type or 'no content type'}, {wire.got} bytes"
        message = (
            f"The answer with status {wire.status} is no completion ({what}). {said.message if said.is_error else ''}"
        )
    if wire.resent:
        charged = True
    elif charged is None and wire.fault is None and _refused_unread(wire.status):
        charged = False
    return CallFailure(
        kind=kind,
        message=shortened(
            " ".join(message.split()) or f"The provider answered with status {wire.status}.", _MOST_CHARACTERS
        ),
        status=wire.status,
        retry_after_s=said.retry_after_s if wire.status == 429 and said.retry_after_s else retry_after_s(wire.headers),
        phase=wire.phase,
        bytes_got=wire.got,
        bytes_expected=wire.expected,
        content_type=wire.content_type,
        charged=charged,
    )


def wire_failure(failure: CallFailure, wire: Wire, *, secret: str | None = None) -> CallFailure:
    """Return a failure that a reader of bodies found, with what our transport saw of that body."""
    return classify_wire(replace(wire, fault=failure.kind, trouble=failure.message), secret=secret)


def stray_answer(wire: Wire, *, secret: str | None = None) -> CallFailure:
    """Return what it means that an answer was given to another request before; ours may be billed all the same."""
    message = "The provider gave an answer that it had given to another request before: it was not used."
    stray = CallFailure(kind=FailureKind.MISBEHAVED, message=message)
    return replace(wire_failure(stray, wire, secret=secret), charged=True)


def classify_timeout(limit_s: float) -> CallFailure:
    """Return what it means that a try was broken off after so many seconds, as far as our transport had got with it."""
    message, wire = f"No answer within {limit_s:.3g} s.", WIRE.get()
    if wire is None or wire.phase is None:
        return CallFailure(kind=FailureKind.TIMEOUT, message=message)
    if wire.phase == "unsent":
        message = f"{message} Nothing had been sent."
        return CallFailure(kind=FailureKind.TIMEOUT, message=message, phase="unsent", charged=False, tries=0)
    if not wire.refused:
        kind = FailureKind.CONNECT if wire.phase == "connect" else FailureKind.TIMEOUT
        wire = replace(wire, fault=kind, trouble=f"{message} The try got as far as: {wire.phase}.")
    return classify_wire(wire)


def _refused_unread(status: int | None) -> bool:
    """Tell whether a status means that no model ran: every 4xx but a timeout, whatever its kind."""
    return status is not None and 400 <= status < 500 and status != 408


def _mind(secret: str | None) -> None:
    # The key that was used may have come into the environment a moment ago.
    remember([secret])
    remember_environment()


def _inner(said: ErrorBody, wordings: Sequence[ErrorWording]) -> FailureKind | None:
    """Return what an error inside a 200 means; None where it does not say."""
    if not said.is_error:
        return None
    status = said.status or next((_BY_CODE[code] for code in sorted(said.codes) if code in _BY_CODE), None)
    if status is not None:
        return _by_status(status, said, wordings)
    return kind_by_wording(None, said, wordings)


def _kind(
    status: int | None,
    *,
    claimed: int | None,
    said: ErrorBody,
    names: set[str],
    top: str,
    wordings: Sequence[ErrorWording],
) -> FailureKind:
    if status is not None and status >= 300:
        return _by_status(status, said, wordings)
    if any(_NO_KEY.search(message.lower()) for message in said.messages):
        return FailureKind.AUTH
    if names & _CONNECTING:
        return FailureKind.CONNECT
    if names & _UNREADABLE:
        return FailureKind.BAD_BODY
    if names & _TIMED_OUT:
        return FailureKind.TIMEOUT
    if names & (_BROKEN - {top}):
        return FailureKind.DROPPED
    # No wire status from here on: what is claimed is an error in a body that came with 200, or litellm's own objection.
    if claimed is not None and claimed not in {422, 500} and claimed >= 300:
        return _by_status(claimed, said, wordings)
    if top == "APIConnectionError":
        return FailureKind.UNKNOWN  # litellm's wrapping for everything unexpected: a provider's own code has failed
    return FailureKind.BAD_BODY if claimed in {422, 500} else FailureKind.UNKNOWN


def _by_status(status: int, said: ErrorBody, wordings: Sequence[ErrorWording]) -> FailureKind:
    """Return what an error means: by its codes and words, which a status alone does not tell, else by the status."""
    if (kind := kind_by_wording(status, said, wordings)) is not None:
        return kind
    return _BY_STATUS.get(status, FailureKind.SERVER if status >= 500 else FailureKind.UNKNOWN)


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    for _ in range(12):  # causes can form a ring
        if link is None:
            return
        yield link
        link = link.__cause__ or link.__context__


def _response(chain: tuple[BaseException, ...]) -> tuple[int | None, Mapping[str, str]]:
    """Return status and headers that came over the wire; litellm makes up responses of its own, httpx does not."""
    for link in chain:
        response = getattr(link, "response", None)
        if type(link).__name__ == "HTTPStatusError" and response is not None:
            return int(response.status_code), response.headers
    return None, next((found for link in chain if (found := getattr(link, "litellm_response_headers", None))), {})


def _status(error: BaseException) -> int | None:
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def _said(chain: tuple[BaseException, ...]) -> ErrorBody:
    """Return what a chain of exceptions says: the names of their classes as codes, and what their texts hold."""
    found = [read_error(str(link)) for link in chain]
    found += [read_error(body) for link in chain if isinstance(body := getattr(link, "body", None), dict)]
    return ErrorBody(
        codes=frozenset().union(*(one.codes for one in found), (type(link).__name__.lower() for link in chain)),
        messages=tuple(text for one in found for text in one.messages),
    )


def _sentence(text: str) -> str:
    text = text.partition("\nTraceback")[0].partition("Traceback (most recent")[0]
    text = re.sub(r"litellm\.\w+: |\b\w+Exception(?: \w+Error)? - |\b[A-Z]\w+Error: ", "", text)
    start = text.find('{"error"')
    # Where it is no error object in the usual form after all, the whole text says it.
    with contextlib.suppress(ValueError, LookupError, TypeError, RecursionError):
        text = str(json.loads(text[start:])["error"]["message"]) if start >= 0 else text
    return " ".join(text.split())


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that an answer's headers ask for; None where they do not, or say nonsense.

    `retry-after-ms` goes before `Retry-After`, which is seconds or a date; a date without a zone is UTC. Where a proxy
    added one of its own, the values stand in a list; the longest of them counts.
    """
    given = {name.lower(): str(value) for name, value in headers.items() if name.lower().startswith("retry-after")}
    exact = [_seconds(part) for part in given.get("retry-after-ms", "").split(",")]
    if waits := [seconds / 1000.0 for seconds in exact if seconds is not None]:
        return max(waits)
    value = given.get("retry-after", "")
    whole = _until(value)  # a date has a comma of its own
    listed = [whole] if whole is not None else [_seconds(part) for part in value.split(",")]
    return max((seconds for seconds in listed if seconds is not None), default=None)


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _until(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(tz=UTC)).total_seconds())
