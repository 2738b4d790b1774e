"""L18: a full disk: serving goes on and counts what it could not log; what makes an artefact stops before it pays."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.checkout import ROOT
from tests.faults.server import Server

CONFIG = """\
ladder:
  - {{model: openai/ok, name: small, api_base: "{url}", api_key: none, price: {{input_usd: 1e-6, output_usd: 1e-6}}}}
  - {{model: openai/ok, name: large, api_base: "{url}", api_key: none, price: {{input_usd: 1e-5, output_usd: 1e-5}}}}
verify: [refusal, hedging]
log: decisions.db
"""
MB = 1 << 20


@pytest.mark.parametrize("limit", [MB, pytest.param(8 * MB, marks=pytest.mark.slow)])
def test_serving_goes_on_counts_what_it_could_not_log_and_logs_again(tmp_path: Path, limit: int) -> None:
    command = [sys.executable, "-m", "tests.soak.l18_program", str(tmp_path), str(limit)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    with closing(sqlite3.connect(tmp_path / "decisions.db")) as log:
        assert log.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        ((rows,),) = log.execute("SELECT count(*) FROM decisions")
        ((known,),) = log.execute("SELECT coalesce(sum(n), 0) FROM losses")
    print(
        f"L18: files of {limit / MB:.0f} MB: {told['accepted']:,} of {told['total']:,} requests served, "
        f"{told['lost']} decisions not logged and counted, {rows:,} logged"
    )
    assert told["accepted"] == told["total"]
    assert told["lost_while_full"] > 0
    assert rows + told["lost"] == told["total"]
    assert known == told["lost"], "the log itself knows what is missing"
    assert any("cannot be written" in warning for warning in told["warnings"])


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """Give a folder on a file system of so many bytes; skip where none may be made."""
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"no file system may be mounted here: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def explore(folder: Path, limit: int | None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cascade", "explore", "in.jsonl", "-o", "out.jsonl", "--concurrency", "4", "-y"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ["PYTHONPATH"]])}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False,
        preexec_fn=None if limit is None else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip


def prepare(folder: Path, server: Server, samples: int) -> None:
    (folder / "cascade.yaml").write_text(CONFIG.format(url=server.url))
    lines = [json.dumps({"id": f"q{i}", "prompt": f"question {i} " + "of many words " * 40}) for i in range(samples)]
    (folder / "in.jsonl").write_text("\n".join(lines) + "\n")


def stopped_and_gone_on_with(folder: Path, server: Server, samples: int, limit: int | None) -> None:
    """Explore on a disk that is too small, then with room, and hold both to what the server counted."""
    full = explore(folder, limit)
    paid = len(server.hits)
    assert full.returncode == 3, full.stderr
    assert "cannot be written" in full.stderr
    assert "run the same command again" in full.stderr
    assert "Traceback" not in full.stderr
    assert 0 < paid < 2 * samples
    for padding in folder.glob("padding*"):
        padding.unlink()
    again = explore(folder, None)
    assert again.returncode == 0, again.stderr
    print(f"L18: exploring stopped after {paid} of {2 * samples} calls, {len(server.hits) - 2 * samples} paid again")
    assert len(server.hits) == 2 * samples, "nothing that was paid for was lost"
    with closing(sqlite3.connect(folder / "decisions.db")) as log:
        assert log.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        ((intents,),) = log.execute("SELECT count(*) FROM calls WHERE state <> 'unsent'")
    assert intents >= len(server.hits), "every call that was paid for had its intent in the log"


@pytest.mark.parametrize("samples", [120, pytest.param(400, marks=pytest.mark.slow)])
def test_exploring_stops_before_it_pays_and_loses_none(tmp_path: Path, server: Server, samples: int) -> None:
    prepare(tmp_path, server, samples)
    stopped_and_gone_on_with(tmp_path, server, samples, limit=450_000)


@pytest.mark.slow
def test_exploring_on_a_file_system_of_8_mb_stops_and_loses_none(tmp_path: Path, server: Server) -> None:
    with small_disk(tmp_path / "small", 8 * MB) as folder:
        prepare(folder, server, 300)
        (folder / "padding").write_bytes(b"\1" * int(6.6 * MB))
        stopped_and_gone_on_with(folder, server, 300, limit=None)
