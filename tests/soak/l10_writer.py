"""A process that reads the log and then writes to it, again and again, beside others that do the same.

python -m tests.soak.l10_writer WHERE NAME COUNT
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace

from sqlalchemy import func, select

from cascade.log import open_log
from cascade.log.tables import decisions
from tests.cascade.log.decisions import decided


def main() -> None:
    """Read, write and wait for the commit; print what was counted and how long the longest of it took."""
    where, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    result, request = decided("r", "0.2", "0.9")
    longest = 0.0
    with open_log(where) as log:
        print("ready", flush=True)
        sys.stdin.readline()
        for number in range(count):
            began = time.monotonic()
            with log.reading() as connection:
                seen = connection.execute(select(func.count()).select_from(decisions)).scalar_one()
            log.write(replace(result, decision_id=f"{name}-{number}", tags={"seen": str(seen)}), request)
            log.flush()
            longest = max(longest, time.monotonic() - began)
        print(json.dumps({"lost": log.lost, "warnings": list(log.warnings), "longest_s": longest}))


if __name__ == "__main__":
    main()
