"""A process that logs decisions and tells, on stdout, which are committed; somebody kills it.

python -m tests.soak.l09_writer WHERE NAME SPOOL [COUNT]
"""

from __future__ import annotations

import itertools
import sys
from dataclasses import replace

from cascade.errors import LogUnavailable
from cascade.log import open_log
from tests.cascade.log.decisions import decided


def main() -> None:
    """Write, one by one or a few at once, until killed or `COUNT` are written; each acknowledged id is a line."""
    where, name, spool, *count = sys.argv[1:]
    result, request = decided("r", "0.2", "0.9")
    with open_log(where, spool=spool) as log:
        log.durable = True
        print("ready", flush=True)
        for number in range(int(count[0])) if count else itertools.count():
            identity = f"{name}-{number}"
            log.write(replace(result, decision_id=identity), request)
            if number % 3 == 2:
                continue  # commits hold one decision or two
            try:
                log.flush()
            except LogUnavailable:
                continue
            sys.stdout.write(f"{name}-{number - 1}\n{identity}\n" if number % 3 == 0 and number else f"{identity}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
