"""Every row of the fault matrix through `cascade serve`: the status that a client sees is the documented one."""

from __future__ import annotations

import re
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cascade import errors
from cascade.dialects.inbound.error_bodies import error_row
from tests.cascade.serve.gateway.served import gate
from tests.checkout import ROOT
from tests.faults.matrix import AT_ONCE, CASES, Case, of_all
from tests.faults.server import Server

ROW = re.compile(r"^\| `(\w+)` \| (\d+) \| `(\w+)` \| (yes|no) \|$", re.MULTILINE)

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")]


def expected(case: Case) -> tuple[int, str]:
    """Return status and code where no other rung can answer."""
    ended = case.expected["alone"]
    if ended in {"accepted", "exhausted"}:
        return 200, ""
    kind: type[errors.RunError] = getattr(errors, "ProviderError" if ended == "failed" else ended)
    row = error_row(kind(""))
    return row.status, row.code


def test_every_fault_has_its_documented_status_and_leaves_the_next_request_alone(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "serve.md").read_text(encoding="utf-8")
    documented = {kind: (int(status), code, again) for kind, status, code, again in ROW.findall(text)}
    found: dict[str, set[tuple[int, str, str]]] = defaultdict(set)
    with Server() as server, gate(of_all(server, tmp_path / "log.db", "direct")) as made:

        def asked(case: Case) -> None:
            above, alone = (made.chat(f"cascade/{case.name}{end}") for end in ("", "-alone"))
            status, code = expected(case)
            assert (alone.status, alone.code if status != 200 else "") == (status, code), case
            assert above.status in {200, status}, case
            if status != 200:
                again = "yes" if "retry-after" in alone.headers else "no"
                assert again == ("yes" if alone.headers.get("x-should-retry") is None else "no")
                found[case.expected["class"]].add((status, code, again))

        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(asked, CASES))
    assert {kind: rows for kind, rows in found.items() if rows != {documented.get(kind)}} == {}
    assert documented.keys() <= found.keys()
