"""Repeated requests at several processes: how often a model is asked, and paid, for a request that its client repeats.

    python -m benchmarks.repeated --postgresql postgresql://postgres@127.0.0.1/postgres [--requests 200]

OpenAI's unmodified library asks `cascade serve --workers N`, 16 requests at once. Every first try fails: its client
gives up before the answer is there, or the answer is lost on its way; the library repeats it on a connection of its
own, which any process may take. The model server counts how often it was asked for each request. With and without
`guards.shared`, a Redis server of the benchmark's own or that PostgreSQL. Linux.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import httpx

from benchmarks.shared_budget import redis

AT_ONCE = 16
TAKES_S = 0.6
"""What the model takes for an answer."""

CONFIG = """\
ladder:
  - {{model: openai/small, api_base: "{url}", api_key: none, price: {{input_usd: 1e-6, output_usd: 1e-6}}}}
  - {{model: openai/top, api_base: "{url}", api_key: none, price: {{input_usd: 1e-6, output_usd: 1e-6}}}}
verify: [refusal]
log: "{log}"
{guards}
"""
ANSWER = (
    b'{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":"stop",'
    b'"message":{"role":"assistant","content":"Oslo."}}],"usage":{"prompt_tokens":9,"completion_tokens":2,'
    b'"total_tokens":11}}'
)


@contextmanager
def model_server() -> Iterator[tuple[str, Counter[bytes]]]:
    """Answer every request after a while; yield the address, and how often each body was asked."""
    asked: Counter[bytes] = Counter()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            asked[body] += 1
            time.sleep(TAKES_S)
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(ANSWER)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(ANSWER)

        def log_message(self, *_: object) -> None: ...

    class Waiting(ThreadingHTTPServer):
        request_queue_size = 256
        daemon_threads = True

    server = Waiting(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1", asked
    server.shutdown()


class Failing(httpx.BaseTransport):
    """A transport whose first try fails: it gives up after half of the model's time, or loses the answer."""

    def __init__(self, *, lost: bool) -> None:
        """Take how it fails."""
        self._lost, self._tried = lost, False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, on a connection of its own."""
        fails, self._tried = not self._tried, True
        if fails and not self._lost:
            request.extensions["timeout"] = {"connect": 5.0, "read": TAKES_S / 2, "write": 5.0, "pool": 5.0}
        with httpx.HTTPTransport() as transport:
            answer = transport.handle_request(request)
            content = answer.read()
        if fails and self._lost:
            raise httpx.ReadError("the answer was lost", request=request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=content, request=request)


def asked_once(url: str, number: int, *, lost: bool) -> str:
    """Ask, and return whether the answer is a replay."""
    from openai import OpenAI

    with (
        httpx.Client(transport=Failing(lost=lost)) as http,
        OpenAI(api_key="none", base_url=f"{url}/v1", max_retries=2, http_client=http) as client,
    ):
        told = client.chat.completions.with_raw_response.create(
            model="cascade/default", messages=[{"role": "user", "content": f"Norway's capital? ({number})"}]
        )
        return told.headers.get("x-cascade-replayed", "0")


def measured(workers: int, server: str, requests: int, *, redis_port: int | None, share: bool, lost: bool) -> None:
    """Print a row."""
    import psycopg

    schema = f"repeated_{os.urandom(4).hex()}"
    with (
        model_server() as (url, asked), tempfile.TemporaryDirectory() as folder,
        psycopg.connect(server, autocommit=True) as database,
    ):  # fmt: skip
        database.execute(f"CREATE SCHEMA {schema}")
        log = f"{server}?options=-csearch_path%3D{schema}"
        where = log if redis_port is None else f"redis://127.0.0.1:{redis_port}/0"
        guards = f'guards: {{shared: "{where}"}}' if share else ""
        text = CONFIG.format(url=url, log=log, guards=guards)
        (Path(folder) / "cascade.yaml").write_text(text)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = int(free.getsockname()[1])
        command: list[Any] = [sys.executable, "-m", "cascade", "serve", "--port", port, "--workers", workers]
        with subprocess.Popen([*map(str, command)], cwd=folder, stderr=subprocess.DEVNULL) as process:
            base = f"http://127.0.0.1:{port}"
            while True:
                with suppress(OSError), urlopen(f"{base}/readyz"):  # noqa: S310 - our own address
                    break
                time.sleep(0.1)
            asked.clear()
            with ThreadPoolExecutor(AT_ONCE) as pool:
                replays = sum(map(int, pool.map(lambda one: asked_once(base, one, lost=lost), range(requests))))
            process.terminate()
        twice = sum(n > 1 for n in asked.values())
        store = ("PostgreSQL" if redis_port is None else "Redis") if share else "none"
        fault = "answer lost" if lost else "client gives up"
        print(
            f"| {fault} | {workers} | {store} | {len(asked)} | {replays} | {twice} |",
            flush=True,
        )
        database.execute(f"DROP SCHEMA {schema} CASCADE")


def main(given: Sequence[str] | None = None) -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgresql", required=True)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--workers", type=int, nargs="*", default=(2, 4))
    options = parser.parse_args(given)
    print("| first try | processes | store | requests | answered from memory | paid twice |")
    print("|---|---:|---|---:|---:|---:|")
    for workers in options.workers:
        with redis() as port:
            time.sleep(0.5)
            for redis_port in (port, None):
                for lost in (False, True):
                    for share in (True, False) if redis_port else (True,):
                        measured(
                            workers, options.postgresql, options.requests, redis_port=redis_port, share=share, lost=lost
                        )


if __name__ == "__main__":
    main()
