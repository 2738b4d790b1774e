"""The files of this checkout, as git would commit them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("cascade", "verifiers", "calibration")


def checked_in(*under: str) -> list[Path]:
    """Give the paths, relative to the root, of what is tracked or new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *under],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("this is no git checkout, so what belongs to it is not known")
    return [path for name in sorted(set(listed.stdout.split("\0")) - {""}) if (ROOT / (path := Path(name))).is_file()]
