"""A cluster of two nodes: one that dies changes no result; one that lacks what it needs is named before a call is paid.

The nodes are processes of this machine, each with its own store of objects; a mount namespace hides files from one.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.batch_server import BatchServer

pytest.importorskip("ray", reason="Ray is in an environment of its own: make ray")

from tests.ray.test_ray_run import ROOT, N, configured, folder, on_one_machine, results, slowly

__all__ = ["folder"]
pytestmark = [pytest.mark.ray, pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")]
RAY = [str(Path(sys.executable).with_name("ray")), "start", "--disable-usage-stats", "--object-store-memory=120000000"]


@pytest.fixture
def two_nodes(folder):
    """Return what starts a node with two CPUs, and one with one; it returns their address, and the second's process."""
    # Ray notes there which cluster runs, and other runs are not to try it; a socket's path has 107 characters at most.
    of_ray = tempfile.mkdtemp(prefix="r")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address, nodes = f"127.0.0.1:{port}", []

    def start(*command):
        log = folder / f"node-{len(nodes)}.log"
        with log.open("w") as file:
            node = subprocess.Popen(
                [*command, "--block"], env=environment(), stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                start_new_session=True,
            )  # fmt: skip
        nodes.append(node)
        until = time.monotonic() + 100
        while "Ray runtime started" not in log.read_text():
            assert node.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.2)

    def start_both(*, within=()):
        start(*RAY, "--head", f"--port={port}", f"--temp-dir={of_ray}", "--num-cpus=2", "--include-dashboard=false")
        start(*within, *RAY, f"--address={address}", "--num-cpus=1")
        return address, nodes[1]

    yield start_both
    for node in reversed(nodes):
        kill(node)
    shutil.rmtree(of_ray, ignore_errors=True)


def environment():
    """Return the environment of nodes and runs: with the test's key, this tree, and no token in the home's folder."""
    return os.environ | {"PYTHONPATH": str(ROOT), "RAY_AUTH_MODE": "disabled"}


def kill(node):
    subprocess.run(["pkill", "-KILL", "--session", str(node.pid)], check=False)
    node.wait()


def started(folder, address):
    """Start `cascade run --engine ray` on a cluster, with an actor for each CPU."""
    command = [sys.executable, "-W", "ignore", "-m", "cascade", "run", "-c", str(folder / "cascade.yaml")]
    command += ["--engine", "ray", "--actors", "3"]
    command += ["--input", str(folder / "in-*.parquet"), "--output", str(folder / "out")]
    with (folder / "err.txt").open("w") as errors:
        return subprocess.Popen(
            command, env=environment() | {"RAY_ADDRESS": address}, cwd=folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=errors,
        )  # fmt: skip


def test_a_node_that_dies_changes_no_result_and_pays_no_answer_twice_but_those_in_flight(folder, two_nodes):
    with BatchServer(slowly) as server:
        address, second = two_nodes()
        configured(folder, server)
        run = started(folder, address)
        until = time.monotonic() + 120
        while sum(server.billed.values()) < N / 4:
            assert run.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        kill(second)
        assert run.wait(timeout=200) == 0
        # Two actors at most were there, with two blocks each, of 16 calls at once.
        assert sum(times - 1 for times in server.billed.values()) <= 2 * 2 * 16
        on_one_machine(folder)
    assert results(folder / "out") == results(folder / "one.parquet")
    assert not (folder / "out.ray").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hides files from a process")
@pytest.mark.parametrize("hidden", ["cascade.yaml", "out.ray"])
def test_a_node_that_lacks_what_it_needs_is_named_before_a_call_is_paid(folder, two_nodes, hidden):
    (folder / "out.ray").mkdir()
    place = folder / hidden
    with BatchServer(slowly) as server:
        configured(folder, server)
        over = "mount --bind /dev/null" if place.is_file() else "mount -t tmpfs none"
        hide = ("unshare", "-m", "sh", "-c", f'{over} {place} && exec "$0" "$@"')
        address, _ = two_nodes(within=hide)
        assert started(folder, address).wait(timeout=200) == 2
        assert not server.billed
    told = (folder / "err.txt").read_text().strip().splitlines()[-1]
    assert "Node " in told
    assert hidden in told
    assert "expected" in told
