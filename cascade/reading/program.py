"""Program: an answer that is code, in a canonical form."""

from __future__ import annotations

import ast
import re
from typing import Final

from cascade.reading.phrase import value_of
from cascade.reading.values import Answer, Code

MAX_TREE: Final = 20_000
"""Longest Python program, in characters, that is compared by its syntax tree."""
FENCED = re.compile(r"^[ \t]{0,3}(`{3,}(?!`)|~{3,}(?!~))([^\n`]*)\n", re.MULTILINE)
"""The opening of a fence, with what it says of its language."""
_SQL: Final = frozenset({"sql", "postgresql", "mysql", "sqlite", "tsql", "plsql", "postgres"})
_QUERY = re.compile(r"(?:select|insert into|update|delete from|with|create table)\s", re.IGNORECASE)
_QUOTED = re.compile(r"""('[^']*'|"[^"]*"|`[^`]*`)""")
_LANGUAGE = re.compile(r"[A-Za-z0-9_+#.-]{0,20}")


def program_in(text: str) -> Answer | None:
    """Return the one program in fences that a text holds; None if there is none, or several that differ."""
    programs: dict[str, Code] = {}
    at, language = 0, ""
    while opened := FENCED.search(text, at):
        named = _LANGUAGE.match(opened[2].strip())
        language = named[0].casefold() if named else ""
        closed = text.find(f"\n{opened[1]}", opened.end() - 1)
        source = text[opened.end() : closed if closed >= 0 else len(text)]
        at = len(text) if closed < 0 else closed + 1 + len(opened[1])
        code = program_of(source, language)
        programs[code.canonical] = code
        if len(programs) > 1:
            return None
    program = next(iter(programs.values()), None)
    if program is not None and language in ("", "text", "txt", "plaintext") and "\n" not in program.source.strip():
        return value_of(program.source.strip(), text)  # a fence around a phrase
    return program


def program_of(source: str, language: str = "") -> Code:
    """Return a program, canonical: Python by its syntax tree, so that blanks, quotes and comments do not count."""
    lines = [line.rstrip() for line in source.strip("\n").split("\n")]
    text = "\n".join(line for line in lines if line)
    if language.casefold() in ("", "py", "python", "python3") and len(source) <= MAX_TREE:
        try:
            return Code(source=source, canonical=ast.dump(ast.parse(source)))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            pass
    if language.casefold() in _SQL or (not language and _QUERY.match(text)):
        return Code(source=source, canonical=_query(text))
    return Code(source=source, canonical=text)


def _query(text: str) -> str:
    """Return a query in one line, in small letters but for what is quoted, without its last semicolon."""
    parts = _QUOTED.split(" ".join(text.split()).rstrip("; "))
    return "".join(part if place % 2 else part.casefold() for place, part in enumerate(parts))
