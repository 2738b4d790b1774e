"""A loopback server that answers as OpenAI and Anthropic do, by the clients' side of our dialects."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cascade.dialects.inbound.server_sent_events import dumps, encode
from cascade.drop_in.route import ROUTES
from cascade.exchange import Request, Response
from tests.cascade.dialects.inbound.recorded_clients import response_of, result_of


def answer(request: Request) -> Response:
    """Return what the model says: the first tool's call, JSON for a schema, a sentence."""
    last = request.messages[-1]
    results = last.get("role") == "tool" or "tool_result" in str(last.get("content"))
    if request.params.get("tools") and not results:
        name = request.params["tools"][0]["function"]["name"]
        call = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": '{"city": "Oslo"}'}}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        return response_of("", tool_calls=(call,), message=message, finish_reason="tool_calls")
    if results:
        return response_of("It rains in Oslo: take an umbrella.")
    return response_of('{"item": "lamp", "qty": 2}' if request.schema else "Oslo.")


@contextmanager
def loopback(delay_s: Callable[[], float] = lambda: 0.0) -> Iterator[tuple[str, list[str]]]:
    """Serve, and yield the address and the models that were asked so far; what an answer takes is asked each time."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one segment: else the client may acknowledge the first one late

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            asked.append(body["model"])
            time.sleep(delay_s())
            routes = {end: route for library in ROUTES.values() for end, route in library.items()}
            route = next(route for end, route in routes.items() if self.path.partition("?")[0].endswith(end))
            inbound = route.dialect.read(body)
            result = result_of(answer(inbound.request))
            if inbound.stream:
                content = b"".join(encode(route.dialect.chunks(result, inbound), named=route.named))
            else:
                told: dict[str, Any] = route.dialect.write(result, inbound)
                content = dumps({name: value for name, value in told.items() if name != "cascade"}).encode()
            self.send_response(200)
            self.send_header("content-type", "text/event-stream" if inbound.stream else "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *said: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
