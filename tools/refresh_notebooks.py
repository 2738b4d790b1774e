"""Execute the notebooks and write their outputs anew, or check that what is committed is what they give.

python tools/refresh_notebooks.py [--check] [NOTEBOOK…]

Compared is what cells print and show, durations and moments aside. Without --check, only what changed is written.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "notebooks"
VARIES = re.compile(
    r"\d[\d.,]* (?:ms|s)\b|\d{4}-\d\d-\d\dT[\d:.]+(?:\+00:00|Z)?|(?<=background:none\">)[0-9a-f]{16}(?=<)"
)
"""Durations, moments, and the hash of a policy, which holds the moment of its making."""
PLACE = re.compile(re.escape(str(ROOT)) + r"|/tmp/ipykernel_\d+/\d+\.py:\d+|0x[0-9a-f]{6,}")
TIMEOUT_S = 300


def executed(path: Path) -> Any:
    """Return a notebook with the outputs that it gives now, offline, one computation at a time."""
    notebook = nbformat.read(path, as_version=4)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "tests" / "offline"), str(ROOT)])
    os.environ |= {"PYTHONWARNINGS": "ignore::RuntimeWarning", "NO_COLOR": "1", "COLUMNS": "100"}
    NotebookClient(notebook, timeout=TIMEOUT_S, resources={"metadata": {"path": str(FOLDER)}}).execute()
    return cleaned(notebook)


def cleaned(notebook: Any) -> Any:
    """Drop what changes with each run: times of execution, pieces in which a text came, paths of this machine."""
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = _joined(cell.outputs)
        for output in cell.get("outputs", ()):
            if output.get("name") == "stderr":
                output["text"] = PLACE.sub("…", output["text"])
            data = output.get("data", {})
            if len(data) > 1:
                data.pop("text/plain", None)  # for readers without HTML or pictures, of whom there are none
    return notebook


def _joined(outputs: list[Any]) -> list[Any]:
    joined: list[Any] = []
    for output in outputs:
        same = bool(joined) and output.output_type == "stream" and joined[-1].get("name") == output.name
        if same:
            joined[-1]["text"] += output.text
        else:
            joined.append(output)
    return joined


def shown(notebook: Any) -> Iterator[tuple[int, list[Any]]]:
    """Give what every code cell shows, without what varies."""
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            yield index, [_plain(output) for output in cell.outputs]


def _plain(output: Any) -> Any:
    text = output.get("text")
    data = output.get("data", {})
    return (
        output.output_type,
        None if text is None else VARIES.sub("…", text),
        {kind: VARIES.sub("…", str(value)) for kind, value in sorted(data.items())},
    )


def main(given: list[str] | None = None) -> int:
    """Refresh or check; return 1 where a committed output is not true, or a cell fails."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("notebooks", nargs="*", type=Path)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(given)
    wrong = 0
    for path in options.notebooks or sorted(FOLDER.glob("*.ipynb")):
        committed = nbformat.read(path, as_version=4)
        try:
            now = executed(path)
        except CellExecutionError as error:
            print(f"{path.name}: a cell fails:\n{error}", file=sys.stderr)
            wrong = 1
            continue
        differing = [
            index for (index, before), (_, after) in zip(shown(committed), shown(now), strict=True) if before != after
        ]
        if not differing:
            print(f"{path.name}: outputs are true")
        elif options.check:
            print(
                f"{path.name}: cells {differing} show something else now; run tools/refresh_notebooks.py",
                file=sys.stderr,
            )
            for index in differing:
                print(dict(shown(committed))[index], dict(shown(now))[index], sep="\n→ ", file=sys.stderr)
            wrong = 1
        else:
            nbformat.write(now, path)
            print(f"{path.name}: cells {differing} written anew")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
