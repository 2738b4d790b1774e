"""Requests a second, latency and time to the first piece through `cascade serve`, as ratios to the model server itself.

    python -m benchmarks.serve [--rounds 5] [--seconds 4] [--delay 0.2] [--hostile]   (Linux: CPU is read from /proc)
    python -m benchmarks.serve --processes postgresql://postgres@127.0.0.1/postgres

Model server, gateway and the clients are processes of their own; the ladder has two rungs with free verifiers, the
small one's answers are accepted, and decisions are logged. A round asks directly, then through the gateway, so that
what else runs on the machine meets both; figures are medians over rounds, ratios those of one round. No two requests
are the same. `--delay` is what the model takes for an answer; the first table has a model that takes nothing.
`--processes`: one process and two, their log on that PostgreSQL, their daily budget there or in a Redis server of the
benchmark's own.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import get_context
from typing import Any, NamedTuple, TypeAlias

from benchmarks.served import cpu_s, gateway, ladder, modelled, redis, schema

AT_ONCE = (1, 64, 256)
_NUMBERS = itertools.count()


class Load(NamedTuple):
    """What a load has come to."""

    per_s: float
    latency_s: float
    first_s: float
    requests: int = 0
    cpu_s: float = 0.0
    """CPU of the gateway, for a load that went through it."""


async def load(port: int, at_once: int, seconds: float, *, model: str, stream: bool = False) -> Load:
    """Ask for so many seconds, so many at once, each on a connection that stays."""
    waits: list[float] = []
    firsts: list[float] = []
    ends = time.monotonic() + seconds

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.monotonic() < ends:
            content = f"What is the capital of France? Answer in one sentence ({next(_NUMBERS)})."
            ask = {"model": model, "messages": [{"role": "user", "content": content}], "stream": stream}
            body = json.dumps(ask).encode()
            began = time.monotonic()
            head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            writer.write(head + b"content-length: %d\r\n\r\n" % len(body) + body)
            told = (await reader.readuntil(b"\r\n\r\n")).lower()
            if b" 200 " not in told[:20]:
                raise SystemExit(told.decode())
            if b"content-length: " in told:
                await reader.readexactly(int(told.partition(b"content-length: ")[2].partition(b"\r\n")[0]))
                firsts.append(time.monotonic() - began)
            else:
                await _stream(reader, firsts, began)
            waits.append(time.monotonic() - began)
        writer.close()

    began = time.monotonic()
    await asyncio.gather(*(client() for _ in range(at_once)))
    return Load(
        len(waits) / (time.monotonic() - began), statistics.median(waits), statistics.median(firsts), len(waits)
    )


async def _stream(reader: asyncio.StreamReader, firsts: list[float], began: float) -> None:
    """Read a chunked stream; its first piece of text counts."""
    seen = False
    while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
        chunk = await reader.readexactly(size + 2)
        if not seen and b'"content":"P' in chunk:
            seen = True
            firsts.append(time.monotonic() - began)
    await reader.readexactly(2)


def client(ask: Any, seconds: float) -> None:
    """Take loads from a pipe, in a process of its own."""
    while (given := ask.recv()) is not None:
        port, at_once, model, stream = given
        ask.send(asyncio.run(load(port, at_once, seconds, model=model, stream=stream)))


Ask: TypeAlias = Callable[[int, int, str, bool], Load]
"""Puts a load on a port: so many at once, for a model, as streams or not."""


@contextmanager
def asking(seconds: float) -> Iterator[Ask]:
    """Run `client` in a process of its own, and yield what asks it for a load of so many seconds."""
    here, there = get_context("spawn").Pipe()
    get_context("spawn").Process(target=client, args=(there, seconds), daemon=True).start()

    def asked(port: int, at_once: int, model: str, stream: bool) -> Load:  # noqa: FBT001 - as `Ask` says
        here.send((port, at_once, model, stream))
        found: Load = here.recv()
        return found

    yield asked
    here.send(None)


def port_of(url: str) -> int:
    """Return the port of a model server's address."""
    return int(url.removesuffix("/v1").rpartition(":")[2])


