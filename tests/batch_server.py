"""A local server of OpenAI's files and batches, with live completions of the same answers; it counts what it bills."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

Fault = str
"""What happens to a line: `expired`, `lost` (no line), a status (`500`, `400`), `repeated`, `foreign` (another line
beside it), `unreadable` (an answer without a message, which is billed)."""


class BatchServer:
    """The server; a context manager. Output lines come in the reverse of their order."""

    def __init__(self, answer: Callable[[str, str], str], faults: dict[str, list[Fault]] | None = None) -> None:
        """Take what is answered to a model's prompt, and the faults of prompts, each used up once."""
        self.answer, self.faults = answer, faults or {}
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.billed: Counter[tuple[str, str]] = Counter()
        """Answers by model and prompt, of batches and live ones."""
        self.live = 0
        """Live calls."""
        self.ready = True
        """Whether batches end; else they stay in progress."""
        self.hits: list[str] = []
        self.lose_reply_of: str | None = None
        """A path whose next POST is done, and its connection closed without a reply."""

    def __enter__(self) -> Self:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.hits.append(f"GET {self.path}")
                path = urlsplit(self.path).path
                if found := re.fullmatch(r"/v1/files/(.+)/content", path):
                    self._send(server.files[found[1]])
                elif path == "/v1/batches":
                    data = list(server.batches.values())[::-1]
                    self._send(json.dumps({"data": data, "has_more": False}).encode())
                else:
                    self._send(json.dumps(server.end(path.rsplit("/", 1)[1])).encode())

            def do_POST(self) -> None:
                server.hits.append(f"POST {self.path}")
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.path == "/v1/files":
                    told = server.upload(body, self.headers["content-type"])
                elif self.path == "/v1/batches":
                    told = server.create(json.loads(body))
                else:
                    server.live += 1
                    told = server.completion(json.loads(body))
                if server.lose_reply_of == self.path:
                    server.lose_reply_of = None
                    self.close_connection = True
                    return
                self._send(json.dumps(told).encode())

            def _send(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def upload(self, body: bytes, content_type: str) -> dict[str, Any]:
        boundary = content_type.split("boundary=")[1].encode()
        part = next(part for part in body.split(b"--" + boundary) if b"filename=" in part)
        identity = f"file-{len(self.files) + 1}"
        self.files[identity] = part.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n")
        return {"id": identity, "purpose": "batch"}

    def create(self, asked: dict[str, Any]) -> dict[str, Any]:
        identity = f"batch-{len(self.batches) + 1}"
        self.batches[identity] = {"id": identity, "status": "in_progress", **asked}
        return self.batches[identity]

    def end(self, identity: str) -> dict[str, Any]:
        batch = self.batches[identity]
        if not self.ready or batch["status"] != "in_progress":
            return batch
        answers, errors = [], []
        for line in reversed(self.files[batch["input_file_id"]].splitlines()):
            asked = json.loads(line)
            prompt = asked["body"]["messages"][-1]["content"]
            fault = (self.faults.get(prompt) or [None]).pop(0) if self.faults.get(prompt) else None
            told = {"id": "r", "custom_id": asked["custom_id"], "response": None, "error": None}
            if fault == "expired":
                errors.append({**told, "error": {"code": "batch_expired", "message": "It expired."}})
            elif (fault or "").isdigit():
                said = {"error": {"message": "Something is wrong.", "type": "invalid_request_error"}}
                errors.append({**told, "response": {"status_code": int(fault), "body": said}})
            elif fault != "lost":
                body = self.completion(asked["body"])
                body = {} if fault == "unreadable" else body
                answers.append({**told, "response": {"status_code": 200, "body": body}})
                if fault == "repeated":
                    answers.append(answers[-1])
                if fault == "foreign":
                    answers.insert(0, {**answers[-1], "custom_id": "another"})
        for name, lines in (("output_file_id", answers), ("error_file_id", errors)):
            if lines:
                self.files[f"{name}-{identity}"] = "".join(json.dumps(line) + "\n" for line in lines).encode()
                batch[name] = f"{name}-{identity}"
        batch["status"] = "completed"
        return batch

    def completion(self, body: dict[str, Any]) -> dict[str, Any]:
        prompt = body["messages"][-1]["content"]
        self.billed[body["model"], prompt] += 1
        choice = {"index": 0, "message": {"role": "assistant", "content": self.answer(body["model"], prompt)}}
        return {
            "id": f"chatcmpl-{sum(self.billed.values()):024x}",
            "model": body["model"],
            "choices": [{**choice, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
        }
