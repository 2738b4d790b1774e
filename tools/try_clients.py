"""Run the tests of wrapped clients, the programs of tests/road, and Anthropic's batches, in environments of their own.

python tools/try_clients.py [NAME…]

Client libraries cannot share one environment: the locked litellm pins openai below a release that others need. Each of
`ENVIRONMENTS` becomes .venv-clients-NAME, made once; remove it to take newer releases. Ends with 1 where tests fail.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
TESTS = (
    *("tests/cascade/drop_in", "tests/cascade/dialects/inbound", "tests/road/test_programs.py"),
    "tests/road/test_litellm_proxy.py",
)
ENVIRONMENTS: Mapping[str, Sequence[str]] = {
    "openai-2": ("openai>=2,<3",),
    "openai-3": ("openai>=3", "anthropic>=2", "langchain-openai>=1"),
    "agents": ("openai-agents",),
    "proxy": ("litellm[proxy]",),
    "batches": ("anthropic>=2", "litellm"),
}
TESTS_OF: Mapping[str, Sequence[str]] = {"batches": ("tests/cascade/bulk/waves/test_anthropic_waves.py",)}
BESIDE = ("hypothesis", "pytest", "pytest-timeout", "setuptools>=77")


def main(names: list[str]) -> int:
    """Try each environment; none named: all of them."""
    failed = []
    for name in names or ENVIRONMENTS:
        python = made(name)
        shown = subprocess.run([python, "-m", "pip", "list"], check=True, capture_output=True, text=True).stdout
        libraries = ("anthropic ", "httpx", "langchain-openai ", "openai ", "openai-agents ")
        print(name, *(" ".join(line.split()) for line in shown.splitlines() if line.startswith(libraries)), flush=True)
        if subprocess.run(
            [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "", *TESTS_OF.get(name, TESTS)],
            cwd=ROOT,
            check=False,
        ).returncode:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def made(name: str) -> str:
    """Return the Python of an environment, made where it is not there yet: its libraries, and ours without litellm."""
    folder = ROOT / f".venv-clients-{name}"
    python = folder / "bin" / "python"
    if not (folder / ".made").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        subprocess.run([*pip, *ENVIRONMENTS[name], *dependencies(), *BESIDE], check=True)
        tree = ("--no-deps", "--no-build-isolation", "--config-settings", "editable_mode=compat", "--editable", ".")
        subprocess.run([*pip, *tree], cwd=ROOT, check=True)
        (folder / ".made").touch()
    return str(python)


def dependencies() -> list[str]:
    """Return what pyproject.toml requires, but for litellm."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [one for one in project["dependencies"] if not one.startswith("litellm")]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
