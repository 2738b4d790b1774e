"""A program that serves while its disk is full, and after there is room again; prints what became of every request.

python -m tests.soak.l18_program FOLDER BYTES
"""

from __future__ import annotations

import json
import resource
import sys
import warnings
from pathlib import Path

from cascade.clients.scripted import ScriptedClient, scripted
from cascade.engine.cascade import Cascade
from cascade.errors import LogUnavailable
from cascade.exchange import Request
from cascade.ladder import Ladder, Rung
from cascade.log import open_log
from verifiers import Refusal

BATCH, CAPACITY = 100, 200


def main() -> None:
    """Serve in batches until the log refuses, go on until decisions are lost, make room, and go on."""
    folder, limit = Path(sys.argv[1]), int(sys.argv[2])
    warnings.simplefilter("ignore")
    ladder = Ladder(Rung("test/small", name="small", verify=(Refusal(),)))
    client = ScriptedClient(default=scripted("It is 4.", cost_usd=0.001))
    accepted = total = 0

    def serve(app: Cascade) -> bool:
        nonlocal accepted, total
        results = app.run_many([Request.of("q", id=f"r-{total + i}") for i in range(BATCH)])
        accepted, total = accepted + sum(result.accepted for result in results), total + BATCH
        try:
            app.log.flush(5.0)
        except LogUnavailable:
            return False
        return True

    with open_log(folder / "decisions.db", capacity=CAPACITY) as log, Cascade(ladder, client=client, log=log) as app:
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        while serve(app):
            pass
        while not log.lost:
            serve(app)
        while_full = log.lost
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        after = 0
        while not serve(app) or after < 3:
            after += 1
        told = {"accepted": accepted, "total": total, "lost": log.lost, "lost_while_full": while_full,
                "warnings": list(log.warnings)}  # fmt: skip
    print(json.dumps(told))


if __name__ == "__main__":
    main()
