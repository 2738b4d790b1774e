"""Rendering: a document as one self-contained HTML file, which runs only our script and makes no request.

Logged text is untrusted: the template escapes it, charts get it as data, and the content security policy allows one
inline script by its hash, but no other script, event handler or address.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from cascade.extras import require_extra
from cascade.report.page.document import Document, Panel
from cascade.report.page.drawing import INSTALL, can_draw
from cascade.report.page.vega import drawn_by_vega
from cascade.report.values.format_numbers import dollars, terminal

_COMMAND = re.compile(r"`(cascade [\w .:|-]{1,80})`")

LIMIT = 1_950_000
"""Size limit of a page in bytes; static images, for readers without scripts, are left out above it."""

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
"""Content security policy of a page without a script."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """An inline script with its content security policy source."""

    text: str
    """Its source."""

    @property
    def source(self) -> str:
        """Its hash source for a content security policy."""
        return f"'sha256-{b64encode(hashlib.sha256(self.text.encode()).digest()).decode()}'"


def to_html(document: Document, *, made: str = "") -> str:
    """Render a document as one HTML file.

    Args:
        document: the document to render.
        made: time of creation, in words; "" for none.

    Raises:
        CascadeError: charts cannot be drawn.
    """
    drawn = can_draw()
    charts = [chart for panel in _panels(document) for chart in _of(panel)]
    if not drawn or not charts:
        return _rendered(document, drawn=drawn, policy=POLICY, script="", made=made, still=iter(()))
    script, tag = chart_script(), _tag(chart_script())
    policy = f"{POLICY}; script-src {script.source}"
    bare = _rendered(document, drawn=drawn, policy=policy, script=tag, made=made, still=iter(()))
    _, stills = drawn_by_vega(None, charts, LIMIT - len(bare.encode()))
    return _rendered(document, drawn=drawn, policy=policy, script=tag, made=made, still=iter(stills))


@cache
def chart_script() -> Script:
    """Return Vega, Vega-Lite and Vega-Embed, bundled by vl-convert, with our chart script."""
    own = files("cascade.report.page").joinpath("page.js").read_text("utf-8")
    bundled, _ = drawn_by_vega(own, (), 0)
    # Either would end an inline script or open a comment in it; inside strings the escapes are equivalent.
    text = bundled.replace("</script", "<\\/script").replace("<!--", "<\\!--")
    return Script(text=f"{{{text}}}")


def _tag(script: Script) -> Any:
    from markupsafe import Markup

    return Markup(f"<script>{script.text}</script>")  # noqa: S704 - our own script


def to_live_html(document: Document, *, above: str, script: str) -> str:
    """Render a document as a page for a server, with its script at a URL.

    Args:
        document: the document to render.
        above: trusted markup before it.
        script: URL of the script.
    """
    from markupsafe import Markup, escape

    tag = Markup(f'<script src="{escape(script)}" defer></script>')  # noqa: S704 - escaped
    before = Markup(above)  # noqa: S704 - made by a template that escapes
    return _rendered(document, drawn=can_draw(), policy="", script=tag, made="", still=iter(()), above=before)


def _rendered(
    document: Document, *, drawn: bool, policy: str, script: Any, made: str, still: Iterator[str], above: Any = ""
) -> str:
    from markupsafe import Markup

    from cascade import __version__

    page: str = _template().render(
        document=document, drawn=drawn, policy=policy, script=script, made=made, version=__version__, install=INSTALL,
        picture=lambda: Markup(next(still, "")),  # noqa: S704 - Vega escapes what it draws
        style=page_style(), above=above, empty="what",
        fallback_words=lambda panel: " The same figures are in the tables below." if panel.tables else "",
    )  # fmt: skip
    return page


@cache
def page_style() -> Any:
    """Return the style sheet of every page."""
    from markupsafe import Markup

    return Markup(files("cascade.report.page").joinpath("page.css").read_text("utf-8"))  # noqa: S704 - our own file


@cache
def _template() -> Any:
    require_extra("report", "jinja2", use="A page")
    from jinja2 import Environment, StrictUndefined

    made = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters |= {
        "shown": terminal,
        "prose": _prose,
        "lines": lambda text: "\n".join(terminal(line) for line in text.splitlines()),
        "moment": lambda text: text[:16].replace("T", " ") + " UTC",
        "dollars": dollars,
        "charts": lambda panel: list(enumerate(_of(panel), start=1)),
    }
    return made.from_string(files("cascade.report.page").joinpath("page.html").read_text("utf-8"))


def _prose(text: str) -> Any:
    """Escape a sentence, and set our commands between backticks as code; what a user's name holds stays text."""
    from markupsafe import Markup, escape

    shown, end = Markup(""), 0
    for found in _COMMAND.finditer(told := terminal(text)):
        shown += escape(told[end : found.start()]) + Markup("<code>{}</code>").format(found[1])
        end = found.end()
    return shown + escape(told[end:])


def _of(panel: Panel) -> Iterator[Mapping[str, Any]]:
    yield from (chart for chart in (panel.chart, panel.second) if chart is not None)


def _panels(document: Document) -> Iterator[Panel]:
    for section in document.sections:
        yield from section.panels
