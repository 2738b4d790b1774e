"""Try unmodified client libraries against `cascade serve`: chat, stream, tools, structured output, errors, a retry.

python tools/try_served.py [NAME…]

Each of `CLIENTS` runs in an environment of its own, .venv-road-NAME, made once; remove it to take newer releases. The
models are a double on loopback, which counts what it is asked. For the retry the client asks by a proxy that drops its
first request once the server has it: what matters is an answer, and how often the model was asked for it. Prints a
table; ends with 1 where a program is red.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Self

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.road.gateway import gateway  # noqa: E402 - of this checkout
from tests.road.loopback import loopback  # noqa: E402

ENVIRONMENTS: Mapping[str, Sequence[str]] = {
    "openai-2": ("openai>=2,<3",),
    "openai-3": ("openai>=3", "anthropic>=2"),
    "langchain": ("langchain-openai", "langchain-anthropic"),
    "pydantic-ai": ("pydantic-ai-slim[openai,anthropic]",),
    "instructor": ("instructor",),
    "agents": ("openai-agents",),
    "llamaindex": ("llama-index-llms-openai-like",),
    "litellm": ("litellm",),
    "dspy": ("dspy",),
    "node": (
        *("openai", "@anthropic-ai/sdk", "@langchain/openai", "ai", "@ai-sdk/openai", "@ai-sdk/openai-compatible"),
        *("@ai-sdk/anthropic", "zod"),
    ),
}
CLIENTS: Mapping[str, tuple[str, str, str]] = {
    "openai 2, chat": ("openai-2", "openai_chat", "openai"),
    "openai 2, responses": ("openai-2", "openai_responses", "openai"),
    "openai 3, chat": ("openai-3", "openai_chat", "openai"),
    "openai 3, responses": ("openai-3", "openai_responses", "openai"),
    "anthropic": ("openai-3", "anthropic_messages", "anthropic"),
    "LangChain, ChatOpenAI": ("langchain", "langchain_openai_", "langchain-openai"),
    "LangChain, ChatAnthropic": ("langchain", "langchain_anthropic_", "langchain-anthropic"),
    "pydantic-ai, chat": ("pydantic-ai", "pydantic_ai_chat", "pydantic-ai-slim"),
    "pydantic-ai, responses": ("pydantic-ai", "pydantic_ai_responses", "pydantic-ai-slim"),
    "instructor": ("instructor", "instructor_", "instructor"),
    "OpenAI Agents, chat": ("agents", "agents_chat", "openai-agents"),
    "OpenAI Agents, responses": ("agents", "agents_responses", "openai-agents"),
    "LlamaIndex, OpenAILike": ("llamaindex", "llamaindex", "llama-index-llms-openai-like"),
    "LiteLLM": ("litellm", "litellm_", "litellm"),
    "DSPy": ("dspy", "dspy_", "dspy"),
    "openai, Node": ("node", "openai_node.mjs", "openai"),
    "anthropic, Node": ("node", "anthropic_node.mjs", "@anthropic-ai/sdk"),
    "LangChain, JS": ("node", "langchain_js.mjs", "@langchain/openai"),
    "Vercel AI SDK": ("node", "ai_sdk.mjs", "ai"),
}
"""By what the table calls it: environment, file in tests/road/served, the library whose version is shown."""

PROGRAMS = ("chat", "stream", "tools", "structured", "errors", "retry")


def main(names: list[str]) -> int:
    """Try each client; none named: all of them."""
    red, slow = 0, [0.0]
    with (
        tempfile.TemporaryDirectory() as folder,
        loopback(lambda: slow[0]) as (provider, asked),
        gateway(Path(folder), provider) as base,
        Flaky(base) as flaky,
    ):
        print(f"| client | version | {' | '.join(PROGRAMS)} | model asked at the retry |")
        print("|---" * (len(PROGRAMS) + 3) + "|")
        for name in names or CLIENTS:
            environment, file, library = CLIENTS[name]
            python = made(environment)
            ended, paid = tried(python, file, base, flaky, asked, slow)
            red += sum(one["ended"] == "red" for one in ended.values())
            cells = [shown(program, ended[program]) for program in PROGRAMS]
            print(f"| {name} | {version(python, library)} | {' | '.join(cells)} | {paid} |", flush=True)
    return 1 if red else 0


def shown(program: str, ended: Mapping[str, Any]) -> str:
    """Return a cell of the table."""
    if ended["ended"] == "green":
        return f"`{ended['said']}`" if program == "errors" else "green"
    return "–" if ended["ended"] == "none" else f"red: {ended['said']}"


def tried(
    python: Path, file: str, base: str, flaky: Flaky, asked: list[str], slow: list[float]
) -> tuple[dict[str, Any], int]:
    """Run a client's programs; return how each ended, and how often the model was asked at the retry."""
    folder = ROOT / "tests" / "road" / "served"
    is_node = file.endswith(".mjs")
    command = [str(python), str(folder / ("run.mjs" if is_node else "run.py")), file, base, flaky.url]
    where = python.parent if is_node else folder
    ended: dict[str, Any] = {}
    paid = 0
    with subprocess.Popen(
        ["node", *command[1:]] if is_node else command,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=sys.stderr, text=True, cwd=where,
    ) as process:  # fmt: skip
        if process.stdin is None or process.stdout is None:
            raise SystemExit("the client's process has no pipes")
        for program in PROGRAMS:
            before = len(asked)
            flaky.drops, slow[0] = (1, 3 * DROP_S) if program == "retry" else (0, 0.0)
            process.stdin.write(f"{program}\n")
            process.stdin.flush()
            ended[program] = answered(process.stdout)
            paid = len(asked) - before
        process.stdin.close()
    return ended, paid


