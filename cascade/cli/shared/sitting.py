"""Sitting of an annotator: one labelling session in the terminal or in the browser, and who sits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cascade.cli.shared.terminal import say
from cascade.errors import ConfigError

if TYPE_CHECKING:
    from cascade.labelling import Session


def sit(session: Session, *, browser: bool) -> None:
    """Run a session until it ends or nothing is left."""
    if not browser:
        from cascade.cli.shared.label_terminal import label_in_terminal

        label_in_terminal(session)
        return
    import webbrowser

    from cascade.labelling.server import LabelServer

    with LabelServer(session) as server:
        say(f"Label at {server.url} (this machine only); q there or Ctrl-C here saves and ends.")
        webbrowser.open(server.url)
        while not server.ended.wait(timeout=0.5):  # a wait without limit would not hear Ctrl-C on Windows
            pass


def annotator_name(given: str | None) -> str:
    """Return the annotator's name; the login name if none was given.

    Raises:
        ConfigError: it is no name, or the login name is not known.
    """
    return checked_name(given or _login(), "--annotator")


def checked_name(text: str, option: str) -> str:
    """Return a name of letters, digits, '.', '_' and '-'.

    Raises:
        ConfigError: it has other letters, or is too long.
    """
    from cascade.exchange import is_name

    if not is_name(text):
        message = f"{option} is {text[:80]!r}; letters, digits, '.', '_' and '-' were expected (64 at most)."
        raise ConfigError(message)
    return text


def _login() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        message = "The login name is not known; give --annotator NAME."
        raise ConfigError(message) from None
