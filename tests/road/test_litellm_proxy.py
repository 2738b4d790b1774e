"""The real LiteLLM proxy, with a cascade in its YAML: chat, stream, messages and responses reach one handler."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest

from tests.road.loopback import loopback

ROOT = Path(__file__).parents[2]
COMMAND = Path(sys.executable).parent / "litellm"
KEY = "sk-1f3c9d7b5a2e4f60918273645546372819a0b1c2"
HI = [{"role": "user", "content": "Where?"}]
CONFIG = """\
ladder:
  - {{model: openai/small, api_base: "{url}/v1", api_key: none, price: {{input_usd: 1e-4, output_usd: 1e-4}}}}
  - {{model: openai/top, api_base: "{url}/v1", api_key: none, price: {{input_usd: 1e-3, output_usd: 1e-3}}}}
verify: [refusal]
"""
PROXY = """\
model_list:
  - model_name: support
    litellm_params: {model: cascade/support}
litellm_settings:
  custom_provider_map:
    - {provider: cascade, custom_handler: cascade.serve.litellm_provider.handler}
  num_retries: 0
general_settings: {master_key: os.environ/LITELLM_MASTER_KEY}
"""

pytestmark = pytest.mark.skipif(
    not COMMAND.exists() or find_spec("apscheduler") is None, reason="make clients runs it: it needs litellm[proxy]"
)


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("proxy")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with loopback() as (url, _):
        (folder / "cascade.yaml").write_text(CONFIG.format(url=url))
        (folder / "proxy.yaml").write_text(PROXY)
        own = {
            "CASCADE_CONFIG": str(folder / "cascade.yaml"), "LITELLM_MASTER_KEY": KEY, "PYTHONPATH": str(ROOT),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        }  # fmt: skip
        command = [COMMAND, "--config", "proxy.yaml", "--host", "127.0.0.1", "--port", str(port)]
        with subprocess.Popen(command, cwd=folder, env={**os.environ, **own}, stdout=subprocess.DEVNULL) as process:
            base = f"http://127.0.0.1:{port}"
            while process.poll() is None:
                try:
                    urlopen(f"{base}/health/liveliness").close()  # noqa: S310 - our own address
                    break
                except (URLError, ConnectionError):
                    time.sleep(0.2)
            yield base
            process.terminate()


def ask(base: str, path: str, body: dict[str, Any]) -> tuple[dict[str, str], str]:
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    content = json.dumps({"model": "support", **body}).encode()
    with urlopen(Request(f"{base}{path}", content, headers)) as answer:  # noqa: S310 - our own address
        return {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()


def test_a_chat_completion_tells_the_proxy_its_cost(proxy: str) -> None:
    headers, body = ask(proxy, "/v1/chat/completions", {"messages": HI})
    found = json.loads(body)
    assert found["choices"][0]["message"]["content"] == "Oslo."
    assert float(headers["x-litellm-response-cost"]) == found["cascade"]["cost_usd"] > 0


def test_a_streams_last_chunk_has_its_cost(proxy: str) -> None:
    asked = {"messages": HI, "stream": True, "stream_options": {"include_usage": True}}
    _, body = ask(proxy, "/v1/chat/completions", asked)
    chunks = [json.loads(line[6:]) for line in body.splitlines() if line.startswith("data: {")]
    assert "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks) == "Oslo."
    assert chunks[-1]["usage"]["cost"] > 0


def test_messages_and_responses_reach_the_same_handler(proxy: str) -> None:
    assert (
        json.loads(ask(proxy, "/v1/messages", {"messages": HI, "max_tokens": 99})[1])["content"][0]["text"] == "Oslo."
    )
    found = json.loads(ask(proxy, "/v1/responses", {"input": "Where?"})[1])
    assert found["output"][0]["content"][0]["text"] == "Oslo."


def test_what_cannot_be_honoured_is_a_400(proxy: str) -> None:
    with pytest.raises(HTTPError) as error:
        ask(proxy, "/v1/chat/completions", {"messages": HI, "n": 17})
    with error.value:
        assert error.value.code == 400
