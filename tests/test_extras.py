"""A library that is not installed: one sentence with the command that installs it, and nothing while serving."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from cascade.errors import MissingExtra
from cascade.extras import DISTRIBUTION, EXTRAS, require_extra
from tests.checkout import PACKAGES, ROOT, checked_in

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
IMPORTED_AS = {
    "altair": "altair", "alembic": "alembic", "jinja2": "jinja2", "prometheus-client": "prometheus_client",
    "psycopg": "psycopg", "pyarrow": "pyarrow", "scikit-learn": "sklearn", "scipy": "scipy", "starlette": "starlette",
    "uvicorn": "uvicorn", "vl-convert-python": "vl_convert", "PyYAML": "yaml", "SQLAlchemy": "sqlalchemy",
    "jsonschema-rs": "jsonschema_rs", "opentelemetry-exporter-otlp-proto-http": "opentelemetry.exporter",
    "opentelemetry-sdk": "opentelemetry.sdk", "opentelemetry-api": "opentelemetry",
}  # fmt: skip
"""Where the names differ, and every library of an extra."""
APART = {"anthropic", "ray"}
"""Extras that `all` does not bring, each for one command."""
BROUGHT = {
    "annotated_types": "pydantic", "pydantic_core": "pydantic", "typing_extensions": "pydantic",
    "httpx2": "anthropic", "markupsafe": "jinja2", "openai": "litellm", "referencing": "jsonschema", "yarl": "aiohttp",
}  # fmt: skip
"""Part of what a dependency's own interface is made of, and installed with it."""


def names(wanted: list[str]) -> set[str]:
    """Give the names that requirements are imported by."""
    found = (Requirement(item).name for item in wanted)
    return {IMPORTED_AS.get(name, name) for name in found if name != DISTRIBUTION}


def imported() -> dict[str, str]:
    """Give every package of others that product code imports, with a file that does."""
    found = {}
    for path in checked_in(*PACKAGES):
        for node in ast.walk(ast.parse((ROOT / path).read_text())) if path.suffix == ".py" else ():
            match node:
                case ast.Import(names=modules):
                    tops = [module.name.partition(".")[0] for module in modules]
                case ast.ImportFrom(module=str(module), level=0):
                    tops = [module.partition(".")[0]]
                case _:
                    continue
            found |= dict.fromkeys(tops, path.as_posix())
    return {top: path for top, path in found.items() if top not in {*sys.stdlib_module_names, *PACKAGES}}


def test_what_is_imported_is_declared_and_what_is_declared_is_imported() -> None:
    core, used = names(PROJECT["dependencies"]), set(imported())
    declared = core | {library for libraries in EXTRAS.values() for library in libraries}
    assert used - declared == set(BROUGHT) & used | {"langchain_core"}  # of ChatCascade: who uses it has LangChain
    assert set(BROUGHT.values()) <= declared
    assert core - used == set()


def test_the_extras_bring_what_messages_say_that_they_bring() -> None:
    extras = PROJECT["optional-dependencies"]
    assert {extra: names(extras[extra]) for extra in EXTRAS} == {extra: set(libs) for extra, libs in EXTRAS.items()}
    (everything,) = map(Requirement, extras["all"])
    assert everything.name == DISTRIBUTION
    assert everything.extras == set(EXTRAS) - APART