def config(url: str, *, log: str = "decisions.db", shared: str | None = None) -> str:
    """Return a configuration with three free verifiers; with a shared store, there is a daily budget."""
    budget = f'guards: {{usd_per_day: 1000, shared: "{shared}"}}\n' if shared else ""
    return f'{ladder(url, top_usd=1e-5)}verify: [refusal, schema, hedging]\nlog: "{log}"\n{budget}'


def measured(delay_s: float, rounds: int, seconds: float) -> None:
    """Print a table for a model that takes so long."""
    head = "requests/s, directly | through the gateway | × | added latency, ms | its CPU a request, ms"
    print(f"\n| model takes {1000 * delay_s:g} ms, at once | {head} |")
    print("|---:|---:|---:|---:|---:|---:|")
    with modelled(delay_s) as url, asking(seconds) as ask, gateway(config(url)) as (served, pid):
        direct = port_of(url)

        def asked(to: int, at_once: int, *, model: str = "m", stream: bool = False) -> Load:
            before = cpu_s(pid)
            return ask(to, at_once, model, stream)._replace(cpu_s=cpu_s(pid) - before)

        asked(served, 1, model="cascade/default")
        for at_once in AT_ONCE:
            pairs = [(asked(direct, at_once), asked(served, at_once, model="cascade/default")) for _ in range(rounds)]
            middle: Callable[[Callable[[Load, Load], float]], float] = lambda of, pairs=pairs: statistics.median(  # noqa: E731
                of(*pair) for pair in pairs
            )
            print(
                f"| {at_once} | {middle(lambda a, _: a.per_s):.0f} | {middle(lambda _, b: b.per_s):.0f} | "
                f"{middle(lambda a, b: b.per_s / a.per_s):.2f} | "
                f"{1000 * middle(lambda a, b: b.latency_s - a.latency_s):.1f} | "
                f"{1000 * middle(lambda _, b: b.cpu_s / b.requests):.2f} |",
                flush=True,
            )
        whole = [asked(served, 1, model="cascade/default") for _ in range(rounds)]
        streamed = [asked(served, 1, model="cascade/default", stream=True) for _ in range(rounds)]
        first, last = (statistics.median(getattr(one, name) for one in streamed) for name in ("first_s", "latency_s"))
        unstreamed = statistics.median(one.latency_s for one in whole)
        print(
            f"\nA stream's first piece comes after {1000 * first:.1f} ms, its end after {1000 * last:.1f} ms; the same "
            f"answer as one body takes {1000 * unstreamed:.1f} ms (c = 1)."
        )


def compared(delay_s: float, rounds: int, seconds: float, server: str) -> None:
    """Print a table of one process and two, by where the log and the daily budget are."""
    with ExitStack() as stack:
        url, ask = stack.enter_context(modelled(delay_s)), stack.enter_context(asking(seconds))
        log, _ = stack.enter_context(schema(server))
        store = f"redis://127.0.0.1:{stack.enter_context(redis())}/0"
        kinds = {
            "one process, log on SQLite": gateway(config(url)),
            "one process, PostgreSQL and Redis": gateway(config(url, log=log, shared=store)),
            "two processes, PostgreSQL and Redis": gateway(config(url, log=log, shared=store), workers=2),
            "two processes, all on PostgreSQL": gateway(config(url, log=log, shared=log), workers=2),
        }
        served = {kind: stack.enter_context(made) for kind, made in kinds.items()}
        head = "requests/s | × directly | × one process on SQLite | CPU a request, ms"
        print(f"\n| model takes {1000 * delay_s:g} ms, at once | | {head} |\n|---:|---|---:|---:|---:|---:|")
        for at_once in AT_ONCE:
            loads: dict[str, list[Load]] = {kind: [] for kind in ("directly", *served)}
            for turn in range(rounds + 1):  # the first one warms up
                loads["directly"].append(ask(port_of(url), at_once, "m", False))
                for kind, (to, pid) in served.items():
                    before = cpu_s(pid)
                    found = ask(to, at_once, "cascade/default", False)
                    loads[kind].append(found._replace(cpu_s=cpu_s(pid) - before))
                if not turn:
                    loads = {kind: [] for kind in loads}
            base, *_ = served
            for kind in served:
                rows = [*zip(loads[kind], loads["directly"], loads[base], strict=True)]
                print(
                    f"| {at_once} | {kind} | {statistics.median(one.per_s for one, _, _ in rows):.0f} | "
                    f"{statistics.median(one.per_s / of.per_s for one, of, _ in rows):.2f} | "
                    f"{statistics.median(one.per_s / of.per_s for one, _, of in rows):.2f} | "
                    f"{1000 * statistics.median(one.cpu_s / one.requests for one, _, _ in rows):.2f} |",
                    flush=True,
                )