def answered(lines: IO[str]) -> dict[str, Any]:
    """Return what the client's process says of a program."""
    for line in lines:
        if line.startswith("ROAD "):
            found: dict[str, Any] = json.loads(line.removeprefix("ROAD "))
            return found
    return {"ended": "red", "said": "the process ended"}


DROP_S = 0.3
"""Seconds after which a dropped request's connection ends; the model takes three times as long."""


class Flaky:
    """A proxy that drops connections once their request has gone on; a context manager."""

    def __init__(self, base: str) -> None:
        """Take the server's address."""
        self._target = ("127.0.0.1", int(base.rpartition(":")[2]))
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        """Its address."""
        self.drops = 0
        """Connections that it still drops."""

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                opened = self._listening.accept()[0]
                threading.Thread(target=self._carry, args=(opened,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._target) as server:
            threading.Thread(target=_copied, args=(server, client), daemon=True).start()
            seen = b""
            with suppress(OSError):
                while content := client.recv(65536):
                    server.sendall(content)
                    seen += content
                    if self.drops and _whole(seen):
                        self.drops -= 1
                        time.sleep(DROP_S)  # the server has it, and asks the model
                        return


def _whole(seen: bytes) -> bool:
    """Tell whether a request has come in whole."""
    head, blank, body = seen.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    return bool(blank) and len(body) >= int(length or 0)


def _copied(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while content := source.recv(65536):
            target.sendall(content)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def made(name: str) -> Path:
    """Return the Python (or the node_modules) of an environment, made where it is not there yet."""
    folder = ROOT / f".venv-road-{name}"
    if not (folder / ".made").exists():
        folder.mkdir(exist_ok=True)
        if name == "node":
            (folder / "package.json").write_text('{"private": true, "type": "module"}')
            subprocess.run(["npm", "install", "--silent", "--no-fund", *ENVIRONMENTS[name]], cwd=folder, check=True)
        else:
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
            pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
            subprocess.run([*pip, *ENVIRONMENTS[name]], check=True)
        (folder / ".made").touch()
    return folder / ("node_modules" if name == "node" else "bin/python")


def version(python: Path, library: str) -> str:
    """Return a library's version in an environment."""
    if python.name == "node_modules":
        return str(json.loads((python / library / "package.json").read_text())["version"])
    code = f"from importlib.metadata import version; print(version({library!r}))"
    return subprocess.run([str(python), "-c", code], check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
