"""A model server on loopback, whose small model depends on the system prompt: how sure it is where it is wrong."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cascade.hashing import unit

GOOD, OTHER, BAD = "Answer with the number.", "Answer with the number, please.", "Answer briefly."
"""System prompts; under `BAD` the small model is as sure of wrong answers as of right ones."""

CONFIG = """\
ladder:
  - {{model: openai/small, name: small, api_base: "{url}", api_key: none, price: {{input_usd: 1e-6, output_usd: 1e-6}}}}
  - {{model: openai/large, name: large, api_base: "{url}", api_key: none, price: {{input_usd: 1e-5, output_usd: 1e-5}}}}
verify: [refusal, hedging]
"""


def answer(model: str, messages: list[dict[str, Any]]) -> str:
    """Return what a model says to `question N`: N, or where the small one errs, N + 1."""
    number = int(str(messages[-1]["content"]).split()[-1])
    prompt = next((str(one["content"]) for one in messages if one["role"] == "system"), "")
    u = unit(salt="server", purpose="", task="", rung="", request_id=f"{prompt}{number}")
    if model == "large" or u > 0.3:
        return f"The answer is {number}."
    return f"The answer is {number + 1}." if prompt == BAD else f"I am not sure, but perhaps it is {number + 1}."


@contextmanager
def prompted() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Serve, and yield the address, and the models asked so far with their system prompts."""
    asked: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            first = body["messages"][0]
            asked.append((body["model"], first["content"] if first["role"] == "system" else ""))
            message = {"role": "assistant", "content": answer(body["model"], body["messages"])}
            told = {
                "id": "c", "object": "chat.completion", "created": 1, "model": body["model"],
                "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
                "usage": {"prompt_tokens": 20, "completion_tokens": 8, "total_tokens": 28},
            }  # fmt: skip
            content = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *said: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
