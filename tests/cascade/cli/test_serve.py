"""`cascade serve` as a process: it says where it is, ends without losing a request, and refuses to be open to all."""

from __future__ import annotations

import http.client
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from typer.testing import Result

from tests.cascade.log.conftest import postgresql, server_of_postgresql
from tests.faults.server import Server

__all__ = ["postgresql", "server_of_postgresql"]

ROOT = Path(__file__).parents[3]
HI = [{"role": "user", "content": "Well?"}]


@contextmanager
def serving(*options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run the command on a free port, and yield the process and the port."""
    command = [sys.executable, "-m", "cascade", "serve", "--port", "0", *options]
    ours = {**os.environ, "PYTHONPATH": f"{os.environ['PYTHONPATH']}{os.pathsep}{ROOT}"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ours) as process:
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said += line
            if "Serving" in line:
                break
        else:
            raise AssertionError(said)
        try:
            yield process, int(said.rpartition(":")[2].partition(";")[0])
        finally:
            process.kill()


def children(of: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(of)], check=False, capture_output=True, text=True).stdout
    return [int(pid) for pid in listed.split()]


def ask(port: int, method: str, path: str, body: object = None) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, {"content-type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()


def test_at_sigterm_what_runs_is_answered_and_logged_and_nothing_new_is_taken(configured: Path, server: Server) -> None:
    got: list[tuple[int, bytes]] = []
    with serving() as (process, port):
        assert ask(port, "GET", "/readyz") == (200, b"ok\n")
        server.hold(after=0)
        body = {"model": "cascade/default", "messages": HI}
        waiting = threading.Thread(target=lambda: got.append(ask(port, "POST", "/v1/chat/completions", body)))
        waiting.start()
        server.arrived.wait()
        process.send_signal(signal.SIGTERM)
        while ask(port, "GET", "/readyz")[0] == 200:
            pass
        assert ask(port, "GET", "/readyz") == (503, b"the server is shutting down\n")
        assert ask(port, "GET", "/healthz")[0] == 200
        assert ask(port, "POST", "/v1/chat/completions", body)[0] == 503
        server.release()
        waiting.join()
        assert process.wait(30) == 0
    assert got[0][0] == 200
    with closing(sqlite3.connect(configured / "decisions.db")) as log:
        assert log.execute("SELECT outcome FROM decisions").fetchall() == [("accepted",)]


def test_an_address_that_others_reach_needs_keys(configured: Path, cli: Callable[..., Result]) -> None:
    ended = cli("serve", "--host", "0.0.0.0")  # noqa: S104 - refused here
    assert ended.exit_code == 2
    assert "cascade keys new" in ended.stderr


def test_an_alias_that_addresses_nothing_is_refused(configured: Path, cli: Callable[..., Result]) -> None:
    with (configured / "cascade.yaml").open("a") as file:
        file.write('\nserve: {aliases: {gpt-4o: "default:strict"}}\n')
    ended = cli("serve", "--port", "0")
    assert (ended.exit_code, "serve.aliases.gpt-4o" in ended.stderr) == (2, True)


def test_a_port_that_is_taken_is_told(configured: Path, cli: Callable[..., Result], server: Server) -> None:
    ended = cli("serve", "--port", server.url.rpartition(":")[2].partition("/")[0])
    assert (ended.exit_code, "give another" in ended.stderr) == (2, True)


def test_at_ctrl_c_a_server_without_work_ends_at_once(configured: Path) -> None:
    with serving() as (process, _):
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130


@pytest.mark.parametrize(("added", "told"), [("", "SQLite"), ("guards: {usd_per_day: 5}", "guards: {shared")])
def test_several_processes_need_a_log_and_budgets_that_they_can_share(
    configured: Path, cli: Callable[..., Result], added: str, told: str
) -> None:
    file = configured / "cascade.yaml"
    text = file.read_text() if not added else file.read_text().replace("log: decisions.db", "log: postgresql://h/d")
    file.write_text(f"{text}\n{added}\n")
    ended = cli("serve", "--workers", "2")
    assert (ended.exit_code, told in ended.stderr) == (2, True)


@pytest.mark.slow
def test_a_worker_that_is_killed_is_replaced_and_every_request_is_logged_once(
    configured: Path, server: Server, postgresql: str
) -> None:
    import psycopg

    file = configured / "cascade.yaml"
    shared = f"guards: {{usd_per_day: 5, shared: '{postgresql}'}}"
    file.write_text(f"{file.read_text().replace('decisions.db', repr(postgresql))}\n{shared}\n")
    body = {"model": "cascade/default", "messages": HI}
    with serving("--workers", "2") as (process, port):
        assert ask(port, "POST", "/v1/chat/completions", body)[0] == 200
        with psycopg.connect(postgresql, autocommit=True) as log:
            while log.execute("SELECT count(*) FROM decisions").fetchone() != (1,):
                pass  # a row waits a moment for others; SIGKILL would take it along
        killed, other = children(process.pid)
        os.kill(killed, signal.SIGKILL)
        statuses = []
        while len(statuses) < 6 or set(children(process.pid)) <= {killed, other}:
            try:
                statuses.append(ask(port, "POST", "/v1/chat/completions", body)[0])
            except (http.client.HTTPException, OSError):
                continue  # it was the killed one's connection
        assert set(statuses) == {200}
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    with psycopg.connect(postgresql) as log:
        assert log.execute("SELECT count(*) FROM decisions").fetchone() == (1 + len(statuses),)
        (held,) = log.execute("SELECT sum(pico) FROM cascade_leases WHERE account = 'day'").fetchone() or (0,)
    assert 0 < held <= 5 * 10**12
