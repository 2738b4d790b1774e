"""Gateway: the ASGI application; finds a request's endpoint, asks for its key, and tells every error in its dialect."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from cascade.errors import CascadeError
from cascade.loggers import logger_of
from cascade.serve.access import is_loopback
from cascade.serve.gateway.answer_response import error_response
from cascade.serve.gateway.call import Access, Call, Endpoint, error_route
from cascade.serve.gateway.http import Receive, Scope, Send, headers_of, respond_json, text
from cascade.serve.gateway.keyring.key import Key, key_of, secret_of
from cascade.serve.gateway.refusals import foreign_page, no_route, wrong_method
from cascade.serve.gateway.request_body import ClientGone

_log = logger_of("cascade.serve")

Endpoints = Mapping[str, Mapping[str, Endpoint]]
"""By path, then method; a path that ends with `/` takes what follows as its argument."""


class Gateway:
    """The ASGI application."""

    def __init__(
        self,
        endpoints: Endpoints,
        *,
        keys: Callable[[], Iterable[Key]] | None = None,
        mounted: Mapping[str, Any] | None = None,
    ) -> None:
        """Take what there is to be asked.

        Args:
            endpoints: what answers.
            keys: the keys of this moment; None: none is asked for, and only programs of this machine may ask.
            mounted: further ASGI applications by the begin of their paths; they need the permission `metrics`.
        """
        self._endpoints, self._keys, self._mounted = endpoints, keys, dict(mounted or {})
        self.responses: Counter[tuple[str, int]] = Counter()
        """Responses so far, by path and status (499: the client hung up)."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        began, headers = time.monotonic(), headers_of(scope)
        seen: list[int] = []

        async def told(message: Any) -> None:
            if message["type"] == "http.response.start":
                seen.append(int(message["status"]))
            await send(message)

        path = "unknown"
        try:
            path = await self._answer(scope, receive, told, headers)
        except ClientGone:
            pass
        except Exception as error:
            path = self._path_of(scope)
            if not isinstance(error, CascadeError):
                _log.exception("A request failed by an error of the server itself.")
            if seen:
                raise  # part of a response has gone out: the connection is closed
            is_page = any(scope["path"].startswith(begin.rstrip("/")) for begin in self._mounted)
            status, body, told_headers = error_response(error_route(scope, headers), error)
            if status == 401 and is_page:
                told_headers["www-authenticate"] = 'Basic realm="cascade", charset="UTF-8"'
            if status in {408, 413} or not isinstance(error, CascadeError):
                told_headers["connection"] = "close"
            await respond_json(told, status, body, told_headers)
        finally:
            status = seen[0] if seen else 499
            self.responses[path, status] += 1
            _log.info("%s %s %d in %.3f s", scope["method"], path, status, time.monotonic() - began)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, headers: Mapping[bytes, bytes]) -> str:
        path: str = scope["path"]
        for begin, app in self._mounted.items():
            if path == begin.rstrip("/") or path.startswith(begin):
                self._admitted(headers, "metrics")
                await app({**scope, "root_path": begin.rstrip("/")}, receive, send)
                return begin
        found = self._found(path)
        if found is None:
            self._admitted(headers, "key")
            raise no_route(scope["method"], path)
        name, argument, methods = found
        endpoint = methods.get(scope["method"])
        if endpoint is None:
            refusal = wrong_method(scope["method"], path, methods)
            status, body, told = error_response(error_route(scope, headers), refusal)
            await respond_json(send, status, body, {**told, "allow": ", ".join(sorted(methods))})
            return name
        key = self._admitted(headers, endpoint.access)
        await endpoint.handler(
            Call(scope=scope, receive=receive, send=send, headers=headers, key=key, argument=argument)
        )
        return name

    def _found(self, path: str) -> tuple[str, str, Mapping[str, Endpoint]] | None:
        if path in self._endpoints and not path.endswith("/"):
            return path, "", self._endpoints[path]
        for begin, methods in self._endpoints.items():
            if begin.endswith("/") and path.startswith(begin) and len(path) > len(begin):
                return begin, path.removeprefix(begin), methods
        return None

    def _path_of(self, scope: Scope) -> str:
        found = self._found(scope["path"])
        return "unknown" if found is None else found[0]

    def _admitted(self, headers: Mapping[bytes, bytes], access: Access) -> Key | None:
        """Return the key of a request.

        Raises:
            Refusal: it has none, or may not.
        """
        if self._keys is None:
            _require_local(headers)
            return None
        if access == "open":
            return None
        key = key_of(secret_of(headers), self._keys())
        if access != "key":
            key.require(access)
        return key


def _require_local(headers: Mapping[bytes, bytes]) -> None:
    """Refuse a web page that asks a server without keys: by another name of this machine, or from another origin."""
    host = text(headers, b"host") or ""
    named = _host(f"//{host}")
    if not is_loopback(named):
        raise foreign_page(host)
    origin = text(headers, b"origin")
    if origin is not None and not is_loopback(_host(origin)):
        raise foreign_page(origin)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
