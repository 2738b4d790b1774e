"""A PostgreSQL cluster of one's own, in a folder of its own, to be killed; nobody else's is touched."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

import pytest


class Cluster:
    """A cluster on a free port of loopback; a context manager."""

    def __init__(self) -> None:
        # What stands in the path may be a wrapper; the versions' own folders come first.
        found = next(
            (str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)),
            shutil.which("initdb"),
        )
        if found is None:
            pytest.skip("no PostgreSQL server is installed here (initdb)")
        self._bin = Path(found).parent
        self._folder = Path(tempfile.mkdtemp(prefix="cascade-cluster-"))
        self._server: subprocess.Popen[bytes] | None = None
        self._user: str | None = None
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            self._user = next((name for name in ("postgres", "nobody") if _exists(name)), None)
            if self._user is None:
                pytest.skip("PostgreSQL does not run as root, and there is no other user here")
            os.chown(self._folder, pwd.getpwnam(self._user).pw_uid, -1)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.address = f"postgresql://log@127.0.0.1:{self.port}/postgres"

    def __enter__(self) -> Self:
        data = self._folder / "data"
        command = [self._bin / "initdb", "-D", data, "-U", "log", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run(command, user=self._user, check=True, capture_output=True, cwd=self._folder)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories={self._folder}"
        with (self._folder / "server.log").open("ab") as log:
            self._server = subprocess.Popen(
                [self._bin / "postgres", "-D", self._folder / "data", *options.split()],
                user=self._user, cwd=self._folder, stdout=log, stderr=log,
            )  # fmt: skip
        ready = [self._bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(ready, check=False).returncode:
            assert self._server.poll() is None, (self._folder / "server.log").read_text()
            time.sleep(0.05)  # there is nothing to wait on: the server tells nobody that it is ready

    def kill(self) -> None:
        """End all of its processes at once, as a power cut would."""
        server, self._server = self._server, None
        if server is None:
            return
        for process in [server.pid, *_children(server.pid)]:
            os.kill(process, signal.SIGKILL)
        server.wait()


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _children(parent: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.append(int(stat.parent.name))
    return found
