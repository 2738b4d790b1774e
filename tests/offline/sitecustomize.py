"""Keep a Python process on loopback: imported at start-up wherever this folder is on PYTHONPATH, and by conftest.

An audit hook sees every socket that Python opens, whichever library asks for it, and cannot be taken off again.
"""

import ipaddress
import socket
import sys
from typing import Any

ATTEMPTS: list[str] = []
"""What was asked for beyond loopback in this process; conftest fails the test even if the refusal was swallowed."""

WATCHED = {"socket.connect", "socket.sendto", "socket.sendmsg"}
LOOKUPS = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}


class BeyondLoopbackError(RuntimeError):
    """A test, or something it started, asked for a host that is not this machine.

    Not an OSError: the code under test turns those into failures of a provider.
    """


def is_loopback(host: object) -> bool:
    """Say whether a host is this machine; no host at all means any local address."""
    name = host.decode() if isinstance(host, bytes) else host
    if not isinstance(name, str) or name in {"", "localhost"}:
        return name is None or isinstance(name, str)
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


def watch(event: str, args: tuple[Any, ...]) -> None:
    """Refuse what would leave the machine."""
    if event in WATCHED:
        opened, address = args[0], args[1]
        if opened.family not in {socket.AF_INET, socket.AF_INET6} or address is None:
            return
        host = address[0]
    elif event in LOOKUPS:
        host = args[0]
        if isinstance(host, str) and host.endswith(".invalid"):
            # Reserved never to resolve (RFC 6761), so a test may use it for a name that does not.
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    else:
        return
    if not is_loopback(host):
        message = f"{event} to {host!r}: tests may reach nothing but loopback"
        ATTEMPTS.append(message)
        raise BeyondLoopbackError(message)


sys.addaudithook(watch)
