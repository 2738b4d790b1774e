"""The attack matrix, row by row: every case of `matrix.toml` through the code that would meet it."""

from __future__ import annotations

import ast
import inspect
from collections import Counter
from pathlib import Path

import pytest

from tests.attacks import answer_checks, file_checks, output_checks
from tests.attacks.matrix import ROWS, Case, cases, rows
from tests.checkout import ROOT

CHECKS = {
    name: check
    for family in (answer_checks, file_checks, output_checks)
    for name, check in vars(family).items()
    if inspect.isfunction(check)
    and check.__module__ == family.__name__
    and "case" in inspect.signature(check).parameters
}
ALL = cases()

pytestmark = [
    pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning"),
    pytest.mark.timeout(60),
]


@pytest.mark.parametrize("case", ALL, ids=str)
def test_case(case: Case, tmp_path: Path) -> None:
    check = CHECKS[case.check]
    check(case, tmp_path) if "folder" in inspect.signature(check).parameters else check(case)


def test_every_row_is_there_once_with_cases_or_tests() -> None:
    assert [row["number"] for row in rows()] == list(ROWS)
    assert not [row["number"] for row in rows() if not row.get("case") and not row.get("tests")]
    assert all(row["title"] and row["expected"] for row in rows())


def test_every_test_that_a_row_names_exists() -> None:
    missing = []
    for row in rows():
        for named in row.get("tests", []):
            path, _, function = named.partition("::")
            tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
            if function not in {
                node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            }:
                missing.append(named)
    assert not missing


def test_every_check_is_used_and_no_case_stands_twice() -> None:
    assert set(CHECKS) == {case.check for case in ALL}
    assert not [
        key
        for key, count in Counter((case.row, case.check, repr(case.input), repr(case.expected)) for case in ALL).items()
        if count > 1
    ]
