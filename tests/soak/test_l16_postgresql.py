"""L16: a PostgreSQL cluster is killed under eight writers, and is away for a minute: no decision is lost or doubled."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cascade.log import open_log
from tests.cascade.log.reading import rows
from tests.checkout import ROOT
from tests.soak.cluster import Cluster

pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")


def started(where: str, name: str, spool: Path, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.soak.l09_writer", where, name, str(spool), str(count)]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert running.stdout is not None
    assert running.stdout.readline() == "ready\n"
    return running


@pytest.mark.slow
@pytest.mark.parametrize(("writers", "each", "kills", "outage_s"), [(2, 150, 1, 2), (8, 1500, 5, 60)])
def test_no_decision_is_lost_or_doubled(tmp_path: Path, writers: int, each: int, kills: int, outage_s: float) -> None:
    draw, spool = random.Random(16), tmp_path / "spool.db"
    with Cluster() as cluster:
        running = [started(cluster.address, f"w{i}", spool, each) for i in range(writers)]
        for _ in range(kills):
            time.sleep(draw.uniform(0.5, 2.0))
            cluster.kill()
            time.sleep(draw.uniform(0.1, 1.0))
            cluster.start()
        cluster.kill()
        began = time.monotonic()
        said = [one.communicate()[0] for one in running]
        time.sleep(max(0.0, outage_s - (time.monotonic() - began)))
        cluster.start()
        with open_log(cluster.address, spool=spool) as log:
            waiting = log.spooled
            while log.spooled:
                log._database._again_at = 0.0  # its patience is no part of the claim
                log._database.tend()
        held = [row["decision_id"] for row in rows(cluster.address, "decisions")]
        attempts = len(rows(cluster.address, "attempts"))
    acknowledged = {line for one in said for line in one.split("\n") if line}
    print(
        f"L16: {kills} kills and {outage_s:g} s away under {writers} writers: {len(acknowledged):,} acknowledged, "
        f"{len(acknowledged - set(held))} lost, {len(held):,} rows of {writers * each:,} calls, "
        f"{len(held) - len(set(held))} doubled, {waiting:,} had waited in the spool at the end"
    )
    assert acknowledged
    assert acknowledged <= set(held)
    assert len(held) == len(set(held)) == writers * each
    assert attempts == 2 * len(held)
