"""Time to the first piece of a stream through `cascade serve`, as it comes and verified first, against direct.

    python -m benchmarks.live_stream [--rounds 40]

A model server sends an answer of 40 pieces, one every 25 ms, as a stream, or whole after the same second. Each round
asks it directly, through a server with `on_stream: top_live`, and through one with the default, so that what else
runs on the machine meets all three; figures are medians over rounds, ratios those of one round.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection

from benchmarks.served import gateway, ladder

PIECES, EVERY_S = 40, 0.025


def _event(value: object) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            body = json.loads(await reader.readexactly(length))
            usage = {"prompt_tokens": 15, "completion_tokens": PIECES, "total_tokens": 15 + PIECES}
            if not body.get("stream"):
                await asyncio.sleep(PIECES * EVERY_S)
                message = {"role": "assistant", "content": "word " * PIECES}
                choice = {"index": 0, "message": message, "finish_reason": "stop"}
                content = json.dumps({"choices": [choice], "usage": usage}).encode()
                about = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
                writer.write(about.encode() + content)
                continue
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
            for _ in range(PIECES):
                await asyncio.sleep(EVERY_S)
                choice = {"index": 0, "delta": {"content": "word "}, "finish_reason": None}
                _chunk(writer, _event({"choices": [choice]}))
            _chunk(writer, _event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}))
            _chunk(writer, _event({"choices": [], "usage": usage}) + b"data: [DONE]\n\n")
            writer.write(b"0\r\n\r\n")


def _chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(b"%x\r\n" % len(data) + data + b"\r\n")


@contextmanager
def model_server() -> Iterator[int]:
    """Run the model server on a thread; yield its port."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(_serve, "127.0.0.1", 0), loop).result()
    yield int(server.sockets[0].getsockname()[1])
    loop.call_soon_threadsafe(loop.stop)


def config(url: str, on_stream: str) -> str:
    """Return a configuration in which each request starts at the top."""
    guards = f"guards: {{on_uncalibrated: top, on_stream: {on_stream}}}"
    return f"{ladder(url, top_usd=1e-5)}verify: [refusal, schema, hedging]\nlog: decisions.db\n{guards}\n"


def asked(connection: HTTPConnection, model: str, text: str) -> tuple[float, float]:
    """Ask for a stream; return the seconds to its first word, and to its end."""
    body = json.dumps({"model": model, "stream": True, "messages": [{"role": "user", "content": text}]})
    began = time.monotonic()
    connection.request("POST", "/v1/chat/completions", body, {"content-type": "application/json"})
    response = connection.getresponse()
    first = 0.0
    while line := response.readline():
        if not first and b"word" in line:
            first = time.monotonic() - began
    return first, time.monotonic() - began


def main(rounds: int) -> None:
    """Print the table."""
    with model_server() as direct:
        url = f"http://127.0.0.1:{direct}/v1"
        with gateway(config(url, "top_live")) as (live, _), gateway(config(url, "verified")) as (verified, _):
            to = [HTTPConnection("127.0.0.1", port) for port in (direct, live, verified)]
            found: list[list[tuple[float, float]]] = [[], [], []]
            for number in range(-2, rounds):  # the first two warm up
                for connection, times in zip(to, found, strict=True):
                    model = "m" if connection is to[0] else "cascade/default"
                    times.append(asked(connection, model, f"How many words? ({number})"))
    print("| | first piece, × direct | end, × direct |\n|---|---:|---:|")
    for name, times in zip(("`top_live`", "`verified` (the default)"), found[1:], strict=True):
        pairs = [*zip(times, found[0], strict=True)][2:]
        first, end = (statistics.median(one[at] / other[at] for one, other in pairs) for at in (0, 1))
        print(f"| {name} | {first:.2f} | {end:.2f} |")
    share = statistics.median(one[0] / one[1] for one in found[1][2:])
    print(f"\nWith `top_live` the first piece comes after {100 * share:.1f} % of the time to the end.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=40)
    main(parser.parse_args().rounds)
