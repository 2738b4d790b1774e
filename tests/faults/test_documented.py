"""What docs/reliability.md says about the wire is what is done."""

from __future__ import annotations

import re

from cascade.failure import TREATMENTS, FailureKind
from tests.checkout import ROOT

OURS = {FailureKind.BREAKER, FailureKind.DEADLINE, FailureKind.BUDGET, FailureKind.MISSING}
"""Kinds that no wire brings."""

ROW = re.compile(r"^\| [^|]+ \| `(\w+)` \| ([^|]+) \|$", re.MULTILINE)


def test_every_class_of_the_wire_is_documented_with_whether_it_may_be_billed() -> None:
    rows = dict(ROW.findall((ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")))
    assert set(rows) == {kind.value for kind in set(FailureKind) - OURS}
    for kind, billed in rows.items():
        assert billed.endswith("yes") == TREATMENTS[FailureKind(kind)].maybe_charged or kind == "content_filter"
