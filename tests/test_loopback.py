"""No test can reach anything but loopback, nor can a process that it starts."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys

import pytest
import sitecustomize as offline

ELSEWHERE = "192.0.2.1"  # TEST-NET-1 (RFC 5737): no machine anywhere has it


def test_connecting_elsewhere_is_refused() -> None:
    with socket.socket() as opened, pytest.raises(offline.BeyondLoopbackError, match=ELSEWHERE):
        opened.connect((ELSEWHERE, 80))
    offline.ATTEMPTS.clear()


def test_a_name_is_not_even_looked_up() -> None:
    with pytest.raises(offline.BeyondLoopbackError, match="example"):
        socket.getaddrinfo("example.com", 443)
    offline.ATTEMPTS.clear()


def test_connecting_from_an_event_loop_is_refused_too() -> None:
    async def ask() -> None:
        await asyncio.open_connection(ELSEWHERE, 80)

    with pytest.raises(offline.BeyondLoopbackError):
        asyncio.run(ask())
    offline.ATTEMPTS.clear()


def test_a_swallowed_refusal_is_still_recorded() -> None:
    with socket.socket() as opened, contextlib.suppress(RuntimeError):
        opened.connect((ELSEWHERE, 80))
    assert offline.ATTEMPTS
    offline.ATTEMPTS.clear()


def test_loopback_works() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        accepted, (host, _) = server.accept()
        accepted.close()
    assert host == "127.0.0.1"
    assert not offline.ATTEMPTS


def test_a_started_process_is_held_to_loopback() -> None:
    script = f"import socket; socket.socket().connect(({ELSEWHERE!r}, 80))"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert "BeyondLoopbackError" in ended.stderr


def test_no_provider_key_is_in_the_environment() -> None:
    assert not [name for name in os.environ if name.endswith("_API_KEY")]