async def hostile(port: int, ended: asyncio.Event) -> None:
    """Keep 200 connections whose headers drip, and send oversized, broken and half-closed requests, again and again."""

    async def dripping() -> None:
        while not ended.is_set():
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                for byte in b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1":
                    writer.write(bytes((byte,)))
                    await writer.drain()
                    await asyncio.sleep(0.3)
                writer.close()

    async def sending(content: bytes, *, half: bool = False) -> None:
        while not ended.is_set():
            with suppress(OSError):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(content)
                if half:
                    writer.write_eof()
                await writer.drain()
                await reader.read()
                writer.close()
            await asyncio.sleep(0.5)

    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
    big = b" " * (9 << 20)
    broken = [head % len(big) + big, head % 500 + b"{", b"\x16\x03\x01\r\n\r\n", head % 5 + b"[[[[["]
    jobs = [*(dripping() for _ in range(200)), *(sending(one, half=one[-1:] == b"{") for one in broken)]
    tasks = [asyncio.create_task(job) for job in jobs]
    await ended.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def attacker(port: int, ended: Any) -> None:
    """Be hostile in a process of its own until it is ended."""

    async def run() -> None:
        over = asyncio.Event()
        attack = asyncio.create_task(hostile(port, over))
        await asyncio.to_thread(ended.wait)
        over.set()
        await attack

    asyncio.run(run())


def besieged(delay_s: float, rounds: int, seconds: float) -> None:
    """Print what honest requests take beside hostile sockets."""
    context = get_context("spawn")
    ratios = []
    with modelled(delay_s) as url, gateway(config(url)) as (served, _):
        asyncio.run(load(served, 8, 1.0, model="cascade/default"))
        for _ in range(rounds):
            alone = asyncio.run(load(served, 8, seconds, model="cascade/default"))
            ended = context.Event()
            siege = context.Process(target=attacker, args=(served, ended), daemon=True)
            siege.start()
            time.sleep(2.0)
            beside = asyncio.run(load(served, 8, seconds, model="cascade/default"))
            ended.set()
            siege.join()
            ratios.append(beside.latency_s / alone.latency_s)
    print(
        f"\nBeside 200 dripping connections and oversized, broken and half-closed requests, honest ones (8 at once, a "
        f"model of {1000 * delay_s:g} ms) take {statistics.median(ratios):.2f} of their own latency (median)."
    )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--delay", type=float, default=0.2)
    parser.add_argument("--hostile", action="store_true", help="only the latency beside hostile sockets")
    parser.add_argument("--processes", metavar="POSTGRESQL", help="only one process and two, with a log there")
    given = parser.parse_args()
    if given.processes:
        compared(given.delay, given.rounds, given.seconds, given.processes)
        return
    if given.hostile:
        besieged(given.delay, given.rounds, given.seconds)
        return
    for delay_s in (0.0, given.delay):
        measured(delay_s, given.rounds, given.seconds)


if __name__ == "__main__":
    main()
