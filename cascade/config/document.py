"""YAML document: a safe, bounded parser that keeps line numbers and interpolates `${VAR}`.

Values follow YAML 1.2: only `true` and `false` are booleans (`no` is a text), and `1e-7` is a number. Tags, merge keys,
duplicate keys, infinities and ambiguous numbers such as 0123 are errors. The parser constructs only mappings, lists,
texts, numbers, booleans and null.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cascade.config.environment import Interpolated, fill_in
from cascade.errors import ConfigError
from cascade.files import read_text

NODES = 10_000
"""Maximum number of values in a document; each use of an alias counts."""

DEPTH = 50
"""Maximum nesting depth."""

SIZE = 1 << 20
"""Maximum file size in bytes."""

Place = tuple[str | int, ...]
"""Path of a value: its keys and list positions."""

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_DOUBTFUL = re.compile(r"[-+]?(0[0-9_]+|0[xob][0-9a-fA-F_]+|\.(inf|Inf|INF|nan|NaN|NAN))")
_DIGITS = 300
_SPELT = 8
_WORDS: Mapping[str, Any] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Parsed document with the line of every value."""

    path: Path
    """The file."""

    value: Any
    """Its value; None for an empty file."""

    lines: Mapping[Place, int]
    """Line of every value, from 1; for a value in a mapping, the line of its key."""

    written: Mapping[Place, str]
    """Texts and numbers before interpolation of `${VAR}`; messages show only these."""

    def line(self, place: Place) -> int | None:
        """Return the line of a value, or of its parent if it is missing."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place)

    def error(self, place: Place, problem: str) -> ConfigError:
        """Return an error that names file, line and key."""
        line = self.line(place)
        at = f"{self.path}, line {line}" if line is not None else str(self.path)
        return ConfigError(f"{at}: {spell(place)}{': ' if place else ''}{problem}")


def spell(place: Place) -> str:
    """Format a path: `ladder[0].price.input_usd`."""
    out = ""
    if len(place) > _SPELT:
        return f"{spell(place[:_SPELT])}…"
    for part in place:
        out += f"[{part}]" if isinstance(part, int) else f".{part}" if out else part
    return out


def read_document(path: Path) -> Document:
    """Read a YAML file.

    Raises:
        ConfigError: it cannot be read, is not YAML of the accepted subset, or names a variable that is not set; the
            message names file, line and key.
    """
    return parse_document(read_text(path, what="configuration", limit=SIZE), path)


def parse_document(text: str, path: Path) -> Document:
    """Parse the text of a YAML file; `path` is for messages and is not opened.

    Raises:
        ConfigError: as `read_document`.
    """
    loader = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark is not None else ""
        said = " ".join(str(part) for part in (error.context, error.problem) if part)
        here = text.splitlines()[mark.line :][:1] if mark is not None else []
        hint = " Inside { } or [ ], ${…} must be quoted." if "${" in "".join(here) else ""
        raise ConfigError(f"{path}{line}: it is not valid YAML: {said}.{hint}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: it is not valid YAML: {str(error).splitlines()[0]}.") from None
    except RecursionError:
        raise ConfigError(f"{path}: it is nested too deeply; at most {DEPTH} levels are read.") from None
    finally:
        if loader is not None:
            loader.dispose()
    walk = _Walk(path)
    value = None if node is None else walk.value(node, ())
    return Document(path=path, value=value, lines=walk.lines, written=walk.written)


class _Loader(yaml.BaseLoader):
    """YAML loader with limits on size and depth; each scalar stays a text."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._count = 0
        self._depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self._count += 1
        self._depth += 1
        try:
            if self._count > NODES or self._depth > DEPTH:
                limit = f"{NODES:,} values" if self._count > NODES else f"{DEPTH} levels"
                raise yaml.composer.ComposerError(None, None, f"it has more than {limit}", self.get_mark())
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


class _Walk:
    """Converts nodes into values, and records the line of each."""

    def __init__(self, path: Path) -> None:
        self.lines: dict[Place, int] = {}
        self.written: dict[Place, str] = {}
        self._path = path
        self._count = 0

    def value(self, node: yaml.Node, place: Place) -> Any:
        self._count += 1
        self.lines.setdefault(place, node.start_mark.line + 1)
        if self._count > NODES or len(place) > DEPTH:
            problem = f"aliases make it more than {NODES:,} values or {DEPTH} levels; write it out."
            raise self._error(node, place, problem)
        if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
            return [self.value(item, (*place, i)) for i, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:str":
            return self._scalar(node, place)
        tag = node.tag.removeprefix("tag:yaml.org,2002:")
        raise self._error(node, place, f"found the tag {tag[:60]!r}; tags are not read, write a plain value.")

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag != "tag:yaml.org,2002:str":
                raise self._error(key_node, place, "found a key that is not a text; a plain name was expected.")
            here = (*place, key)
            if key in found:
                first = self.lines[here]
                problem = f"duplicate key (first on line {first}); remove one of the two."
                raise self._error(key_node, here, problem)
            if key == "<<":
                raise self._error(key_node, here, "merge keys are not read; write the keys out.")
            self.lines[here] = key_node.start_mark.line + 1
            found[key] = self.value(value_node, here)
        return found

    def _scalar(self, node: yaml.ScalarNode, place: Place) -> Any:
        text: str = node.value
        self.written[place] = text
        filled = fill_in(text)
        if filled.missing is not None:
            problem = (
                f"the environment variable {filled.missing} is not set; set it, or give a default as "
                f"${{{filled.missing}:-default}}."
            )
            raise self._error(node, place, problem)
        if filled.problem is not None:
            raise self._error(node, place, filled.problem)
        if filled.used:
            # Keep it a text until the model expects a number: an API key of digits must not become one.
            return Interpolated(filled.text) if node.style is None else filled.text
        if node.style is not None:
            return filled.text
        return self._plain(node, place)

    def _plain(self, node: yaml.ScalarNode, place: Place) -> Any:
        try:
            return plain(fill_in(node.value).text)
        except ValueError as error:
            raise self._error(node, place, str(error)) from None

    def _error(self, node: yaml.Node, place: Place, problem: str) -> ConfigError:
        at = f"{self._path}, line {node.start_mark.line + 1}"
        return ConfigError(f"{at}: {spell(place)}{': ' if place else ''}{problem}")


def plain(text: str) -> Any:
    """Resolve an unquoted scalar: null, a boolean, a number, else the text.

    Raises:
        ValueError: it is ambiguous, or not a finite number.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _DOUBTFUL.fullmatch(text):
        raise ValueError(f"found {text[:40]}; write a plain decimal number, or quote it if a text is meant.")
    if len(text) > _DIGITS:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if number in (float("inf"), float("-inf")):
            raise ValueError(f"found {text[:40]}, which is too large for a number.")
        return number
    return text
