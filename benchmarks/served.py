"""What benchmarks of `cascade serve` run: the server itself, a model server, a Redis server, a schema of PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from urllib.request import urlopen

TEXT = "Paris is the capital of France, and has been for most of the time since 987."


def ladder(url: str, *, top_usd: float = 1e-6) -> str:
    """Return two rungs of a configuration, asked at an address; `top_usd`: the price of the top's tokens."""
    rung = (
        '  - {{model: openai/{name}, api_base: "{url}", api_key: none, price: {{input_usd: {usd}, output_usd: {usd}}}}}'
    )
    rows = (rung.format(name=name, url=url, usd=usd) for name, usd in (("small", 1e-6), ("top", top_usd)))
    return "\n".join(("ladder:", *rows, ""))


@contextmanager
def gateway(config: str, *, workers: int = 1) -> Iterator[tuple[int, int]]:
    """Run `cascade serve` on a configuration, and yield its port and process id once it serves."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "cascade.yaml").write_text(config)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = int(free.getsockname()[1])
        command = [sys.executable, "-m", "cascade", "serve", "--port", str(port), "--workers", str(workers)]
        with subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL) as process:
            while process.poll() is None:
                with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/readyz"):
                    break
                time.sleep(0.1)
            try:
                yield port, process.pid
            finally:
                process.terminate()


def model_server(port: Any, delay_s: float, answers: Any = None) -> None:
    """Answer every request after a while, and count the answers."""
    usage = {"prompt_tokens": 15, "completion_tokens": 18, "total_tokens": 33}
    head = {"id": "c1", "created": 1, "model": "m"}
    one = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": TEXT}}
    body = json.dumps({**head, "object": "chat.completion", "choices": [one], "usage": usage})
    whole = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode()

    class Server(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport, self.data = transport, b""

        def data_received(self, data: bytes) -> None:
            self.data += data
            while (end := self.data.find(b"\r\n\r\n")) >= 0:
                length = int(self.data[:end].lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                if len(self.data) < end + 4 + length:
                    return
                self.data = self.data[end + 4 + length :]
                if delay_s:
                    asyncio.get_running_loop().call_later(delay_s, self.answer)
                else:
                    self.answer()

        def answer(self) -> None:
            if answers is not None:
                answers.value += 1
            self.transport.write(whole)  # type: ignore[attr-defined]

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
        port.send(server.sockets[0].getsockname()[1])
        await asyncio.Event().wait()

    asyncio.run(main())


@contextmanager
def modelled(delay_s: float, answers: Any = None) -> Iterator[str]:
    """Run `model_server` in a process of its own, and yield its address."""
    context = get_context("spawn")
    told, port = context.Pipe(duplex=False)
    model = context.Process(target=model_server, args=(port, delay_s, answers), daemon=True)
    model.start()
    yield f"http://127.0.0.1:{told.recv()}/v1"
    model.terminate()


@contextmanager
def redis() -> Iterator[int]:
    """Run a Redis server, and yield its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    options = ("--port", str(port), "--bind", "127.0.0.1", "--save", "")
    with subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL) as server:
        try:
            yield port
        finally:
            server.terminate()


@contextmanager
def schema(server: str) -> Iterator[tuple[str, Any]]:
    """Make a schema on a PostgreSQL server; yield the address of a log in it, and a connection that sees it."""
    import psycopg

    name = f"benchmark_{os.urandom(4).hex()}"
    with psycopg.connect(server, autocommit=True, options=f"-c search_path={name}") as database:
        database.execute(f"CREATE SCHEMA {name}")
        yield f"{server}?options=-csearch_path%3D{name}", database
        database.execute(f"DROP SCHEMA {name} CASCADE")


def cpu_s(pid: int) -> float:
    """Return the CPU seconds that a process and its children have taken, all threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(map(cpu_s, children(pid)))


def children(of: int) -> list[int]:
    """Return the processes that a process has started."""
    return [int(pid) for pid in Path(f"/proc/{of}/task/{of}/children").read_text().split()]
