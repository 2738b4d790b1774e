"""Run the tests of clients, faults and attacks on other releases of litellm: the oldest that we allow, and the newest.

python tools/try_litellm.py [VERSION…]

The lock's release is the one that every other test runs on. Each release is installed, with what it requires, into a
folder that comes before the environment's own packages. Ends with 1 where tests fail.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
TESTS = ("tests/faults", "tests/attacks", "tests/cascade/clients")
VERSION = "import importlib.metadata as installed; print(installed.version('litellm'))"


def main(versions: list[str]) -> int:
    """Try each release; none named: the floor and the newest, each unless it is the lock's."""
    failed = []
    locked = subprocess.run([sys.executable, "-c", VERSION], check=True, capture_output=True).stdout.decode().strip()
    for wanted in versions or [f"=={floor()}", ""]:
        requirement = wanted if wanted.startswith("=") or not wanted else f"=={wanted}"
        with tempfile.TemporaryDirectory() as folder:
            pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-compile")
            subprocess.run([*pip, "--target", folder, f"litellm{requirement}"], check=True)
            environment = os.environ | {"PYTHONPATH": folder}
            asked = subprocess.run([sys.executable, "-c", VERSION], env=environment, check=True, capture_output=True)
            version = asked.stdout.decode().strip()
            if version == locked and not versions:
                print(f"litellm {version} is the lock's: every other test runs on it", flush=True)
                continue
            print(f"litellm {version}", flush=True)
            pytest = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", *TESTS]
            if subprocess.run(pytest, cwd=ROOT, env=environment, check=False).returncode:
                failed.append(version)
    if failed:
        print(f"failed on litellm {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def floor() -> str:
    """Return the oldest litellm that pyproject.toml allows."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (required,) = (one for one in project["dependencies"] if one.startswith("litellm"))
    return re.findall(r">=([0-9.]+)", required)[0]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
