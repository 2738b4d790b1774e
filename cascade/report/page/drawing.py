"""Drawing: the common style of Vega-Lite specifications: page colours, light axes, one size.

Colours are CSS variables, so one specification serves light, dark and print. Each coloured mark also has a shape
or dash.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from cascade.extras import install_command
from cascade.report.values.figure import Figure

if TYPE_CHECKING:
    import altair as alt

    Layer = alt.Chart | alt.LayerChart

ACCENT, ALARM, MUTED, BAND, INK = "var(--accent)", "var(--alarm)", "var(--muted)", "var(--band)", "var(--ink)"
SERIES = ("var(--accent)", "var(--s2)", "var(--s3)", "var(--s4)", "var(--s5)", "var(--s6)")
SHAPES = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross")
ENDS = (("low", "from"), ("high", "to"))
HEIGHT = 250
FONT = "system-ui, sans-serif"

INSTALL = f"Charts need the extra `report` ({install_command('report')}). Without it the same figures are in tables."
"""Notice of a page without charts."""


def can_draw() -> bool:
    """Return whether charts can be drawn."""
    return find_spec("altair") is not None and find_spec("vl_convert") is not None


@contextmanager
def drawing() -> Iterator[None]:
    """Disable altair's schema validation, which takes as long as drawing; tests run it."""
    if not can_draw():
        yield
        return
    from altair.utils import schemapi

    with schemapi.debug_mode(False):
        yield


def data(rows: Iterable[Mapping[str, Any]]) -> Any:
    """Return rows as inline data."""
    import altair as alt

    return alt.InlineData(values=[dict(row) for row in rows])


def ends(figure: Figure) -> dict[str, float | int | None]:
    """Return a figure as the columns value, low, high and n."""
    return {"value": figure.value, "low": figure.low, "high": figure.high, "n": figure.n}


def tips(*first: tuple[str, str], value: str, form: str, n: bool = True) -> list[Any]:
    """Return a tooltip of names, then a value in a d3 format with its interval and n."""
    import altair as alt

    lines = [alt.Tooltip(field, title=title) for field, title in first]
    lines += [alt.Tooltip(f"{name}:Q", title=title, format=form) for name, title in (("value", value), *ENDS)]
    return [*lines, alt.Tooltip("n:Q", title="n", format=",")] if n else lines


def share_axis(title: str | None, *, domain: Sequence[float] | None = None) -> dict[str, Any]:
    """Return the axis of a channel of shares."""
    import altair as alt

    scale = alt.Scale(domain=list(domain), nice=False, clamp=True) if domain else alt.Scale(zero=False, nice=True)
    return {"title": title, "axis": alt.Axis(format=".0%", tickCount=5), "scale": scale}


def named(field: str, names: Sequence[str], colours: Sequence[str] = SERIES) -> dict[str, Any]:
    """Return colour and shape of a nominal field, the same for the same place in `names`."""
    import altair as alt

    domain = list(names)
    colour = alt.Scale(domain=domain, range=[colours[i % len(colours)] for i in range(len(domain))])
    shape = alt.Scale(domain=domain, range=[SHAPES[i % len(SHAPES)] for i in range(len(domain))])
    return {
        "color": alt.Color(f"{field}:N", scale=colour, title=None),
        "shape": alt.Shape(f"{field}:N", scale=shape, title=None),
    }


def line_legend() -> Any:
    """Return a legend with symbols long enough to distinguish dashes."""
    import altair as alt

    return alt.Legend(symbolType="stroke", symbolSize=450, symbolStrokeWidth=2)


def dollar_axis(most: float, title: str = "US dollars", **more: Any) -> dict[str, Any]:
    """Return the axis of a channel of dollars, with digits by the largest amount."""
    import altair as alt

    form = "$,.0f" if most >= 10 else "$,.2f" if most >= 0.1 else "$.2~g"
    return {"title": title, "axis": alt.Axis(format=form, tickCount=5, **more)}


def rising(items: int, *, each: int = 34) -> int:
    """Return the height of a chart with one line for each item."""
    return max(70, each * items + 10)


def finished(layers: Sequence[Layer], *, height: int = HEIGHT) -> dict[str, Any]:
    """Return the specification of a layered chart."""
    import altair as alt

    chart = alt.layer(*layers).properties(width="container", height=height)
    chart = chart.configure(
        background="transparent", font=FONT, autosize=alt.AutoSizeParams(type="fit-x", contains="padding"), padding=4
    )
    chart = chart.configure_view(stroke=None)
    chart = chart.configure_axis(
        labelColor=MUTED, titleColor=MUTED, gridColor="var(--line)", domainColor="var(--line)", tickColor="var(--line)",
        labelFontSize=12, titleFontSize=12, titleFontWeight="normal", titlePadding=8, labelLimit=180,
    )  # fmt: skip
    chart = chart.configure_legend(
        orient="top",
        labelColor=INK,
        titleColor=MUTED,
        labelFontSize=12,
        symbolSize=80,
        symbolOpacity=1,
        columns=3,
        labelLimit=220,
    )
    made: dict[str, Any] = chart.to_dict()
    return made
