"""`cascade purge` asks first, says what it deletes, and leaves nothing."""

from __future__ import annotations

import json

from cascade.log import open_log
from tests.cascade.log.decisions import decided


def logged(folder) -> None:
    with open_log(folder / "d.db") as log:
        for number in range(10):
            log.write(*decided(f"r-{number}", "0.9", principal="acme" if number < 4 else "other"), at_s=1000.0)


def test_without_a_terminal_it_wants_to_be_told(cli, folder):
    logged(folder)
    ended = cli("purge", "d.db", "--principal", "acme")
    assert (ended.exit_code, "4 decisions" in ended.stderr, "--yes" in ended.stderr) == (2, True, True)
    assert cli("purge", "d.db").exit_code == 2
    assert cli("purge", "missing.db", "--before", "1d").exit_code == 2


def test_a_dry_run_counts_and_yes_deletes(cli, folder):
    logged(folder)
    looked = json.loads(cli("purge", "d.db", "--before", "1d", "--dry-run", "--json").stdout)
    assert (looked["decisions"], looked["dry_run"], looked["scrubbed"]) == (10, True, False)
    ended = cli("purge", "d.db", "--principal", "acme", "--yes", "--json")
    assert json.loads(ended.stdout)["decisions"] == 4
    assert "Backups, replicas" in ended.stderr
    assert json.loads(cli("purge", "d.db", "--before", "1d", "--yes", "--json").stdout)["decisions"] == 6
