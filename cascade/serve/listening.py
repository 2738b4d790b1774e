"""Listening socket of a server: bound before anything is said or started, so that a taken port is one sentence."""

from __future__ import annotations

import socket

from cascade.errors import ConfigError

BACKLOG = 2048
"""Connections that may wait to be accepted."""


def bound(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        ConfigError: the address cannot be bound.
    """
    try:
        family, kind, number, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        made = socket.socket(family, kind, number)
    except OSError as error:
        raise _unbound(host, port, error) from None
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(BACKLOG)
    except OSError as error:
        made.close()
        raise _unbound(host, port, error) from None
    made.setblocking(False)
    return made


def _unbound(host: str, port: int, error: OSError) -> ConfigError:
    said = f"The server cannot listen on {host}:{port} ({error.strerror or error}); give another --host or --port."
    return ConfigError(said)
