"""L14: 200 sockets that send their request byte by byte, and 50 honest requests a second beside them."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cascade.log import open_log
from tests.cascade.log.decisions import decided

PROGRAM = Path(__file__).with_name("l14_program.py")
SOCKETS, HEADER_S = 200, 2.0


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    path = tmp_path / "decisions.db"
    with open_log(path) as log:
        for number in range(50):
            log.write(*decided(f"r-{number}", "0.9"))
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, str(PROGRAM), str(path), str(port), str(HEADER_S)]
    with subprocess.Popen(command) as process:
        asyncio.run(until_there(port, process))
        yield port, process
        process.terminate()


async def until_there(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            await asked(port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            return
    pytest.fail("the server ended")


async def asked(port: int, path: str = "/report.json?period=all") -> tuple[int, float]:
    """Ask honestly, on a connection of its own; return status and seconds."""
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
    try:
        answer = await reader.read()
    finally:
        writer.close()
    return int(answer.split(b" ", 2)[1]), time.perf_counter() - began


async def slow(port: int, ended: asyncio.Event, dropped: list[float]) -> None:
    """Send one byte every half second, for ever; begin anew where one is dropped."""
    while not ended.is_set():
        began = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            for byte in b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"a" * 10_000:
                if ended.is_set() or reader.at_eof():
                    break
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.5)
        except OSError:
            pass  # the server broke the connection off, as it should
        finally:
            writer.close()
        if not ended.is_set():
            dropped.append(time.perf_counter() - began)


async def dropped(port: int) -> None:
    """Send one byte after another of a request that never ends, until the server drops it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        while not reader.at_eof():
            writer.write(b"a")
            await writer.drain()
            await asyncio.sleep(0.1)
    except OSError:
        pass  # the server broke the connection off, as it should
    finally:
        writer.close()


async def honest(port: int, seconds: float, rate: float = 50.0) -> list[tuple[int, float]]:
    """Ask so often for so long, whether or not earlier ones have their answer."""
    asks = []
    for _ in range(int(seconds * rate)):
        asks.append(asyncio.create_task(asked(port)))
        await asyncio.sleep(1.0 / rate)
    return await asyncio.gather(*asks)


async def attacked(port: int, seconds: float) -> tuple[list[tuple[int, float]], list[tuple[int, float]], list[float]]:
    alone = await honest(port, seconds)
    ended, dropped = asyncio.Event(), []
    attackers = [asyncio.create_task(slow(port, ended, dropped)) for _ in range(SOCKETS)]
    await asyncio.sleep(1.0)
    beside = await honest(port, seconds)
    ended.set()
    await asyncio.gather(*attackers)
    return alone, beside, dropped


def memory_mb(process: subprocess.Popen[bytes]) -> float:
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def test_slow_requests_are_dropped_and_honest_ones_answered(served: tuple[int, subprocess.Popen[bytes]]) -> None:
    async def beside() -> list[int]:
        attackers = [asyncio.create_task(dropped(served[0])) for _ in range(20)]
        statuses = [(await asked(served[0]))[0] for _ in range(3)]
        await asyncio.gather(*attackers)
        return statuses

    assert asyncio.run(beside()) == [200, 200, 200]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_honest_requests_are_answered_beside_two_hundred_slow_ones(served: tuple[int, subprocess.Popen[bytes]]) -> None:
    (port, process), seconds = served, 120
    before = memory_mb(process)
    alone, beside, dropped = asyncio.run(attacked(port, seconds))
    p99 = [float(np.quantile([took for _, took in each], 0.99)) for each in (alone, beside)]
    after = memory_mb(process)
    print(
        f"L14: {len(beside)} honest requests beside {SOCKETS} slow sockets, p99 {1000 * p99[1]:.1f} ms against "
        f"{1000 * p99[0]:.1f} ms alone ({p99[1] / p99[0]:.2f} times); {len(dropped)} slow ones dropped, after "
        f"{np.median(dropped):.1f} s in the median; memory {before:.0f} to {after:.0f} MB"
    )
    assert [status for status, _ in (*alone, *beside) if status != 200] == []
    assert len(dropped) >= SOCKETS
    assert after < before + 30
