"""Extras: the optional dependencies of this distribution, and the error message for a missing one.

Nothing here is imported by `import cascade`; the libraries themselves are imported where they are needed, after
`require_extra` has checked that they are installed.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from cascade.errors import MissingExtra

DISTRIBUTION = "calibrated-cascade"
"""The name to install by; the command is `cascade`, the packages are `cascade`, `verifiers` and `calibration`."""

EXTRAS = {
    "fit": ("scipy", "sklearn"),
    "report": ("altair", "jinja2", "scipy", "vl_convert"),
    "serve": ("cryptography", "jinja2", "prometheus_client", "scipy", "starlette", "uvicorn"),
    "tables": ("pyarrow",),
    "postgres": ("alembic", "psycopg"),
    "anthropic": ("anthropic",),
    "ray": ("ray",),
    "otel": ("opentelemetry.exporter", "opentelemetry.sdk"),
}
"""The packages that each extra brings, by the names they are imported by."""


def install_command(extra: str) -> str:
    """Return the command that installs an extra."""
    return f"pip install '{DISTRIBUTION}[{extra}]'"


@cache
def require_extra(extra: str, *libraries: str, use: str) -> None:
    """Import libraries that an extra brings, or raise the sentence with the command that installs it.

    Call it just before the import itself, or at the start of what must not fail halfway.

    Args:
        extra: the extra's name, as in pyproject.toml.
        libraries: what is imported; none: all that the extra brings.
        use: what needs them, as the subject of a sentence: "A chart".

    Raises:
        MissingExtra: one of them is missing, or is broken.
    """
    for library in libraries or EXTRAS[extra]:
        try:
            import_module(library)
        except ModuleNotFoundError as error:
            if error.name is None or not library.startswith(error.name):
                raise _missing(extra, library, use, f" ({error})") from None
            raise _missing(extra, library, use) from None
        except ImportError as error:
            raise _missing(extra, library, use, f" ({error})") from None


def _missing(extra: str, library: str, use: str, why: str = "") -> MissingExtra:
    state = "cannot be imported" if why else "is not installed"
    return MissingExtra(f"{use} needs {library}, which {state}{why}; run: {install_command(extra)}")
