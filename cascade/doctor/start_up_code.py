"""Start-up code: `.pth` files, which run at every Python start; a trojaned litellm contained one."""

from __future__ import annotations

import re
import site
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

KNOWN = re.compile(
    r"__editable__\..+\.pth|distutils-precedence\.pth|_virtualenv\.pth|a1_coverage\.pth|coloredlogs\.pth"
    r"|matplotlib-.+-nspkg\.pth|sphinxcontrib_.+-nspkg\.pth|zope\..+-nspkg\.pth|google_.+-nspkg\.pth"
)
"""Files of well-known tools: editable installs, setuptools, virtualenv, coverage, namespace packages."""

_SUSPICIOUS = re.compile(r"exec\s*\(|eval\s*\(|subprocess|base64|urllib|socket|requests|compile\s*\(")
"""Patterns of suspicious start-up lines."""

_HONEST = {
    "coverage": (
        r"""import sys; exec('import os\n\nif os.getenv("COVERAGE_PROCESS_START") or """
        r"""os.getenv("COVERAGE_PROCESS_CONFIG"):"""
        r"""\n try:\n  import coverage\n except:\n  pass\n else:\n  coverage.process_startup(slug="pth")')"""
    ),
}
"""Allow-list: by distribution, the exact text of a legitimate file that matches; any other text is suspicious."""

_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class StartUpCode:
    """One `.pth` file that runs code."""

    path: Path
    """The file."""

    owner: str | None
    """The distribution that installed it; None if unknown."""

    known: bool
    """True if a well-known tool writes a file of this name."""

    suspicious: bool
    """True if it matches a suspicious pattern."""


def start_up_code(folders: Iterable[str | Path] | None = None) -> Iterator[StartUpCode]:
    """Yield every `.pth` file that runs code at start; the files are read, never run.

    Args:
        folders: the folders to search; None for the site folders of this Python.
    """
    owners: dict[Path, str] | None = None
    for folder in dict.fromkeys(map(Path, _folders() if folders is None else folders)):
        for path in sorted(folder.glob("*.pth")):
            with path.open("rb") as file:
                text = file.read(_MOST_BYTES).decode("utf-8", errors="replace")
            # Python executes lines that begin so, and treats every other line as a folder.
            lines = [line for line in text.splitlines() if line.startswith(("import ", "import\t"))]
            if not lines:
                continue
            owners = _owners() if owners is None else owners
            owner = owners.get(path.resolve())
            honest = owner is not None and text.strip() == _HONEST.get(owner)
            yield StartUpCode(
                path=path,
                owner=owner,
                known=KNOWN.fullmatch(path.name) is not None,
                suspicious=not honest and any(_SUSPICIOUS.search(line) for line in lines),
            )


def _folders() -> list[str]:
    return [
        *site.getsitepackages(),
        site.getusersitepackages(),
        *(path for path in sys.path if "site-packages" in path),
    ]


def _owners() -> dict[Path, str]:
    found: dict[Path, str] = {}
    for distribution in distributions():
        for file in distribution.files or ():
            if file.suffix == ".pth":
                found[Path(str(distribution.locate_file(file))).resolve()] = distribution.metadata["Name"]
    return found
