"""Rendering: a document as one HTML file that opens from disk, runs only our own script and asks nobody for anything.

What was logged is text and nothing else: it is escaped by the template, charts get it as data, and the content security
policy allows one inlined script by its hash and no other, no event handler and no address.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from cascade.report.page.document import Document, Panel
from cascade.report.page.drawing import INSTALL, can_draw
from cascade.report.wording import dollars, terminal

LIMIT = 1_950_000
"""Bytes that a page stays below by leaving out still pictures, which are for readers without scripts."""

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
"""Content security policy of a page without a script."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A script to inline, with the policy that allows it and no other."""

    text: str
    """Its source."""

    @property
    def source(self) -> str:
        """How a content security policy names it."""
        return f"'sha256-{b64encode(hashlib.sha256(self.text.encode()).digest()).decode()}'"


def to_html(document: Document, *, made: str = "") -> str:
    """Return a document as one HTML file.

    Args:
        document: what it shows.
        made: when it was made, in words; "" leaves that out.
    """
    from markupsafe import Markup

    drawn = can_draw()
    script = chart_script() if drawn and any(_charts(document)) else None
    policy = POLICY if script is None else f"{POLICY}; script-src {script.source}"
    tag = "" if script is None else f"<script>{script.text}</script>"
    bare = _rendered(document, drawn=drawn, policy=policy, script=Markup(tag), made=made, still=None)  # noqa: S704 - our own script
    if script is None:
        return bare
    still = _Stills(LIMIT - len(bare.encode()))
    return _rendered(document, drawn=drawn, policy=policy, script=Markup(tag), made=made, still=still)  # noqa: S704 - as above


@cache
def chart_script() -> Script:
    """Return Vega, Vega-Lite and Vega-Embed, as vl-convert bundles them, with what draws our charts."""
    import vl_convert

    own = files("cascade.report.page").joinpath("page.js").read_text("utf-8")
    bundled: str = vl_convert.javascript_bundle(own)
    # Either would end an inlined script or open a comment in it; inside strings the escapes mean the same.
    text = bundled.replace("</script", "<\\/script").replace("<!--", "<\\!--")
    return Script(text=f"{{{text}}}")


class _Stills:
    """Makes still pictures of charts while there is room."""

    def __init__(self, room: int) -> None:
        self._room = room

    def __call__(self, chart: Mapping[str, Any]) -> Any:
        import vl_convert
        from markupsafe import Markup

        if self._room <= 0:
            return ""
        svg: str = vl_convert.vegalite_to_svg({**chart, "width": 640})
        self._room -= len(svg.encode())
        # Vega escapes the text of its marks; scripts and handlers are no part of what it writes.
        return Markup(svg) if self._room >= 0 else ""  # noqa: S704 - see above


def to_live_html(document: Document, *, above: str, script: str) -> str:
    """Return a document as a page that a server gives, with its script at an address.

    Args:
        document: what it shows.
        above: markup that stands before it, our own.
        script: the script's address.
    """
    from markupsafe import Markup, escape

    tag = Markup(f'<script src="{escape(script)}" defer></script>')  # noqa: S704 - escaped
    before = Markup(above)  # noqa: S704 - made by a template that escapes
    return _rendered(document, drawn=can_draw(), policy="", script=tag, made="", still=None, above=before)


def _rendered(
    document: Document, *, drawn: bool, policy: str, script: Any, made: str, still: _Stills | None, above: Any = ""
) -> str:
    from cascade import __version__

    page: str = _template().render(
        document=document, drawn=drawn, policy=policy, script=script, made=made, version=__version__, install=INSTALL,
        picture=still or (lambda _: ""), style=_style(), above=above, empty="what",
        fallback_words=lambda panel: " The same figures stand in the tables below." if panel.tables else "",
    )  # fmt: skip
    return page


@cache
def _style() -> Any:
    from markupsafe import Markup

    return Markup(files("cascade.report.page").joinpath("page.css").read_text("utf-8"))  # noqa: S704 - our own file


@cache
def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    made = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters |= {
        "shown": terminal,
        "lines": lambda text: "\n".join(terminal(line) for line in text.splitlines()),
        "moment": lambda text: text[:16].replace("T", " ") + " UTC",
        "dollars": dollars,
        "charts": lambda panel: list(enumerate(_of(panel), start=1)),
    }
    return made.from_string(files("cascade.report.page").joinpath("page.html").read_text("utf-8"))


def _of(panel: Panel) -> Iterator[Mapping[str, Any]]:
    yield from (chart for chart in (panel.chart, panel.second) if chart is not None)


def _charts(document: Document) -> Iterator[Mapping[str, Any]]:
    for section in document.sections:
        for panel in section.panels:
            yield from _of(panel)
