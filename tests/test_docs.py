"""Documents cannot rot: what they show is done, and what they link to is there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cascade.samples.line_types import RecordingLine, SampleLine, UsageLine, VerdictLine
from tests.checkout import ROOT, checked_in
from tests.documents import EXECUTED, Reader, blocks, commands, matches

DOCUMENTS = [path for path in checked_in("*.md", "docs/*.md") if path.parent.name in {"", "docs"}]


@pytest.mark.docs
@pytest.mark.timeout(900)
@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_what_a_document_shows_happens(document: Path, tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    try:
        for block in blocks((ROOT / document).read_text(encoding="utf-8")):
            reader.take(block)
    finally:
        reader.close()


@pytest.mark.docs
def test_help_pages_are_what_help_prints() -> None:
    script = ROOT / "tools" / "write_cli_help.py"
    ended = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False, timeout=240
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("script", ["write_config_page.py", "write_verifiers_page.py"])
def test_pages_of_reference_are_what_the_code_says(script: str) -> None:
    ended = subprocess.run(
        [sys.executable, str(ROOT / "tools" / script), "--check"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    text = re.sub(r"^```.*?^```", "", (ROOT / document).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    targets = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert not [target for target in targets if target and not (ROOT / document.parent / target).exists()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_a_block_that_is_not_executed_says_why(document: Path) -> None:
    shown = blocks((ROOT / document).read_text(encoding="utf-8"))
    assert all(block.said for block in shown if block.mark in {"not executed", "file"})
    # A fence that the reader does not recognise would go unexecuted without a word.
    fences = re.findall(r"^```(\w+)", (ROOT / document).read_text(encoding="utf-8"), re.MULTILINE)
    assert sum(fence in EXECUTED for fence in fences) == sum(block.language in EXECUTED for block in shown)


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_code_stands_in_fences(document: Path) -> None:
    text = re.sub(r"^```.*?^```", "", (ROOT / document).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert not re.findall(r"^ {4,}(?:\$ |cascade |make |python |pip |import |from \w+ import ).*", text, re.MULTILINE)


def test_commands_are_told_from_what_they_print() -> None:
    assert commands("$ a \\\n  b\nout\n$ c\n") == [("a \\\n  b", "out"), ("c", "")]


def test_wildcards_stand_for_any_text_and_any_lines() -> None:
    assert matches("took … s\n...\nend", "took 3.1 s\none\ntwo\nend\n")
    assert matches("a\n...\nb", "a\nb")
    assert not matches("a\nb", "a\nc\nb")


def test_a_document_that_shows_something_else_fails(tmp_path: Path) -> None:
    (shown,) = blocks("```console\n$ echo one\ntwo\n```\n")
    with pytest.raises(AssertionError, match="one"):
        Reader(tmp_path).take(shown)


def test_blocks_of_a_document_share_a_folder_and_an_interpreter(tmp_path: Path) -> None:
    text = (
        "<!-- file: a.txt -->\n```text\nseven\n```\n"
        "```python\nword = open('a.txt').read().strip()\n```\n"
        "```python\nprint(word)\n```\n<!-- prints -->\n```text\nseven\n```\n"
        "```console\n$ cat a.txt\nseven\n$ exit 2  # (exit 2)\n```\n"
    )
    reader = Reader(tmp_path)
    for block in blocks(text):
        reader.take(block)
    reader.close()
    assert reader.printed == "seven\n"


def test_the_page_of_samples_names_every_field_of_a_line() -> None:
    text = (ROOT / "docs" / "samples.md").read_text(encoding="utf-8")
    forms = (SampleLine, RecordingLine, VerdictLine, UsageLine)
    fields = {name for form in forms for name in form.__annotations__ if not name.startswith("__")}
    assert not [name for name in fields if f"`{name}`" not in text]
    shown = [json.loads(line) for line in text.splitlines() if line.startswith('{"')]
    held = {key for line in shown for key in [*line, *(name for one in line.get("recordings", ()) for name in one)]}
    assert not [name for name in {*SampleLine.__annotations__, *RecordingLine.__annotations__} - held if name[0] != "_"]
