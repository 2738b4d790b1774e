"""Warnings that a user cannot act on are not shown."""

from __future__ import annotations

import subprocess
import sys

import pytest

ENDS_IN_THE_MIDST_OF_AN_IMPORT = """
import warnings
from cascade.cli.shared.exit_codes import guarded

def command():
    import litellm._process_defaults  # litellm has set its own filters by now

guarded(command)()
for said in ("Items 'a', 'b' on TypedDict class 'C' are using the `ReadOnly` qualifier.", "NOTED"):
    warnings.warn(said, UserWarning)
"""


@pytest.mark.timeout(120)
def test_a_command_that_ends_while_litellm_is_imported_prints_no_warning_of_its() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", ENDS_IN_THE_MIDST_OF_AN_IMPORT], capture_output=True, text=True, check=False, timeout=100
    )
    assert ended.returncode == 0
    assert "ReadOnly" not in ended.stderr
    assert "NOTED" in ended.stderr, "the program's own are as before"
