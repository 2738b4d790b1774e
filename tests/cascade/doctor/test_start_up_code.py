"""`.pth` files that run code are found, told apart, and never run; this environment has none that is unexpected."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cascade.doctor.start_up_code import start_up_code

TROJAN = (
    "import os, subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import base64; exec(base64.b64decode(x))'])\n"
)


def test_code_is_told_from_folders_and_the_suspicious_from_the_known(tmp_path: Path) -> None:
    (tmp_path / "litellm_init.pth").write_text(TROJAN)
    (tmp_path / "distutils-precedence.pth").write_text("import os; os.environ.get('X')\n")
    (tmp_path / "other.pth").write_text("import other_package\n")
    (tmp_path / "folders.pth").write_text("/somewhere\n# import nothing\nimportant_folder\n")
    found = {code.path.name: (code.known, code.suspicious) for code in start_up_code([tmp_path, str(tmp_path)])}
    assert found == {
        "litellm_init.pth": (False, True),
        "distutils-precedence.pth": (True, False),
        "other.pth": (False, False),
    }


def test_a_known_name_does_not_excuse_what_it_does(tmp_path: Path) -> None:
    (tmp_path / "_virtualenv.pth").write_text(TROJAN)
    (code,) = start_up_code([tmp_path])
    assert (code.known, code.suspicious, code.owner) == (True, True, None)


COVERAGE = (
    r"""import sys; exec('import os\n\nif os.getenv("COVERAGE_PROCESS_START") or """
    r"""os.getenv("COVERAGE_PROCESS_CONFIG"):"""
    r"""\n try:\n  import coverage\n except:\n  pass\n else:\n  coverage.process_startup(slug="pth")')"""
)


def test_only_coverage_s_own_line_as_it_stands_may_execute_a_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [
        (COVERAGE, "coverage", False),
        (COVERAGE + "\n", "coverage", False),
        (COVERAGE, "litellm", True),
        (COVERAGE, None, True),
        (COVERAGE.replace("import os", "import os, ctypes"), "coverage", True),
        (f"{COVERAGE}; exec('import payload')", "coverage", True),
        (f"{COVERAGE}\n{TROJAN}", "coverage", True),
    ]
    folders = [installed(tmp_path / str(number), *case[:2]) for number, case in enumerate(cases)]
    for folder in folders:
        monkeypatch.syspath_prepend(folder)
    found = [(code.owner, code.known, code.suspicious) for code in start_up_code(folders)]
    assert found == [(owner, True, suspicious) for _, owner, suspicious in cases]


def installed(folder: Path, text: str, owner: str | None) -> Path:
    """Make a folder with a start-up file that a distribution says is its own, or that none does."""
    folder.mkdir()
    (folder / "a1_coverage.pth").write_text(text)
    if owner is not None:
        about = folder / f"{owner}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {owner}\nVersion: 1.0\n")
        (about / "RECORD").write_text("a1_coverage.pth,,\n")
    return folder


def test_this_environment_runs_nothing_unexpected(cli, folder) -> None:
    assert not [code for code in start_up_code() if code.suspicious or not code.known]
    checks = json.loads(cli("doctor", "--json").stdout)["checks"]
    assert [check["state"] for check in checks if check["check"] == "start-up code"] == ["ok"]
