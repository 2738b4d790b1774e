"""Vega bundle and static images by vl-convert, in a subprocess.

Its JavaScript engine takes about 150 MB, which a report or a server process would never release.

python -m cascade.report.page.vega reads {"script", "charts", "room"} as JSON and writes {"script", "stills"}
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from cascade.errors import CascadeError
from cascade.extras import install_command

WIDTH = 640
"""Width of a static image in pixels; the page scales it."""

PATIENCE_S = 300.0
"""Timeout of drawing in seconds: it takes one or two, more on a busy machine."""


def drawn_by_vega(script: str | None, charts: Sequence[Mapping[str, Any]], room: int) -> tuple[str, list[str]]:
    """Return the script bundled with Vega, and static SVG images of the charts while they fit.

    Args:
        script: our own code, which can use `vegaEmbed`; None for no script.
        charts: Vega-Lite specifications.
        room: total size limit of the images in bytes; those that do not fit are "".

    Raises:
        CascadeError: the charts cannot be drawn.
    """
    wanted = json.dumps({"script": script, "charts": [dict(chart) for chart in charts], "room": room})
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "cascade.report.page.vega"], input=wanted, capture_output=True, text=True,
        timeout=PATIENCE_S, check=False, encoding="utf-8",
    )  # fmt: skip
    if ended.returncode:
        last = (ended.stderr.strip().splitlines() or ["no error output"])[-1]
        message = f"The charts could not be drawn: {last[:300]}. Reinstall the extra: {install_command('report')}"
        raise CascadeError(message)
    made = json.loads(ended.stdout)
    return made["script"], made["stills"]


def _draw(wanted: Mapping[str, Any]) -> dict[str, Any]:
    import vl_convert

    script, room, stills = wanted["script"], wanted["room"], []
    for chart in wanted["charts"]:
        svg: str = vl_convert.vegalite_to_svg({**chart, "width": WIDTH}) if room > 0 else ""
        room -= len(svg.encode())
        stills.append(svg if room >= 0 else "")
    return {"script": vl_convert.javascript_bundle(script) if script is not None else "", "stills": stills}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_draw(json.loads(sys.stdin.read()))))
