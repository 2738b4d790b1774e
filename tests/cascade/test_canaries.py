"""Rows 36 and 37 of the attack matrix: a key and a person's data that must turn up nowhere."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import text

from cascade.clients.scripted import ScriptedClient
from cascade.config import load_config
from cascade.engine.cascade import Cascade
from cascade.errors import ConfigError, LogUnavailable
from cascade.ladder import Ladder, Rung
from cascade.log import open_log
from cascade.settings import UncalibratedWarning
from tests.checkout import ROOT
from tests.faults.server import Server
from tests.opinions import Says

CANARY = "sk-canary-7f3a9c1e5b2d8046"
ODD_CANARY = "kanarie/vogel+zingt=niet"
SILENT_CANARY = "canarino giallo che non canta"
CONFIG = """\
log: decisions.db
store_text: full
verify: [refusal]
ladder:
  - {{model: openai/unauthorized, name: echo, api_base: "{url}", api_key: "${{KEY}}",
      price: {{input_usd: 0.1, output_usd: 0.1}}}}
  - {{model: openai/unauthorized, name: query, api_base: "{url}?key=${{OTHER}}", api_key: "${{OTHER}}",
      price: {{input_usd: 0.1, output_usd: 0.1}}}}
  - {{model: openai/ok, name: fine, api_base: "{url}", api_key: "${{KEY}}",
      price: {{input_usd: 0.1, output_usd: 0.1}}}}
  - {{model: openai/server-error, name: broken, api_base: "{url}", api_key: "${{KEY}}",
      price: {{input_usd: 0.1, output_usd: 0.1}}}}
tasks:
  echo: {{rungs: [echo]}}
  query: {{rungs: [query]}}
  fine: {{rungs: [fine]}}
  broken: {{rungs: [broken]}}
"""


@pytest.mark.parametrize("client", ["direct", "litellm"])
def test_a_key_turns_up_in_no_log_database_report_or_error(server: Server, tmp_path: Path, client: str) -> None:
    server.reset()
    config = CONFIG.format(url=server.url).replace("name: ", f"client: {client}, name: ")
    (tmp_path / "cascade.yaml").write_text(config, encoding="utf-8")
    program = Path(__file__).with_name("canary_program.py")
    environment = {
        **os.environ,
        "KEY": CANARY,
        "OTHER": ODD_CANARY,
        "OPENAI_API_KEY": SILENT_CANARY,
        "LITELLM_LOG": "DEBUG",
    }
    environment["PYTHONPATH"] = f"{environment['PYTHONPATH']}{os.pathsep}{ROOT}"
    ended = subprocess.run(
        [sys.executable, str(program), str(tmp_path), SILENT_CANARY],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    seen = ended.stdout + ended.stderr
    for canary in (CANARY, ODD_CANARY, SILENT_CANARY):
        assert canary not in seen, [
            line.replace(canary, "CANARY")[:200] for line in seen.splitlines() if canary in line
        ]
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert not [word for word in ("LiteLLM", "AuthError", "[redacted]", "of the proxy: []") if word not in seen]
    used = {hit.headers["authorization"] for hit in server.hits}
    assert used == {f"Bearer {CANARY}", f"Bearer {ODD_CANARY}"}, "it is the keys themselves that are sent"


@pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
def test_a_person_s_data_is_not_in_the_log_by_default(tmp_path: Path) -> None:
    written = (
        CONFIG.format(url="http://127.0.0.1:1/v1")
        .replace("store_text: full\n", "")
        .replace("${KEY}", "none")
        .replace("${OTHER}", "none")
    )
    (tmp_path / "cascade.yaml").write_text(written, encoding="utf-8")
    said = "I am Ann Onymous, ann@canary.example, +44 20 7946 0958."
    with load_config(tmp_path / "cascade.yaml").open(client=ScriptedClient(default=said)) as app:
        app.run(said, task="fine")
        app.log.flush()
        held = b"".join(file.read_bytes() for file in tmp_path.glob("decisions.db*"))
    held += b"".join(file.read_bytes() for file in tmp_path.glob("decisions.db*"))
    assert b"fine" in held
    assert not [piece for piece in (b"Onymous", b"canary.example", b"7946") if piece in held]


def test_a_refused_configuration_or_row_shows_nothing_of_what_it_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", SILENT_CANARY)
    (tmp_path / "cascade.yaml").write_text(
        "ladder:\n  - {model: openai/ok, api_key: '${KEY}', timeout_s: '${KEY}', price: '${KEY}', verify: '${KEY}'}\n"
    )
    with pytest.raises(ConfigError) as refused:
        load_config(tmp_path / "cascade.yaml")
    told = ""
    link: BaseException | None = refused.value
    while link is not None:
        told += f"{link} {link!r} {vars(link)}"
        link = link.__cause__ or link.__context__
    assert "timeout_s" in told
    assert SILENT_CANARY not in told
    with open_log(tmp_path / "d.db") as log, pytest.raises(LogUnavailable) as broken, log.reading() as connection:
        connection.execute(text("INSERT INTO nowhere VALUES (:said)"), {"said": SILENT_CANARY})
    assert SILENT_CANARY not in f"{broken.value} {broken.value.__context__}"


def test_no_view_of_a_result_shows_a_key_that_a_model_repeats():
    secret = "canary-7f3e9a1b5c"
    rungs = Ladder(Rung("test/one", name="one", api_key=secret, verify=[Says(lambda _: 1.0)]))
    client = ScriptedClient({"one": f"Your key is {secret}, or {secret.upper()}."})
    with Cascade(rungs, client=client) as app, pytest.warns(UncalibratedWarning):
        result = app.run("What is my key?")
    console = Console(file=io.StringIO(), width=200)
    console.print(result)
    views = [repr(result), repr(result.attempts), str(result), result._repr_html_(), console.file.getvalue()]
    assert not [view for view in views if secret in view.lower()]
    assert all("[redacted]" in view for view in views)
    assert secret in result.answer, "the answer itself is the caller's"
