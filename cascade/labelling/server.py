"""Labelling server: a page on loopback, protected by a token in its address, for its own origin only."""

from __future__ import annotations

import hmac
import io
import json
import secrets
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any, Self

from cascade.labelling.session import Session

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content security policy: own script and style, no inline code, no other origin, no frame."""

BODY_LIMIT = 1024
"""Maximum size of a key message in bytes."""

PATIENCE_S = 10.0
"""Request timeout: seconds for a request to arrive completely."""

CONNECTIONS = 32
"""Connection limit; a browser needs six."""

_PAGES = {
    "": ("page.html", "text/html; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
}


class LabelServer:
    """HTTP server of one session; a context manager."""

    def __init__(
        self, session: Session, *, port: int = 0, patience_s: float = PATIENCE_S, connections: int = CONNECTIONS
    ) -> None:
        """Take the session, a port of 127.0.0.1 (0 for any free one), the request timeout and the connection limit."""
        self.session = session
        self.patience_s, self.connections = patience_s, connections
        self.ended = threading.Event()
        self._lock = threading.Lock()
        self._token = secrets.token_urlsafe(24)
        self._server = _Listener(self, port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="cascade-label")

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The page's address, with the access token."""
        return f"http://127.0.0.1:{self.port}/{self._token}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def page(self, path: str) -> str | None:
        """Return the part of a path after the token; None if the token is wrong."""
        token, slash, rest = path.removeprefix("/").partition("/")
        ours = hmac.compare_digest(token.encode("utf-8", "replace"), self._token.encode())
        return rest if slash and ours else None

    def state(self) -> dict[str, Any]:
        """Return the current state."""
        with self._lock:
            return self.session.state()

    def press(self, key: str, step: int) -> dict[str, Any]:
        """Handle a key and return the new state."""
        with self._lock:
            self.session.press(key, step=step)
            return self.session.state()


class _Listener(ThreadingHTTPServer):
    """Listening socket with its connection limit."""

    daemon_threads = True

    def __init__(self, owner: LabelServer, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.owner = owner
        self._room = threading.BoundedSemaphore(owner.connections)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Refuse a connection above the limit."""
        del request, client_address
        return self._room.acquire(blocking=False)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection, and release its slot."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a closed connection; report any other error."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Patient(io.RawIOBase):
    """Socket reader with a deadline, against slow clients."""

    def __init__(self, connection: socket.socket, patience_s: float) -> None:
        super().__init__()
        self._connection, self._until = connection, time.monotonic() + patience_s

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class _Handler(BaseHTTPRequestHandler):
    timeout = PATIENCE_S
    server_version = "cascade"
    sys_version = ""
    server: _Listener

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self.rfile = io.BufferedReader(_Patient(self.connection, self.server.owner.patience_s))

    def do_GET(self) -> None:
        page = self._page()
        if page in _PAGES:
            name, kind = _PAGES[page]
            self._reply(200, kind, files("cascade.labelling").joinpath(name).read_bytes())
        elif page == "state":
            self._json(self.server.owner.state())
        else:
            self._refuse(404)

    def do_POST(self) -> None:
        if self._page() != "key":
            self._refuse(404)
            return
        # CSRF: a page of another origin cannot send this content type or our origin without a preflight request.
        own = {f"http://{name}" for name in self._names()}
        if self.headers.get("Origin") not in own or self.headers.get_content_type() != "application/json":
            self._refuse(403)
            return
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit() and len(length) < 6 and int(length) <= BODY_LIMIT):
            self._refuse(413)
            return
        try:
            said = json.loads(self.rfile.read(int(length)))
            key, step = said["key"], said["step"]
        except (ValueError, KeyError, TypeError, RecursionError):
            key = step = None
        if not isinstance(key, str) or not isinstance(step, int):
            self._refuse(400)
            return
        state = self.server.owner.press(key, step)
        self._json(state)
        if state["ended"]:
            self.server.owner.ended.set()

    def log_message(self, *_: Any) -> None:
        """Log nothing: the address contains the token."""

    def _page(self) -> str | None:
        # DNS rebinding: another Host name is a foreign page whose name resolves to this machine.
        return self.server.owner.page(self.path) if self.headers.get("Host") in self._names() else None

    def _names(self) -> set[str]:
        port = self.server.owner.port
        return {f"127.0.0.1:{port}", f"localhost:{port}"}

    def _json(self, value: dict[str, Any]) -> None:
        # Lone surrogates, which a model can emit, survive only as ASCII escapes.
        self._reply(200, "application/json", json.dumps(value, ensure_ascii=True).encode("ascii"))

    def _refuse(self, status: int) -> None:
        self.close_connection = True
        self._reply(status, "text/plain; charset=utf-8", b"")

    def _reply(self, status: int, kind: str, body: bytes) -> None:
        self.connection.settimeout(PATIENCE_S)
        self.send_response(status)
        for name, value in (
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Content-Security-Policy", POLICY),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cache-Control", "no-store"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
