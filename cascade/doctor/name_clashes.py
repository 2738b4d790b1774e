"""Name clashes: other distributions on the package index that install a package or command with one of our names.

Installers do not detect this: the last one installed overwrites the files of the other. A new one gets a line in
`CLASHES`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from cascade.extras import DISTRIBUTION


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """A foreign distribution, as on the index in November 2026."""

    distribution: str
    """Its name on the index."""

    package: str | None
    """Our package that it overwrites; None if only its name is similar."""

    command: bool = False
    """True if it also installs a command `cascade`."""

    what: str
    """What it is."""


CLASHES = (
    Clash(distribution="cascade", package="cascade", what="copies e-mails between IMAP servers"),
    Clash(distribution="cascade-ai", package="cascade", command=True, what="orchestrates AI development"),
    Clash(distribution="cascade-auto", package="cascade", command=True, what="an agent factory"),
    Clash(distribution="cascade-core", package="cascade", what="an unrelated core library"),
    Clash(distribution="cascade-framework", package="cascade", what="validates at run time"),
    Clash(distribution="cascade-inference", package="cascade", what="another cascade of language models"),
    Clash(distribution="cascade-llm", package="cascade", what="another router of language models"),
    Clash(distribution="cascade-ml", package="cascade", command=True, what="a library for ML engineering"),
    Clash(distribution="cascade-orchestrator", package="cascade", command=True, what="orchestrates agents' tasks"),
    Clash(distribution="cascade-sdk", package="cascade", command=True, what="observes AI agents"),
    Clash(distribution="llm-cascade", package=None, what="another router of language models; not ours"),
    Clash(distribution="verifiers", package="verifiers", what="environments for reinforcement learning"),
)
"""Every known clash, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameReport:
    """Clashes of one name."""

    name: str
    """The clashing name: `package cascade`, `command cascade`, …"""

    present: bool
    """True if one of the distributions is installed here."""

    text: str
    """The other distributions, whether one is installed, and the remedy."""


def report_names(installed: Collection[str]) -> list[NameReport]:
    """Report the clashes of each name, given the installed distributions.

    Args:
        installed: their names, normalised: lower case, with hyphens.
    """
    groups = {
        "package cascade": [clash for clash in CLASHES if clash.package == "cascade"],
        "command cascade": [clash for clash in CLASHES if clash.command],
        "package verifiers": [clash for clash in CLASHES if clash.package == "verifiers"],
        "distribution": [clash for clash in CLASHES if clash.package is None],
    }
    return [_report(name, clashes, installed) for name, clashes in groups.items()]


def _report(name: str, clashes: Collection[Clash], installed: Collection[str]) -> NameReport:
    here = [clash for clash in clashes if clash.distribution in installed]
    known = ", ".join(f"{clash.distribution} ({clash.what})" for clash in (here or clashes))
    if not here:
        text = f"no other distribution with this name is installed: {known}"
    elif name == "distribution":
        text = f"{known} is installed; it is not ours. Uninstall it unless you use it: pip uninstall llm-cascade"
    else:
        names = " ".join(clash.distribution for clash in here)
        text = (
            f"{known} also installs it; the last one installed overwrites the other. Use a separate environment for "
            f"it, or: pip uninstall {names}, then pip install --force-reinstall --no-deps {DISTRIBUTION}"
        )
    return NameReport(name=name, present=bool(here), text=text)
