"""One daily budget, several processes, one of them killed every so often: what is overspent, left unspent, and asked.

    python -m benchmarks.shared_budget --postgresql postgresql://postgres@127.0.0.1/postgres [--workers 2 4] [--refuse]

`cascade serve --workers N` on a log on PostgreSQL, with budgets shared by a Redis server of its own (`redis-server` on
the path) or by that PostgreSQL; 200 clients at once ask until nothing more is paid for. What was spent is counted by
the model server, which is not told of any budget. Linux.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import time
from collections import Counter
from contextlib import suppress
from multiprocessing import get_context

from benchmarks.served import children, gateway, ladder, modelled, redis, schema

LIMIT_USD = 0.25
COST_USD = 33e-6
"""What an answer costs: 15 tokens in, 18 out."""

AT_ONCE = 200
START_S = 60.0
"""Seconds that the first answer may take."""

QUIET_S = 12.0
"""Seconds without an answer after which nothing more is paid for; idle and killed leases are back by then."""


async def asked(port: int, pid: int, every_s: float) -> tuple[Counter[str], int]:
    """Ask until nothing is paid for; return statuses, and how many processes were killed."""
    statuses: Counter[str] = Counter()
    last, killed, number = [time.monotonic() + START_S], 0, 0
    ended = asyncio.Event()

    async def client() -> None:
        nonlocal number
        while not ended.is_set():
            number += 1
            ask = {
                "model": "cascade/default",
                "max_tokens": 50,
                "messages": [{"role": "user", "content": f"{number}?"}],
            }
            body = json.dumps(ask).encode()
            head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n"
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(head + b"content-length: %d\r\n\r\n" % len(body) + body)
                status = (await reader.read()).partition(b" ")[2][:3].decode() or "lost"
                writer.close()
            except OSError:
                status = "lost"
            statuses[status] += 1
            if status == "200":
                last[0] = time.monotonic()
            else:
                await asyncio.sleep(0.2)

    clients = [asyncio.create_task(client()) for _ in range(AT_ONCE)]
    while time.monotonic() - last[0] < QUIET_S:
        await asyncio.sleep(every_s)
        if 0.0 <= time.monotonic() - last[0] < 1.0 and (held := children(pid)):
            with suppress(ProcessLookupError):
                os.kill(held[killed % len(held)], signal.SIGKILL)
                killed += 1
    ended.set()
    await asyncio.gather(*clients)
    return statuses, killed


def calls_of(port: int) -> int:
    """Return how often the script was asked for."""
    with socket.create_connection(("127.0.0.1", port)) as opened:
        opened.sendall(b"INFO commandstats\r\n")
        told = opened.recv(65536).decode()
    return sum(
        int(line.partition("calls=")[2].partition(",")[0]) for line in told.splitlines() if "cmdstat_eval" in line
    )


def measured(workers: int, server: str, *, redis_port: int | None, on_outage: str, every_s: float) -> None:
    """Print a row."""
    answers = get_context("spawn").Value("q", 0)
    with modelled(0.02, answers) as url, schema(server) as (log, _):
        shared = log if redis_port is None else f"redis://127.0.0.1:{redis_port}/0"
        config = (
            f'{ladder(url)}verify: [refusal]\nlog: {{path: "{log}", on_outage: {on_outage}}}\n'
            f'guards: {{usd_per_day: {LIMIT_USD}, shared: "{shared}"}}\n'
        )
        with gateway(config, workers=workers) as (to, pid):
            statuses, killed = asyncio.run(asked(to, pid, every_s))
        spent = answers.value * COST_USD
        total = sum(statuses.values())
        asks = "–" if redis_port is None else f"{calls_of(redis_port) / total:.3f}"
        print(
            f"| {workers} | {'PostgreSQL' if redis_port is None else 'Redis'} | {killed} | {answers.value} | "
            f"${spent:.4f} | {max(0.0, spent - LIMIT_USD):.4f} | {1 - spent / LIMIT_USD:.1%} | {asks} | "
            f"{', '.join(f'{status}: {n}' for status, n in sorted(statuses.items()))} |",
            flush=True,
        )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgresql", required=True)
    parser.add_argument("--workers", type=int, nargs="*", default=(2, 4))
    parser.add_argument(
        "--refuse", action="store_true", help="log.on_outage: refuse, so that killed leases are settled"
    )
    parser.add_argument("--every", type=float, default=1.0, help="seconds between two kills")
    given = parser.parse_args()
    on_outage = "refuse" if given.refuse else "spool"
    print(f"A budget of ${LIMIT_USD:g} a day.\n")
    print("| processes | store | killed | answers | spent | overspent | unspent | store calls a request | statuses |")
    print("|---:|---|---:|---:|---:|---:|---:|---:|---|")
    for workers in given.workers:
        with redis() as port:
            time.sleep(0.5)
            measured(workers, given.postgresql, redis_port=port, on_outage=on_outage, every_s=given.every)
        measured(workers, given.postgresql, redis_port=None, on_outage=on_outage, every_s=given.every)


if __name__ == "__main__":
    main()
