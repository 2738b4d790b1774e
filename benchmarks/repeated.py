"""Repeated requests at several processes: how often a model is asked, and paid, for a request that its client repeats.

    python -m benchmarks.repeated --postgresql postgresql://postgres@127.0.0.1/postgres

OpenAI's unmodified library asks `cascade serve --workers N`, 16 requests at once; what fails it repeats on a connection
of its own, which any process may take. Every first try fails (its client gives up before the answer is there, or the
answer is lost on its way), or a process is killed every few seconds. The model server counts how often it was asked for
each request, which the log has to tell, too. With and without `guards.shared`, a Redis server of the benchmark's own or
that PostgreSQL. Linux.
"""

from __future__ import annotations

import argparse
import itertools
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, TypeAlias, get_args

import httpx

from benchmarks.served import children, gateway, ladder, redis, schema

Fault: TypeAlias = Literal["client gives up", "answer lost", "process killed"]
AT_ONCE = 16
TAKES_S = 0.6
"""What the model takes for an answer."""

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

        def handle_error(self, *_: object) -> None: ...  # a killed process's connection

    server = Waiting(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1", asked
    server.shutdown()


class Failing(httpx.BaseTransport):
    """A transport on connections of their own, whose first try fails as told."""

    def __init__(self, fault: Fault) -> None:
        """Take how it fails."""
        self._fault: Fault = fault

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        fault, self._fault = self._fault, "process killed"  # which is not this one's to do
        if fault == "client gives up":
            request.extensions["timeout"] = {"connect": 5.0, "read": TAKES_S / 2, "write": 5.0, "pool": 5.0}
        with httpx.HTTPTransport() as transport:
            answer = transport.handle_request(request)
            content = answer.read()
        if fault == "answer lost":
            raise httpx.ReadError("the answer was lost", request=request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=content, request=request)


def ask(url: str, number: int, fault: Fault) -> tuple[str, str]:
    """Ask, and return the decision's id (of an error: its class), and whether it is a replay."""
    from openai import OpenAI, OpenAIError

    with (
        httpx.Client(transport=Failing(fault)) as http,
        OpenAI(api_key="none", base_url=f"{url}/v1", http_client=http) as client,
    ):
        messages: Any = [{"role": "user", "content": f"Norway's capital? ({number})"}]
        try:
            told = client.chat.completions.with_raw_response.create(model="cascade/default", messages=messages)
        except OpenAIError as error:
            return type(error).__name__, "0"
        return told.headers["x-request-id"], told.headers.get("x-cascade-replayed", "0")


def kill(parent: int, every_s: float, ended: threading.Event) -> None:
    """Kill one of its processes every so many seconds."""
    for number in itertools.count():
        if ended.wait(every_s):
            return
        held = children(parent)
        with suppress(ProcessLookupError, ZeroDivisionError):
            os.kill(held[number % len(held)], signal.SIGKILL)


def measured(
    workers: int, server: str, requests: int, *, redis_port: int | None, share: bool, fault: Fault, every_s: float
) -> None:
    """Print a row."""
    with model_server() as (url, asked), schema(server) as (log, database):
        where = log if redis_port is None else f"redis://127.0.0.1:{redis_port}/0"
        guards = f'guards: {{shared: "{where}"}}\n' if share else ""
        config = f'{ladder(url)}verify: [refusal]\nlog: {{path: "{log}", on_outage: refuse}}\n{guards}'
        with gateway(config, workers=workers) as (port, pid):
            ended = threading.Event()
            if fault == "process killed":
                threading.Thread(target=kill, args=(pid, every_s, ended), daemon=True).start()
            with ThreadPoolExecutor(AT_ONCE) as pool:
                told = [*pool.map(lambda one: ask(f"http://127.0.0.1:{port}", one, fault), range(requests))]
            ended.set()
        errors = Counter(one for one, _ in told if one[:1].isupper())
        answers = {one for one, _ in told} - errors.keys()
        logged = {row[0] for row in database.execute("SELECT decision_id FROM decisions").fetchall()}
        calls = database.execute("SELECT count(*) FROM calls").fetchone() or (0,)
        store = ("PostgreSQL" if redis_port is None else "Redis") if share else "none"
        cells = [
            fault, workers, store, requests, f"{len(told) - errors.total()}", sum(int(one) for _, one in told),
            sum(n > 1 for n in asked.values()), f"{asked.total()} / {calls[0]}", len(answers - logged),
            ", ".join(f"{n} {name}" for name, n in errors.items()) or 0,
        ]  # fmt: skip
        print("|", " | ".join(map(str, cells)), "|", flush=True)


def main(given: Sequence[str] | None = None) -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgresql", required=True)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--workers", type=int, nargs="*", default=(2, 4))
    parser.add_argument("--faults", nargs="*", choices=get_args(Fault), default=get_args(Fault))
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two kills")
    options = parser.parse_args(given)
    print(
        "| fault | processes | store | requests | answered | from memory | asked more than once | calls made / logged "
        "| answers without a decision in the log | client errors |"
    )
    print("|---|---:|---|---:|---:|---:|---:|---:|---:|---|")
    for workers in options.workers:
        with redis() as port:
            time.sleep(0.5)
            for fault in options.faults:
                for redis_port, share in ((port, True), (None, True), (None, False)):
                    measured(
                        workers, options.postgresql, options.requests, redis_port=redis_port, share=share,
                        fault=fault, every_s=options.every,
                    )  # fmt: skip


if __name__ == "__main__":
    main()
