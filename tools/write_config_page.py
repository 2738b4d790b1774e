"""Writes docs/config.md from the models of cascade.yaml; with --check only compares.

Run it by `make help-pages` after a change to `cascade/config/models.py`; tests/test_docs.py compares.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cascade.cli.schema import schema_of

PAGE = Path(__file__).parent.parent / "docs" / "config.md"
HEAD = """# cascade.yaml

Written by `make help-pages` from the configuration's models; do not edit. `cascade init` writes a commented file to
start from, `cascade doctor` checks one, `cascade schema config` prints the JSON Schema that editors complete and check
by.

Paths are relative to the file. `${VAR}` and `${VAR:-default}` come from the environment, and keys must: one that is
written out is refused. YAML is read safely; a key twice, an unknown key and a wrong value are errors with file, line
and key. What is not **required** may be left out.
"""
PLACES = {
    "ConfigModel": "The file",
    "RungModel": "`ladder[]`",
    "EndpointModel": "`ladder[].endpoints[]`",
    "PriceModel": "`ladder[].price`, `ladder[].endpoints[].price`, `prices.MODEL`",
    "TaskModel": "`tasks.NAME`",
    "TaskRung": "`tasks.NAME.rungs[]`",
    "TargetModel": "`tasks.NAME.target`",
    "SessionsModel": "`sessions`, `tasks.NAME.sessions`",
    "GuardsModel": "`guards`",
    "CapModel": "`guards.escalation_cap`",
    "BreakerModel": "`guards.breaker`",
    "RetryBudgetModel": "`guards.retry_budget`",
    "ObserveModel": "`observe`",
    "ServeModel": "`serve`",
    "LogModel": "`log`",
    "LabelQueueModel": "`label_queue`",
    "RateLimitModel": "`providers.NAME`",
    "ErrorWordingModel": "`errors[]`",
}
"""Where each model stands, in the order of the page."""

VERIFIERS = "list of: a name, or `{NAME: {OPTION: VALUE}}` ([verifiers](verifiers.md))"
"""What `verify` holds; the schema knows no names of verifiers."""


def write_page() -> str:
    """Put the page together."""
    schema = schema_of("config")
    models = {"ConfigModel": schema, **schema["$defs"]}
    missing = models.keys() ^ PLACES.keys()
    if missing:
        message = f"PLACES does not say where {', '.join(sorted(missing))} stand: add or remove them."
        raise SystemExit(message)
    return HEAD + "".join(
        f"\n{section}" for name in PLACES for section in _sections(models[name], PLACES[name], models)
    )


def _sections(model: Mapping[str, Any], place: str, models: Mapping[str, Any]) -> Iterator[str]:
    description = " ".join(str(model["description"]).split())
    rows = [
        _row(key, told, models, required=key in model.get("required", ())) for key, told in model["properties"].items()
    ]
    table = "\n".join(["| key | value | default | what it does |", "|---|---|---|---|", *rows])
    yield f"## {place}\n\n{description}\n\n{table}\n"


def _row(key: str, told: Mapping[str, Any], models: Mapping[str, Any], *, required: bool) -> str:
    default = told.get("default")
    said = "**required**" if required else _word(default)
    # pydantic leaves out a description that is the model's own.
    described = told.get("description") or models.get(_name(told), {}).get("description", "")
    kind = VERIFIERS if key == "verify" else _kind(told)
    return " ".join(f"| `{key}` | {kind} | {said} | {' '.join(str(described).split())} |".split())


def _name(told: Mapping[str, Any]) -> str:
    return str(told.get("$ref", "")).rpartition("/")[2]


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, float):
        return f"`{value:g}`"
    return f"`{value}`" if value not in (None, "", {}, []) and not isinstance(value, dict) else ""


def _kind(told: Mapping[str, Any]) -> str:
    """Say in words what a value may be."""
    if "$ref" in told:
        return f"[keys](#{_anchor(PLACES[_name(told)])})"
    if "anyOf" in told:
        kinds = [_kind(one) for one in told["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "allOf" in told:
        return _kind(told["allOf"][0])
    if "enum" in told:
        return ", ".join(f"`{value}`" for value in told["enum"])
    if "const" in told:
        return _word(told["const"])
    kind = told.get("type")
    if kind == "array":
        return f"list of: {_kind(told['items'])}" if told.get("items") else "list"
    if kind == "object":
        inner = next(iter(told.get("patternProperties", {}).values()), told.get("additionalProperties"))
        names = told.get("propertyNames")
        by = f"by {_kind(names)}" if isinstance(names, Mapping) and "enum" in names else "by name"
        return f"mapping {by}: {_kind(inner)}" if isinstance(inner, Mapping) and inner else "mapping"
    if kind in ("number", "integer"):
        return ("whole number" if kind == "integer" else "number") + _range(told)
    return {"string": "text", "boolean": "true, false"}.get(str(kind), "any value")


def _range(told: Mapping[str, Any]) -> str:
    low, high = told.get("minimum", told.get("ge")), told.get("maximum", told.get("le"))
    above = told.get("exclusiveMinimum", told.get("gt"))
    if low is not None and high is not None:
        return f", {low:g} to {high:g}"
    if above is not None:
        return f" above {above:g}"
    return f", at least {low:g}" if low is not None else f", at most {high:g}" if high is not None else ""


def _anchor(heading: str) -> str:
    """Return the anchor that hosts of Markdown give a heading."""
    letters = heading.lower().replace(" ", "-")
    return "".join(letter for letter in letters if letter.isalnum() or letter in "-_")


def main() -> int:
    """Write the page, or tell whether it is as it would be written."""
    page = write_page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page, encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == page:
        return 0
    print("docs/config.md differs from the configuration's models: run `make help-pages`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
