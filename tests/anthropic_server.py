"""A local server of Anthropic's Message Batches, with live messages of the same answers; it counts what it bills."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

Fault = str
"""What happens to a request: `expired`, `canceled`, `lost` (no line), a kind of error (`overloaded_error`,
`invalid_request_error`), `repeated`, `foreign` (another line beside it), `unreadable` (an answer without content)."""

STATUSES = {"invalid_request_error": 400, "overloaded_error": 529}


class AnthropicServer:
    """The server; a context manager. Results come in the reverse of their order."""

    def __init__(self, answer: Callable[[str, str], str], faults: dict[str, list[Fault]] | None = None) -> None:
        """Take what is answered to a model's prompt, and the faults of prompts in batches, each used up once."""
        self.answer, self.faults = answer, faults or {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.requests: dict[str, list[dict[str, Any]]] = {}
        self.results: dict[str, bytes] = {}
        self.headers: list[dict[str, str]] = []
        self.billed: Counter[tuple[str, str]] = Counter()
        """Answers by model and prompt, of batches and live ones."""
        self.live = 0
        """Live calls."""
        self.ready = True
        """Whether batches end; else they stay in progress."""
        self.lose_reply_of: str | None = None
        """A path whose next POST is done, and its connection closed without a reply."""
        self.cut_results = False
        """Whether the next results break off in the middle."""
        self.results_at: str | None = None
        """Where results are said to be; None: here."""

    def __enter__(self) -> Self:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.headers.append(
                    {":path": self.path} | {name.lower(): value for name, value in self.headers.items()}
                )
                url = urlsplit(self.path)
                if found := re.fullmatch(r"/v1/messages/batches/(.+)/results", url.path):
                    self._send(server.results[found[1]], cut=server.cut_results)
                    server.cut_results = False
                elif url.path == "/v1/messages/batches":
                    self._send(json.dumps(server.page(parse_qs(url.query))).encode())
                else:
                    self._send(json.dumps(server.end(url.path.rsplit("/", 1)[1])).encode())

            def do_POST(self) -> None:
                server.headers.append(
                    {":path": self.path} | {name.lower(): value for name, value in self.headers.items()}
                )
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                if self.path == "/v1/messages/batches":
                    told = server.create(asked)
                else:
                    server.live += 1
                    told = server.message(asked)
                if server.lose_reply_of == self.path:
                    server.lose_reply_of = None
                    self.close_connection = True
                    return
                self._send(json.dumps(told).encode())

            def _send(self, body: bytes, *, cut: bool = False) -> None:
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if cut else body)
                self.close_connection = cut

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def create(self, asked: dict[str, Any]) -> dict[str, Any]:
        identity = f"msgbatch_{len(self.batches) + 1}"
        now = datetime.now(UTC)
        for request in asked["requests"]:
            assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", request["custom_id"])
            assert request["params"]["max_tokens"] > 0
            assert "stream" not in request["params"]
        self.requests[identity] = asked["requests"]
        counts = dict.fromkeys(("canceled", "errored", "expired", "succeeded"), 0)
        self.batches[identity] = {
            "id": identity, "type": "message_batch", "processing_status": "in_progress", "created_at": now.isoformat(),
            "expires_at": (now + timedelta(days=1)).isoformat(), "ended_at": None, "results_url": None,
            "request_counts": {**counts, "processing": len(asked["requests"])},
        }  # fmt: skip
        return self.batches[identity]

    def page(self, query: dict[str, list[str]]) -> dict[str, Any]:
        data = list(self.batches.values())[::-1]
        if "after_id" in query:
            data = data[[one["id"] for one in data].index(query["after_id"][0]) + 1 :]
        first = data[:2]  # pages are small, so that turning them is tested
        return {
            "data": first, "has_more": len(data) > len(first), "first_id": first[0]["id"] if first else None,
            "last_id": first[-1]["id"] if first else None,
        }  # fmt: skip

    def end(self, identity: str) -> dict[str, Any]:
        batch = self.batches[identity]
        if not self.ready or batch["processing_status"] == "ended":
            return batch
        lines, counts = [], Counter[str]()
        for asked in reversed(self.requests[identity]):
            prompt = prompt_of(asked["params"])
            fault = self.faults[prompt].pop(0) if self.faults.get(prompt) else None
            if fault in ("expired", "canceled"):
                result: dict[str, Any] = {"type": fault}
            elif fault is not None and fault.endswith("_error"):
                error = {"type": fault, "message": "Something is wrong."}
                result = {"type": "errored", "error": {"type": "error", "error": error, "request_id": None}}
            else:
                message = self.message(asked["params"])
                result = {"type": "succeeded", "message": {} if fault == "unreadable" else message}
            counts[result["type"]] += 1
            line = {"custom_id": asked["custom_id"], "result": result}
            lines += [] if fault == "lost" else [line] * (2 if fault == "repeated" else 1)
            lines += [{**line, "custom_id": "another"}] if fault == "foreign" else []
        self.results[identity] = "".join(json.dumps(line) + "\n" for line in lines).encode()
        url = self.results_at or f"{self.url}/v1/messages/batches/{identity}/results"
        batch |= {"processing_status": "ended", "results_url": url, "ended_at": batch["created_at"]}
        batch["request_counts"] |= {**counts, "processing": 0}
        return batch

    def message(self, asked: dict[str, Any]) -> dict[str, Any]:
        prompt = prompt_of(asked)
        self.billed[asked["model"], prompt] += 1
        text = self.answer(asked["model"], prompt)
        forced = (asked.get("tool_choice") or {}).get("name")
        block = {"type": "text", "text": text}
        if forced:
            block = {"type": "tool_use", "id": "toolu_1", "name": forced, "input": json.loads(text)}
        return {
            "id": f"msg_{sum(self.billed.values()):024x}", "type": "message", "role": "assistant",
            "model": asked["model"], "content": [block], "stop_reason": "tool_use" if forced else "end_turn",
            "stop_sequence": None, "usage": {"input_tokens": 100, "output_tokens": 10},
        }  # fmt: skip


def prompt_of(asked: dict[str, Any]) -> str:
    """Return the text of the last message."""
    content = asked["messages"][-1]["content"]
    return content if isinstance(content, str) else content[0]["text"]