def without(libraries: tuple[str, ...], script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a script in a Python in which some libraries cannot be imported, as if they were not installed."""
    block = f"import sys\nsys.modules |= dict.fromkeys({libraries!r})\n"
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", block + script],
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


COMMAND = "import sys; from cascade.__main__ import main; sys.argv = ['cascade', *{}]; main()"
LOG = """
from cascade import Cascade, Ladder, Rung, ScriptedClient
ladder = Ladder(Rung("a/a", name="a", verify=[]))
with Cascade(ladder, client=ScriptedClient({"a": "yes"}), log="log.db") as app:
    assert app.run("?").answer == "yes"
"""


@pytest.mark.parametrize(
    ("extra", "library", "script"),
    [
        ("fit", "scipy", COMMAND.format(["demo", "--no-input"])),
        ("fit", "scipy", COMMAND.format(["calibrate", "s.jsonl", "--target-escalation", ".2"])),
        ("fit", "scipy", COMMAND.format(["grade", "s.jsonl"])),
        ("report", "scipy", LOG + COMMAND.format(["report", "log.db"])),
        ("report", "jinja2", LOG + COMMAND.format(["report", "log.db", "--html", "out.html"])),
        ("serve", "scipy", COMMAND.format(["dashboard", "log.db"])),
        ("serve", "starlette", COMMAND.format(["dashboard", "log.db"])),
        ("serve", "uvicorn", COMMAND.format(["dashboard", "log.db"])),
        ("serve", "prometheus_client", COMMAND.format(["dashboard", "log.db"])),
        ("tables", "pyarrow", LOG + COMMAND.format(["export", "log.db", "--parquet", "out"])),
        ("postgres", "psycopg", COMMAND.format(["report", "postgresql://a@127.0.0.1:1/b"])),
    ],
)
def test_a_missing_library_is_one_sentence_with_its_command(
    extra: str, library: str, script: str, tmp_path: Path
) -> None:
    ended = without((library, "altair"), script, tmp_path)  # altair itself imports jinja2
    said = ended.stderr.strip().splitlines()
    assert ended.returncode == 2, ended.stderr
    assert len(said) == 1
    assert f"needs {library}, which is not installed" in said[0]
    assert said[0].endswith(f"pip install '{DISTRIBUTION}[{extra}]'")


@pytest.mark.parametrize(
    ("library", "module"),
    [
        ("scipy", "import calibration"),
        ("uvicorn", "import cascade.serve.server"),
        ("alembic", "from cascade.log.migrations import migrate; migrate(None)"),
        ("prometheus_client", "from cascade.serve.metrics import families; next(families(None))"),
        ("starlette", "from cascade.serve.dashboard import dashboard; dashboard(None, None)"),
    ],
)
def test_the_same_is_said_in_python(library: str, module: str, tmp_path: Path) -> None:
    ended = without((library,), module, tmp_path)
    assert "cascade.errors.MissingExtra: " in ended.stderr
    assert f"needs {library}, which is not installed; run: pip install '{DISTRIBUTION}[" in ended.stderr


def test_a_library_that_is_there_but_broken_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a_broken_library.py").write_text("raise ImportError('no wrapper found')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingExtra, match=r"which cannot be imported \(no wrapper found\)"):
        require_extra("fit", "a_broken_library", use="This")


TRAFFIC = """
from cascade import Cascade, Ladder, Rung, ScriptedClient
from verifiers.check import Check
check = Check(lambda exchange: float(exchange.response.text), name="sure")
ladder = Ladder(Rung("a/small", name="small", verify=[check]), Rung("a/top", name="top", verify=[check]))
client = ScriptedClient(default=lambda call: call.messages[-1]["content"])
"""
FITTED = """
from cascade.exchange import Request
from calibration import EscalationRate, calibrate
with Cascade(ladder, client=client) as app:
    asked = [Request.of(str(i / 50), task="t") for i in range(50)]
    calibrate(app.explore(asked), ladder, target=EscalationRate(0.5)).save("policy.json")
"""
SERVED = """
with Cascade(ladder, client=client, policy="policy.json", log="log.db") as app:
    for prompt in ("0.1", "0.9"):
        result = app.run(prompt, task="t")
        print(result.calibrated, result.rung, result.reasons[0])
"""


def test_a_policy_is_served_and_logged_without_any_extra(tmp_path: Path) -> None:
    fitted = without((), TRAFFIC + FITTED, tmp_path)
    assert fitted.returncode == 0, fitted.stderr
    every = tuple({library for libraries in EXTRAS.values() for library in libraries} | {"calibration"})
    ended = without(every, TRAFFIC + SERVED, tmp_path)
    assert ended.stdout.splitlines() == [
        "True top small: escalate (confidence)",
        "True small small: accept (confidence)",
    ], ended.stderr
    assert (tmp_path / "log.db").exists()
