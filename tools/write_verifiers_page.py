"""Writes the sections of docs/verifiers.md that describe each verifier, from its docstring; with --check only compares.

What stands before and behind the two marks is written by hand. Run it by `make help-pages` after a change to a
verifier's docstring or options; tests/test_docs.py compares.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

from cascade.plugins import GROUP
from cascade.verdict import Verifier

PAGE = Path(__file__).parent.parent / "docs" / "verifiers.md"
BEGIN, END = "<!-- written by `make help-pages`: do not edit from here -->\n", "<!-- to here -->\n"
ORDER = (
    "schema", "refusal", "hedging", "logprob", "arithmetic", "learned", "agreement", "judge", "check",
    "skip_if_confident",
)  # fmt: skip
"""The verifiers, in the order of the page."""

EARLIER = frozenset({"sparing"})
"""Earlier names of verifiers, which are not described again."""

_ARGUMENT = re.compile(r"^    (\w+): (.*)$")


def write_sections() -> str:
    """Put the sections together."""
    points = {point.name: point for point in entry_points(group=GROUP) if point.value.startswith("verifiers.")}
    missing = points.keys() - EARLIER ^ {*ORDER}
    if missing:
        message = f"ORDER does not say where {', '.join(sorted(missing))} stand: add or remove them."
        raise SystemExit(message)
    return "\n".join("\n".join(_section(name, points[name].load())) for name in ORDER)


def _section(name: str, kind: type[Verifier]) -> Iterator[str]:
    text, arguments = _docstring(kind)
    paid = "paid" if kind.paid else "free"
    yield f"## `{name}`\n"
    yield f"`verifiers.{kind.__name__}` · {paid} · pass mark {kind.pass_at:g} · version {kind.version}\n"
    yield f"{text}\n"
    yield "| option | default | what it does |"
    yield "|---|---|---|"
    for option, parameter in inspect.signature(kind).parameters.items():
        has_none = parameter.default is inspect.Parameter.empty
        default = "**required**" if has_none else _shown(parameter.default)
        yield f"| `{option}` | {default} | {arguments[option].replace('|', '&#124;')} |"
    yield ""


def _shown(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`" if value else "none"


def _docstring(kind: type[Verifier]) -> tuple[str, dict[str, str]]:
    """Return what a docstring says before its arguments, and what it says of each."""
    text, _, rest = (inspect.getdoc(kind) or "").partition("\n\nArgs:\n")
    arguments: dict[str, str] = {}
    name = ""
    for line in rest.partition("\n\nRaises:")[0].splitlines():
        found = _ARGUMENT.match(line)
        if found:
            name = found[1]
            arguments[name] = found[2]
        elif name:
            arguments[name] += f" {line.strip()}"
    return text, arguments


def write_page() -> str:
    """Return the page with its sections made anew."""
    page = PAGE.read_text(encoding="utf-8")
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        message = f"docs/verifiers.md lacks {BEGIN.strip()} or {END.strip()}."
        raise SystemExit(message)
    return f"{before}{BEGIN}\n{write_sections()}\n{END}{after}"


def main() -> int:
    """Write the page, or tell whether it is as it would be written."""
    page = write_page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page, encoding="utf-8")
        return 0
    if PAGE.read_text(encoding="utf-8") == page:
        return 0
    print("docs/verifiers.md differs from the verifiers' docstrings: run `make help-pages`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
