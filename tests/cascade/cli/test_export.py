"""`cascade export` writes files and says how many rows each holds."""

from __future__ import annotations

import json

from cascade.log import open_log
from tests.cascade.log.decisions import decided


def test_a_log_becomes_files(cli, folder):
    with open_log(folder / "d.db") as log:
        log.write(*decided("r-1", "0.2", "0.9"), at_s=1000.0)
    ended = cli("export", "d.db", "--parquet", "out", "--json")
    rows = json.loads(ended.stdout)["rows"]
    assert {name: n for name, n in rows.items() if n} == {"decisions": 1, "attempts": 2, "verdicts": 2}
    assert "observed_attempts" in rows
    assert "decisions.parquet: 1 rows" in ended.stderr
    assert cli("export", "d.db", "--parquet", "out").exit_code == 2
    assert cli("export", "d.db", "--parquet", "out", "--force").exit_code == 0
    assert (
        json.loads(cli("export", "d.db", "--csv", "later", "--since", "1d", "--json").stdout)["rows"]["decisions"] == 0
    )


def test_one_form_is_to_be_chosen(cli, folder):
    open_log(folder / "d.db").close()
    assert cli("export", "d.db").exit_code == 2
    assert cli("export", "d.db", "--csv", "a", "--parquet", "b").exit_code == 2
    assert cli("export", "missing.db", "--csv", "a").exit_code == 2
